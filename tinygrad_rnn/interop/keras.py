"""Keras: `SimpleRNN`, `LSTM` and `GRU`, as their weights by name.

dict(zip(["kernel", "recurrent_kernel", "bias"], layer.get_weights()))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.interop.gates import (
    KERAS,
    Pieces,
    build,
    kind_of,
    of_an_rnn,
    required_arrays,
    take_apart,
)
from tinygrad_rnn.nn.base import GatedCell
from tinygrad_rnn.tensor import Array

KERAS_NAMES = {
    "weight_ih": "kernel",
    "weight_hh": "recurrent_kernel",
    "bias_ih": "bias",
    "bias_hh": "bias",
}


def from_keras(
    weights: Mapping[str, Any], nonlinearity: str | None = None, reset_after: bool | None = None
) -> GatedCell:
    """Return the cell of a Keras layer.

    Args:
        weights: ``"kernel"`` (I, G*H), ``"recurrent_kernel"`` (H, G*H) and, if the layer has one,
            ``"bias"``: (G*H,), or (2, G*H) for a GRU with `reset_after`.
        nonlinearity: of a SimpleRNN: ``"tanh"`` (the default), ``"relu"`` or ``"identity"``.
        reset_after: the layer's; needed only for a GRU without bias, the bias tells it otherwise.

    Returns:
        An RNNCell, LSTMCell or GRUCell, of the arrays' dtype.

    Raises:
        StateDictError: if an array is missing, unexpected, or of a wrong shape or dtype.
        TypeError: if `weights` is no mapping, such as a path.
        ValueError: if there is no such nonlinearity, or an option is given to another layer.

    >>> rng = np.random.default_rng(0)
    >>> shapes = {"kernel": (2, 12), "recurrent_kernel": (3, 12), "bias": (12,)}
    >>> from_keras({name: rng.normal(size=shape) for name, shape in shapes.items()}).hidden_size
    3
    """
    kernel, recurrent, bias = required_arrays(weights, ("kernel", "recurrent_kernel"), ("bias",))
    options: dict[str, Any] = {}
    kind = kind_of(recurrent.T, "recurrent_kernel, transposed,")
    second = None
    options |= of_an_rnn(kind, nonlinearity)
    if kind != "GRU" and reset_after is not None:
        raise ValueError(f"reset_after is a GRU's, and these are the weights of an {kind}")
    if kind == "GRU":
        if bias is not None and reset_after not in (None, bias.ndim == 2):
            raise StateDictError(f"bias {bias.shape} is not that of reset_after={reset_after}")
        if bias is None and reset_after is None:
            raise StateDictError("a GRU without bias: reset_after= must say which form it is")
        after = reset_after if bias is None else bias.ndim == 2
        options["reset"] = "after" if after else "before"
        if bias is not None and after:
            if len(bias) != 2:
                raise StateDictError(f"bias {bias.shape} of a GRU is neither (3*H,) nor (2, 3*H)")
            bias, second = bias
    return build(Pieces(kernel.T, recurrent.T, bias, second), KERAS, KERAS_NAMES, **options)


def to_keras(cell: GatedCell) -> dict[str, Array]:
    """Return the weights for the Keras layer that computes what the cell does.

    That is a SimpleRNN with the cell's nonlinearity, an LSTM, or a GRU with `reset_after` as the
    cell has it; ``layer.set_weights(list(weights.values()))`` sets them.

    Args:
        cell: an RNNCell, LSTMCell or GRUCell.

    Returns:
        Arrays by name, of the shapes that `from_keras` takes.

    Raises:
        StateDictError: if Keras has no such cell (peepholes, coupled gates, a learned state).

    >>> from tinygrad_rnn.nn.cells import GRUCell
    >>> {name: array.shape for name, array in to_keras(GRUCell(2, 3, reset="after")).items()}
    {'kernel': (2, 9), 'recurrent_kernel': (3, 9), 'bias': (2, 9)}
    """
    pieces = take_apart(cell, KERAS, "Keras")
    out = {"kernel": pieces.weight_ih.T, "recurrent_kernel": pieces.weight_hh.T}
    if pieces.bias_ih is not None:
        after = getattr(cell, "reset", None) == "after"
        out["bias"] = np.stack(pieces[2:4]) if after else pieces.bias_ih  # type: ignore[arg-type]  # both there
    return out
