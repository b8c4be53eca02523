"""Primitives that act on each element by itself; two operands are broadcast as in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.primitive import elementwise
from tinygrad_rnn.tensor import Array

add = elementwise("add", np.add, "a + b", ("g", lambda g, y, a, b: g), ("g", lambda g, y, a, b: g))
subtract = elementwise(
    "subtract", np.subtract, "a - b", ("g", lambda g, y, a, b: g), ("-g", lambda g, y, a, b: -g)
)
multiply = elementwise(
    "multiply",
    np.multiply,
    "a * b",
    ("g * b", lambda g, y, a, b: g * b),
    ("g * a", lambda g, y, a, b: g * a),
)
divide = elementwise(
    "divide",
    np.divide,
    "a / b",
    ("g / b", lambda g, y, a, b: g / b),
    ("-g * y / b", lambda g, y, a, b: -g * y / b),
)
negative = elementwise("negative", np.negative, "-x", ("-g", lambda g, y, x: -g))
exp = elementwise("exp", np.exp, "exp(x)", ("g * y", lambda g, y, x: g * y))
log = elementwise("log", np.log, "log(x)", ("g / x", lambda g, y, x: g / x))
sqrt = elementwise("sqrt", np.sqrt, "sqrt(x)", ("g / (2 * y)", lambda g, y, x: g / (2 * y)))
square = elementwise("square", np.square, "x ** 2", ("g * 2 * x", lambda g, y, x: g * 2 * x))
tanh = elementwise("tanh", np.tanh, "tanh(x)", ("g - g * y * y", lambda g, y, x: g - g * y * y))


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


def _power_to_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    return g * b * a ** (b - 1)


def _power_to_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    return g * y * np.log(a)


power = elementwise(
    "power",
    np.power,
    "a ** b",
    ("g * b * a ** (b - 1)", _power_to_base),
    ("g * y * log(a)", _power_to_exponent),
)
