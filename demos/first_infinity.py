"""Why NaN, although the gradient is clipped? Because it was infinite before: find where it began.

    |dL/dh_t| = rho^k |dL/dh_T|,        k = T - t steps back

A number in single precision ends at 3.4e38. A gradient that grows by rho at each step back gets
there after log(3.4e38) / log(rho) steps. Its joint norm is then infinite, the factor of clipping
max_norm / infinity = 0, and 0 * infinity is NaN: clipping came too late.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import conclude, demo_parser, output_folder, run_command, save, spread

PROG = "python -m demos.first_infinity"
GAIN = 2.0


def main() -> None:
    parser = demo_parser("first_infinity", __doc__, steps=(2, 200), hidden=(1, 16), seeds=(1, 5))
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        firsts, places = [], []
        for seed in range(args.seed, args.seed + args.seeds):
            rng = np.random.default_rng(seed)
            cell = tr.RNNCell(2, args.hidden, dtype=np.float32, rng=rng, nonlinearity="identity")
            cell.weight_hh.data = tr.init.orthogonal(rng, args.hidden, gain=GAIN)
            start = 1e-30 * rng.standard_normal((1, args.hidden))  # h itself stays in range
            x = np.zeros((args.steps, 1, 2), np.float32)
            unrolled = tr.unroll(cell, x, start.astype(np.float32))
            g = rng.standard_normal((1, args.hidden)).astype(np.float32)
            with np.errstate(over="ignore", invalid="ignore"):
                flow = tr.trace(unrolled.final, g)
            norms = flow.through_time(unrolled)["h"]
            broken = np.flatnonzero(~np.isfinite(norms))
            firsts.append(args.steps - 1 - broken[-1] if broken.size else np.nan)
            try:
                with tr.detect_anomaly(), np.errstate(over="ignore", invalid="ignore"):
                    tr.unroll(cell, x, start.astype(np.float32)).final.backward(g)
            except tr.AnomalyError as error:
                places.append(str(error))
        expected = np.log(float(np.finfo(np.float32).max)) / np.log(GAIN)
        print(f"expected: infinite after {expected:.1f} steps back, with rho = {GAIN:g}")
        print(f"found:    after {spread(firsts, '.0f')} steps back")
        print(f"detect_anomaly: {' '.join(places[0].split())[:70] if places else 'nothing'} ...")

        w = tr.Parameter(np.zeros(2, np.float32))
        w.grad = np.array([np.inf, 1.0], np.float32)
        with np.errstate(invalid="ignore"):
            by_hand = w.grad * np.float32(1.0 / np.linalg.norm(w.grad))
        norm = tr.clip_grad_norm_([w], 1.0)
        print(f"[inf, 1] clipped to norm 1 by the formula: {by_hand}; by clip_grad_norm_: {w.grad}")
        ax = viz.chart({f"rho = {GAIN:g}": flow})
        save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    grew = args.steps > expected + 2
    conclude(
        (grew and np.nanmax(np.abs(np.array(firsts) - expected)) <= 2,
         "It breaks where the rate says that it will, to within two steps."),
        (len(places) == args.seeds, "detect_anomaly stops there, and names the step."),
        (bool(np.isnan(by_hand[0])) and not np.isfinite(norm),
         "Clipping by its formula turns Inf into NaN. clip_grad_norm_ returns the norm: leave out "
         "an update whose norm is not finite, or ask for error_if_nonfinite=True."),
    )  # fmt: skip
    print("\nChange GAIN in the code, or --steps: with which rho do 1,000 steps stay finite?")


if __name__ == "__main__":
    run_command(PROG, main)
