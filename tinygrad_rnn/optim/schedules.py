"""Schedules: the learning rate as a function of the number of the step (0, 1, ...).

>>> rate = warmup(2, cosine(1.0, steps=4))
>>> [round(rate(step), 3) for step in range(7)]
[0.5, 1.0, 1.0, 0.854, 0.5, 0.146, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

Schedule = Callable[[int], float]  # those made here can be pickled, as a lambda could not


def constant(lr: float) -> Schedule:
    """Return the schedule that is always `lr`.

    Args:
        lr: the learning rate.

    >>> constant(0.1)(1000)
    0.1
    """
    return partial(_constant, lr)


def _constant(lr: float, step: int) -> float:
    return lr


def exponential(lr: float, factor: float, every: int = 1) -> Schedule:
    """Return the schedule that is multiplied by `factor` after every `every` steps.

    Args:
        lr: the learning rate at the start.
        factor: below 1 for a rate that falls.
        every: a number of steps, at least 1.

    Raises:
        ValueError: if `every` is below 1.

    >>> [exponential(1.0, 0.5, every=2)(k) for k in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    if not every >= 1:
        raise ValueError(f"exponential: every = {every} is not at least 1")
    return partial(_exponential, lr, factor, every)


def _exponential(lr: float, factor: float, every: int, step: int) -> float:
    return lr * factor ** (step // every)


def cosine(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Return half a cosine from `lr` down to `final` (Loshchilov & Hutter 2017, equation 5).

    Args:
        lr: the learning rate at the start.
        steps: after how many steps it is at `final`, to stay there; at least 1.
        final: the learning rate at the end.

    Raises:
        ValueError: if `steps` is below 1.

    >>> [round(cosine(1.0, steps=4)(k), 3) for k in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    if not steps >= 1:
        raise ValueError(f"cosine: steps = {steps} is not at least 1")
    return partial(_cosine, lr, steps, final)


def _cosine(lr: float, steps: int, final: float, step: int) -> float:
    return final + (lr - final) * (1 + math.cos(math.pi * min(step, steps) / steps)) / 2


def warmup(steps: int, schedule: Schedule) -> Schedule:
    """Return a schedule that rises linearly for `steps` steps, and then begins `schedule`.

    Args:
        steps: how many; in the last of them the rate is the one that `schedule` starts with.
        schedule: what comes then, counted from its own step 0.

    Raises:
        ValueError: if `steps` is negative.

    >>> [warmup(2, constant(1.0))(k) for k in range(4)]
    [0.5, 1.0, 1.0, 1.0]
    """
    if not steps >= 0:
        raise ValueError(f"warmup: steps = {steps} is negative")
    return partial(_warmup, steps, schedule)


def _warmup(steps: int, schedule: Schedule, step: int) -> float:
    return schedule(0) * (step + 1) / steps if step < steps else schedule(step - steps)
