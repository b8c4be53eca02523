"""Flax: the parameters of its `SimpleCell`, `LSTMCell`, `OptimizedLSTMCell` and `GRUCell`, of
`flax.linen` (an array for each gate) and of `flax.nnx` (some with all gates in one)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.interop.gates import (
    FLAX,
    GATE_ORDER,
    Pieces,
    as_array,
    build,
    check_names,
    kind_of,
    of_an_rnn,
    take_apart,
)
from tinygrad_rnn.nn.base import GatedCell
from tinygrad_rnn.tensor import Array

STACKED = ("dense_i", "dense_h")  # what flax.nnx calls the two of a cell whose gates are in one
SIMPLE = ("i", "h")


def from_flax(parameters: Mapping[str, Any], nonlinearity: str | None = None) -> GatedCell:
    """Return the cell of one Flax cell.

    Args:
        parameters: ``variables["params"]`` of the cell, such as ``{"ii": {"kernel": (I, H)}, "hi":
            {"kernel": (H, H), "bias": (H,)}, ...}``, or ``nnx.to_pure_dict(nnx.state(cell))``;
            nested, or by names joined with dots or slashes.
        nonlinearity: of a SimpleCell: ``"tanh"`` (the default), ``"relu"`` or ``"identity"``.

    Returns:
        An RNNCell, LSTMCell or GRUCell (with its reset after the product), of the arrays' dtype.

    Raises:
        StateDictError: if an array is missing, unexpected, or of a wrong shape or dtype; if they
            are those of an MGUCell or a ConvLSTMCell, which have no counterpart here.
        TypeError: if `parameters` is no mapping, such as a path.
        ValueError: if there is no such nonlinearity, or it is given for another cell.

    >>> rng = np.random.default_rng(0)
    >>> simple = {"i": {"kernel": rng.normal(size=(2, 3)), "bias": np.zeros(3)},
    ...           "h": {"kernel": rng.normal(size=(3, 3))}}
    >>> type(from_flax(simple)).__name__
    'RNNCell'
    """
    check_names(parameters, (), tuple(parameters))
    arrays = {name: as_array(array, name) for name, array in _flat(parameters)}
    dense = {name.rpartition(".")[0] for name in arrays}
    pair = STACKED if STACKED[0] in dense else SIMPLE
    if pair[0] not in dense:
        gates = _gates_of(dense)
        joined = {
            f"{pair[side == 'h']}.{what}": _joined(arrays, side, gates, what)
            for side in "ih"
            for what in ("kernel", "bias")
        }
        arrays = {name: array for name, array in joined.items() if array is not None}
    kernels = [f"{name}.kernel" for name in pair]
    biases = [f"{name}.bias" for name in pair]
    check_names(arrays, kernels, biases)
    names = dict(
        zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), kernels + biases, strict=True)
    )
    kind = kind_of(arrays[kernels[1]].T, f"{kernels[1]}, transposed,")
    first, second = (arrays.get(name) for name in biases)
    if first is None and second is not None:
        first = np.zeros_like(second)
    if kind == "GRU" and first is not None and second is None:
        second = np.zeros_like(first)
    options = {"reset": "after"} if kind == "GRU" else of_an_rnn(kind, nonlinearity)
    if kind == "GRU":
        of_an_rnn(kind, nonlinearity)
    pieces = Pieces(arrays[kernels[0]].T, arrays[kernels[1]].T, first, second)
    return build(pieces, FLAX, names, **options)


def to_flax(cell: GatedCell) -> dict[str, dict[str, Array]]:
    """Return the parameters for the `flax.linen` cell that computes what the cell does.

    Args:
        cell: an RNNCell, an LSTMCell, or a GRUCell with ``reset="after"``.

    Returns:
        Arrays by module and name, ``variables["params"]`` of a SimpleCell with the cell's
        nonlinearity, of an LSTMCell or OptimizedLSTMCell, or of a GRUCell.

    Raises:
        StateDictError: if Flax has no such cell: a GRU with its reset before the product, a cell
            with peepholes, coupled gates, a projection or a learned state.

    >>> from tinygrad_rnn.nn.cells import GRUCell
    >>> list(to_flax(GRUCell(2, 3, reset="after")))
    ['ir', 'iz', 'in', 'hr', 'hz', 'hn']
    """
    pieces = take_apart(cell, FLAX, "Flax", reset="after")
    gates = FLAX.rows[{1: "RNN", 3: "GRU", 4: "LSTM"}[len(cell.gates)]]
    bias, second = pieces.bias_ih, pieces.bias_hh
    if bias is None:  # Flax always has one
        bias = second = np.zeros(len(pieces.weight_hh), cell.dtype)
    out: dict[str, dict[str, Array]] = {}
    for side, weight in (("i", pieces.weight_ih), ("h", pieces.weight_hh)):
        for k, gate in enumerate(gates):
            rows = slice(k * cell.hidden_size, (k + 1) * cell.hidden_size)
            place = side if gates == "h" else side + gate
            out[place] = {"kernel": weight[rows].T}
            if side == ("h" if len(gates) == 4 else "i"):  # the side that has the bias
                out[place]["bias"] = bias[rows]
            elif place == "hn" and second is not None:
                out[place]["bias"] = second[rows]
    return out


def _flat(parameters: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all arrays by dotted names; flax.nnx writes ``if_``, which Python has a word for."""
    for key, value in parameters.items():
        part = ".".join(map(str, key)) if isinstance(key, tuple) else str(key).replace("/", ".")
        place = f"{name}.{part}".lstrip(".").replace("if_.", "if.")
        if part == "if_":
            place = place.removesuffix("_")
        if isinstance(value, Mapping):
            yield from _flat(value, place)
        else:
            yield place, value


def _gates_of(dense: set[str]) -> str:
    """Return the gates of a cell with a pair of modules for each, in the order of Flax's rows."""
    for kind in ("LSTM", "GRU"):
        if dense == {side + gate for side in "ih" for gate in GATE_ORDER[kind]}:
            return FLAX.rows[kind]
    if dense == {"if", "in", "hf", "hn"}:
        raise StateDictError("an MGUCell has no counterpart here: write it as a tr.Cell")
    found = ", ".join(sorted(dense)) or "nothing"
    raise StateDictError(f"not the parameters of one Flax cell: there is {found}")


def _joined(arrays: Mapping[str, Array], side: str, gates: str, what: str) -> Array | None:
    """Return one array of all gates: kernels (.., G*H), biases (G*H,), absent ones as zeros."""
    found = [arrays.get(f"{side}{gate}.{what}") for gate in gates]
    known = next((one for one in found if one is not None), None)
    if known is None:
        return None
    return np.concatenate([np.zeros_like(known) if x is None else x for x in found], axis=-1)
