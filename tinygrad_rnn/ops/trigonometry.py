"""The trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.primitive import elementwise

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
arctan = elementwise(
    "arctan", np.arctan, "arctan(x)", ("g / (1 + x * x)", lambda g, y, x: g / (1 + x * x))
)
arctan2 = elementwise(
    "arctan2",
    np.arctan2,
    "angle of (b, a)",
    ("g * b / (a ** 2 + b ** 2)", lambda g, y, a, b: g * b / (a * a + b * b)),
    ("-g * a / (a ** 2 + b ** 2)", lambda g, y, a, b: -g * a / (a * a + b * b)),
)
sinh = elementwise("sinh", np.sinh, "sinh(x)", ("g * cosh(x)", lambda g, y, x: g * np.cosh(x)))
cosh = elementwise("cosh", np.cosh, "cosh(x)", ("g * sinh(x)", lambda g, y, x: g * np.sinh(x)))
# 1 - y * y, not 1 / cosh(x) ** 2, whose cosh overflows.
tanh = elementwise("tanh", np.tanh, "tanh(x)", ("g - g * y * y", lambda g, y, x: g - g * y * y))
