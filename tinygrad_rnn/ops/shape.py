"""Primitives that move elements without changing them: each derivative moves them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.batched import unbroadcast
from tinygrad_rnn.primitive import linear

reshape = linear(
    "reshape",
    lambda x, shape: np.reshape(x, shape),  # NumPy 2.0 has another name for the argument
    "reshape(x)",
    ("reshape(g)", lambda g, y, x, shape: np.reshape(g, x.shape)),
)
FUNCTIONS[np.reshape] = lambda x, shape: reshape(x, shape=shape)


def _transpose_vjp(g: Any, y: Any, x: Any, axes: tuple[int, ...] | None = None) -> Any:
    return np.transpose(g, None if axes is None else np.argsort([axis % y.ndim for axis in axes]))


transpose = linear("transpose", np.transpose, "transpose(x)", ("transpose(g)", _transpose_vjp))
FUNCTIONS[np.transpose] = lambda x, axes=None: transpose(
    x, axes=None if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
)

swapaxes = linear(
    "swapaxes",
    np.swapaxes,
    "swapaxes(x)",
    ("swapaxes(g)", lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2)),
)
FUNCTIONS[np.swapaxes] = lambda x, axis1, axis2: swapaxes(x, axis1=axis1, axis2=axis2)

expand_dims = linear(
    "expand_dims",
    np.expand_dims,
    "expand_dims(x)",
    ("reshape(g)", lambda g, y, x, axis: np.reshape(g, x.shape)),
)
FUNCTIONS[np.expand_dims] = lambda x, axis: expand_dims(x, axis=axis)

squeeze = linear(
    "squeeze",
    np.squeeze,
    "squeeze(x)",
    ("reshape(g)", lambda g, y, x, axis=None: np.reshape(g, x.shape)),
)
FUNCTIONS[np.squeeze] = lambda x, axis=None: squeeze(x, axis=axis)

broadcast_to = linear(
    "broadcast_to",
    np.broadcast_to,
    "broadcast_to(x)",
    ("sum(g)", lambda g, y, x, shape: unbroadcast(g, x.shape)),
)
FUNCTIONS[np.broadcast_to] = lambda x, shape: broadcast_to(x, shape=shape)


def _moveaxis(x: Any, source: Any, destination: Any) -> Any:
    # NumPy itself works out the order, on an array whose lengths are the numbers of its axes.
    order = np.moveaxis(np.empty(range(x.ndim)), source, destination).shape
    return transpose(x, axes=order)


FUNCTIONS[np.moveaxis] = _moveaxis
FUNCTIONS[np.ravel] = lambda x: np.reshape(x, -1)


def _tile(x: Any, reps: Any) -> Any:
    reps = reps if isinstance(reps, tuple | list) else (reps,)
    reps = (1,) * (x.ndim - len(reps)) + tuple(reps)
    shape = (1,) * (len(reps) - x.ndim) + x.shape
    # Each axis of length n becomes (r, n) by broadcasting, and those two then r * n.
    pairs = np.reshape(x, [n for length in shape for n in (1, length)])
    wide = np.broadcast_to(pairs, [n for pair in zip(reps, shape, strict=True) for n in pair])
    return np.reshape(wide, [r * n for r, n in zip(reps, shape, strict=True)])


FUNCTIONS[np.tile] = _tile
