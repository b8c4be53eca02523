"""Functions that NumPy lacks; whatever NumPy has is reached as ``np.f(tensor)``."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.ops import activations, reduce
from tinygrad_rnn.ops.activations import erf, relu, sigmoid, softplus
from tinygrad_rnn.ops.linalg import AFFINE, ALL_ROWS
from tinygrad_rnn.ops.reduce import Axis, log_softmax, softmax

__all__ = [
    "elu",
    "erf",
    "leaky_relu",
    "linear",
    "linear_pair",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
]


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """Return x where it is positive, else ``slope * x``; its derivative at 0 is `slope`."""
    return activations.leaky_relu(x, slope=slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x where it is positive, else ``alpha * (exp(x) - 1)`` (Clevert et al. 2015)."""
    return activations.elu(x, alpha=alpha)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return ``log(sum(exp(x)))`` over the axes, all by default, with nothing overflowing.

    >>> import numpy as np
    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    return reduce.logsumexp(x, axis=axis, keepdims=keepdims)


def linear(x: Any, weight: Any, bias: Any = None, rows: slice = ALL_ROWS) -> Any:
    """Return ``x @ weight[rows].T + bias[rows]``: one matrix product for a batch of rows.

    Args:
        x: shape (..., I).
        weight: shape (O, I), one row per output.
        bias: shape (O,), or None for none.
        rows: which outputs to compute; all by default. A cell whose gates are stacked in one
            weight asks for the rows of one gate.

    Returns:
        Shape (..., O).

    >>> import numpy as np
    >>> linear(np.array([1.0, 2.0]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([11.5])
    """
    if bias is None:
        return AFFINE[2](x, weight, rows=rows)
    return AFFINE[3](x, weight, bias, rows=rows)


def linear_pair(x: Any, W: Any, h: Any, U: Any, bias: Any = None, rows: slice = ALL_ROWS) -> Any:
    """Return ``x @ W.T + h @ U.T + bias``: what a recurrent cell makes of its input and its past.

    One primitive instead of three: the sum is built in place, and pictures show it as one node.

    Args:
        x: shape (..., I).
        W: shape (O, I).
        h: shape (..., H).
        U: shape (O, H).
        bias: shape (O,), or None for none.
        rows: which of the O outputs to compute; all by default.

    Returns:
        Shape (..., O).
    """
    if bias is None:
        return AFFINE[4](x, W, h, U, rows=rows)
    return AFFINE[5](x, W, h, U, bias, rows=rows)
