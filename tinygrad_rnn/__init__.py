"""A reverse-mode autograd on NumPy, and recurrent cells whose unrolling it differentiates.

>>> import numpy as np
>>> import tinygrad_rnn as tr
>>> cell = tr.RNNCell(input_size=3, hidden_size=4, rng=0)
>>> run = tr.unroll(cell, np.ones((5, 1, 3)))
>>> run.final.sum().backward()
>>> cell.weight_hh.grad.shape
(4, 4)

What is used every day is here. Beyond that, by module:

    f                   functions that NumPy lacks: sigmoid, softmax, linear, ...
    nn                  cells, layers, losses, runs; nn.init: starting values for weights
    optim               optimisers, and schedules of the learning rate
    analysis            Jacobians through time, decay rates, bounds, saturated gates
    diagnosis           what a flow says, in words: what arrives, what is lost, and why
    interop             weights from and to PyTorch, Keras, ONNX and Haiku
    study               a study over a grid of settings, on many processors
    primitive, ops      how a primitive is declared; the primitives that there are
    graph               the nodes of a recorded graph in order
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinygrad_rnn import f, graph, nn, ops
from tinygrad_rnn.errors import (
    AnomalyError,
    DtypeError,
    GradcheckError,
    GradientError,
    NotDifferentiableError,
    ShapeError,
    StaleValueError,
    StateDictError,
    StudyError,
    TinygradError,
    WeightsFileError,
)
from tinygrad_rnn.flow import Edge, GradientFlow, trace
from tinygrad_rnn.functional import grad, hvp, jacobian, jvp, vjp
from tinygrad_rnn.gradcheck import gradcheck
from tinygrad_rnn.memory import keep_memory
from tinygrad_rnn.nn import (
    GRU,
    LSTM,
    RNN,
    Cell,
    Dropout,
    Embedding,
    GRUCell,
    LayerNorm,
    Linear,
    LSTMCell,
    LSTMState,
    Module,
    Parameter,
    RNNCell,
    Run,
    bce_with_logits,
    cross_entropy,
    init,
    mse_loss,
    truncated_bptt,
    unroll,
    vanishing_penalty,
)
from tinygrad_rnn.scope import Scope, no_grad, scope
from tinygrad_rnn.state import detach
from tinygrad_rnn.tensor import Tensor

__version__ = "0.1.0"

# What many programs do without: by module, its names here. It is imported when first asked for.
_LATER = {
    "analysis": (),
    "anomaly": ("detect_anomaly",),
    "diagnosis": ("Diagnosis", "Finding", "diagnose"),
    "interop": ("from_torch", "load_layers"),
    "io": ("load", "save"),
    "itemise": ("itemised",),
    "joint": ("joint_norms",),
    "optim": ("SGD", "Adam", "AdamW", "RMSprop", "clip_grad_norm_", "clip_grad_value_"),
    "study": (),
}
_MODULES = {name: module for module, names in _LATER.items() for name in (module, *names)}

if TYPE_CHECKING:  # the same for type checkers
    from tinygrad_rnn import analysis, diagnosis, interop, optim, study
    from tinygrad_rnn.anomaly import detect_anomaly
    from tinygrad_rnn.diagnosis import Diagnosis, Finding, diagnose
    from tinygrad_rnn.interop import from_torch, load_layers
    from tinygrad_rnn.io import load, save
    from tinygrad_rnn.itemise import itemised
    from tinygrad_rnn.joint import joint_norms
    from tinygrad_rnn.optim import (
        SGD,
        Adam,
        AdamW,
        RMSprop,
        clip_grad_norm_,
        clip_grad_value_,
    )
else:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module 'tinygrad_rnn' has no attribute {name!r}")
        module = import_module(f"tinygrad_rnn.{_MODULES[name]}")
        value = globals()[name] = module if name in _LATER else getattr(module, name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES})


__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "SGD",
    "Adam",
    "AdamW",
    "AnomalyError",
    "Cell",
    "Diagnosis",
    "Dropout",
    "DtypeError",
    "Edge",
    "Embedding",
    "Finding",
    "GRUCell",
    "GradcheckError",
    "GradientError",
    "GradientFlow",
    "LSTMCell",
    "LSTMState",
    "LayerNorm",
    "Linear",
    "Module",
    "NotDifferentiableError",
    "Parameter",
    "RMSprop",
    "RNNCell",
    "Run",
    "Scope",
    "ShapeError",
    "StaleValueError",
    "StateDictError",
    "StudyError",
    "Tensor",
    "TinygradError",
    "WeightsFileError",
    "analysis",
    "bce_with_logits",
    "clip_grad_norm_",
    "clip_grad_value_",
    "cross_entropy",
    "detach",
    "detect_anomaly",
    "diagnose",
    "diagnosis",
    "f",
    "from_torch",
    "grad",
    "gradcheck",
    "graph",
    "hvp",
    "init",
    "interop",
    "itemised",
    "jacobian",
    "joint_norms",
    "jvp",
    "keep_memory",
    "load",
    "load_layers",
    "mse_loss",
    "nn",
    "no_grad",
    "ops",
    "optim",
    "save",
    "scope",
    "study",
    "trace",
    "truncated_bptt",
    "unroll",
    "vanishing_penalty",
    "vjp",
]
