"""Orvieto et al. 2023: does a linear recurrence on a ring of eigenvalues keep its gradient?

Published: a Glorot matrix has its eigenvalues evenly on the unit disk (the circular law), so many
are small; drawn on the ring from r_min = 0.9 to r_max = 0.999 they keep, and with
gamma = sqrt(1 - |lambda|^2) the state's size stays 1 for white inputs, at any length.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save, spread

PROG = "python -m demos.research_lru"
LOW, HIGH = 0.9, 0.999


def main() -> None:
    parser = demo_parser("research_lru", __doc__, steps=(2, 400), hidden=(2, 200), seeds=(1, 5))
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        radii, small, sizes, series = [], [], [], {}
        keeps: dict[str, list[float]] = {"Glorot": [], "ring": []}
        for seed in range(args.seed, args.seed + args.seeds):
            rng = np.random.default_rng(seed)
            disk = np.abs(np.linalg.eigvals(tr.init.glorot_normal(rng, (args.hidden, args.hidden))))
            radii.append(disk.max())
            small.append(np.mean(disk < 0.5))  # evenly on the disk: a quarter
            ring = np.sqrt(rng.uniform(LOW**2, HIGH**2, args.hidden))  # evenly on the ring
            for name, moduli in {"Glorot": disk, "ring": ring}.items():
                keeps[name].append(float(np.mean(moduli**100 > 0.01)))
                series[name] = np.sort(moduli)
            x = np.sqrt(1 - ring**2) * rng.standard_normal((4 * args.steps, args.hidden))
            sizes.append(np.std(tr.f.linear_recurrence(ring, x)[-args.steps :]))
        least = 0.01**0.01
        law = {"Glorot": 1 - least**2, "ring": (HIGH**2 - least**2) / (HIGH**2 - LOW**2)}
        print("                                     published    ours")
        print(f"largest |eigenvalue|, Glorot         1            {spread(radii, '.2f')}")
        print(f"share of them below 1/2, Glorot      0.25         {spread(small, '.2f')}")
        print(f"size of the state, with gamma        1            {spread(sizes, '.2f')}")
        for name, found in keeps.items():
            print(
                f"keep 1 % over 100 steps, {name:<11} {law[name]:.2f}         "
                f"{spread(found, '.2f')}"
            )
        labels = ("unit, in order", "|eigenvalue|")
        ax = lines(series, range(args.hidden), labels, "A disk and a ring")
        save(ax, folder / "chart.svg")
    conclude(
        (
            abs(np.median(radii) - 1) < 0.12
            and abs(np.median(small) - 0.25) < 0.05
            and abs(np.median(sizes) - 1) < 0.15,
            "The disk, and the state's size, are as published.",
        ),
        (
            np.median(keeps["ring"]) > 3 * np.median(keeps["Glorot"]),
            "On the ring several times as many units remember over 100 steps.",
        ),
    )
    print("\nChange LOW and HIGH in the code.")


if __name__ == "__main__":
    run_command(PROG, main)
