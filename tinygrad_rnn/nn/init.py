"""Starting values for weights, all drawn from an explicit `numpy.random.Generator`."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.tensor import Array


def uniform(rng: np.random.Generator, shape: tuple[int, ...], bound: float) -> Array:
    """Return values drawn evenly from (-bound, bound)."""
    return rng.uniform(-bound, bound, shape)


def orthogonal(rng: np.random.Generator, size: int, gain: float = 1.0) -> Array:
    """Return ``gain`` times a random orthogonal matrix: it keeps every norm, times `gain`.

    The signs of R's diagonal make the draw uniform over all orthogonal matrices
    (Mezzadri 2007, "How to generate random matrices from the classical compact groups").
    """
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    return np.asarray(gain * q * np.sign(np.diag(r)))
