"""A reverse-mode autograd on NumPy, and recurrent cells whose unrolling it differentiates.

>>> import numpy as np
>>> import tinygrad_rnn as tr
>>> cell = tr.RNNCell(input_size=3, hidden_size=4, rng=0)
>>> run = tr.unroll(cell, np.ones((5, 1, 3)))
>>> run.final.sum().backward()
>>> cell.weight_hh.grad.shape
(4, 4)
"""

from tinygrad_rnn import analysis, f, graph, nn, ops
from tinygrad_rnn.errors import (
    AnomalyError,
    DtypeError,
    GradcheckError,
    GradientError,
    NotDifferentiableError,
    ShapeError,
    StaleValueError,
    TinygradError,
)
from tinygrad_rnn.flow import Edge, GradientFlow, trace
from tinygrad_rnn.functional import grad
from tinygrad_rnn.gradcheck import gradcheck
from tinygrad_rnn.nn import (
    Cell,
    GRUCell,
    LSTMCell,
    LSTMState,
    Module,
    Parameter,
    RNNCell,
    Run,
    cross_entropy,
    mse_loss,
    unroll,
)
from tinygrad_rnn.scope import Scope, no_grad, scope
from tinygrad_rnn.tensor import Tensor

__version__ = "0.1.0"

__all__ = [
    "AnomalyError",
    "Cell",
    "DtypeError",
    "Edge",
    "GRUCell",
    "GradcheckError",
    "GradientError",
    "GradientFlow",
    "LSTMCell",
    "LSTMState",
    "Module",
    "NotDifferentiableError",
    "Parameter",
    "RNNCell",
    "Run",
    "Scope",
    "ShapeError",
    "StaleValueError",
    "Tensor",
    "TinygradError",
    "analysis",
    "cross_entropy",
    "f",
    "grad",
    "gradcheck",
    "graph",
    "mse_loss",
    "nn",
    "no_grad",
    "ops",
    "scope",
    "trace",
    "unroll",
]
