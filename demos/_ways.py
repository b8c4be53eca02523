"""What the demos on gates share: two ways by which a gradient reaches a state, and their chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import lines, panels
from tinygrad_rnn.tensor import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Ways = dict[str, Array]  # for each of two ways the norms of what comes by it to every state, (T-1,)


def typical_share(ways: Ways) -> float:
    """Return the median over t of the first way's share in what the two bring.

    >>> typical_share({"along c": np.array([3.0, 0.0, 1.0]), "along h": np.array([1.0, 0.0, 1.0])})
    0.625
    """
    one, other = ways.values()
    arrived = one + other > 0  # where it has not run out of floating-point range
    return float(np.median((one / np.where(arrived, one + other, 1.0))[arrived]))


def alone(gates: Array, g: Array) -> Array:
    """Return the norm at each state of what the product of the later steps' gates brings back of g.

    Args:
        gates: what each step multiplies by, (T, B, H).
        g: the gradient at the last state, (B, H).

    >>> alone(np.full((3, 1, 2), 0.5), np.array([[3.0, 4.0]]))
    array([1.25, 2.5 ])
    """
    back = np.cumprod(gates[:0:-1], axis=0)[::-1]
    return np.asarray(np.linalg.norm(back * g, axis=(1, 2)))


def chart_ways(
    flows: Mapping[str, tr.GradientFlow], ways: Mapping[str, Ways], about: str, state: str
) -> Axes:
    """Draw the gradient at the state for all flows, and beside it the two ways of some of them."""
    left, *others = panels(1, 1 + len(ways), 5.0, 4.2)
    viz.chart(flows, state=state, ax=left, title=f"dL/d{state} at every step")
    for ax, (label, norms) in zip(others, ways.items(), strict=True):
        x, y = "time step t", f"l2 norm of what reaches {state}$_t$"
        steps = range(len(next(iter(norms.values()))))
        lines(norms, steps, (x, y), f"The two {about}: {label}", log=True, ax=ax)
    return left
