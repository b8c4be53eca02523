"""The functions that networks put between their layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_rnn.graph import Array
from tinygrad_rnn.primitive import elementwise
from tinygrad_rnn.tensor import Value

# One, and where exp would overflow (what is cut off there is below the smallest normal number), as
# arrays: NumPy takes those faster than Python's numbers.
_SIGMOID_CONSTANTS = {
    np.dtype(kind): (np.ones((), kind), np.array(limit, kind))
    for kind, limit in ((np.float16, 11), (np.float32, 88), (np.float64, 709))
}


def _one_and_limit(dtype: np.dtype[Any]) -> tuple[Array, Array]:
    return _SIGMOID_CONSTANTS.get(dtype) or _SIGMOID_CONSTANTS[np.dtype(np.float64)]


def exp_limit(dtype: np.dtype[Any]) -> Array:
    """Return what exp still takes without overflow.

    Args:
        dtype: of its argument.

    >>> float(exp_limit(np.dtype(np.float32)))
    88.0
    """
    return _one_and_limit(dtype)[1]


def _sigmoid(x: Array) -> Array:
    one, limit = _one_and_limit(x.dtype)
    out = np.asarray(np.minimum(np.negative(x), limit))
    np.exp(out, out=out)
    np.add(out, one, out=out)
    return np.reciprocal(out, out=out)


def _sigmoid_slope(x: Array) -> Array:
    e = np.asarray(np.negative(np.absolute(x)))
    np.exp(e, out=e)
    return np.asarray(e / np.square(1 + e))


# Where y is near its limit, no digit is left of y - y * y or 1 - y * y: there the slope is taken
# from x. Its exp takes longer than all the rest, so it is called for those elements alone.
_DIGITS_LOST = {kind: np.array(1 / 32, kind) for kind in _SIGMOID_CONSTANTS}


def digits_lost(slope: Array) -> Array:
    """Return where a slope has lost digits.

    Args:
        slope: as it follows from y.

    >>> digits_lost(np.array([0.25, 1e-17]))
    array([False,  True])
    """
    return np.asarray(slope < _DIGITS_LOST.get(slope.dtype, 1 / 32))


def mend_sigmoid_slope(slope: Array, x: Value, y: Array) -> None:
    """Replace what has lost digits of ``y - y * y`` by ``exp(-x) * y * y``.

    Args:
        slope: is written to.
        x: the same shape.
        y: the sigmoid of x.

    >>> slope, x = np.zeros(1), np.array([40.0])
    >>> mend_sigmoid_slope(slope, x, np.ones(1))
    >>> bool(np.isclose(slope[0], np.exp(-40), rtol=1e-14))
    True
    """
    lost = digits_lost(slope)
    if np.count_nonzero(lost):
        e = np.exp(np.minimum(-x[lost], exp_limit(x.dtype)))
        slope[lost] = e * y[lost] * y[lost]


def mend_tanh_slope(slope: Array, x: Value, y: Array) -> None:
    """Replace what has lost digits of ``1 - y * y`` by ``(exp(-|x|) * (1 + |y|)) ** 2``.

    Args:
        slope: is written to.
        x: the same shape.
        y: the hyperbolic tangent of x.

    >>> slope, x = np.zeros(1), np.array([20.0])
    >>> mend_tanh_slope(slope, x, np.ones(1))
    >>> bool(np.isclose(slope[0], 4 * np.exp(-40), rtol=1e-14))
    True
    """
    lost = digits_lost(slope)
    if np.count_nonzero(lost):
        slope[lost] = np.square(np.exp(-np.abs(x[lost])) * (1 + np.abs(y[lost])))


# The same slopes as functions of x, for derivatives of them.
sigmoid_slope = elementwise(
    "sigmoid_slope",
    _sigmoid_slope,
    "exp(-|x|) / (1 + exp(-|x|)) ** 2",
    ("-g * y * tanh(x / 2)", lambda g, y, x: -g * y * np.tanh(x / 2)),
)


def _sigmoid_vjp(g: Value, y: Value, x: Value) -> Value:
    if not isinstance(y, np.ndarray):
        return g * sigmoid_slope(x)
    slope = np.asarray(y - y * y)
    mend_sigmoid_slope(slope, x, y)
    return g * slope


sigmoid = elementwise("sigmoid", _sigmoid, "1 / (1 + exp(-x))", ("g * (y - y * y)", _sigmoid_vjp))


def _tanh_slope(x: Array) -> Array:
    e = np.asarray(np.negative(np.absolute(x)))
    np.exp(e, out=e)
    return np.square(2 * e / (1 + e * e))


tanh_slope = elementwise(
    "tanh_slope",
    _tanh_slope,
    "(2 * exp(-|x|) / (1 + exp(-2|x|))) ** 2",
    ("-2 * g * y * tanh(x)", lambda g, y, x: -2 * g * y * np.tanh(x)),
)


def _tanh_vjp(g: Value, y: Value, x: Value) -> Value:
    if not isinstance(y, np.ndarray):
        return g * tanh_slope(x)
    slope = np.asarray(np.subtract(_one_and_limit(y.dtype)[0], y * y))
    mend_tanh_slope(slope, x, y)
    return g * slope


tanh = elementwise("tanh", np.tanh, "tanh(x)", ("g * (1 - y * y)", _tanh_vjp))


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


# Chosen, not multiplied by 0, here and below: what comes back may be infinite.
relu = elementwise(
    "relu", _relu, "max(x, 0)", ("g where x > 0 else 0", lambda g, y, x: np.where(x > 0, g, 0))
)


def _leaky_relu(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


leaky_relu = elementwise(
    "leaky_relu",
    _leaky_relu,
    "x where x > 0 else slope * x",
    ("g where x > 0 else slope * g", lambda g, y, x, slope: np.where(x > 0, g, slope * g)),
)


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


elu = elementwise(
    "elu",
    _elu,
    "x where x > 0 else alpha * (exp(x) - 1)",
    (
        "g where x > 0 else g * alpha * exp(x)",
        lambda g, y, x, alpha: np.where(x > 0, g, g * (alpha * np.exp(np.where(x > 0, 0, x)))),
    ),
)

softplus = elementwise(
    "softplus",
    lambda x: np.logaddexp(x, 0),
    "log(1 + exp(x))",
    ("g * sigmoid(x)", lambda g, y, x: g * sigmoid(x)),
)

# The C library's erf, one element at a time: slower than a fit, but right to the last digits.
_erf_of_each = np.vectorize(math.erf, otypes=[float])


def _erf(x: Array) -> Array:
    return np.asarray(_erf_of_each(x), x.dtype)


TWO_BY_ROOT_PI = 2 / math.sqrt(math.pi)
erf = elementwise(
    "erf",
    _erf,
    "2 / sqrt(pi) * integral of exp(-x ** 2)",
    ("g * 2 / sqrt(pi) * exp(-x * x)", lambda g, y, x: g * TWO_BY_ROOT_PI * np.exp(-x * x)),
)
