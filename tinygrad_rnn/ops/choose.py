"""Functions that choose between elements: the gradient goes to the one that was chosen."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.ops.composed import compose
from tinygrad_rnn.primitive import elementwise
from tinygrad_rnn.tensor import Value, value_of


def _split_ties(g: Value, mine: Value, other: Value, ahead: Value) -> Value:
    """Give g to the one that is ahead; where the two are equal, half to each."""
    return np.where(mine == other, g / 2, np.where(ahead, g, 0))


maximum = elementwise(
    "maximum",
    np.maximum,
    "max(a, b)",
    ("g where a > b, g / 2 where a = b", lambda g, y, a, b: _split_ties(g, a, b, a > b)),
    ("g where b > a, g / 2 where a = b", lambda g, y, a, b: _split_ties(g, b, a, b > a)),
)
minimum = elementwise(
    "minimum",
    np.minimum,
    "min(a, b)",
    ("g where a < b, g / 2 where a = b", lambda g, y, a, b: _split_ties(g, a, b, a < b)),
    ("g where b < a, g / 2 where a = b", lambda g, y, a, b: _split_ties(g, b, a, b < a)),
)

where = elementwise(
    "where",
    np.where,
    "a where c else b",
    ("none", None),
    ("g where c else 0", lambda g, y, c, a, b: np.where(c, g, 0)),
    ("0 where c else g", lambda g, y, c, a, b: np.where(c, 0, g)),
)


def _dispatch_where(condition: Value, x: Value | None = None, y: Value | None = None, /) -> object:
    if x is None and y is None:
        return np.nonzero(value_of(condition))
    return where(condition, x, y)


FUNCTIONS[np.where] = _dispatch_where

clip = elementwise(
    "clip",
    np.clip,
    "min(max(x, low), high)",
    ("g where y = x else 0", lambda g, y, x, low, high: np.where(y == x, g, 0)),
    ("none", None),
    ("none", None),
)


def _clip(
    a: Value,
    a_min: Value | None = None,
    a_max: Value | None = None,
    out: Value | None = None,
    *,
    min: Value | None = None,
    max: Value | None = None,
) -> Value:
    if out is not None:
        raise NotDifferentiableError("np.clip(..., out=) is not differentiated here: drop out=")
    if not (a_min is None and a_max is None) and not (min is None and max is None):
        raise ValueError("np.clip: the bounds are a_min and a_max, or min and max, not both")
    return clip(a, min if a_min is None else a_min, max if a_max is None else a_max)


FUNCTIONS[np.clip] = _clip
compose(
    np.select,
    lambda condlist, choicelist, default=0: _select(condlist, choicelist, default),
    "the first choice whose condition holds",
)
compose(np.choose, lambda a, choices, **how: _choose(a, choices), "choices[a]", fixed=("a",))
copysign = elementwise(
    "copysign",
    np.copysign,
    "abs(a) with the sign of b",
    ("g * sign(a) * sign(b)", lambda g, y, a, b: np.where(a == 0, 0, g) * np.sign(a) * _sign(b)),
    ("0", lambda g, y, a, b: np.zeros_like(y) * g),
)
fmax = elementwise(
    "fmax",
    np.fmax,
    "max(a, b), of two the one that is no NaN",
    (
        "g where a > b, g / 2 where a = b",
        lambda g, y, a, b: _split_ties(g, a, b, (a > b) | _isnan(b)),
    ),
    (
        "g where b > a, g / 2 where a = b",
        lambda g, y, a, b: _split_ties(g, b, a, (b > a) | _isnan(a)),
    ),
)
fmin = elementwise(
    "fmin",
    np.fmin,
    "min(a, b), of two the one that is no NaN",
    (
        "g where a < b, g / 2 where a = b",
        lambda g, y, a, b: _split_ties(g, a, b, (a < b) | _isnan(b)),
    ),
    (
        "g where b < a, g / 2 where a = b",
        lambda g, y, a, b: _split_ties(g, b, a, (b < a) | _isnan(a)),
    ),
)


def _isnan(x: Value) -> Value:
    return np.isnan(value_of(x))


def _sign(x: Value) -> Value:
    return np.where(np.signbit(value_of(x)), -1.0, 1.0)


def _select(conditions: Any, choices: Any, default: Any) -> Value:
    out = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        out = np.where(condition, choice, out)
    return out


def _choose(a: Value, choices: Any) -> Value:
    index = value_of(a)
    out: Any = 0
    for k, choice in enumerate(choices):
        out = np.where(index == k, choice, out)
    return out
