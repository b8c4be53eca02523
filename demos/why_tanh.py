"""Why tanh and not ReLU in a recurrent network? The state must not grow from step to step.

    h_t = f(W x_t + U h_{t-1})

The same U is applied at every step, so whatever it stretches, it stretches T times. tanh ends at
1; ReLU does not end. In a network of many layers each layer has weights of its own to make up for
it; over time there is one. With U near the identity, ReLU works too (Le et al. 2015).
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    conclude,
    demo_parser,
    lines,
    output_folder,
    panels,
    run_command,
    save,
    spread,
)

PROG = "python -m demos.why_tanh"
GAINS = (0.8, 1.2, 2.0, 3.0)


def main() -> None:
    parser = demo_parser("why_tanh", __doc__, steps=(2, 60), hidden=(1, 32), seeds=(1, 5))
    args = parser.parse_args()
    size: dict[tuple[str, float], list[float]] = {}
    kept: dict[tuple[str, float], list[float]] = {}
    with output_folder(args.out) as folder:
        for name in ("tanh", "relu"):
            for gain in GAINS:
                for seed in range(args.seed, args.seed + args.seeds):
                    rng = np.random.default_rng(seed)
                    cell = tr.RNNCell(4, args.hidden, rng=rng, nonlinearity=name)
                    weight = rng.standard_normal((args.hidden, args.hidden)) / args.hidden**0.5
                    cell.weight_hh.data = gain * weight
                    unrolled = tr.unroll(cell, 0.3 * rng.standard_normal((args.steps, 1, 4)))
                    h = unrolled.final
                    flow = tr.trace(h, rng.standard_normal(h.shape))
                    norms = flow.through_time(unrolled)["h"]
                    size.setdefault((name, gain), []).append(float(np.abs(h.data).max()))
                    rate = tr.analysis.decades_per_step(norms)
                    kept.setdefault((name, gain), []).append(rate)
        print("gain of U   largest |h_T|                        decades of dL/dh per step back")
        for (name, gain), found in size.items():
            print(f"{name} {gain:6g}   {spread(found, '.1e'):<36} {spread(kept[name, gain])}")
        left, right = panels(1, 2)
        for ax, values, y in ((left, size, "largest |h|"), (right, kept, "decades per step back")):
            series = {n: [np.median(values[n, gain]) for gain in GAINS] for n in ("tanh", "relu")}
            lines(
                series, GAINS, ("gain of U", y), f"After {args.steps} steps", ax=ax, log=ax is left
            )
        save(left, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    most = {key: float(np.median(found)) for key, found in size.items()}
    conclude(
        (max(most["tanh", gain] for gain in GAINS) <= 1 < 1e4 < most["relu", 3.0],
         f"With a large U, a tanh state stays within 1; a ReLU one reaches {most['relu', 3.0]:.0e} "
         f"after {args.steps} steps."),
        (most["relu", 0.8] < 1 and np.median(kept["relu", 0.8]) < -0.1,
         "With a small U, ReLU neither grows nor keeps: what it cuts off is lost to the gradient."),
        (np.median(kept["relu", 3.0]) > 0.1 > np.median(kept["tanh", 2.0]),
         "Where the ReLU state grows, its gradient explodes as well; tanh's slopes hold it back."),
    )  # fmt: skip
    print("\nChange GAINS in the code: for ReLU there is hardly a gain at which both stay.")


if __name__ == "__main__":
    run_command(PROG, main)
