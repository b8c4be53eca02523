"""Losses: how wrong a prediction is, as one number to sweep back from.

A mask chooses what counts. What is left out gets a gradient of exactly zero, whatever it holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.errors import DtypeError, ShapeError
from tinygrad_rnn.ops.log_sum_exp import log_softmax
from tinygrad_rnn.tensor import Array, Tensor


def mse_loss(prediction: Any, target: Any, mask: ArrayLike | None = None) -> Tensor:
    """Return the mean squared error ``mean((prediction - target) ** 2)``.

    Args:
        prediction: any shape.
        target: the same shape.
        mask: booleans of that shape or of its first axes, such as (T, B): what counts.

    Returns:
        A scalar.

    Raises:
        ShapeError: if the shapes differ, since broadcasting would hide the mistake, or the mask's
            does not fit.
        DtypeError: if the mask is not of booleans.
        ValueError: if nothing counts.

    >>> mse_loss(Tensor([1.0, 3.0]), [0.0, 1.0]).item()
    2.5
    """
    if np.shape(prediction) != np.shape(target):
        raise ShapeError(
            f"mse_loss: prediction {np.shape(prediction)} and target {np.shape(target)} differ"
        )
    chosen = _chosen("mse_loss", np.shape(prediction), mask)
    if chosen is not None:
        prediction = prediction[chosen]
        target = (target if isinstance(target, Tensor) else np.asarray(target))[chosen]
    squares: Tensor = np.square(prediction - target)
    return squares.mean()


def cross_entropy(
    logits: Any,
    classes: Any,
    weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    ignore_index: int | None = None,
) -> Tensor:
    """Return the mean of ``-log softmax(logits)[class]``, in nats.

    Args:
        logits: shape (..., C), unnormalised log-probabilities.
        classes: shape (...), integers from 0 to C - 1.
        weight: shape (C,): the weight of each class in the mean.
        mask: booleans of the shape of `classes`: what counts.
        ignore_index: a class that does not count; it may be out of range.

    Returns:
        A scalar.

    Raises:
        ShapeError: if the shapes do not fit.
        DtypeError: if the classes are no integers, or the mask is not of booleans.
        ValueError: if a class is out of range, or nothing counts.

    >>> round(cross_entropy(Tensor([[0.0, 0.0]]), [1]).item(), 4)
    0.6931
    """
    classes = np.asarray(classes)
    if logits.ndim == 0 or classes.shape != logits.shape[:-1]:
        raise ShapeError(
            f"cross_entropy: logits {logits.shape} and classes {classes.shape} "
            "are not (..., C) and (...)"
        )
    if classes.dtype.kind not in "iu":
        raise DtypeError(f"cross_entropy: classes are integers, not {classes.dtype}")
    if ignore_index is not None:
        counts = classes != ignore_index
        mask = counts if mask is None else counts & np.asarray(mask)
    chosen = _chosen("cross_entropy", classes.shape, mask)
    if chosen is not None:
        logits, classes = logits[chosen], classes[chosen]
    count = logits.shape[-1]
    if classes.size and not (classes.min() >= 0 and classes.max() < count):
        raise ValueError(
            f"cross_entropy: classes from {classes.min()} to {classes.max()}, where {count} logits "
            f"are of the classes 0 to {count - 1}"
        )
    flat = classes.ravel()
    picked: Tensor = log_softmax(logits).reshape(-1, count)[np.arange(flat.size), flat]
    if weight is None:
        return -picked.mean()
    weights = np.asarray(weight, logits.dtype)
    if weights.shape != (count,):
        raise ShapeError(f"cross_entropy: weight {weights.shape} with {count} classes")
    share = weights[flat]
    if share.sum() == 0:
        raise ValueError("cross_entropy: all classes that occur have weight 0")
    weighted: Tensor = picked * (share / share.sum())
    return -weighted.sum()


def bce_with_logits(
    logits: Any,
    targets: ArrayLike,
    positive_weight: float = 1.0,
    mask: ArrayLike | None = None,
) -> Tensor:
    """Return the mean of ``-w y log sigmoid(x) - (1 - y) log(1 - sigmoid(x))``, in nats.

    It is the cross-entropy of two classes with logits x and 0, so it is as stable as that.

    Args:
        logits: x, any shape.
        targets: y, the same shape, each from 0 to 1.
        positive_weight: w, the weight of the positive class.
        mask: booleans of that shape or of its first axes: what counts.

    Returns:
        A scalar.

    Raises:
        ShapeError: if the shapes differ, or the mask's does not fit.
        DtypeError: if the mask is not of booleans.
        ValueError: if a target is not from 0 to 1, or nothing counts.

    >>> round(bce_with_logits(Tensor([0.0]), [1.0]).item(), 4)
    0.6931
    """
    y = np.asarray(targets, logits.dtype)
    if y.shape != logits.shape:
        raise ShapeError(f"bce_with_logits: logits {logits.shape} and targets {y.shape} differ")
    chosen = _chosen("bce_with_logits", y.shape, mask)
    if chosen is not None:
        logits, y = logits[chosen], y[chosen]
    if not np.all((y >= 0) & (y <= 1)):
        raise ValueError("bce_with_logits: targets are probabilities, from 0 to 1")
    pair = log_softmax(np.stack([logits, np.zeros(y.shape, y.dtype)], axis=-1))
    likely: Tensor = positive_weight * y * pair[..., 0] + (1 - y) * pair[..., 1]
    return -likely.mean()


def _chosen(loss: str, shape: tuple[int, ...], mask: ArrayLike | None) -> Array | None:
    """Return the mask, checked, or None if everything counts."""
    if mask is None:
        if 0 in shape:
            raise ValueError(f"{loss}: nothing to take the mean of, in shape {shape}")
        return None
    chosen = np.asarray(mask)
    if chosen.dtype != bool:
        raise DtypeError(f"{loss}: a mask is of booleans, not {chosen.dtype}")
    if chosen.shape != shape[: chosen.ndim]:
        raise ShapeError(f"{loss}: mask {chosen.shape} does not fit shape {shape}")
    if not chosen.any():
        raise ValueError(f"{loss}: the mask leaves nothing to take the mean of")
    return None if chosen.all() else chosen
