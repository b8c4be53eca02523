"""Weights in any order of rows and by any names: what no other module here knows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.interop.gates import (
    TORCH,
    Convention,
    Pieces,
    as_array,
    build,
    kind_of,
    of_an_rnn,
)
from tinygrad_rnn.nn.base import GatedCell

REQUIRED = ("weight_ih", "weight_hh")


def from_arrays(
    arrays: Mapping[str, Any],
    names: Mapping[str, str],
    convention: Convention = TORCH,
    transposed: bool = False,
    reset: str | None = None,
    nonlinearity: str | None = None,
) -> GatedCell:
    """Return the cell of weights that have an order of rows and names of their own.

    Args:
        arrays: by name; those that are not named are left alone.
        names: what they are called: those of ``"weight_ih"`` (G*H, I) and ``"weight_hh"`` (G*H, H),
            and where there are some ``"bias_ih"`` and ``"bias_hh"`` (G*H,), ``"peephole"`` (3*H,)
            and ``"weight_hr"`` (P, H), an LSTM's projection.
        convention: the order of the gates and what they stand for; PyTorch's by default.
        transposed: whether the matrices are (I, G*H), (H, G*H) and (H, P).
        reset: of a GRU, ``"before"`` or ``"after"`` the product.
        nonlinearity: of an RNN: ``"tanh"`` (the default), ``"relu"`` or ``"identity"``.

    Returns:
        An RNNCell, LSTMCell or GRUCell, of the arrays' dtype.

    Raises:
        StateDictError: if an array is missing or does not fit, or the convention is not that of
            such a cell.
        ValueError: if an option is missing or another cell's, or there is no such piece.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> weights = {"Wx": rng.normal(size=(12, 2)), "Wh": rng.normal(size=(12, 3))}
    >>> names = {"weight_ih": "Wx", "weight_hh": "Wh"}
    >>> from_arrays(weights, names, Convention({"LSTM": "ifog"})).hidden_size
    3
    """
    unknown = [piece for piece in names if piece not in Pieces._fields]
    if unknown or any(piece not in names for piece in REQUIRED):
        raise ValueError(
            f"names tells what {', '.join(REQUIRED)} are called, and may those of "
            f"{', '.join(Pieces._fields[2:])}; not {', '.join(unknown) or 'fewer'}"
        )
    missing = [name for name in names.values() if name not in arrays]
    if missing:
        raise StateDictError(f"missing: {', '.join(missing)}; there is {', '.join(arrays)}")
    found = {piece: as_array(arrays[name], name) for piece, name in names.items()}
    if transposed:
        found = {piece: array.T for piece, array in found.items()}
    pieces = Pieces(**found)
    projected = pieces.weight_hr is not None
    kind = "LSTM" if projected else kind_of(pieces.weight_hh, names["weight_hh"])
    options: dict[str, Any] = of_an_rnn(kind, nonlinearity)
    if kind == "GRU" and reset is None:
        raise ValueError("these are a GRU's weights: reset='before' or 'after' says which form")
    if kind != "GRU" and reset is not None:
        raise ValueError(f"reset is a GRU's, and these are the weights of an {kind}")
    if reset is not None:
        options["reset"] = reset
    if pieces.bias_hh is not None and pieces.bias_ih is None:
        raise ValueError("bias_hh is the second of two biases: one alone is bias_ih")
    return build(pieces, convention, names, **options)
