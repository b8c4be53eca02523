"""Norms of gradients: of many arrays at once, safe for the tiny and the huge."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tinygrad_rnn.tensor import Array

# Below so many elements, NumPy's cost per call outweighs that of copying arrays together.
MAX_ELEMENTS_JOINED = 1024
CHUNK = 1 << 16  # elements: float32 sums of so many squares are right to six digits or more
# Between these magnitudes of the largest element, no square overflows or is lost that counts.
SAFE_MAGNITUDES = {np.dtype(np.float32): (1e-12, 1e12), np.dtype(np.float64): (1e-140, 1e140)}
UNSAFE = (math.inf, math.inf)

Norms = tuple[float, float]  # the l2 norm, and the largest magnitude of an element


def norms(arrays: Sequence[Array]) -> list[Norms]:
    """Return the l2 norm and the largest magnitude of each array.

    Args:
        arrays: of any shapes, floating.

    >>> norms([np.array([3.0, -4.0]), np.array([])])
    [(5.0, 4.0), (0.0, 0.0)]
    """
    few = [array for array in arrays if 0 < array.size <= MAX_ELEMENTS_JOINED]
    together = sizes(joined(few), [array.size for array in few]) if few else []
    if len(together) == len(arrays):
        return together
    found = iter(together)
    return [
        next(found) if 0 < array.size <= MAX_ELEMENTS_JOINED else size(array) for array in arrays
    ]


def size(array: Array) -> Norms:
    """Return the l2 norm and the largest magnitude of one array; quickest if it is large."""
    if not array.size:
        return 0.0, 0.0
    flat = array.ravel()
    # Looking for the places takes half as long as asking for max() and min().
    largest = max(flat.item(flat.argmax()), -flat.item(flat.argmin()))
    low, high = SAFE_MAGNITUDES.get(flat.dtype, UNSAFE)
    if not low < largest < high:
        return _scaled(flat, largest), largest
    if flat.size <= CHUNK:
        return math.sqrt(flat.dot(flat)), largest
    blocks = [flat[start : start + CHUNK] for start in range(0, flat.size, CHUNK)]
    return math.sqrt(sum([float(block.dot(block)) for block in blocks])), largest


def root_mean_square(l2: float, count: int) -> float:
    """Return the norm over the root of the number of elements: how large a typical one is.

    Args:
        l2: the norm.
        count: how many elements it is of.

    >>> root_mean_square(6.0, 4)
    3.0
    """
    return l2 / math.sqrt(max(count, 1))


def joined(arrays: Sequence[Array]) -> Array:
    """Return the elements of all arrays in one of one axis."""
    return np.concatenate([array.ravel() for array in arrays])


def sizes(elements: Array, counts: Sequence[int]) -> list[Norms]:
    """Return the norms of arrays whose elements were joined into one: a few calls for them all.

    Args:
        elements: one axis.
        counts: how many of them are each array's, at least 1.
    """
    magnitudes = np.abs(elements.astype(np.float64, copy=False))
    starts = np.cumsum([0, *counts[:-1]])
    largest = np.maximum.reduceat(magnitudes, starts)
    with np.errstate(all="ignore"):  # what is lost or overflows is done again, scaled, below
        l2 = np.sqrt(np.add.reduceat(np.square(magnitudes), starts))
    low, high = SAFE_MAGNITUDES[magnitudes.dtype]
    for k in np.flatnonzero(~((largest > low) & (largest < high))).tolist():
        l2[k] = _scaled(magnitudes[starts[k] : starts[k] + counts[k]], largest[k])
    return list(zip(l2.tolist(), largest.tolist(), strict=True))


def _scaled(array: Array, largest: float) -> float:
    """Divide by the largest magnitude first, so that no square is lost or overflows."""
    if largest == 0 or not math.isfinite(largest):
        return largest
    return float(largest) * math.sqrt(np.sum(np.square(np.float64(array) / largest)))


def norms_of_outer_products(left: Sequence[Array], right: Sequence[Array]) -> list[Norms]:
    """Return the norms of ``outer(a, b)`` for each pair, without making it.

    >>> norms_of_outer_products([np.array([3.0, -4.0])], [np.array([2.0])])
    [(10.0, 8.0)]
    """
    if not left:
        return []
    limits = np.finfo(left[0].dtype)
    low, high = float(limits.tiny), float(limits.max)
    found = []
    for a, b, (l2_a, max_a), (l2_b, max_b) in zip(
        left, right, norms(left), norms(right), strict=True
    ):
        if low < max_a * max_b < high:
            found.append((l2_a * l2_b, max_a * max_b))
        else:  # see what is left of the products in their own dtype
            with np.errstate(all="ignore"):
                found.append(size(np.multiply.outer(a.ravel(), b.ravel())))
    return found
