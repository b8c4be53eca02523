"""Primitives that move elements without changing them: each derivative moves them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.batched import unbroadcast
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.primitive import linear
from tinygrad_rnn.tensor import Value

reshape = linear(
    "reshape",
    lambda x, shape: np.reshape(x, shape),  # NumPy 2.0 has another name for the argument
    "reshape(x)",
    ("reshape(g)", lambda g, y, x, shape: np.reshape(g, x.shape)),
)


def _transpose_vjp(g: Value, y: Value, x: Value, axes: tuple[int, ...] | None = None) -> Value:
    return np.transpose(g, None if axes is None else np.argsort([axis % y.ndim for axis in axes]))


transpose = linear("transpose", np.transpose, "transpose(x)", ("transpose(g)", _transpose_vjp))
FUNCTIONS[np.transpose] = lambda a, axes=None: transpose(
    a, axes=None if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
)

swapaxes = linear(
    "swapaxes",
    np.swapaxes,
    "swapaxes(x)",
    ("swapaxes(g)", lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2)),
)
FUNCTIONS[np.swapaxes] = lambda a, axis1, axis2: swapaxes(a, axis1=axis1, axis2=axis2)

expand_dims = linear(
    "expand_dims",
    np.expand_dims,
    "expand_dims(x)",
    ("reshape(g)", lambda g, y, x, axis: np.reshape(g, x.shape)),
)
FUNCTIONS[np.expand_dims] = lambda a, axis: expand_dims(a, axis=axis)

squeeze = linear(
    "squeeze",
    np.squeeze,
    "squeeze(x)",
    ("reshape(g)", lambda g, y, x, axis=None: np.reshape(g, x.shape)),
)
FUNCTIONS[np.squeeze] = lambda a, axis=None: squeeze(a, axis=axis)

broadcast_to = linear(
    "broadcast_to",
    np.broadcast_to,
    "broadcast_to(x)",
    ("sum(g)", lambda g, y, x, shape: unbroadcast(g, x.shape)),
)
FUNCTIONS[np.broadcast_to] = lambda array, shape, subok=False: broadcast_to(array, shape=shape)


def moveaxis(a: Value, source: int | Sequence[int], destination: int | Sequence[int]) -> Value:
    """Return what `np.moveaxis` gives, of an array or a tensor.

    Args:
        a: any shape.
        source: where the axes are.
        destination: where they go.

    >>> moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    # NumPy itself works out the order, on an array whose lengths are the numbers of its axes.
    order = np.moveaxis(np.empty(range(np.ndim(a))), source, destination).shape
    return np.transpose(a, order)


FUNCTIONS[np.moveaxis] = moveaxis
FUNCTIONS[np.matrix_transpose] = lambda x, /: np.swapaxes(x, -1, -2)
FUNCTIONS[np.linalg.matrix_transpose] = FUNCTIONS[np.matrix_transpose]


def _at_least(function: Function) -> Function:
    """Give tensors the axes that NumPy gives an array of their shape."""

    def meaning(*arys: Value) -> Value | tuple[Value, ...]:
        out = [np.reshape(x, function(np.broadcast_to(0, np.shape(x))).shape) for x in arys]
        return out[0] if len(out) == 1 else tuple(out)

    return meaning


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    FUNCTIONS[_function] = _at_least(_function)


def _broadcast_arrays(*args: Value, subok: bool = False) -> tuple[Value, ...]:
    shape = np.broadcast_shapes(*[np.shape(x) for x in args])
    return tuple([np.broadcast_to(x, shape) for x in args])


FUNCTIONS[np.broadcast_arrays] = _broadcast_arrays


def _meshgrid(
    *xi: Value, copy: bool = True, sparse: bool = False, indexing: Literal["xy", "ij"] = "xy"
) -> tuple[Value, ...]:
    shapes = [
        x.shape
        for x in np.meshgrid(*[np.zeros(np.shape(x)) for x in xi], sparse=True, indexing=indexing)
    ]
    thin = [np.reshape(x, shape) for x, shape in zip(xi, shapes, strict=True)]
    return tuple(thin) if sparse else _broadcast_arrays(*thin)


FUNCTIONS[np.meshgrid] = _meshgrid
