"""Recurrent cells, their unrolling, and what is needed to train them."""

from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.base import Cell, GatedCell
from tinygrad_rnn.nn.cells import GRUCell, LSTMCell, LSTMState, RNNCell
from tinygrad_rnn.nn.layers import Dropout, Embedding, LayerNorm, Linear
from tinygrad_rnn.nn.loss import bce_with_logits, cross_entropy, mse_loss
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.nn.penalty import vanishing_penalty
from tinygrad_rnn.nn.recurrent import GRU, LSTM, RNN, LayersRun, RecurrentLayers
from tinygrad_rnn.nn.run import Run
from tinygrad_rnn.nn.truncated import truncated_bptt
from tinygrad_rnn.nn.unroll import unroll

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cell",
    "Dropout",
    "Embedding",
    "GRUCell",
    "GatedCell",
    "LSTMCell",
    "LSTMState",
    "LayerNorm",
    "LayersRun",
    "Linear",
    "Module",
    "Parameter",
    "RNNCell",
    "RecurrentLayers",
    "Run",
    "bce_with_logits",
    "cross_entropy",
    "init",
    "mse_loss",
    "truncated_bptt",
    "unroll",
    "vanishing_penalty",
]
