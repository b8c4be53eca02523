"""Can it carry two numbers over T steps? The adding problem: gates learn it, a tanh RNN does not.

Each step brings a number from uniform(0, 1) and a mark. Two steps are marked, one in each half of
the sequence, and after the last step the sum of their two numbers is asked for (Hochreiter &
Schmidhuber 1997). Who has learnt nothing answers 1 and has a squared error of 1/6, the variance of
the sum; an error below 0.01 cannot be had without having kept both numbers.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos import common
from demos._learning import Network, draw, report, successes, task_parser, typical
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.task_adding"
LEARNT, EVERY = 0.01, 100


def batch(rng: np.random.Generator, size: int, steps: int) -> tuple[Array, Array]:
    """Return sequences (T, B, 2) of numbers and marks, and the sums (B, 1) asked for."""
    x = np.zeros((steps, size, 2), dtype=np.float32)
    x[:, :, 0] = rng.random((steps, size))
    everyone, half = np.arange(size), steps // 2
    x[rng.integers(half, size=size), everyone, 1] = 1
    x[rng.integers(half, steps, size), everyone, 1] = 1
    return x, np.sum(x[:, :, 0] * x[:, :, 1], axis=0)[:, np.newaxis]


def train(
    kind: str, seed: int, steps: int, iterations: int, hidden: int
) -> tuple[list[float], bool]:
    """Return the test error after every 100 iterations, and whether it fell below 0.01."""
    network = Network(kind, 2, hidden, 1, seed)
    rng = np.random.default_rng([seed, 1])
    x, y = batch(np.random.default_rng([seed, 2]), 500, steps)

    optimiser = tr.Adam(network.parameters(), lr=0.01)
    measured = []
    for n in common.progress(range(1, iterations + 1), f"{kind}, seed {seed}"):
        numbers, sums = batch(rng, 32, steps)
        optimiser.zero_grad()
        tr.mse_loss(network.last(numbers), sums).backward()
        tr.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if n % EVERY == 0 or n == iterations:
            with tr.no_grad():
                measured.append(tr.mse_loss(network.last(x), y).item())
            if measured[-1] < LEARNT:
                break
    return measured, measured[-1] < LEARNT


def main() -> None:
    args = task_parser(
        "task_adding", __doc__, steps=50, iterations=1000, hidden=32, seeds=3
    ).parse_args()
    with common.output_folder(args.out) as folder:
        print(f"Adding two of T = {args.steps} numbers. Who learns nothing has 1/6 = 0.1667.\n")
        outcomes = report(
            args.cells,
            range(args.seed, args.seed + args.seeds),
            lambda kind, seed: train(kind, seed, args.steps, args.iterations, args.hidden),
            "test error",
            "below 0.01",
            EVERY,
            args.iterations,
        )
        title = f"Adding problem, T = {args.steps}"
        mean = {"always 1": 1 / 6}
        draw(outcomes, mean, EVERY, "squared error", title, folder / "chart.svg")
    print(f"\nDrew chart.svg, medians and ranges over the seeds, into {args.out}")
    n, gru, lstm, rnn = args.seeds, *(successes(outcomes, kind) for kind in ("GRU", "LSTM", "RNN"))
    common.conclude(
        (gru == lstm == n, f"GRU and LSTM learn to add over {args.steps} steps, with every seed."),
        (rnn == 0 and min(min(o.measured) for o in outcomes if o.kind == "RNN") > 0.1,
         "The tanh RNN does not: it is never much better than the constant answer 1."),
        (typical(outcomes, "GRU") < typical(outcomes, "LSTM"),
         f"The GRU takes {typical(outcomes, 'GRU'):.0f} iterations, the LSTM "
         f"{typical(outcomes, 'LSTM'):.0f}, in the median."),
    )  # fmt: skip
    print("\nChange --steps 10: does the RNN learn it there? And at 150, who does?")


if __name__ == "__main__":
    common.run_command(PROG, main)
