"""Reading by index, and its adjoint: adding into the places that were read."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_rnn.primitive import linear
from tinygrad_rnn.tensor import FUNCTIONS, Array, Tensor


def _getitem_vjp(g: Any, y: Any, x: Any, index: Any) -> Any:
    return scatter(g, index=index, shape=x.shape)


getitem = linear(
    "getitem",
    lambda x, index: x[index],
    "x[index]",
    ("scatter(g)", _getitem_vjp),
)


def _scatter(g: Array, index: Any, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape, g.dtype)
    if _is_basic(index):
        out[index] = g
    else:
        np.add.at(out, index, g)  # an element read twice receives both
    return out


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice))
        for part in parts
        if not isinstance(part, bool)
    ) and not any(isinstance(part, (bool, np.bool_)) for part in parts)


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
    if isinstance(index, (list, np.ndarray, Tensor)):
        return np.array(index)
    return index


FUNCTIONS[operator.getitem] = lambda x, index: getitem(x, index=_own(index))
