"""Primitives that move elements without changing them: each derivative moves them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.primitive import Each, Primitive, linear, unbroadcast
from tinygrad_rnn.tensor import FUNCTIONS, Array

reshape = linear(
    "reshape",
    np.reshape,
    "reshape(x)",
    ("reshape(g)", lambda g, y, x, shape: np.reshape(g, x.shape)),
)
FUNCTIONS[np.reshape] = lambda x, shape: reshape(x, shape=shape)


def _transpose_vjp(g: Any, y: Any, x: Any, axes: tuple[int, ...] | None = None) -> Any:
    return np.transpose(g, None if axes is None else np.argsort([axis % y.ndim for axis in axes]))


transpose = linear("transpose", np.transpose, "transpose(x)", ("transpose(g)", _transpose_vjp))
FUNCTIONS[np.transpose] = lambda x, axes=None: transpose(x, axes=axes)

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


def _stack(*xs: Array, axis: int = 0) -> Array:
    return np.stack(xs, axis)


def _stack_vjp(slot: int, g: Any, y: Any, *xs: Any, axis: int = 0) -> Any:
    return g[(slice(None),) * (axis % y.ndim) + (slot,)]


def _stack_jvp(slot: int, t: Any, y: Any, *xs: Any, axis: int = 0) -> Any:
    return np.stack(
        [t if k == slot else np.zeros(x.shape, x.dtype) for k, x in enumerate(xs)], axis
    )


stack = Primitive("stack", _stack, Each(_stack_vjp), Each(_stack_jvp), "stack(xs)", "g[k]")
FUNCTIONS[np.stack] = lambda arrays, axis=0: stack(*arrays, axis=axis)
