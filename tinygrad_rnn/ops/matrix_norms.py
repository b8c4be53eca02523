"""The norms of every order, and the condition number, of singular values or sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.ops.composed import compose
from tinygrad_rnn.ops.reduce import Axis
from tinygrad_rnn.ops.reduce import norm as euclidean
from tinygrad_rnn.ops.shape import moveaxis
from tinygrad_rnn.tensor import Value


def _matrix_norm(x: Value, ord: Any, keepdims: bool) -> Value:
    if ord in (2, -2, "nuc"):
        folds: dict[Any, Any] = {2: np.max, -2: np.min, "nuc": np.sum}
        out = folds[ord](np.linalg.svd(x, compute_uv=False), axis=-1)
        return np.expand_dims(out, (-1, -2)) if keepdims else out
    inner, outer = (-2, -1) if abs(ord) == 1 else (-1, -2)
    fold = np.max if ord > 0 else np.min
    sums = np.sum(np.abs(x), axis=inner, keepdims=True)
    out = fold(sums, axis=outer, keepdims=True)
    return out if keepdims else np.squeeze(out, (-1, -2))


def norm_of_order(x: Value, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Value:
    """Return the norms other than the plain Euclidean, as a formula of functions that have one.

    Args:
        x: any shape.
        ord, axis, keepdims: as in `np.linalg.norm`.

    >>> float(norm_of_order(np.array([3.0, -4.0]), 1))
    7.0
    """
    axis = tuple(range(x.ndim)) if axis is None else axis
    axes = axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 2:
        out = _matrix_norm(moveaxis(x, axes, (-2, -1)), ord, keepdims)
        return moveaxis(out, (-2, -1), axes) if keepdims else out
    if np.isinf(ord):
        fold = np.max if ord > 0 else np.min
        return fold(np.abs(x), axis=axis, keepdims=keepdims)
    size = np.abs(x)
    return np.sum(size if ord == 1 else size**ord, axis=axis, keepdims=keepdims) ** (1 / ord)


compose(np.linalg.norm, norm_of_order, "by order", name="norm of order")
_norm_of_order = FUNCTIONS[np.linalg.norm]


def _norm(x: Value, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Value:
    of_vectors = isinstance(axis, int | np.integer) or (axis is None and x.ndim == 1)
    if ord is None or (ord == 2 and of_vectors) or (ord == "fro" and not of_vectors):
        return euclidean(x, axis=axis, keepdims=keepdims)
    if ord == 0 and of_vectors:
        raise NotDifferentiableError(
            "np.linalg.norm(..., ord=0) counts, so its derivative is 0: use .data"
        )
    return _norm_of_order(x, ord=ord, axis=axis, keepdims=keepdims)


def _cond(x: Value, p: Any = None) -> Value:
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        out = np.max(s, axis=-1) / np.min(s, axis=-1)
        return 1 / out if p == -2 else out
    return np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, axis=(-2, -1))


def _vector_norm(x: Value, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Value:
    if axis is None:
        out = _norm(np.ravel(x), ord)
        return np.reshape(out, (1,) * x.ndim) if keepdims else out
    if isinstance(axis, tuple):
        rest = [k for k in range(x.ndim) if k not in [a % x.ndim for a in axis]]
        moved = np.transpose(x, [*rest, *axis])
        out = _norm(np.reshape(moved, (*moved.shape[: len(rest)], -1)), ord, -1)
        return np.expand_dims(out, axis) if keepdims else out
    return _norm(x, ord, axis, keepdims)


FUNCTIONS[np.linalg.norm] = _norm
FUNCTIONS[np.linalg.vector_norm] = _vector_norm
FUNCTIONS[np.linalg.matrix_norm] = lambda x, /, *, keepdims=False, ord="fro": _norm(
    x, ord, (-2, -1), keepdims
)
compose(np.linalg.cond, _cond, "largest over smallest singular value")
