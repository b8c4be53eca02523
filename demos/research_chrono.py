"""Tallec & Ollivier 2018: does chrono initialisation reach as far back as it is asked to?

Published: b_f = log u with u uniform in 1 .. T_max - 1, and b_i = -b_f; a gate f then forgets over
1 / (1 - f) steps, anything between 2 and T_max, where a bias of 1 gives 3.7. The paper finds that
LSTMs with a bias of 1 stay at who remembers nothing where they copy over 500 steps, and that chrono
gets below. Here is why: what of the gradient is left at the first step, before any training.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos._research import Reproduced, reproduce, seeds_of
from demos.common import lines, run_command, spread
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.research_chrono"


def left(seed: int, args: Any, bias: float | str, length: int | None) -> tuple[Array, float]:
    """Return |dL/dc_t| as a share of the last, and the median time scale of the forget gates."""
    rng = np.random.default_rng(seed)
    cell = tr.LSTMCell(1, args.hidden, rng=rng, forget_bias=bias, max_length=length)
    unrolled = tr.unroll(cell, rng.standard_normal((args.steps, 1, 1)))
    c = unrolled.final.c
    norms = tr.trace(c, rng.standard_normal(c.shape)).through_time(unrolled)["c"]
    f = tr.f.sigmoid(cell.bias.data[cell.rows("f")])  # type: ignore[union-attr]  # there is one
    return norms / norms[-1], float(np.median(1 / (1 - f)))


def study(args: Any) -> Reproduced:
    one = [left(seed, args, 1.0, None) for seed in seeds_of(args)]
    chrono = [left(seed, args, "chrono", args.steps) for seed in seeds_of(args)]
    norms = {"bias 1": np.transpose([n for n, _ in one]),
             "chrono": np.transpose([n for n, _ in chrono])}  # fmt: skip
    first, scales = [n[0] for n in norms.values()], [scale for _, scale in chrono]
    middle, apart = args.steps / 2, first[1].min() / first[0].max()
    rows = [
        ("steps that a bias of 1 keeps", "3.7", spread([scale for _, scale in one], ".1f")),
        ("steps that chrono keeps, median", f"{middle:.0f}", spread(scales, ".0f")),
        ("left at step 0 with a bias of 1", "vanishes", spread(first[0], ".0e")),
        ("left at step 0 with chrono", "remains", spread(first[1], ".0e")),
    ]
    labels, title = ("step t", "dL/dc_t, as a share of the last"), "Before any training"
    return Reproduced(rows, lines(norms, range(args.steps), labels, title, log=True), [
        (abs(np.median(scales) / middle - 1) < 0.5 and first[1].min() > 1e-3,
         "Chrono's time scales are as published, and the gradient reaches the first step."),
        (first[0].max() < 1e-20, f"With a bias of 1 it does not: {apart:.0e} times less is left."),
    ])  # fmt: skip


def main() -> None:
    reproduce("research_chrono", __doc__, study, "--steps: max_length follows it.",
              steps=(4, 500), hidden=(1, 32), seeds=(1, 3))  # fmt: skip


if __name__ == "__main__":
    run_command(PROG, main)
