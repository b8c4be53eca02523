"""What the demos that forecast share: windows of a table, and their scale."""

from __future__ import annotations

import numpy as np

from demos.common import UsageError
from tinygrad_rnn.tensor import Array


def windows(features: Array, length: int) -> Array:
    """Return every stretch of `length` rows that a row follows: (length, rows - length, F)."""
    count = len(features) - length
    return np.stack([features[k : k + count] for k in range(length)])


def check(rows: int, training: int, length: int) -> None:
    """Raise UsageError unless there are rows to learn from and to test with."""
    if training <= 2 * length or rows <= training:
        raise UsageError(
            f"{rows} rows, of which {training} are to learn from, are too few for windows of "
            f"{length}: give a longer table or a smaller --window"
        )


def scale(part: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation, over all axes but the last, of the training part."""
    axes = tuple(range(part.ndim - 1))
    return part.mean(axis=axes), part.std(axis=axes) + 1e-12
