"""Reading by index, and its adjoint: adding into the places that were read."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.batched import BatchedVJP, Uses
from tinygrad_rnn.graph import Array
from tinygrad_rnn.norms import Norms, norms
from tinygrad_rnn.primitive import Primitive, VariadicRule, linear
from tinygrad_rnn.tensor import Value

_BASIC = frozenset({int, slice, type(None), type(Ellipsis)})


def _is_basic(index: Any) -> bool:
    """Whether reading by `index` gives a view, in which no element stands twice."""
    return _BASIC.issuperset(map(type, index if type(index) is tuple else (index,)))


def _read_at(x: Array, index: Any) -> Array:
    return x[index]


def _back_to_places(g: Value, y: Value, x: Value, index: Any) -> Value:
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


def _gather_recorded(uses: Uses) -> Value:
    """Do the same with tensors, as one node: one for each read would each be as large as x."""
    indices = [node.params["index"] for _, node in uses]
    return scatter_all(*[g for g, _ in uses], indices=indices, shape=uses[0][1]._values[0].shape)


def _scatter_all(*gs: Array, indices: list[Value], shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape, gs[0].dtype)
    for g, index in zip(gs, indices, strict=True):
        out[index] += g
    return out


def _each_read(
    slot: int, g: Value, y: Value, xs: Sequence[Value], indices: list[Value], shape: Any
) -> Value:
    return g[indices[slot]]


def _scatter_moved(
    ts: list[Value], y: Value, xs: Sequence[Value], indices: list[Value], shape: Any
) -> Value:
    moved = [(t, index) for t, index in zip(ts, indices, strict=True) if t is not None]
    return scatter_all(*[t for t, _ in moved], indices=[index for _, index in moved], shape=shape)


scatter_all = Primitive(
    "scatter_all",
    _scatter_all,
    VariadicRule(_each_read),
    VariadicRule(together=_scatter_moved),
    "zeros; y[index] += x for each",
    "g[index]",
)


def _norms_of_reads(uses: Uses) -> list[Norms]:
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
    _read_at,
    "x[index]",
    ("scatter(g)", _back_to_places),
    batched={0: BatchedVJP(_gather_reads, _norms_of_reads, recorded=_gather_recorded)},
)
pick = linear("pick", _read_at, "x[index]", ("scatter(g)", _back_to_places))
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


def _dispatch_getitem(x: Value, index: Any) -> Value:
    if _is_basic(index):
        return getitem(x, index=index)
    index = _own(index)
    return (getitem if _is_basic(index) else pick)(x, index=index)


FUNCTIONS[operator.getitem] = _dispatch_getitem
