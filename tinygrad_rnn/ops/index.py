"""Reading by index, and its adjoint: adding into the places that were read."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.batched import BatchedVJP, Uses
from tinygrad_rnn.graph import Array
from tinygrad_rnn.norms import Size, norms
from tinygrad_rnn.primitive import linear

_BASIC = frozenset({int, slice, type(None), type(Ellipsis)})


def _is_basic(index: Any) -> bool:
    """Whether reading by `index` gives a view, in which no element stands twice."""
    return _BASIC.issuperset(map(type, index if type(index) is tuple else (index,)))


def _read(x: Array, index: Any) -> Any:
    return x[index]


def _back_to_places(g: Any, y: Any, x: Any, index: Any) -> Any:
    return scatter(g, index=index, shape=x.shape)


def _gather_reads(uses: Uses) -> Array:
    """Add what came back to many reads of one tensor into one buffer, as gates are read."""
    x = uses[0][1]._values[0]
    out = np.zeros(x.shape, x.dtype)
    for g, node in uses:
        index = node.params["index"]
        part = out[index]
        if isinstance(part, np.ndarray):
            np.add(part, g, part)
        else:  # a single element, of which NumPy makes no view
            out[index] += g
    return out


def _norms_of_reads(uses: Uses) -> list[Size]:
    return norms([g for g, _ in uses])


def _scatter(g: Array, index: Any, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape, g.dtype)
    if _is_basic(index):
        out[index] = g
    else:
        np.add.at(out, index, g)  # an element read twice receives both
    return out


getitem = linear(
    "getitem",
    _read,
    "x[index]",
    ("scatter(g)", _back_to_places),
    batched={0: BatchedVJP(_gather_reads, _norms_of_reads)},
)
pick = linear("pick", _read, "x[index]", ("scatter(g)", _back_to_places))
scatter = linear(
    "scatter",
    _scatter,
    "zeros; y[index] += x",
    ("g[index]", lambda g, y, x, index, shape: g[index]),
)


def _own(index: Any) -> Any:
    """Copy index arrays, which their owner may write to later; integer tensors become arrays."""
    if isinstance(index, tuple):
        return tuple(map(_own, index))
    if index is None or isinstance(index, slice | int | type(Ellipsis)):
        return index
    if isinstance(index, np.integer):
        return int(index)
    places = np.array(index)  # also of a tensor, a memoryview, what has __array__
    return places.astype(int) if isinstance(index, list) and not places.size else places


def _getitem(x: Any, index: Any) -> Any:
    if _is_basic(index):
        return getitem(x, index=index)
    index = _own(index)
    return (getitem if _is_basic(index) else pick)(x, index=index)


FUNCTIONS[operator.getitem] = _getitem
