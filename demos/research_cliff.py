"""Pascanu et al. 2013: where is the cliff in the error of one unit, and what does clipping do?

The published picture is the error (s_50 - 0.7)^2 of one sigmoid unit, s_t = sigmoid(w s_{t-1} + b)
from s_0 = 0.5, over w and b: flat, with a cliff. Published bound: no explosion while w < 1 / gamma,
which is 4 for the sigmoid, whose slope is at most gamma = 1/4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos._research import Reproduced, reproduce
from demos.common import new_axes, run_command

PROG = "python -m demos.research_cliff"
RATE = 0.01


def study(args: Any) -> Reproduced:
    w, b = np.meshgrid(np.linspace(0.5, 7, 131), np.linspace(-4, 0, 161))
    W, B = tr.Parameter(w), tr.Parameter(b)
    s: Any = tr.Tensor(np.full(w.shape, 0.5))
    for _ in range(args.steps):
        s = tr.f.sigmoid(W * s + B)  # every point of the plane at once
    np.sum(np.square(s - 0.7)).backward()
    slope = np.hypot(W.grad, B.grad)  # type: ignore[arg-type]  # just computed
    first = float(w[slope > 100].min(initial=np.inf))
    flat, steep, clipped = slope[w < 4].max(), slope.max(), RATE * min(slope.max(), 1.0)
    rows = [
        ("the least w with a slope above 100", "above 4", f"{first:.2f}"),
        ("largest slope for w < 4", "no explosion", f"{flat:.1f}"),
        ("largest slope", "-", f"{steep:.0e}"),
        (f"an update there, at a rate of {RATE}", "leaps", f"{RATE * steep:.0e}"),
        ("the same, clipped at norm 1", "moderate", f"{clipped:.2f}"),
    ]
    ax = new_axes(6, 4)
    ax.pcolormesh(w, b, np.log10(slope + 1e-12), vmin=-6, vmax=2, rasterized=True)
    ax.axvline(4, color="w", linestyle="--")
    title = f"log10 of the error's slope, after {args.steps} steps"
    ax.set(xlabel="w (dashed: 4)", ylabel="b", title=title)
    return Reproduced(rows, ax, [
        (4 < first < np.inf and flat < 10, f"As published, the cliff begins beyond w = 4; "
         f"it is found from w = {first:.2f} on."),
        (RATE * steep > np.ptp(w) > clipped, f"One plain update from it leaps {RATE * steep:.0e}, "
         f"where the whole plane is {np.ptp(w):.1f} wide; clipped, it moves by {clipped:.2f}."),
    ])  # fmt: skip


def main() -> None:
    change = "--steps: the longer, the steeper the cliff."
    reproduce("research_cliff", __doc__, study, change, steps=(2, 50))


if __name__ == "__main__":
    run_command(PROG, main)
