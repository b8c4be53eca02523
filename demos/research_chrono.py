"""Tallec & Ollivier 2018: does chrono initialisation reach as far back as it is asked to?

Published: b_f = log u with u uniform in 1 .. T_max - 1, and b_i = -b_f; a gate f then forgets over
1 / (1 - f) steps, anything between 2 and T_max, where a bias of 1 gives 3.7. The paper finds that
LSTMs with a bias of 1 stay at who remembers nothing where they copy over 500 steps, and that chrono
gets below. Here is why: what of the gradient is left at the first step, before any training.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save, spread
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.research_chrono"


def left(steps: int, hidden: int, chrono: bool, seed: int) -> tuple[Array, float]:
    """Return |dL/dc_t| as a share of the last, and the median time scale of the forget gates."""
    rng = np.random.default_rng(seed)
    bias, length = ("chrono", steps) if chrono else (1.0, None)
    cell = tr.LSTMCell(1, hidden, forget_bias=bias, max_length=length, rng=rng)
    unrolled = tr.unroll(cell, rng.standard_normal((steps, 1, 1)))
    c = unrolled.final.c
    norms = tr.trace(c, rng.standard_normal(c.shape)).through_time(unrolled)["c"]
    assert cell.bias is not None
    f = 1 / (1 + np.exp(-cell.bias.data[cell.rows("f")]))
    return norms / norms[-1], float(np.median(1 / (1 - f)))


def main() -> None:
    parser = demo_parser("research_chrono", __doc__, steps=(4, 500), hidden=(1, 32), seeds=(1, 3))
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    with output_folder(args.out) as folder:
        series, first, scales = {}, {}, {}
        for name, chrono in {"forget bias 1": False, "chrono": True}.items():
            found = [left(args.steps, args.hidden, chrono, seed) for seed in seeds]
            series[name] = np.median([norms for norms, _ in found], axis=0)
            first[name] = [norms[0] for norms, _ in found]
            scales[name] = float(np.median([scale for _, scale in found]))
        middle = args.steps / 2 + 1
        print("                             published   ours")
        print(f"time scale, forget bias 1    3.7         {scales['forget bias 1']:.1f} steps")
        print(f"median scale, chrono         {middle:<9.0f}   {scales['chrono']:.0f} steps")
        print(f"left at step 0, bias 1       vanishes    {spread(first['forget bias 1'], '.0e')}")
        print(f"left at step 0, chrono       remains     {spread(first['chrono'], '.0e')}")
        labels = ("step t", "dL/dc_t, as a share of the last")
        ax = lines(series, range(args.steps), labels, "Before any training", log=True)
        save(ax, folder / "chart.svg")
    conclude(
        (
            abs(scales["chrono"] / middle - 1) < 0.5 and min(first["chrono"]) > 1e-3,
            "Chrono's time scales are as published, and the gradient reaches the first step.",
        ),
        (max(first["forget bias 1"]) < 1e-20, "With a bias of 1 nothing of it gets there."),
    )
    print("\nChange --steps: max_length follows it.")


if __name__ == "__main__":
    run_command(PROG, main)
