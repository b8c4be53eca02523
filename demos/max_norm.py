"""Which max_norm? Look at the norms of a careful training, and cut off what lies above its middle.

An RNN whose U stretches by 1.2 reads pairs of numbers; the sum of one that came 5 steps ago and
one that came 15 steps ago is asked for. With plain gradient descent at a small rate it learns
slowly, and the norms of the gradient are noted. Then the rate is three times as large, and the
update is clipped at multiples of the median of those norms,

    g <- g * min(1, max_norm / |g|)

The rule holds for plain descent. Adam divides by the size of gradients itself: there a max_norm
matters by what it does to single peaks.
"""

from __future__ import annotations

import argparse

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    conclude,
    demo_parser,
    lines,
    output_folder,
    panels,
    progress,
    run_command,
    save,
)
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.max_norm"
CAREFUL, BOLD = 0.1, 0.3  # learning rates
MULTIPLES = (0.05, 0.15, 0.5, 1.5, 5.0, 15.0, np.inf)


def train(rate: float, max_norm: float, args: argparse.Namespace, seed: int) -> tuple[Array, Array]:
    """Return the norm of the gradient, before clipping, and the loss, at every update."""
    rng = np.random.default_rng(seed)
    cell = tr.RNNCell(2, 24, rng=rng, dtype=np.float32)
    cell.weight_hh.data = tr.init.orthogonal(rng, 24, gain=1.2)
    readout = tr.Linear(24, 1, rng=rng, dtype=np.float32)
    optimiser = tr.SGD([*cell.parameters(), *readout.parameters()], lr=rate)
    norms, losses = [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(args.iterations):
            x = rng.uniform(0, 1, (args.steps, 32, 2)).astype(np.float32)
            asked = x[-5, :, :1] + x[-15, :, 1:] - 1
            said = readout(tr.unroll(cell, x, engine="fused").outputs[-1])
            optimiser.zero_grad()
            loss = tr.mse_loss(said, asked)
            loss.backward()
            norms.append(tr.clip_grad_norm_(optimiser.parameters, max_norm))
            optimiser.step()
            losses.append(loss.item())
    return np.array(norms), np.array(losses)


def main() -> None:
    parser = demo_parser("max_norm", __doc__, steps=(15, 40), iterations=(1, 300), seeds=(1, 3))
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    with output_folder(args.out) as folder:
        careful = np.array([train(CAREFUL, np.inf, args, seed) for seed in seeds])  # (S, 2, n)
        middle, most = np.median(careful[:, 0]), careful[:, 0].max()
        print(
            f"rate {CAREFUL}, not clipped: norms of {middle:.2f} in the middle, {most:.1f} at most"
        )
        ends = {0.0: careful[:, 1, -50:].mean(axis=1)}
        for multiple in progress(MULTIPLES, "max_norm"):
            runs = [train(BOLD, multiple * middle, args, seed) for seed in seeds]
            ends[multiple] = np.array([losses[-50:].mean() for _, losses in runs])
        print("\nrate  max_norm / middle   loss at the end, each seed (always 0: 0.167)")
        for multiple, end in ends.items():
            rate, about = (BOLD, f"{multiple:g}") if multiple else (CAREFUL, "inf")
            print(f"{rate:<4}  {about:>17}   {'  '.join(f'{x:.3g}' for x in end)}")
        left, right = panels(1, 2, 5.6, 4.0)
        series = {"norm, each update": careful[:, 0].T}
        labels = ("update", "norm of the gradient")
        lines(series, range(args.iterations), labels, f"Rate {CAREFUL}: which norms?", True, left)
        for multiple in (0.5, 5.0):
            left.axhline(multiple * middle, color="0.3", linestyle=":")
            left.text(0, multiple * middle, f"{multiple:g} x the middle", va="bottom")
        finite = MULTIPLES[:-1]
        series = {f"rate {BOLD}": np.array([ends[multiple] for multiple in finite])}
        series[f"rate {CAREFUL}, not clipped"] = np.full(len(finite), np.median(ends[0.0]))
        labels = ("max_norm / middle", "loss at the end")
        lines(series, finite, labels, f"Rate {BOLD}: which max_norm?", True, right)
        right.set_xscale("log")
        save(left, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    loss = {multiple: float(np.median(end)) for multiple, end in ends.items()}
    conclude(
        (not np.isfinite(ends[np.inf]).any(),
         f"Not clipped, the rate {BOLD} ends as NaN with every seed."),
        (ends[0.5].max() < 0.08 and loss[0.5] < 2 * loss[0.0],
         f"Clipped at half of the middle it learns with every seed, to {loss[0.5]:.3f}; the "
         f"careful rate gets to {loss[0.0]:.3f}."),
        (loss[5.0] > 0.167 and loss[15.0] > 0.167,
         "Far above the middle is too high: the first leap throws it where no bound helps."),
        (loss[0.05] > 1.5 * loss[0.5],
         f"Far below it is slow, {loss[0.05]:.3f}: every update has the same small length."),
    )  # fmt: skip
    print("\nChange BOLD in the code: which rates does a max_norm of half the middle bear?")


if __name__ == "__main__":
    run_command(PROG, main)
