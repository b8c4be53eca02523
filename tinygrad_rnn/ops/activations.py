"""What NumPy lacks of the functions that networks put between their layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_rnn.graph import Array
from tinygrad_rnn.primitive import elementwise

# One, and where exp would overflow (what is cut off there is below the smallest normal number), as
# arrays: NumPy takes those faster than Python's numbers.
_SIGMOID_CONSTANTS = {
    np.dtype(kind): (np.ones((), kind), np.array(limit, kind))
    for kind, limit in ((np.float16, 11), (np.float32, 88), (np.float64, 709))
}


def _sigmoid(x: Array) -> Any:
    one, limit = _SIGMOID_CONSTANTS.get(x.dtype) or _SIGMOID_CONSTANTS[np.dtype(np.float64)]
    out = np.asarray(np.minimum(np.negative(x), limit))
    np.exp(out, out=out)
    np.add(out, one, out=out)
    return np.reciprocal(out, out=out)


sigmoid = elementwise(
    "sigmoid", _sigmoid, "1 / (1 + exp(-x))", ("g * (y - y * y)", lambda g, y, x: g * (y - y * y))
)


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


relu = elementwise("relu", _relu, "max(x, 0)", ("g * (x > 0)", lambda g, y, x: g * (x > 0)))


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
        "g where x > 0 else g * (y + alpha)",
        lambda g, y, x, alpha: np.where(x > 0, g, g * (y + alpha)),
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
