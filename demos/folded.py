"""What is the loop that an unrolled picture unrolls? One cell that reads its own last state.

    h_t = tanh(W x_t + U h_{t-1} + b)

Folded, a recurrent network is one box with an arrow from its output back to its input. Unrolled,
it is T copies of that box in a row; the arrow that went back now goes on, from each step to the
next. Both say the same: all copies are one cell, with one W, one U and one b.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import conclude, demo_parser, new_axes, output_folder, run_command, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROG = "python -m demos.folded"


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], bend: float = 0) -> None:
    look = {"arrowstyle": "-|>", "lw": 1.6, "connectionstyle": f"arc3,rad={bend}", "color": "0.25"}
    ax.annotate("", end, start, arrowprops=look)


def column(ax: Axes, x: float, step: str) -> None:
    """One cell with what it reads and what it makes, upwards."""
    names = {0.0: f"$x_{{{step}}}$", 1.0: "cell\nW, U, b", 2.0: f"$h_{{{step}}}$"}
    for y, name in names.items():
        box = {"boxstyle": "round,pad=0.45", "fc": "#fff7dc" if y == 1 else "w", "ec": "0.35"}
        ax.text(x, y, name, ha="center", va="center", bbox=box)
    arrow(ax, (x, 0.2), (x, 0.72))
    arrow(ax, (x, 1.3), (x, 1.82))


def main() -> None:
    args = demo_parser("folded", __doc__, steps=(2, 4), hidden=(1, 3)).parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        cell = tr.RNNCell(2, args.hidden, rng=rng)
        x = rng.standard_normal((args.steps, 1, 2))
        h = cell.initial_state(1)
        for x_t in x:  # folded: one line of code, one cell, over and over
            h = cell(x_t, h)
        unrolled = tr.unroll(cell, x)  # unrolled: one node of each kind for every step
        apart = float(np.abs(h.data - unrolled.final.data).max())
        loss = unrolled.final.sum()
        loss.name = "loss"
        flow = tr.trace(loss)
        uses = len(flow.contributions(cell.weight_hh))
        count = sum(parameter.size for parameter in cell.parameters())
        print(f"the loop and the unrolled network differ by {apart}")
        print(f"{args.steps} steps, {count} parameters; U is one matrix, used {uses} times")
        print(f"with 1,000 steps more there are still {count} parameters")

        ax = new_axes(3.0 + 1.6 * args.steps, 3.2)
        column(ax, 0, "t")
        arrow(ax, (0.3, 2.0), (0.45, 1.0), bend=-1.4)
        ax.text(1.12, 1.95, "one step\nlater", ha="center", va="center", fontsize=8)
        for t in range(args.steps):
            column(ax, 2.2 + 1.3 * t, str(t))
            if t:
                arrow(ax, (0.9 + 1.3 * t + 0.2, 1.9), (2.2 + 1.3 * t - 0.35, 1.1))
        ax.text(0, -0.55, "folded", ha="center")
        ax.text(2.2 + 0.65 * (args.steps - 1), -0.55, "unrolled: the same cell", ha="center")
        ax.set(xlim=(-0.7, 2.9 + 1.3 * (args.steps - 1)), ylim=(-0.8, 2.4))
        ax.axis("off")
        save(ax, folder / "folded.svg")
        viz.draw(loss, flow, title="The same, recorded").save(folder / "unrolled.svg")
    print(f"\nDrew folded.svg and unrolled.svg into {args.out}")
    conclude(
        (apart == 0, "The loop and the unrolled network are one computation, to the last digit."),
        (uses == args.steps, "One matrix U is used at every step: sharing is what the loop means."),
    )  # fmt: skip
    print("\nChange --steps: the folded picture stays, the unrolled one grows.")


if __name__ == "__main__":
    run_command(PROG, main)
