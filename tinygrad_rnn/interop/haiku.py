"""Haiku: the parameters of its `GRU`, which is this project's own form, and of its `LSTM`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.interop.gates import HAIKU, Pieces, build, required_arrays, take_apart
from tinygrad_rnn.nn.base import GatedCell
from tinygrad_rnn.tensor import Array

GRU_NAMES = {"weight_ih": "w_i", "weight_hh": "w_h", "bias_ih": "b"}
LSTM_NAMES = {"weight_ih": "w", "weight_hh": "w", "bias_ih": "b"}
FORGET_BIAS = 1.0  # Haiku adds it to the forget gate on every call, beside the bias


def from_haiku(parameters: Mapping[str, Any]) -> GatedCell:
    """Return the cell of one Haiku core.

    Args:
        parameters: those of ``"gru"``, which are ``"w_i"`` (I, 3H), ``"w_h"`` (H, 3H) and ``"b"``
            (3H,); or of ``"lstm/linear"``: ``"w"`` (I + H, 4H) and ``"b"`` (4H,).

    Returns:
        A GRUCell or an LSTMCell, of the arrays' dtype.

    Raises:
        StateDictError: if an array is missing, unexpected, or of a wrong shape or dtype.

    >>> rng = np.random.default_rng(0)
    >>> gru = {"w_i": rng.normal(size=(2, 9)), "w_h": rng.normal(size=(3, 9)), "b": np.zeros(9)}
    >>> type(from_haiku(gru)).__name__
    'GRUCell'
    """
    if "w" not in parameters:
        w_i, w_h, b = required_arrays(parameters, ("w_i", "w_h", "b"))
        if w_h.ndim != 2 or w_h.shape[1] != 3 * w_h.shape[0]:
            raise StateDictError(f"w_h {w_h.shape} is not (H, 3*H)")
        return build(Pieces(w_i.T, w_h.T, b), HAIKU, GRU_NAMES, reset="before")
    w, b = required_arrays(parameters, ("w", "b"))
    hidden = b.size // 4
    if w.ndim != 2 or b.shape != (4 * hidden,) or len(w) <= hidden:
        raise StateDictError(f"w {w.shape} and b {b.shape} are not (I + H, 4*H) and (4*H,)")
    b = b.copy()
    b[_forget_rows(hidden)] += FORGET_BIAS
    return build(Pieces(w[:-hidden].T, w[-hidden:].T, b), HAIKU, LSTM_NAMES)


def to_haiku(cell: GatedCell) -> dict[str, Array]:
    """Return the parameters for the Haiku core that computes what the cell does.

    A GRU's belong under ``"gru"``, an LSTM's under ``"lstm/linear"``.

    Args:
        cell: a GRUCell or an LSTMCell.

    Returns:
        Arrays by name, of the shapes that `from_haiku` takes.

    Raises:
        StateDictError: if Haiku has no such cell: an RNNCell, a GRU with its reset after the
            product, a cell with peepholes, coupled gates or a learned state.

    >>> from tinygrad_rnn.nn.cells import LSTMCell
    >>> {name: array.shape for name, array in to_haiku(LSTMCell(2, 3)).items()}
    {'w': (5, 12), 'b': (12,)}
    """
    pieces = take_apart(cell, HAIKU, "Haiku", reset="before")
    w_i, w_h, b = pieces.weight_ih.T, pieces.weight_hh.T, pieces.bias_ih
    if b is None:  # Haiku always has one
        b = np.zeros(len(pieces.weight_hh), pieces.weight_hh.dtype)
    if len(b) == 3 * cell.hidden_size:
        return {"w_i": w_i, "w_h": w_h, "b": b}
    b[_forget_rows(cell.hidden_size)] -= FORGET_BIAS
    return {"w": np.concatenate([w_i, w_h]), "b": b}


def _forget_rows(hidden: int) -> slice:
    first = HAIKU.rows["LSTM"].index("f") * hidden
    return slice(first, first + hidden)
