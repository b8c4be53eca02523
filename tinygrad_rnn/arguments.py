"""Checks of arguments that recur: a whole number, a number in a range.

An error names the function, the argument, what it got and what it takes.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np


def integer_in(value: Any, where: str, low: int, high: int | None = None) -> int:
    """Return a whole number from `low` to `high`.

    Args:
        value: what was given; a boolean, a float or text is no whole number.
        where: the function and the argument, such as ``"unroll: truncate"``.
        low: the least that is taken.
        high: the largest; None for no limit.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is out of range.

    >>> integer_in(np.int32(3), "unroll: truncate", 1)
    3
    """
    takes = f"a whole number from {low}" + ("" if high is None else f" to {high}")
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{where} = {value!r} is not {takes}")
    found = int(value)
    if found < low or (high is not None and found > high):
        raise ValueError(f"{where} = {value} is not {takes}")
    return found


def number_in(
    value: Any, where: str, low: float, high: float = np.inf, closed: bool = True
) -> float:
    """Return a finite number from `low` up to `high`.

    Args:
        value: what was given; a boolean or text is no number.
        where: the function and the argument, such as ``"Adam: eps"``.
        low: the least that is taken.
        high: what it has to stay below.
        closed: whether `low` itself is taken.

    Raises:
        TypeError: if it is no real number.
        ValueError: if it is out of range, infinite or NaN.

    >>> number_in(0.9, "SGD: momentum", 0, 1)
    0.9
    """
    takes = f"a number {'from' if closed else 'above'} {low}"
    takes += "" if high == np.inf else f" and below {high}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{where} = {value!r} is not {takes}")
    found = float(value)
    if not (low <= found < high and (closed or found > low)):
        raise ValueError(f"{where} = {value} is not {takes}")
    return found
