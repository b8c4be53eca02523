"""Pascanu et al. 2013: where is the cliff in the error of one unit, and what does clipping do?

The published picture is the error (s_50 - 0.7)^2 of one sigmoid unit, s_t = sigmoid(w s_{t-1} + b)
from s_0 = 0.5, over w and b: flat, with a cliff. Published bound: no explosion while w < 1 / gamma,
which is 4 for the sigmoid, whose slope is at most gamma = 1/4.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, new_axes, output_folder, run_command, save

PROG = "python -m demos.research_cliff"


def main() -> None:
    args = demo_parser("research_cliff", __doc__, steps=(2, 50)).parse_args()
    with output_folder(args.out) as folder:
        w, b = np.meshgrid(np.linspace(0.5, 7, 131), np.linspace(-4, 0, 161))
        s = tr.Tensor(np.full(w.shape, 0.5))
        W, Bias = tr.Parameter(w), tr.Parameter(b)
        for _ in range(args.steps):
            s = tr.f.sigmoid(W * s + Bias)  # every point of the plane at once
        error = np.square(s - 0.7)
        error.sum().backward()
        slope = np.hypot(W.grad, Bias.grad)  # type: ignore[arg-type]  # just computed
        steep = slope > 100
        first = float(w[steep].min()) if steep.any() else np.nan
        worst = np.unravel_index(slope.argmax(), slope.shape)
        clipped = min(float(slope[worst]), 1.0)
        print("                                published      ours")
        print(f"the first w with a cliff        above 4        {first:.2f}")
        print(f"largest slope for w < 4         no explosion   {slope[w < 4].max():.1f}")
        print(f"largest slope on the cliff      -              {slope[worst]:.0e}")
        print(f"an update there, lr 0.01        leaps          {0.01 * slope[worst]:.0e}")
        print(f"the same, clipped at norm 1     moderate       {0.01 * clipped:.2f}")
        ax = new_axes(6, 4)
        ax.pcolormesh(w, b, np.log10(slope + 1e-12), vmin=-6, vmax=2, rasterized=True)
        ax.axvline(4, color="w", linestyle="--")
        ax.set(
            xlabel="w (dashed: 4)", ylabel="b", title="log10 of the error's slope, after 50 steps"
        )
        save(ax, folder / "chart.svg")
    conclude(
        (
            first > 4 and slope[w < 4].max() < 10 and 0.01 * slope[worst] > 1,
            "The cliff begins beyond w = 4, as published; clipped, a step from it stays on "
            "the plane.",
        )
    )
    print("\nChange --steps: the longer, the steeper the cliff.")


if __name__ == "__main__":
    run_command(PROG, main)
