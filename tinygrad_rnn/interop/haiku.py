"""Haiku: the parameters of its `VanillaRNN`, its `GRU`, which is this project's own form, and its
`LSTM`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.interop.gates import HAIKU, Pieces, build, required_arrays, take_apart
from tinygrad_rnn.nn.base import GatedCell

GRU_NAMES = {"weight_ih": "w_i", "weight_hh": "w_h", "bias_ih": "b"}
LSTM_NAMES = {"weight_ih": "w", "weight_hh": "w", "bias_ih": "b"}
RNN_NAMES = {
    "weight_ih": "linear w", "weight_hh": "linear_1 w", "bias_ih": "linear b",
    "bias_hh": "linear_1 b",
}  # fmt: skip


def from_haiku(parameters: Mapping[str, Any]) -> GatedCell:
    """Return the cell of one Haiku core.

    Args:
        parameters: those of ``"gru"``, which are ``"w_i"`` (I, 3H), ``"w_h"`` (H, 3H) and ``"b"``
            (3H,); or of ``"lstm/linear"``: ``"w"`` (I + H, 4H) and ``"b"`` (4H,). Of a VanillaRNN,
            both of its modules: ``{"linear": {"w": (I, H), "b": (H,)}, "linear_1": {"w": (H, H),
            "b": (H,)}}``, the last one only with `double_bias`.

    Returns:
        An RNNCell with relu, a GRUCell or an LSTMCell, of the arrays' dtype.

    Raises:
        StateDictError: if an array is missing, unexpected, or of a wrong shape or dtype.

    >>> rng = np.random.default_rng(0)
    >>> gru = {"w_i": rng.normal(size=(2, 9)), "w_h": rng.normal(size=(3, 9)), "b": np.zeros(9)}
    >>> type(from_haiku(gru)).__name__
    'GRUCell'
    """
    if "linear" in parameters:
        return _from_vanilla(parameters)
    if "w" not in parameters:
        w_i, w_h, b = required_arrays(parameters, ("w_i", "w_h", "b"))
        if w_h.ndim != 2 or w_h.shape[1] != 3 * w_h.shape[0]:
            raise StateDictError(f"w_h {w_h.shape} is not (H, 3*H)")
        return build(Pieces(w_i.T, w_h.T, b), HAIKU, GRU_NAMES, reset="before")
    w, b = required_arrays(parameters, ("w", "b"))
    hidden = b.size // 4
    if w.ndim != 2 or b.shape != (4 * hidden,) or len(w) <= hidden:
        raise StateDictError(f"w {w.shape} and b {b.shape} are not (I + H, 4*H) and (4*H,)")
    return build(Pieces(w[:-hidden].T, w[-hidden:].T, b), HAIKU, LSTM_NAMES)


def _from_vanilla(parameters: Mapping[str, Any]) -> GatedCell:
    flat = {
        f"{module} {name}": array
        for module, arrays in parameters.items()
        for name, array in arrays.items()
    }
    w_i, b_i, w_h, b_h = required_arrays(
        flat, ("linear w", "linear b", "linear_1 w"), ("linear_1 b",)
    )
    if w_h.ndim != 2 or w_h.shape[0] != w_h.shape[1]:
        raise StateDictError(f"linear_1 w {w_h.shape} is not (H, H)")
    return build(Pieces(w_i.T, w_h.T, b_i, b_h), HAIKU, RNN_NAMES, nonlinearity="relu")


def to_haiku(cell: GatedCell) -> dict[str, Any]:
    """Return the parameters for the Haiku core that computes what the cell does.

    A GRU's belong under ``"gru"``, an LSTM's under ``"lstm/linear"``, and an RNN's, which are those
    of two modules, under ``"vanilla_rnn/linear"`` and ``"vanilla_rnn/linear_1"``.

    Args:
        cell: an RNNCell with relu, a GRUCell or an LSTMCell.

    Returns:
        Arrays by name, of the shapes that `from_haiku` takes.

    Raises:
        StateDictError: if Haiku has no such cell: an RNNCell without relu, a GRU with its reset
            after the product, a cell with peepholes, coupled gates, a projection or a learned
            state.

    >>> from tinygrad_rnn.nn.cells import LSTMCell
    >>> {name: array.shape for name, array in to_haiku(LSTMCell(2, 3)).items()}
    {'w': (5, 12), 'b': (12,)}
    """
    if getattr(cell, "nonlinearity", "relu") != "relu":
        raise StateDictError("Haiku's VanillaRNN has relu, and no other nonlinearity")
    pieces = take_apart(cell, HAIKU, "Haiku", reset="before")
    w_i, w_h, b = pieces.weight_ih.T, pieces.weight_hh.T, pieces.bias_ih
    if b is None:  # Haiku always has one
        b = np.zeros(len(pieces.weight_hh), pieces.weight_hh.dtype)
    if len(b) == cell.hidden_size:
        return {"linear": {"w": w_i, "b": b}, "linear_1": {"w": w_h, "b": np.zeros_like(b)}}
    if len(b) == 3 * cell.hidden_size:
        return {"w_i": w_i, "w_h": w_h, "b": b}
    return {"w": np.concatenate([w_i, w_h]), "b": b}
