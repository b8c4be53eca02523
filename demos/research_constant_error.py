"""Hochreiter 1991: is the error constant through a self-loop of 1? And what does a sigmoid leave?

The published figures: w f'(a) = 1.0 for a linear unit with w = 1.0 keeps the error as it is for any
number of steps (Hochreiter 1991; Hochreiter & Schmidhuber 1997); with a logistic sigmoid, whose
slope is at most 0.25, the error vanishes wherever |w| < 4.0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos._research import Reproduced, reproduce
from demos.common import lines, run_command
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.research_constant_error"
PUBLISHED = {3.0: "0.75 = 3/4", 4.0: "1.0 = 4/4", 5.0: "1.25 = 5/4"}


def carousel(steps: int) -> Array:
    """Return |dL/dc_t| of the 1991 cell: an LSTM whose input gate is shut, and f = 1 - i = 1."""
    cell = tr.LSTMCell(1, 1, forget_bias=None, coupled=True, rng=0)
    cell.weight_ih.data, cell.weight_hh.data = np.zeros((3, 1)), np.zeros((3, 1))
    cell.bias.data = np.array([-50.0, 0.0, 0.0])  # type: ignore[union-attr]  # of i, g, o
    unrolled = tr.unroll(cell, np.zeros((steps, 1, 1)))
    return tr.trace(unrolled.final.c.sum()).through_time(unrolled)["c"]


def sigmoid_unit(w: float, steps: int) -> Array:
    """Return |dL/dh_t| of h = sigmoid(w h - w/2), which stays at 0.5, where it is steepest."""
    states: list[Any] = [tr.Tensor([0.5], requires_grad=True)]
    for _ in range(steps - 1):
        states.append(tr.f.sigmoid(w * states[-1] - w / 2))
    flow = tr.trace(states[-1])
    return np.array([flow.norm(h) for h in states])


def study(args: Any) -> Reproduced:
    series = {"linear unit, w = 1": carousel(args.steps)}
    series |= {f"sigmoid, w = {w:g}": sigmoid_unit(w, args.steps) for w in PUBLISHED}
    rate = {name: (x[0] / x[-1]) ** (1 / (args.steps - 1)) for name, x in series.items()}
    rows = [
        (f"error kept a step back, {name}", published, f"{rate[name]:.6f}")
        for name, published in zip(rate, ("1.0", *PUBLISHED.values()), strict=True)
    ]
    ax = lines(series, range(args.steps), ("step t", "error"), "Error flow", log=True)
    linear, *found = rate.values()
    return Reproduced(rows, ax, [
        (abs(linear - 1) < 1e-12, "A linear unit with w = 1 keeps the error as it is."),
        (np.allclose(found, [0.75, 1, 1.25], rtol=1e-6) and found[0] < 1,
         "A sigmoid keeps w / 4 of it where it is steepest: below w = 4 even that vanishes."),
    ])  # fmt: skip


def main() -> None:
    change = "the w in PUBLISHED: with another bias than -w / 2 even 4.0 is not enough."
    reproduce("research_constant_error", __doc__, study, change, steps=(2, 200))


if __name__ == "__main__":
    run_command(PROG, main)
