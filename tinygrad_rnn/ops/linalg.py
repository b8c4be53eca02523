"""Products: matmul in NumPy's forms, and the weight product that every cell is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.ops.index import scatter
from tinygrad_rnn.primitive import Primitive, Rule, linear, unbroadcast
from tinygrad_rnn.tensor import Array


def _matmul_to_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        g = np.expand_dims(g, -1) * b
    elif a.ndim == 1:
        g = np.matmul(np.expand_dims(g, -2), np.swapaxes(b, -1, -2))
    else:
        g = np.matmul(g, np.swapaxes(b, -1, -2))
    return unbroadcast(g, a.shape) if g.shape != a.shape else g


def _matmul_to_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1:
        g = a * np.expand_dims(g, -1) if b.ndim == 1 else _outer_rows(a, g)
    elif b.ndim == 1:
        g = np.matmul(np.swapaxes(a, -1, -2), np.expand_dims(g, -1))
        g = np.squeeze(g, -1)
    else:
        g = np.matmul(np.swapaxes(a, -1, -2), g)
    return unbroadcast(g, b.shape) if g.shape != b.shape else g


def _outer_rows(a: Any, g: Any) -> Any:
    return np.expand_dims(a, -1) * np.expand_dims(g, -2)


matmul = linear("matmul", np.matmul, "a @ b", ("g @ b.T", _matmul_to_a), ("a.T @ g", _matmul_to_b))


def _fold(array: Any) -> Any:
    """Fold all axes but the last into one: a batch of rows."""
    return np.reshape(array, (-1, array.shape[-1]))


ALL_ROWS = slice(None)


def _affine(x: Array, weight: Array, *bias: Array, rows: slice = ALL_ROWS) -> Array:
    out: Array = np.matmul(x, weight[rows].T)
    for b in bias:
        out += b[rows]
    return out


def _affine_to_x(g: Any, y: Any, x: Any, weight: Any, *bias: Any, rows: slice = ALL_ROWS) -> Any:
    return np.matmul(g, weight[rows])


def _affine_to_weight(
    g: Any, y: Any, x: Any, weight: Any, *bias: Any, rows: slice = ALL_ROWS
) -> Any:
    out = np.matmul(_fold(g).T, _fold(x))
    return out if rows == ALL_ROWS else scatter(out, index=rows, shape=weight.shape)


def _affine_to_bias(g: Any, y: Any, x: Any, weight: Any, b: Any, rows: slice = ALL_ROWS) -> Any:
    out = np.sum(_fold(g), axis=0)
    return out if rows == ALL_ROWS else scatter(out, index=rows, shape=b.shape)


weight_product = linear(
    "linear", _affine, "x @ W.T", ("g @ W", _affine_to_x), ("g.T @ x", _affine_to_weight)
)


def _affine_jvp(slot: int) -> Rule:
    def jvp(t: Any, y: Any, x: Any, weight: Any, b: Any, rows: slice = ALL_ROWS) -> Any:
        if slot == 2:
            return np.broadcast_to(t[rows], y.shape)
        return weight_product(*((t, weight) if slot == 0 else (x, t)), rows=rows)

    return jvp


affine = Primitive(
    "affine",
    _affine,
    [_affine_to_x, _affine_to_weight, _affine_to_bias],
    [_affine_jvp(0), _affine_jvp(1), _affine_jvp(2)],
    "x @ W.T + b",
    ["g @ W", "g.T @ x", "sum(g)"],
)
