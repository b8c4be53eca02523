"""Jozefowicz et al. 2015: is a forget bias of 1 enough to bring the LSTM up?

Published advice: add a bias of 1 (or 2) to the forget gate; without it, at sigmoid(0) = 0.5, the
gradient vanishes by half a step. Here: remember the first of 20 numbers, in 150 updates.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    conclude,
    demo_parser,
    lines,
    output_folder,
    progress,
    run_command,
    save,
    spread,
)

PROG = "python -m demos.research_forget_bias"
BIASES = (0.0, 1.0, 2.0, 4.0)


def learn(bias: float, steps: int, iterations: int, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    cell, readout = tr.LSTMCell(1, 16, forget_bias=bias, rng=rng), tr.Linear(16, 1, rng=rng)
    optimiser = tr.Adam([*cell.parameters(), *readout.parameters()], lr=0.01)
    losses = []
    for _ in range(iterations):
        x = rng.standard_normal((steps, 32, 1))
        optimiser.zero_grad()
        loss = tr.mse_loss(readout(tr.unroll(cell, x, engine="fused").outputs[-1]), x[0])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def main() -> None:
    parser = demo_parser(
        "research_forget_bias", __doc__, steps=(2, 20), iterations=(1, 250), seeds=(1, 3)
    )
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        last, series = [], {}
        print("forget bias   f kept per step   published   ours: loss at the end (not knowing: 1)")
        for bias, advice in zip(BIASES, ("too low", "advised", "advised", "-"), strict=True):
            runs = np.array(
                [
                    learn(bias, args.steps, args.iterations, args.seed + k)
                    for k in progress(range(args.seeds), f"{bias:g}")
                ]
            )
            last.append(np.median(runs[:, -20:]))
            series[f"forget bias {bias:g}"] = np.median(runs, axis=0)
            kept = 1 / (1 + np.exp(-bias))
            print(
                f"{bias:11g}   {kept:15.2f}   {advice:<9}   "
                f"{spread(runs[:, -20:].mean(axis=1), '.3f')}"
            )
        save(
            lines(
                series, range(args.iterations), ("update", "loss"), "Remember the first", log=True
            ),
            folder / "chart.svg",
        )
    conclude(
        (
            last[0] > 0.5 and last[2] < last[0] / 2,
            "The advice holds: with 0 it hardly learns, with 2 it does.",
        ),
        (last[3] < last[1], "Over 20 steps 4 is better still: 0.73 a step leaves 0.2 % after 20."),
    )
    print("\nChange --steps: the bias that is enough grows as log(steps).")


if __name__ == "__main__":
    run_command(PROG, main)
