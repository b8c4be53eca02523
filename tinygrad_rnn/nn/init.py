"""Starting values for weights, all drawn from an explicit `numpy.random.Generator`.

Shapes are (rows, columns) = (outputs, inputs), as in `linear`. Assign what these return:
``cell.weight_hh.data = init.orthogonal(rng, 32)``.
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.graph import Array


def uniform(rng: np.random.Generator, shape: tuple[int, ...], bound: float) -> Array:
    """Return values drawn evenly from (-bound, bound).

    Args:
        rng: the source of randomness.
        shape: of the array, any.
        bound: the largest magnitude.

    >>> uniform(np.random.default_rng(0), (2, 3), 0.1).shape
    (2, 3)
    """
    return rng.uniform(-bound, bound, shape)


def orthogonal(rng: np.random.Generator, size: int | tuple[int, int], gain: float = 1.0) -> Array:
    """Return ``gain`` times a random orthogonal matrix: it keeps every norm, times `gain`.

    (Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks".) The signs of R's diagonal make the draw uniform over all orthogonal matrices
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
    """Return ``gain`` times the identity: with relu and zero biases, the IRNN (Le et al. 2015).

    Args:
        size: the number of rows, and of columns.
        gain: what stands on the diagonal.

    >>> identity(2, gain=0.5)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    return gain * np.eye(size)


def chrono(rng: np.random.Generator, size: int, max_length: float) -> Array:
    """Return log(u), u from uniform(1, max_length - 1): the bias of a gate that is to keep.

    A gate at sigmoid(log(u)) = u / (u + 1) forgets over about u + 1 steps, so a layer's units
    start with time scales spread from 2 to `max_length` (Tallec & Ollivier 2018, "Can recurrent
    neural networks warp time?", equation 16, which gives the input gate's bias the other sign).

    Args:
        rng: the source of randomness.
        size: how many units.
        max_length: the longest range of dependencies expected, in steps; above 2.

    Raises:
        ValueError: if `max_length` is not above 2.

    >>> bias = chrono(np.random.default_rng(0), 100, max_length=50)
    >>> bool(bias.min() >= 0 and bias.max() <= np.log(49))
    True
    """
    if not max_length > 2:
        raise ValueError(f"chrono: max_length = {max_length} is not above 2")
    return np.log(rng.uniform(1.0, max_length - 1.0, size))


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, int], gain: float = 1.0) -> Array:
    """Return values from uniform(-a, a), ``a = gain * sqrt(6 / (inputs + outputs))``.

    Their variance keeps that of signal and gradient through a linear layer
    (Glorot & Bengio 2010, equation 16).

    Args:
        rng: the source of randomness.
        shape: (rows, columns) = (outputs, inputs).
        gain: a factor for what the nonlinearity shrinks.

    >>> bool(np.abs(glorot_uniform(np.random.default_rng(0), (2, 4))).max() <= 1.0)
    True
    """
    return uniform(rng, shape, gain * np.sqrt(6 / sum(shape)))


def glorot_normal(rng: np.random.Generator, shape: tuple[int, int], gain: float = 1.0) -> Array:
    """Return normal values of deviation ``gain * sqrt(2 / (inputs + outputs))``.

    That is the variance of `glorot_uniform` (Glorot & Bengio 2010, equation 12).

    Args:
        rng: the source of randomness.
        shape: (rows, columns) = (outputs, inputs).
        gain: a factor for what the nonlinearity shrinks.

    >>> glorot_normal(np.random.default_rng(0), (2, 4)).shape
    (2, 4)
    """
    return rng.normal(0.0, gain * np.sqrt(2 / sum(shape)), shape)


def he_uniform(
    rng: np.random.Generator, shape: tuple[int, int], gain: float = float(np.sqrt(2))
) -> Array:
    """Return values from uniform(-a, a), ``a = gain * sqrt(3 / inputs)``.

    With the default gain their variance keeps that of the signal through a relu layer
    (He et al. 2015, equation 10).

    Args:
        rng: the source of randomness.
        shape: (rows, columns) = (outputs, inputs).
        gain: sqrt(2) makes up for the half that relu sets to 0.

    >>> bool(np.abs(he_uniform(np.random.default_rng(0), (2, 6))).max() <= 1.0)
    True
    """
    return uniform(rng, shape, gain * np.sqrt(3 / shape[1]))


def he_normal(
    rng: np.random.Generator, shape: tuple[int, int], gain: float = float(np.sqrt(2))
) -> Array:
    """Return normal values of deviation ``gain / sqrt(inputs)`` (He et al. 2015, equation 10).

    Args:
        rng: the source of randomness.
        shape: (rows, columns) = (outputs, inputs).
        gain: sqrt(2) makes up for the half that relu sets to 0.

    >>> he_normal(np.random.default_rng(0), (2, 6)).shape
    (2, 6)
    """
    return rng.normal(0.0, gain / np.sqrt(shape[1]), shape)
