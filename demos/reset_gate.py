"""What is the reset gate for? It lets a GRU start anew: r near 0 drops the past at once.

    n_t = tanh(W x_t + U (r * h_{t-1}) + b),        h_t = (1 - z) * h_{t-1} + z * n_t

Two GRUs that differ only in their past read the same. The update gate z alone cannot make them
forget it: what it lets in, n, has seen the past as well, unless r shuts it out.
"""

from __future__ import annotations

from itertools import product

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save, spread
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.reset_gate"
BIASES = (-6.0, 6.0)


def remembered(z: float, r: float, steps: int, hidden: int, seed: int) -> Array:
    """Return how far apart two states are after each step, as a share of how far at first."""
    rng = np.random.default_rng(seed)
    cell = tr.GRUCell(3, hidden, update_bias=z, reset_bias=r, rng=rng)
    weight = cell.weight_hh.data.copy()
    weight[cell.rows("n")] = tr.init.orthogonal(rng, hidden)  # by itself it drops nothing
    cell.weight_hh.data = weight
    x = 0.3 * rng.standard_normal((steps, 1, 3))
    pasts = 0.5 * rng.standard_normal((2, 1, hidden))
    with tr.no_grad():
        one, other = (tr.unroll(cell, x, past).outputs.data for past in pasts)
    apart = np.linalg.norm(one - other, axis=(1, 2))
    return np.asarray(np.concatenate([[1.0], apart / np.linalg.norm(pasts[0] - pasts[1])]))


def main() -> None:
    parser = demo_parser("reset_gate", __doc__, steps=(1, 12), hidden=(1, 16), seeds=(1, 5))
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    found: dict[tuple[float, float], Array] = {}
    with output_folder(args.out) as folder:
        print("how much of the difference in the past is left after one step")
        for z, r in product(BIASES, BIASES):
            left = [remembered(z, r, args.steps, args.hidden, seed) for seed in seeds]
            found[z, r] = np.array(left)
            gates = " ".join(f"{1 / (1 + np.exp(-bias)):.3f}" for bias in (z, r))
            print(f"z and r about {gates}   {spread(found[z, r][:, 1], '.1%')}")
        series = {
            f"z {'open' if z > 0 else 'shut'}, r {'open' if r > 0 else 'shut'}": np.median(
                v, axis=0
            )
            for (z, r), v in found.items()
        }
        labels = ("steps after the sudden change", "share of the past that is left")
        save(lines(series, range(args.steps + 1), labels, "Two pasts, one present", log=True),
             folder / "chart.svg")  # fmt: skip
    print(f"\nDrew chart.svg into {args.out}")
    middle = {key: float(np.median(v[:, 1])) for key, v in found.items()}
    shut, wide = BIASES
    conclude(
        (middle[wide, shut] < 0.02,
         f"z open and r shut: {middle[wide, shut]:.1%} of the past is left after one step. The "
         "state is made from the input alone."),
        (middle[wide, wide] > 0.5,
         f"z open and r open, as in a plain RNN: {middle[wide, wide]:.0%} is still there, by U."),
        (min(middle[shut, shut], middle[shut, wide]) > 0.9,
         "z shut keeps the past, whatever r does: r decides about the candidate alone."),
    )  # fmt: skip
    print("\nChange BIASES in the code: half open gates drop half of it.")


if __name__ == "__main__":
    run_command(PROG, main)
