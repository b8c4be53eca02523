"""Functions that NumPy lacks; whatever NumPy has is reached as ``np.f(tensor)``."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.ops.elementwise import relu, sigmoid
from tinygrad_rnn.ops.linalg import ALL_ROWS, affine, weight_product
from tinygrad_rnn.ops.reduce import log_softmax

__all__ = ["linear", "log_softmax", "relu", "sigmoid"]


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
        return weight_product(x, weight, rows=rows)
    return affine(x, weight, bias, rows=rows)
