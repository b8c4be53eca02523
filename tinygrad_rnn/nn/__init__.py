"""Recurrent cells, their unrolling, and what is needed to train them."""

from tinygrad_rnn.nn.cells import Cell, GRUCell, LSTMCell, LSTMState, RNNCell
from tinygrad_rnn.nn.loss import cross_entropy, mse_loss
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.nn.unroll import Run, unroll

__all__ = [
    "Cell",
    "GRUCell",
    "LSTMCell",
    "LSTMState",
    "Module",
    "Parameter",
    "RNNCell",
    "Run",
    "cross_entropy",
    "mse_loss",
    "unroll",
]
