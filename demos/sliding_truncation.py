"""What do k1 and k2 of truncated BPTT do? k1 says how often, k2 how far back the gradient goes.

    after every k1 steps, sweep the losses of those steps back through the last k2 steps

With k1 = k2 = k a sequence falls into blocks: a loss at the start of a block sees one step, one at
its end k. With k1 = 1 the window slides, and every loss sees k2 steps; that costs k2 / k1 sweeps
of a step. Beyond k2 nothing is learnt by gradient, whatever the state still carries.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save, spread
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.sliding_truncation"
WINDOWS = (2, 4, 8, 16)


def gradient(cell: tr.RNNCell, x: Array, v: Array, k1: int, k2: int) -> Array:
    """Return dL/dU of the losses v_t . h_t at all steps, swept with k1 and k2."""
    cell.zero_grad()
    tr.truncated_bptt(cell, x, lambda t, h: np.sum(h * v[t]), k1, k2)
    assert cell.weight_hh.grad is not None
    return cell.weight_hh.grad


def main() -> None:
    parser = demo_parser("sliding_truncation", __doc__, steps=(17, 48), hidden=(1, 8), seeds=(1, 3))
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        off: dict[str, list[list[float]]] = {"blocks, k1 = k2": [], "sliding, k1 = 1": []}
        for seed in range(args.seed, args.seed + args.seeds):
            rng = np.random.default_rng(seed)
            cell = tr.RNNCell(2, args.hidden, rng=rng)
            cell.weight_hh.data = tr.init.orthogonal(rng, args.hidden)
            x = 0.3 * rng.standard_normal((args.steps, 1, 2))
            v = rng.standard_normal((args.steps, 1, args.hidden))
            full = gradient(cell, x, v, args.steps, args.steps)
            for name, found in off.items():
                found.append([])
                for k in WINDOWS:
                    cut = gradient(cell, x, v, k if name.startswith("blocks") else 1, k)
                    found[-1].append(float(np.linalg.norm(cut - full) / np.linalg.norm(full)))
        print("dL/dU is off by, as a share of it")
        for name, found in off.items():
            for j, k in enumerate(WINDOWS):
                print(f"{name}   k2 = {k:<4} {spread([row[j] for row in found], '.2f')}")
        middle = {name: np.median(found, axis=0) for name, found in off.items()}
        labels = ("k2, steps back", "|error of dL/dU| / |dL/dU|")
        ax = lines(middle, WINDOWS, labels, "How far back, and how often")
        save(ax, folder / "chart.svg")
        print("steps that a loss sees with k2 = 8: 4.5 on average in blocks of 8, sliding 8")
    print(f"\nDrew chart.svg into {args.out}")
    blocks, sliding = middle.values()
    conclude(
        (bool((sliding < blocks).all()), "At the same k2 a sliding window is nearer the truth."),
        (sliding[-1] < sliding[0],
         f"From k2 = {WINDOWS[0]} to {WINDOWS[-1]} its error falls from {sliding[0]:.0%} to "
         f"{sliding[-1]:.0%}."),
    )  # fmt: skip
    print("\nChange WINDOWS in the code; U orthogonal makes the past matter most.")


if __name__ == "__main__":
    run_command(PROG, main)
