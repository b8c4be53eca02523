"""Starting values for weights, all drawn from an explicit `numpy.random.Generator`.

Shapes are (rows, columns) = (outputs, inputs), as in `linear`. Assign what these return:
``cell.weight_hh.data = init.orthogonal(rng, 32)``.
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.protocols import Array


def uniform(rng: np.random.Generator, shape: tuple[int, ...], bound: float) -> Array:
    """Return values drawn evenly from (-bound, bound)."""
    return rng.uniform(-bound, bound, shape)


def orthogonal(rng: np.random.Generator, size: int | tuple[int, int], gain: float = 1.0) -> Array:
    """Return ``gain`` times a random orthogonal matrix: it keeps every norm, times `gain`.

    The signs of R's diagonal make the draw uniform over all orthogonal matrices
    (Mezzadri 2007, "How to generate random matrices from the classical compact groups").

    Args:
        rng: the source of randomness.
        size: of a square matrix, or (rows, columns), whose shorter side is then orthonormal.
        gain: the singular value that all directions share.

    >>> q = orthogonal(np.random.default_rng(0), 4, gain=0.5)
    >>> bool(np.allclose(q @ q.T, 0.25 * np.eye(4)))
    True
    """
    rows, columns = (size, size) if isinstance(size, int) else size
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.where(np.diag(r) < 0, -1, 1)
    return np.asarray(gain * (q if rows >= columns else q.T))


def identity(size: int, gain: float = 1.0) -> Array:
    """Return ``gain`` times the identity: with relu and zero biases, the IRNN (Le et al. 2015)."""
    return gain * np.eye(size)


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, int], gain: float = 1.0) -> Array:
    """Return values from uniform(-a, a), ``a = gain * sqrt(6 / (inputs + outputs))``.

    Their variance keeps that of signal and gradient through a linear layer
    (Glorot & Bengio 2010).
    """
    return uniform(rng, shape, gain * np.sqrt(6 / sum(shape)))


def glorot_normal(rng: np.random.Generator, shape: tuple[int, int], gain: float = 1.0) -> Array:
    """Return normal values of deviation ``gain * sqrt(2 / (inputs + outputs))``."""
    return rng.normal(0.0, gain * np.sqrt(2 / sum(shape)), shape)


def he_uniform(
    rng: np.random.Generator, shape: tuple[int, int], gain: float = float(np.sqrt(2))
) -> Array:
    """Return values from uniform(-a, a), ``a = gain * sqrt(3 / inputs)``.

    With the default gain their variance keeps that of the signal through a relu layer
    (He et al. 2015).
    """
    return uniform(rng, shape, gain * np.sqrt(3 / shape[1]))


def he_normal(
    rng: np.random.Generator, shape: tuple[int, int], gain: float = float(np.sqrt(2))
) -> Array:
    """Return normal values of deviation ``gain / sqrt(inputs)``."""
    return rng.normal(0.0, gain / np.sqrt(shape[1]), shape)
