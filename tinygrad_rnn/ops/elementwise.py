"""Primitives that act on each element by itself; two operands are broadcast as in NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tinygrad_rnn.array import FUNCTIONS, UFUNCS
from tinygrad_rnn.errors import DtypeError
from tinygrad_rnn.ops.activations import sigmoid
from tinygrad_rnn.primitive import elementwise, linear
from tinygrad_rnn.tensor import Tensor, Value, value_of

LOG_2, LOG_10 = math.log(2), math.log(10)  # Python's numbers, so that float32 stays float32

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
positive = elementwise("positive", np.positive, "x", ("g", lambda g, y, x: g))
reciprocal = elementwise(
    "reciprocal", np.reciprocal, "1 / x", ("-g * y * y", lambda g, y, x: -g * y * y)
)
sqrt = elementwise("sqrt", np.sqrt, "sqrt(x)", ("g / (2 * y)", lambda g, y, x: g / (2 * y)))
square = elementwise("square", np.square, "x ** 2", ("g * 2 * x", lambda g, y, x: g * 2 * x))
fabs = elementwise(
    "fabs",
    np.fabs,
    "abs(x)",
    ("g * sign(x), 0 where x = 0", lambda g, y, x: np.where(x == 0, 0, g) * np.sign(x)),
)
absolute = elementwise(
    "absolute",
    np.absolute,
    "abs(x)",
    ("g * sign(x), 0 where x = 0", lambda g, y, x: np.where(x == 0, 0, g) * np.sign(x)),
)
sign = elementwise("sign", np.sign, "sign(x)", ("0", lambda g, y, x: np.zeros_like(g)))

exp = elementwise("exp", np.exp, "exp(x)", ("g * y", lambda g, y, x: g * y))
exp2 = elementwise("exp2", np.exp2, "2 ** x", ("g * y * log(2)", lambda g, y, x: g * y * LOG_2))
expm1 = elementwise("expm1", np.expm1, "exp(x) - 1", ("g * exp(x)", lambda g, y, x: g * np.exp(x)))
log = elementwise("log", np.log, "log(x)", ("g / x", lambda g, y, x: g / x))
log2 = elementwise(
    "log2", np.log2, "log2(x)", ("g / (x * log(2))", lambda g, y, x: g / (x * LOG_2))
)
log10 = elementwise(
    "log10", np.log10, "log10(x)", ("g / (x * log(10))", lambda g, y, x: g / (x * LOG_10))
)
cbrt = elementwise(
    "cbrt", np.cbrt, "x ** (1 / 3)", ("g / (3 * y * y)", lambda g, y, x: g / (3 * y * y))
)
degrees = elementwise(
    "degrees", np.degrees, "x * 180 / pi", ("g * 180 / pi", lambda g, y, x: g * (180 / math.pi))
)
radians = elementwise(
    "radians", np.radians, "x * pi / 180", ("g * pi / 180", lambda g, y, x: g * (math.pi / 180))
)
log1p = elementwise("log1p", np.log1p, "log(1 + x)", ("g / (1 + x)", lambda g, y, x: g / (1 + x)))
logaddexp = elementwise(
    "logaddexp",
    np.logaddexp,
    "log(exp(a) + exp(b))",
    ("g * sigmoid(a - b)", lambda g, y, a, b: g * sigmoid(_difference(a, b))),
    ("g * sigmoid(b - a)", lambda g, y, a, b: g * sigmoid(_difference(b, a))),
)

sin = elementwise("sin", np.sin, "sin(x)", ("g * cos(x)", lambda g, y, x: g * np.cos(x)))
cos = elementwise("cos", np.cos, "cos(x)", ("-g * sin(x)", lambda g, y, x: -g * np.sin(x)))
tan = elementwise("tan", np.tan, "tan(x)", ("g * (1 + y * y)", lambda g, y, x: g * (1 + y * y)))
# (1 - x) * (1 + x) keeps the digits that 1 - x * x loses near the ends.
arcsin = elementwise(
    "arcsin",
    np.arcsin,
    "arcsin(x)",
    ("g / sqrt((1 - x) * (1 + x))", lambda g, y, x: g / np.sqrt((1 - x) * (1 + x))),
)
arccos = elementwise(
    "arccos",
    np.arccos,
    "arccos(x)",
    ("-g / sqrt((1 - x) * (1 + x))", lambda g, y, x: -g / np.sqrt((1 - x) * (1 + x))),
)


def _arctan_vjp(g: Value, y: Value, x: Value) -> Value:
    r = np.hypot(1, x)  # x * x would overflow
    return g / r / r


def _over_square(g: Value, one: Value, a: Value, b: Value) -> Value:
    """Return ``g * one / (a * a + b * b)``, of which neither square can over- or underflow."""
    r = np.hypot(a, b)
    return g * (one / r) / r


arctan = elementwise("arctan", np.arctan, "arctan(x)", ("g / (1 + x * x)", _arctan_vjp))
arctan2 = elementwise(
    "arctan2",
    np.arctan2,
    "angle of (b, a)",
    ("g * b / (a ** 2 + b ** 2)", lambda g, y, a, b: _over_square(g, b, a, b)),
    ("-g * a / (a ** 2 + b ** 2)", lambda g, y, a, b: -_over_square(g, a, a, b)),
)
arcsinh = elementwise(
    "arcsinh",
    np.arcsinh,
    "arcsinh(x)",
    ("g / sqrt(1 + x * x)", lambda g, y, x: g / np.hypot(1, x)),
)
arccosh = elementwise(
    "arccosh",
    np.arccosh,
    "arccosh(x)",
    ("g / sqrt((x - 1) * (x + 1))", lambda g, y, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1))),
)
arctanh = elementwise(
    "arctanh",
    np.arctanh,
    "arctanh(x)",
    ("g / ((1 - x) * (1 + x))", lambda g, y, x: g / ((1 - x) * (1 + x))),
)
sinh = elementwise("sinh", np.sinh, "sinh(x)", ("g * cosh(x)", lambda g, y, x: g * np.cosh(x)))
cosh = elementwise("cosh", np.cosh, "cosh(x)", ("g * sinh(x)", lambda g, y, x: g * np.sinh(x)))


logaddexp2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    "log2(2 ** a + 2 ** b)",
    ("g * sigmoid((a - b) * log(2))", lambda g, y, a, b: g * sigmoid(LOG_2 * _difference(a, b))),
    ("g * sigmoid((b - a) * log(2))", lambda g, y, a, b: g * sigmoid(LOG_2 * _difference(b, a))),
)


def _difference(a: Value, b: Value) -> Value:
    """Return a - b, and 0 where both are the same infinity."""
    same = (a == b) & np.isinf(a)
    return np.where(same, 0, a) - np.where(same, 0, b) if np.any(same) else a - b


def _exponent_less_one(a: Value, b: Value) -> Value:
    """The exponent b - 1, but 1 where both are 0: there b * a ** (b - 1) is 0, not 0 * inf."""
    if isinstance(b, int | float):
        return b - 1 if b else 1
    return np.where((a == 0) & (b == 0), 1, floating(b) - 1)


def floating(x: Value) -> Value:
    """Let a rule compute with a constant of integers, whose own dtype may be too narrow for it.

    Args:
        x: an input of a primitive.

    >>> floating(np.array([0], np.uint8)) - 1
    array([-1.])
    """
    return x if np.result_type(x).kind == "f" else 1.0 * x


def _power_to_exponent(g: Value, y: Value, a: Value, b: Value) -> Value:
    return g * y * np.log(np.where(a == 0, 1.0, floating(a)))  # 0 ** b stays 0 for all b > 0


power = elementwise(
    "power",
    np.power,
    "a ** b",
    ("g * b * a ** (b - 1)", lambda g, y, a, b: g * (b * a ** _exponent_less_one(a, b))),
    ("g * y * log(a)", _power_to_exponent),
)
hypot = elementwise(
    "hypot",
    np.hypot,
    "sqrt(a ** 2 + b ** 2)",
    ("g * a / y, 0 where y = 0", lambda g, y, a, b: g * ratio(a, y)),
    ("g * b / y, 0 where y = 0", lambda g, y, a, b: g * ratio(b, y)),
)


def ratio(a: Value, y: Value) -> Value:
    """Return a / y, and 0 where y is 0: there a is 0 as well, and the slope is taken as 0.

    Args:
        a: any shape.
        y: one that broadcasts with it.

    >>> ratio(np.array([0.0, 6.0]), np.array([0.0, 2.0]))
    array([0., 3.])
    """
    zero = y == 0
    return np.where(zero, 0, a / np.where(zero, 1, y)) if np.any(zero) else a / y


def _quotient(y: Value, a: Value, b: Value) -> Value:
    """Return the whole number of times that b was taken from a; it moves in steps: no gradient."""
    y, a, b = map(value_of, (y, a, b))
    return np.rint((a - y) / b)


remainder = elementwise(
    "remainder",
    np.remainder,
    "a - b * floor(a / b)",
    ("g", lambda g, y, a, b: g),
    ("-g * floor(a / b)", lambda g, y, a, b: -g * _quotient(y, a, b)),
)
fmod = elementwise(
    "fmod",
    np.fmod,
    "a - b * trunc(a / b)",
    ("g", lambda g, y, a, b: g),
    ("-g * trunc(a / b)", lambda g, y, a, b: -g * _quotient(y, a, b)),
)


def _cast_to(
    x: Value,
    dtype: DTypeLike,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Value:
    if isinstance(x, Tensor) and x.requires_grad and not np.issubdtype(dtype, np.floating):
        raise DtypeError(f"no gradient flows through a cast to {np.dtype(dtype)}: use .data.astype")
    if np.dtype(dtype).kind not in "biuf":
        raise DtypeError(f"a tensor holds real numbers or booleans, not {np.dtype(dtype)}")
    return cast(x, dtype=np.dtype(dtype))


cast = linear(
    "cast",
    lambda x, dtype: x.astype(dtype),
    "astype(x)",
    ("astype(g)", lambda g, y, x, dtype: g.astype(x.dtype)),
)
FUNCTIONS[np.ndarray.astype] = _cast_to

for _exact, _alias in ((degrees, np.rad2deg), (radians, np.deg2rad), (positive, np.conjugate)):
    UFUNCS[_alias] = _exact.__call__
UFUNCS[np.float_power] = lambda a, b: power(*[_in_double(x) for x in (a, b)])
FUNCTIONS[np.real] = positive.__call__
FUNCTIONS[np.copy] = lambda a, order="K", subok=False: positive(a)
if hasattr(np, "astype"):  # since NumPy 2.1
    FUNCTIONS[np.astype] = lambda x, dtype, /, *, copy=True, device=None: _cast_to(x, dtype)


def _in_double(x: Any) -> Any:
    return x.astype(np.float64) if isinstance(x, Tensor) else np.float64(x)
