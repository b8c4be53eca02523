"""Jozefowicz et al. 2015: is a forget bias of 1 enough to bring the LSTM up?

Published advice: add a bias of 1 (or 2) to the forget gate; without it, at sigmoid(0) = 0.5, the
gradient vanishes by half a step. Here: remember the first of 20 numbers, in 250 updates; who knows
nothing of it has a loss of 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos._research import Reproduced, reproduce, seeds_of
from demos.common import lines, progress, run_command, spread

PROG = "python -m demos.research_forget_bias"
ADVICE = {0.0: "too low", 1.0: "advised", 2.0: "advised", 4.0: "-"}


def learn(args: Any, seed: int, bias: float) -> list[float]:
    rng, losses = np.random.default_rng(seed), []
    cell, readout = tr.LSTMCell(1, 16, forget_bias=bias, rng=rng), tr.Linear(16, 1, rng=rng)
    optimiser = tr.Adam([*cell.parameters(), *readout.parameters()], lr=0.01)
    for _ in range(args.iterations):
        x = rng.standard_normal((args.steps, 32, 1))
        optimiser.zero_grad()
        loss = tr.mse_loss(readout(tr.unroll(cell, x, engine="fused").outputs[-1]), x[0])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def study(args: Any) -> Reproduced:
    series = {}
    for bias in progress(ADVICE, "biases"):
        series[f"bias {bias:g}"] = np.transpose([learn(args, k, bias) for k in seeds_of(args)])
    last = [losses[-20:].mean(axis=0) for losses in series.values()]
    rows = [(f"loss at the end, {name}", advice, spread(end, ".3f"))
            for name, advice, end in zip(series, ADVICE.values(), last, strict=True)]  # fmt: skip
    title, labels = "Remember the first", ("update", "loss")
    none, one, two, four = (np.median(end) for end in last)
    return Reproduced(rows, lines(series, range(args.iterations), labels, title, log=True), [
        (none > 0.5 and two < none / 2, f"The advice holds: with 0 the loss is {none:.2f}, with 2 "
         f"it is {two:.2f}."),
        (four < one, f"Over {args.steps} steps 4 is better still than the advised 1, {four:.2f} "
         f"against {one:.2f}: f = 0.73 leaves {0.731**args.steps:.1%} after {args.steps}."),
    ])  # fmt: skip


def main() -> None:
    change = "--steps: the bias that is enough grows as log(steps)."
    reproduce("research_forget_bias", __doc__, study, change,
              steps=(2, 20), iterations=(1, 250), seeds=(1, 3))  # fmt: skip


if __name__ == "__main__":
    run_command(PROG, main)
