"""Reading by index, and its adjoint: adding into the places that were read."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.batched import BatchedVJP, Uses
from tinygrad_rnn.errors import ShapeError
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
    return places if places.size or places.dtype == bool else places.astype(int)  # as x[[]] means


def _getitem(x: Any, index: Any) -> Any:
    if _is_basic(index):
        return getitem(x, index=index)
    index = _own(index)
    return (getitem if _is_basic(index) else pick)(x, index=index)


FUNCTIONS[operator.getitem] = _getitem


def _take(x: Any, indices: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.ravel(x)[_own(indices)]
    return x[(slice(None),) * (axis % x.ndim) + (_own(indices),)]


def _take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        return np.ravel(x)[_own(indices)]
    grid: list[Any] = list(np.ix_(*[np.arange(n) for n in x.shape]))
    grid[axis] = _own(indices)
    return x[tuple(grid)]


def _repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    return _take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis)


def _flip(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    backwards = [slice(None)] * x.ndim
    for k in axes:
        backwards[k] = slice(None, None, -1)
    return x[tuple(backwards)]


def _roll(x: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.reshape(_roll(np.ravel(x), shift, 0), x.shape)
    for by, k in np.broadcast(shift, axis):
        x = _take(x, np.roll(np.arange(x.shape[k]), by), int(k))
    return x


def _sort(x: Any, axis: int | None = -1) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    return _take_along_axis(x, np.argsort(x.data, axis, kind="stable"), axis)


def _diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = np.moveaxis(x, (axis1, axis2), (-2, -1))
    i, j = _diagonal_places(offset, min(x.shape[-2] + min(offset, 0), x.shape[-1] - max(offset, 0)))
    return x[..., i, j]


def _diagonal_places(offset: int, length: int) -> tuple[Array, Array]:
    places = np.arange(max(length, 0))
    return places + max(-offset, 0), places + max(offset, 0)


def _diag(x: Any, k: int = 0) -> Any:
    if x.ndim == 1:
        n = len(x) + abs(k)
        return scatter(x, index=_diagonal_places(k, len(x)), shape=(n, n))
    if x.ndim != 2:
        raise ShapeError(f"diag: shape {x.shape} is neither a vector nor a matrix")
    return _diagonal(x, k)


def _triangle(x: Any, k: int, lower: bool) -> Any:
    rows, columns = x.shape[-2:]
    mask = np.tri(rows, columns, k if lower else k - 1, dtype=bool)
    return np.where(mask, x, 0) if lower else np.where(mask, 0, x)


FUNCTIONS[np.take] = _take
FUNCTIONS[np.take_along_axis] = _take_along_axis
FUNCTIONS[np.repeat] = _repeat
FUNCTIONS[np.flip] = _flip
FUNCTIONS[np.roll] = _roll
FUNCTIONS[np.sort] = _sort
FUNCTIONS[np.diagonal] = _diagonal
FUNCTIONS[np.diag] = _diag
FUNCTIONS[np.trace] = lambda x, offset=0, axis1=0, axis2=1: np.sum(
    _diagonal(x, offset, axis1, axis2), axis=-1
)
FUNCTIONS[np.tril] = lambda x, k=0: _triangle(x, k, lower=True)
FUNCTIONS[np.triu] = lambda x, k=0: _triangle(x, k, lower=False)
