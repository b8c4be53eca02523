"""Primitives that fold axes away: sums, means, and the stable log-sum-exp family."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.primitive import Primitive, linear
from tinygrad_rnn.tensor import FUNCTIONS, Array

Axis = int | tuple[int, ...] | None


def spread(g: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """Broadcast what came back to a reduction over the axes that it folded."""
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, shape)


sum_ = linear(
    "sum",
    np.sum,
    "sum(x)",
    (
        "g, broadcast",
        lambda g, y, x, axis=None, keepdims=False: spread(g, x.shape, axis, keepdims),
    ),
)
FUNCTIONS[np.sum] = lambda x, axis=None, keepdims=False: sum_(x, axis=axis, keepdims=keepdims)

mean = linear(
    "mean",
    np.mean,
    "mean(x)",
    (
        "g / n, broadcast",
        lambda g, y, x, axis=None, keepdims=False: spread(
            g * (y.size / x.size), x.shape, axis, keepdims
        ),
    ),
)
FUNCTIONS[np.mean] = lambda x, axis=None, keepdims=False: mean(x, axis=axis, keepdims=keepdims)


def _log_softmax(x: Array, axis: int = -1) -> Array:
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True)))


def _log_softmax_vjp(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    return g - np.exp(y) * np.sum(g, axis=axis, keepdims=True)


def _log_softmax_jvp(t: Any, y: Any, x: Any, axis: int = -1) -> Any:
    return t - np.sum(np.exp(y) * t, axis=axis, keepdims=True)


log_softmax = Primitive(
    "log_softmax",
    _log_softmax,
    [_log_softmax_vjp],
    [_log_softmax_jvp],
    "x - log(sum(exp(x)))",
    "g - exp(y) * sum(g)",
)
