"""Why do forecasts over many steps run into a constant? Because that is the best that can be said.

    x_t = 0.9 x_{t-1} + noise        the best forecast k steps ahead is 0.9^k x_t

A network that is trained on the squared error learns the mean of what may follow. Fed its own
forecasts, it goes on to means of means, and ends at the mean of all: not a fault of recurrence. To
see what such a series looks like, draw noise as large as the errors were, and add it at every step.
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
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.forecast_constant"
KEPT = 0.9


def series(rng: np.random.Generator, steps: int, batch: int) -> Array:
    noise = np.sqrt(1 - KEPT**2) * rng.standard_normal((steps, batch, 1))
    start = rng.standard_normal((batch, 1))
    return np.asarray(tr.f.linear_recurrence(KEPT, noise, start))


def forecasts(steps: int, iterations: int, seed: int) -> tuple[Array, Array]:
    """Return the spread of the network's forecasts 1 .. 30 steps ahead, and of the best ones."""
    rng = np.random.default_rng(seed)
    cell, readout = tr.GRUCell(1, 12, rng=rng), tr.Linear(12, 1, rng=rng)
    optimiser = tr.Adam([*cell.parameters(), *readout.parameters()], lr=0.01)
    for _ in range(iterations):
        x = series(rng, steps, 64)
        optimiser.zero_grad()
        said = readout(tr.unroll(cell, x[:-1], engine="fused").outputs)
        tr.mse_loss(said, x[1:]).backward()
        optimiser.step()
    x = series(rng, steps, 500)
    with tr.no_grad():
        state = tr.unroll(cell, x).final
        ahead = []
        for _ in range(30):  # each forecast is the next input
            ahead.append(readout(state))
            state = cell(ahead[-1], state)
    best = [KEPT**k * x[-1] for k in range(1, 31)]
    return np.array([y.data.std() for y in ahead]), np.array([y.std() for y in best])


def main() -> None:
    parser = demo_parser(
        "forecast_constant", __doc__, steps=(3, 24), iterations=(1, 200), seeds=(1, 3)
    )
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        seeds = progress(range(args.seed, args.seed + args.seeds), "seeds")
        found = np.array([forecasts(args.steps, args.iterations, seed) for seed in seeds])
        print("spread of the forecasts (that of the series is 1)")
        for k in (1, 5, 10, 30):
            ours, best = spread(found[:, 0, k - 1], ".2f"), spread(found[:, 1, k - 1], ".2f")
            print(f"{k:3} steps ahead   network {ours}   best {best}")
        network, best_ = np.median(found, axis=0)
        labels = ("steps ahead", "spread of the forecasts")
        both = {"network": network, "the best there is": best_}
        ax = lines(both, range(1, 31), labels, "Forecasts lose their spread")
        save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    conclude(
        (network[29] < 0.3 < 0.7 < network[0],
         "Far ahead, all forecasts are nearly the same number."),
        (bool(np.abs(network - best_).max() < 0.2), "So are the best ones: it has learnt them."),
    )  # fmt: skip
    print("\nChange KEPT in the code: at 0.99 the constant is farther off.")


if __name__ == "__main__":
    run_command(PROG, main)
