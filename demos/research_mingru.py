"""Feng et al. 2024: what does a minimal GRU save, in parameters and in time?

Published: for a state of 1, 2, 3, 4 times the input, minGRU has 33, 22, 17, 13 % of a GRU's
parameters (without biases); and trained as a scan on a GPU, at 512 steps, it is 175 times faster.

    z = sigmoid(W_z x_t),  n = W_n x_t,  h_t = (1 - z) * h_{t-1} + z * n
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos._research import Reproduced, reproduce, seeds_of
from demos.common import lines, run_command, spread

PROG = "python -m demos.research_mingru"
PUBLISHED, SIZE = {1: 33, 2: 22, 3: 17, 4: 13}, 32


def min_gru(x: Any, W: tr.Parameter) -> Any:
    z, n = np.split(x @ W.T, 2, axis=-1)  # for all steps at once: nothing here depends on h
    return tr.f.linear_recurrence(1 - tr.f.sigmoid(z), tr.f.sigmoid(z) * n)


def ratio(args: Any, seed: int) -> float:
    """Return the time of a GRU, step by step, over that of minGRU, both there and back."""
    rng = np.random.default_rng(seed)
    x, W = rng.standard_normal((args.steps, 8, SIZE)), rng.standard_normal((2 * SIZE, SIZE))
    cell, start = tr.GRUCell(SIZE, SIZE, rng=rng), perf_counter()
    tr.unroll(cell, x).outputs.sum().backward()
    between = perf_counter()
    min_gru(x, tr.Parameter(W)).sum().backward()
    return (between - start) / (perf_counter() - between)


def study(args: Any) -> Reproduced:
    shares, ratios = [], [ratio(args, seed) for seed in seeds_of(args)]
    for times in PUBLISHED:
        gru = tr.GRUCell(SIZE, times * SIZE, bias=False)
        shares.append(100 * 2 * times * SIZE**2 / sum(p.size for p in gru.parameters()))
    rows = [(f"% of a GRU's parameters, state {times} x input", f"{PUBLISHED[times]}", f"{x:.0f}")
            for times, x in zip(PUBLISHED, shares, strict=True)]  # fmt: skip
    rows.append(("times faster than a GRU", "175 (GPU)", f"{spread(ratios, '.0f')} (here)"))
    both: dict[str, Any] = {"ours": shares, "published": list(PUBLISHED.values())}
    ax = lines(both, list(PUBLISHED), ("state / input", "% of a GRU's parameters"), "minGRU")
    off, faster = np.abs(np.subtract(*both.values())).max(), np.median(ratios)
    return Reproduced(rows, ax, [
        (off < 1, "The parameters are as published."),
        (2 < faster < 175, f"On one processor it is {faster:.0f} times faster, not 175: a scan "
         "has no thousand cores here."),
    ])  # fmt: skip


def main() -> None:
    change = "--steps: on one processor the ratio hardly depends on it."
    reproduce("research_mingru", __doc__, study, change, steps=(2, 512), seeds=(1, 5))


if __name__ == "__main__":
    run_command(PROG, main)
