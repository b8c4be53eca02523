"""Should h_0 be zero or learned? It matters as long as the network still remembers it.

The same wave is to be said from the first step on, without any input. From h_0 = 0 the network has
nothing to tell it where the wave begins but b; a learned h_0 starts on it. Later both are the same.
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

PROG = "python -m demos.first_state"


def errors(steps: int, iterations: int, learned: bool, seed: int) -> tuple[Array, float]:
    """Return the squared error at every step after training, and |dL/dh_0| before it."""
    rng = np.random.default_rng(seed)
    cell = tr.RNNCell(1, 8, rng=rng, learn_state=learned)
    cell.weight_hh.data = tr.init.orthogonal(rng, 8)
    readout = tr.Linear(8, 1, rng=rng)
    optimiser = tr.Adam([*cell.parameters(), *readout.parameters()], lr=0.005)
    nothing = np.zeros((steps, 1, 1))
    wave = np.cos(2 * np.pi * np.arange(steps) / 8)[:, np.newaxis, np.newaxis]
    first = 0.0
    for k in range(iterations):
        optimiser.zero_grad()
        said = readout(tr.unroll(cell, nothing, engine="fused").outputs)
        tr.mse_loss(said, wave).backward()
        if k == 0 and learned:
            first = float(np.linalg.norm(getattr(cell, "h_0").grad))  # noqa: B009  # made if asked
        optimiser.step()
    with tr.no_grad():
        said = readout(tr.unroll(cell, nothing).outputs)
    return np.asarray(np.square(said.data - wave)[:, 0, 0]), first


def main() -> None:
    parser = demo_parser("first_state", __doc__, steps=(8, 24), iterations=(1, 400), seeds=(1, 5))
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    with output_folder(args.out) as folder:
        found, sizes = {}, []
        for name, learned in {"h_0 zero": False, "h_0 learned": True}.items():
            studies = [
                errors(args.steps, args.iterations, learned, seed) for seed in progress(seeds, name)
            ]
            found[name] = np.array([error for error, _ in studies])
            sizes += [size for _, size in studies if learned]
            early, late = found[name][:, :3].mean(axis=1), found[name][:, -8:].mean(axis=1)
            print(f"{name:<12} error of steps 0 to 2  {spread(early, '.1e')}")
            print(f"{'':<12} of the last eight steps {spread(late, '.1e')}")
        middle = {name: np.median(error, axis=0) for name, error in found.items()}
        labels = ("time step t", "squared error, median over seeds")
        ax = lines(middle, range(args.steps), labels, "After training", log=True)
        save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    zero, learned_ = (np.median(e[:, :3].mean(axis=1)) for e in found.values())
    conclude(
        (min(sizes) > 0, "A gradient reaches h_0: it is learned as any parameter, by BPTT."),
        (learned_ < zero / 2,
         f"Learned, the first three steps are {zero / learned_:.0f} times less wrong."),
    )  # fmt: skip
    print("\nChange the wave's 8 in the code. Where the first inputs say it all, zero is enough.")


if __name__ == "__main__":
    run_command(PROG, main)
