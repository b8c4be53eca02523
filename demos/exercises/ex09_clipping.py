"""Exercise 9: clipping gradients by their joint norm (Pascanu, Mikolov & Bengio 2013).

All gradients together are one long vector. If it is longer than `max_norm`, all of it is scaled by
one factor, so that it is as long as `max_norm` and points the same way. If it is shorter, it stays.

Hint: the joint norm is the root of the sum of all squares. Gradients that are all 0 are no error.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def clip_by_norm(gradients: list[Array], max_norm: float) -> list[Array]:
    """Return the clipped gradients as new arrays, in the same order; those given stay as they are.

    Args:
        gradients: arrays of any shapes.
        max_norm: the largest joint norm allowed, above 0.
    """
    ...
