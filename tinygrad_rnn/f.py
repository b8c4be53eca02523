"""Functions that NumPy lacks; whatever NumPy has is reached as ``np.f(tensor)``."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.ops.elementwise import relu, sigmoid
from tinygrad_rnn.ops.linalg import AFFINE, ALL_ROWS
from tinygrad_rnn.ops.reduce import log_softmax

__all__ = ["linear", "linear_pair", "log_softmax", "relu", "sigmoid"]


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
