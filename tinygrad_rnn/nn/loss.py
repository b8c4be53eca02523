"""Losses: how wrong a prediction is, as one number to sweep back from."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.ops.reduce import log_softmax
from tinygrad_rnn.tensor import Tensor


def mse_loss(prediction: Any, target: Any) -> Tensor:
    """Return the mean squared error ``mean((prediction - target) ** 2)``.

    Args:
        prediction: any shape.
        target: the same shape.

    Raises:
        ShapeError: if the shapes differ, since broadcasting would hide the mistake.

    >>> mse_loss(Tensor([1.0, 3.0]), [0.0, 1.0]).item()
    2.5
    """
    if np.shape(prediction) != np.shape(target):
        raise ShapeError(
            f"mse_loss: prediction {np.shape(prediction)} and target {np.shape(target)} differ"
        )
    return np.mean(np.square(prediction - target))  # type: ignore[return-value,no-any-return,unused-ignore]  # dispatched to Tensor


def cross_entropy(logits: Any, classes: Any) -> Tensor:
    """Return the mean of ``-log softmax(logits)[class]``, in nats.

    Args:
        logits: shape (N, C), one row of unnormalised log-probabilities per example.
        classes: shape (N,), integers from 0 to C - 1.

    Raises:
        ShapeError: if the shapes do not fit.
        ValueError: if a class is out of range.

    >>> round(cross_entropy(Tensor([[0.0, 0.0]]), [1]).item(), 4)
    0.6931
    """
    classes = np.asarray(classes)
    if logits.ndim != 2 or classes.shape != logits.shape[:1]:
        raise ShapeError(
            f"cross_entropy: logits {logits.shape} and classes {classes.shape} "
            "are not (N, C) and (N,)"
        )
    if not np.issubdtype(classes.dtype, np.integer):
        raise ValueError(f"cross_entropy: classes are integers, not {classes.dtype}")
    if classes.size and not (classes.min() >= 0 and classes.max() < logits.shape[1]):
        raise ValueError(
            f"cross_entropy: classes from {classes.min()} to {classes.max()} "
            f"with {logits.shape[1]} logits"
        )
    picked = log_softmax(logits)[np.arange(len(classes)), classes]
    return -np.mean(picked)  # type: ignore[return-value,no-any-return,unused-ignore]  # dispatched to Tensor
