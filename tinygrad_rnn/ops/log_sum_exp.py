"""The log-sum-exp family: each scaled by its largest element first, so that nothing overflows."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.graph import Array
from tinygrad_rnn.ops.elementwise import ratio
from tinygrad_rnn.ops.reduce import Axis, count, folded, reduction
from tinygrad_rnn.primitive import Primitive
from tinygrad_rnn.tensor import Value


def _sum_of_many(x: Value, axis: Axis) -> Value:
    """Sum over the axis, which stays: in float32 where so many in float16 would overflow."""
    if x.dtype == np.float16 and count(x.shape, axis) > 2048:
        return np.sum(x.astype(np.float32), axis=axis, keepdims=True)  # type: ignore[return-value]  # the axis stays
    return np.sum(x, axis=axis, keepdims=True)


def _logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    largest = np.max(x, axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):  # log(0) is right where all of x is -inf
        out = (largest + np.log(_sum_of_many(np.exp(x - largest), axis))).astype(x.dtype)
    return np.asarray(out if keepdims else np.squeeze(out, folded(x.shape, axis)))


def _softmax_over(y: Value, x: Value, axis: Axis) -> Value:
    if np.any(y == np.inf):  # where x is infinite, too, it takes all
        x = np.where(y == np.inf, np.where(x == np.inf, 0.0, -np.inf), x)
        y = np.where(y == np.inf, 0.0, y)
    out = np.exp(x - np.where(y == -np.inf, 0, y))
    return ratio(out, _sum_of_many(out, axis))  # mends what rounding did to y


logsumexp = reduction(
    "logsumexp",
    _logsumexp,
    "log(sum(exp(x)))",
    "g * exp(x - y)",
    _softmax_over,
)


def _complement(p: Value, axis: int) -> Value:
    """Return 1 - p with all its digits: where p is near 1, it is the sum of the others."""
    large = p > 0.5
    return np.where(large, np.sum(np.where(large, 0, p), axis=axis, keepdims=True), 1 - p)


def _against_others(p: Value, t: Value, axis: int) -> Value:
    """Return ``t[i] - sum(p * t)`` as the sum of ``p[j] * (t[i] - t[j])`` over the others.

    In the first form, all digits cancel where p[i] is near 1.
    """
    large, terms = p > 0.5, p * t
    rest = np.sum(np.where(large, 0, terms), axis=axis, keepdims=True)
    others = np.where(large, rest, np.sum(terms, axis=axis, keepdims=True) - terms)
    return t * _complement(p, axis) - others


def _softmax(x: Array, axis: int = -1) -> Array:
    out = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return np.asarray(out / _sum_of_many(out, axis), x.dtype)


def _softmax_rule(g: Value, y: Value, x: Value, axis: int = -1) -> Value:
    return y * _against_others(y, g, axis)


# Its Jacobian is symmetric, so one rule serves both ways.
softmax = Primitive(
    "softmax",
    _softmax,
    [_softmax_rule],
    [_softmax_rule],
    "exp(x) / sum(exp(x))",
    "y * (g - sum(g * y))",
)


def _log_softmax(x: Array, axis: int = -1) -> Array:
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(_sum_of_many(np.exp(shifted), axis)), x.dtype)


def _log_softmax_vjp(g: Value, y: Value, x: Value, axis: int = -1) -> Value:
    p = np.exp(y)
    return g * _complement(p, axis) - p * (np.sum(g, axis=axis, keepdims=True) - g)


def _log_softmax_jvp(t: Value, y: Value, x: Value, axis: int = -1) -> Value:
    return _against_others(np.exp(y), t, axis)


log_softmax = Primitive(
    "log_softmax",
    _log_softmax,
    [_log_softmax_vjp],
    [_log_softmax_jvp],
    "x - log(sum(exp(x)))",
    "g - exp(y) * sum(g)",
)
