"""A median with its quartiles, the only statistics that are used here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def spread(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Return the median and the quartiles."""
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    return {"median": float(median), "q1": float(q1), "q3": float(q3)}


def show(value: dict[str, float] | None) -> str:
    """Return `0.75 0.73-0.78`: the median, and from which quartile to which."""
    if value is None:
        return "-"
    return "{} {}-{}".format(*(number(value[key]) for key in ("median", "q1", "q3")))


def number(value: float) -> str:
    """Return a number with about three digits."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
