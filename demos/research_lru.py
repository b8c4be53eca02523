"""Orvieto et al. 2023: does a linear recurrence on a ring of eigenvalues keep its gradient?

Published: a Glorot matrix has its eigenvalues evenly on the unit disk (the circular law), so many
are small; drawn on the ring from r_min = 0.9 to r_max = 0.999 they keep, and with
gamma = sqrt(1 - |lambda|^2) the state's size stays 1 for white inputs, at any length.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos._research import Reproduced, reproduce, seeds_of
from demos.common import lines, run_command, spread
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.research_lru"
LOW, HIGH, LEAST = 0.9, 0.999, 0.01**0.01  # LEAST to the power of 100 is 1 %


def draw(args: Any, seed: int) -> tuple[Array, Array, float]:
    """Return the |eigenvalues| of a Glorot matrix, those on the ring, and the state's size."""
    rng = np.random.default_rng(seed)
    disk = np.abs(np.linalg.eigvals(tr.init.glorot_normal(rng, (args.hidden, args.hidden))))
    ring = np.sqrt(rng.uniform(LOW**2, HIGH**2, args.hidden))  # evenly on the ring's area
    x = np.sqrt(1 - ring**2) * rng.standard_normal((4 * args.steps, args.hidden))
    return np.sort(disk), np.sort(ring), np.std(tr.f.linear_recurrence(ring, x)[-args.steps :])


def study(args: Any) -> Reproduced:
    disk, ring, size = map(np.array, zip(*(draw(args, k) for k in seeds_of(args)), strict=True))
    radius, small = disk.max(axis=1), (disk < 0.5).mean(axis=1)  # evenly on the disk: a quarter
    keeps = [(moduli > LEAST).mean(axis=1) for moduli in (disk, ring)]
    law = 1 - LEAST**2, (HIGH**2 - LEAST**2) / (HIGH**2 - LOW**2)
    rows = [
        ("largest |eigenvalue|, Glorot", "1", spread(radius, ".2f")),
        ("share of them below 1/2, Glorot", "0.25", spread(small, ".2f")),
        ("size of the state, with gamma", "1", spread(size, ".2f")),
        ("keep 1 % over 100 steps, Glorot", f"{law[0]:.2f}", spread(keeps[0], ".2f")),
        ("keep 1 % over 100 steps, ring", f"{law[1]:.2f}", spread(keeps[1], ".2f")),
    ]
    off = [np.median(x) - y for x, y in ((radius, 1), (small, 0.25), (size, 1))]
    few, many = (np.median(share) for share in keeps)
    labels, title = ("unit, in order", "|eigenvalue|"), "A disk and a ring"
    series = {"Glorot": disk.T, "ring": ring.T}
    return Reproduced(rows, lines(series, range(args.hidden), labels, title), [
        (np.abs(off).max() < 0.15, "The disk, and the state's size, are as published."),
        (many > 3 * few, f"On the ring {many:.0%} of the units remember 100 steps, not {few:.0%}."),
    ])  # fmt: skip


def main() -> None:
    change = "LOW and HIGH in the code."
    reproduce("research_lru", __doc__, study, change,
              steps=(2, 400), hidden=(2, 200), seeds=(1, 5))  # fmt: skip


if __name__ == "__main__":
    run_command(PROG, main)
