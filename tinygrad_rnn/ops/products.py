"""The products of linear algebra that are special cases of others, by what they are special of."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS, UFUNCS
from tinygrad_rnn.ops.composed import compose
from tinygrad_rnn.ops.matmul import matmul
from tinygrad_rnn.ops.shape import moveaxis
from tinygrad_rnn.tensor import Value


def _tensordot(a: Value, b: Value, axes: Any = 2) -> Value:
    pairs = (range(-axes, 0), range(axes)) if np.ndim(axes) == 0 else axes
    summed = [np.ravel(k).tolist() for k in map(list_of, pairs)]
    letters = iter(string.ascii_letters)
    left, right = ([next(letters) for _ in range(np.ndim(x))] for x in (a, b))
    for i, j in zip(*summed, strict=True):
        right[j] = left[i]
    free = [c for c in left if c not in right] + [c for c in right if c not in left]
    return np.einsum(f"{''.join(left)},{''.join(right)}->{''.join(free)}", a, b)


def list_of(axes: Any) -> list[int]:
    """Return one axis or several as a list.

    Args:
        axes: an integer or a sequence of them.

    >>> list_of(1), list_of((0, 2))
    ([1], [0, 2])
    """
    return [int(k) for k in np.ravel(np.asarray(axes, dtype=int))]


def _kron(a: Any, b: Any) -> Value:
    ndim = max(np.ndim(a), np.ndim(b))
    a = np.reshape(a, (1,) * (ndim - np.ndim(a)) + np.shape(a))
    b = np.reshape(b, (1,) * (ndim - np.ndim(b)) + np.shape(b))
    every_other = tuple(range(1, 2 * ndim, 2))
    blocks = np.expand_dims(a, every_other) * np.expand_dims(b, tuple(range(0, 2 * ndim, 2)))
    return np.reshape(blocks, [m * n for m, n in zip(a.shape, b.shape, strict=True)])


def _cross(
    a: Value, b: Value, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Value:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    x, y = ([v[..., k] if k < v.shape[-1] else 0 * v[..., 0] for k in range(3)] for v in (a, b))
    z = x[0] * y[1] - x[1] * y[0]
    if a.shape[-1] == b.shape[-1] == 2:
        return z
    out = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], z]
    return np.moveaxis(np.stack(out, axis=-1), -1, axisc)


def _inner(a: Value, b: Value) -> Value:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return np.tensordot(a, b, (-1, -1))


_dot_of_more = compose(np.dot, lambda a, b: np.tensordot(a, b, (-1, -2)), "tensordot(a, b)")
_dispatched_dot = FUNCTIONS[np.dot]


def _dot(a: Value, b: Value) -> Value:
    if 0 in (np.ndim(a), np.ndim(b)):
        return np.multiply(a, b)
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return _dispatched_dot(a, b)


FUNCTIONS[np.dot] = _dot
compose(np.tensordot, _tensordot, "einsum(a, b)")
compose(np.outer, lambda a, b: np.expand_dims(np.ravel(a), 1) * np.ravel(b), "a[:, None] * b")
compose(np.inner, _inner, "sum of a * b over the last axes")
compose(np.vdot, lambda a, b: np.matmul(np.ravel(a), np.ravel(b)), "sum(a * b)")
compose(np.kron, _kron, "every a times all of b")
compose(np.cross, _cross, "a x b")
compose(np.linalg.multi_dot, lambda arrays: _chain(list(arrays)), "a @ b @ c ...")
compose(np.linalg.matrix_power, lambda a, n: _power(a, n), "a @ a @ ...")
FUNCTIONS[np.linalg.tensordot] = FUNCTIONS[np.tensordot]
FUNCTIONS[np.linalg.outer] = FUNCTIONS[np.outer]
FUNCTIONS[np.linalg.matmul] = UFUNCS[np.matmul]
compose(np.linalg.cross, lambda x1, x2, axis=-1: _cross(x1, x2, axis=axis), "a x b", name="cross_")
UFUNCS[np.vecdot] = lambda a, b: np.einsum("...i,...i->...", a, b)
FUNCTIONS[np.linalg.vecdot] = lambda x1, x2, axis=-1: UFUNCS[np.vecdot](
    np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
)
for _name, _subscripts in (("matvec", "...ij,...j->...i"), ("vecmat", "...i,...ij->...j")):
    if hasattr(np, _name):  # since NumPy 2.2
        compose(
            getattr(np, _name),
            lambda a, b, subscripts=_subscripts: np.einsum(subscripts, a, b),
            f"einsum({_subscripts})",
        )


def _chain(arrays: list[Value]) -> Value:
    out = arrays[0]
    for array in arrays[1:]:
        out = np.matmul(out, array)
    return out


def _power(a: Value, n: int) -> Value:
    """Square as often as it halves n."""
    if n < 0:
        return _power(np.linalg.inv(a), -n)
    if n == 0:
        return 0 * a + np.eye(a.shape[-1], dtype=a.dtype)
    half = _power(a, n // 2) if n > 1 else None
    square = a if half is None else np.matmul(half, half)
    return square if half is None or n % 2 == 0 else np.matmul(square, a)
