"""Le et al. 2015: does a ReLU network that starts at the identity (IRNN) learn to add?

Published: always saying 1 has a mean squared error of 0.1767; the IRNN gets below it over 150 steps
as the LSTM does, and a tanh RNN does not. Here there are 40 steps and 600 updates, to take seconds.
The baseline is exactly 1/6 = 0.1667, the variance of a sum of two uniform numbers.
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
from demos.task_adding import batch

PROG = "python -m demos.research_irnn"


def learn(kind: str, steps: int, iterations: int, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    cell = tr.RNNCell(
        2, 40, rng=rng, dtype=np.float32, nonlinearity="tanh" if kind == "tanh" else "relu"
    )
    if kind == "IRNN":
        cell.weight_hh.data = tr.init.identity(40)
        cell.weight_ih.data = 0.05 * rng.standard_normal((40, 2))
    readout = tr.Linear(40, 1, rng=rng, dtype=np.float32)
    parameters = [*cell.parameters(), *readout.parameters()]
    optimiser, errors = tr.Adam(parameters, lr=0.002), []
    for _ in range(iterations):
        x, y = batch(rng, 32, steps)
        optimiser.zero_grad()
        loss = tr.mse_loss(readout(tr.unroll(cell, x, engine="fused").outputs[-1]), y)
        loss.backward()
        tr.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        errors.append(loss.item())
    return errors


def main() -> None:
    parser = demo_parser("research_irnn", __doc__, steps=(4, 40), iterations=(1, 600), seeds=(1, 3))
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        last, series = {}, {}
        for kind in ("IRNN", "tanh"):
            runs = np.array(
                [
                    learn(kind, args.steps, args.iterations, args.seed + k)
                    for k in progress(range(args.seeds), kind)
                ]
            )
            last[kind], series[kind] = runs[:, -50:].mean(axis=1), np.median(runs, axis=0)
        print("mean squared error   published               ours")
        print("always saying 1      0.1767                  0.1667 (exactly 1/6)")
        print(f"IRNN                 below the baseline      {spread(last['IRNN'], '.3f')}")
        print(f"tanh RNN             stays at the baseline   {spread(last['tanh'], '.3f')}")
        save(
            lines(series, range(args.iterations), ("update", "error"), "Adding", log=True),
            folder / "chart.svg",
        )
    conclude(
        (
            np.median(last["IRNN"]) < 0.08 < 0.12 < np.median(last["tanh"]),
            "The IRNN learns to add; the tanh RNN does not get far below who always says 1.",
        )
    )
    print("\nChange --steps 150 --iterations 5000 for the published length (minutes).")


if __name__ == "__main__":
    run_command(PROG, main)
