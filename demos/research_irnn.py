"""Le et al. 2015: does a ReLU network that starts at the identity (IRNN) learn to add?

Published: always saying 1 has a mean squared error of 0.1767; the IRNN gets below it over 150 steps
as the LSTM does, and a tanh RNN does not. Here there are 40 steps and 600 updates, to take seconds.
The baseline is exactly 1/6 = 0.1667, the variance of a sum of two uniform numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos._research import Reproduced, reproduce, seeds_of
from demos.common import lines, progress, run_command, spread
from demos.task_adding import batch

PROG = "python -m demos.research_irnn"


def learn(args: Any, seed: int, kind: str) -> list[float]:
    rng, errors = np.random.default_rng(seed), []
    cell = tr.RNNCell(2, 40, rng=rng, dtype=np.float32, nonlinearity=kind)
    if kind == "relu":
        cell.weight_hh.data = tr.init.identity(40)
        cell.weight_ih.data = 0.05 * rng.standard_normal((40, 2))
    readout = tr.Linear(40, 1, rng=rng, dtype=np.float32)
    optimiser = tr.Adam([*cell.parameters(), *readout.parameters()], lr=0.002)
    for _ in progress(range(args.iterations), f"{kind}, seed {seed}"):
        x, y = batch(rng, 32, args.steps)
        optimiser.zero_grad()
        loss = tr.mse_loss(readout(tr.unroll(cell, x, engine="fused").outputs[-1]), y)
        loss.backward()
        tr.clip_grad_norm_(optimiser.parameters, 1.0)
        optimiser.step()
        errors.append(loss.item())
    return errors


def study(args: Any) -> Reproduced:
    series = {name: np.transpose([learn(args, seed, kind) for seed in seeds_of(args)])
              for name, kind in {"IRNN": "relu", "tanh RNN": "tanh"}.items()}  # fmt: skip
    irnn, tanh = (errors[-50:].mean(axis=0) for errors in series.values())
    rows = [("always saying 1", "0.1767", "0.1667 (exactly 1/6)"),
            ("IRNN", "below that", spread(irnn, ".3f")),
            ("tanh RNN", "stays there", spread(tanh, ".3f"))]  # fmt: skip
    ax = lines(series, range(args.iterations), ("update", "squared error"), "Adding", log=True)
    return Reproduced(rows, ax, [
        (np.median(irnn) < 0.08, f"The IRNN learns to add: {np.median(irnn):.3f}."),
        (tanh.min() > 0.12, f"The tanh RNN does not get far below who always says 1: "
         f"{tanh.min():.3f} at the best."),
    ])  # fmt: skip


def main() -> None:
    change = "--steps 150 --iterations 5000 for the published length (minutes)."
    reproduce("research_irnn", __doc__, study, change,
              steps=(4, 40), iterations=(1, 600), seeds=(1, 3))  # fmt: skip


if __name__ == "__main__":
    run_command(PROG, main)
