"""How large a gradient is: the norms of many arrays at once, safe for the tiny and the huge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygrad_rnn.tensor import Array

SMALL = 1024  # elements: below, NumPy's cost per call outweighs that of copying arrays together
TINY, HUGE = 1e-140, 1e140  # outside of these the squares of float64 numbers are not safe
Sizes = tuple[Array, Array]


def norms(arrays: Sequence[Array]) -> Sizes:
    """Return the l2 norms and the largest magnitudes, one of each per array.

    >>> norms([np.array([3.0, -4.0]), np.array([])])
    (array([5., 0.]), array([4., 0.]))
    """
    counts = np.array([array.size for array in arrays])
    l2, largest = np.zeros(len(arrays)), np.zeros(len(arrays))
    small = np.flatnonzero((counts > 0) & (counts <= SMALL))
    if len(small):
        flat = np.concatenate([arrays[k].ravel() for k in small.tolist()], dtype=np.float64)
        starts = np.cumsum(counts[small]) - counts[small]
        np.abs(flat, flat)
        largest[small] = np.maximum.reduceat(flat, starts)
        with np.errstate(all="ignore"):  # what is lost or overflows is done again, scaled, below
            l2[small] = np.sqrt(np.add.reduceat(np.square(flat), starts))
    for k in np.flatnonzero(counts > SMALL).tolist():
        flat = arrays[k].ravel().astype(np.float64, copy=False)
        largest[k] = max(flat.max(), -flat.min())
        with np.errstate(all="ignore"):
            l2[k] = np.sqrt(flat @ flat)
    safe = ((largest > TINY) & (largest < HUGE)) | (largest == 0)
    for k in np.flatnonzero(~safe).tolist():
        l2[k] = _scaled(arrays[k], largest[k])
    return l2, largest


def _scaled(array: Array, largest: float) -> float:
    """Divide by the largest magnitude first, so that no square is lost or overflows."""
    if not np.isfinite(largest):
        return largest
    return float(largest * np.sqrt(np.sum(np.square(np.float64(array) / largest))))


def norms_of_outer_products(left: Sequence[Array], right: Sequence[Array]) -> Sizes:
    """Return the norms of ``outer(a, b)`` for each pair, without making it."""
    (l2_left, largest_left), (l2_right, largest_right) = norms(left), norms(right)
    return l2_left * l2_right, largest_left * largest_right
