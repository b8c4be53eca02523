"""Hochreiter 1991: is the error constant through a self-loop of 1? And what does a sigmoid leave?

The published figures: w f'(a) = 1.0 for a linear unit with w = 1.0 keeps the error as it is for any
number of steps (Hochreiter 1991; Hochreiter & Schmidhuber 1997); with a logistic sigmoid, whose
slope is at most 0.25, the error vanishes wherever |w| < 4.0.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save

PROG = "python -m demos.research_constant_error"


def main() -> None:
    args = demo_parser("research_constant_error", __doc__, steps=(2, 200)).parse_args()
    with output_folder(args.out) as folder:
        carousel = tr.LSTMCell(1, 1, forget_bias=None, coupled=True, rng=args.seed)
        carousel.weight_ih.data = 0 * carousel.weight_ih.data
        carousel.weight_hh.data = 0 * carousel.weight_hh.data
        bias = np.zeros(3)
        bias[carousel.rows("i")] = -50.0  # nothing comes in, so 1 - i keeps: the 1991 cell
        carousel.bias.data = bias  # type: ignore[union-attr]  # there is one
        unrolled = tr.unroll(carousel, np.zeros((args.steps, 1, 1)))
        norms = tr.trace(unrolled.final.c.sum()).through_time(unrolled)["c"]
        series = {"linear unit, w = 1": norms}
        for w in (3.0, 4.0, 5.0):  # the bias -w/2 puts the unit where the sigmoid is steepest
            state = start = tr.Tensor([0.5], requires_grad=True)
            back = [start]
            for _ in range(args.steps - 1):
                state = tr.f.sigmoid(w * state - w / 2)
                back.append(state)
            flow = tr.trace(state)
            series[f"sigmoid, w = {w:g}"] = np.array([flow.norm(h) for h in back])
        rate = {name: (x[0] / x[-1]) ** (1 / (args.steps - 1)) for name, x in series.items()}
        print("error kept per step back   published        ours")
        for name, published in zip(
            rate, ("1.0", "0.75 = 3/4", "1.0 = 4/4", "1.25 = 5/4"), strict=True
        ):
            print(f"{name:<26} {published:<16} {rate[name]:.6f}")
        save(
            lines(series, range(args.steps), ("step t", "error"), "Error flow", log=True),
            folder / "chart.svg",
        )
    conclude(
        (
            abs(rate["linear unit, w = 1"] - 1) < 1e-12
            and rate["sigmoid, w = 3"] < 0.76 < 0.99 < rate["sigmoid, w = 4"],
            "The figures agree: constant at w = 1; with a sigmoid the error lives on from w = "
            "4 alone.",
        )
    )
    print("\nChange the w: with another bias than -w / 2 even 4.0 is not enough.")


if __name__ == "__main__":
    run_command(PROG, main)
