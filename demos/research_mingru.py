"""Feng et al. 2024: what does a minimal GRU save, in parameters and in time?

Published: for a state of 1, 2, 3, 4 times the input, minGRU has 33, 22, 17, 13 % of a GRU's
parameters (without biases); and trained as a scan on a GPU, at 512 steps, it is 175 times faster.

    z = sigmoid(W_z x_t),  n = W_n x_t,  h_t = (1 - z) * h_{t-1} + z * n
"""

from __future__ import annotations

from time import perf_counter

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

PROG = "python -m demos.research_mingru"


def min_gru(x: Array, W: tr.Parameter) -> tr.Tensor:
    z, n = np.split(x @ W.T, 2, axis=-1)  # for all steps at once: nothing here depends on h
    z = tr.f.sigmoid(z)
    return tr.f.linear_recurrence(1 - z, z * n)  # type: ignore[no-any-return]  # a tensor of tensors


def main() -> None:
    args = demo_parser("research_mingru", __doc__, steps=(2, 512), seeds=(1, 5)).parse_args()
    with output_folder(args.out) as folder:
        size, shares = 32, []
        for times, published in zip((1, 2, 3, 4), (33, 22, 17, 13), strict=True):
            W = tr.Parameter(np.zeros((2 * times * size, size)))
            gru = tr.GRUCell(size, times * size, bias=False)
            shares.append(100 * W.size / sum(p.size for p in gru.parameters()))
            print(
                f"parameters, state {times} x input: published {published} %, ours "
                f"{shares[-1]:.0f} %"
            )
        rng = np.random.default_rng(args.seed)
        x, W = (
            rng.standard_normal((args.steps, 8, size)),
            tr.Parameter(rng.standard_normal((2 * size, size))),
        )
        cell, ratios = tr.GRUCell(size, size, rng=rng), []
        for _ in progress(
            range(args.seeds), "timing"
        ):  # one after the other, so that load hits both
            start = perf_counter()
            tr.unroll(cell, x).outputs.sum().backward()
            between = perf_counter()
            min_gru(x, W).sum().backward()
            ratios.append((between - start) / (perf_counter() - between))
        print(
            f"time of a GRU, step by step, over that of minGRU: published 175 (GPU), ours "
            f"{spread(ratios, '.0f')}"
        )
        save(
            lines(
                {"ours": shares, "published": [33, 22, 17, 13]},
                range(1, 5),
                ("state / input", "% of a GRU's parameters"),
                "minGRU",
            ),
            folder / "chart.svg",
        )
    conclude(
        (
            bool(np.abs(np.array(shares) - [33, 22, 17, 13]).max() < 1),
            "The parameters are as published.",
        ),
        (
            np.median(ratios) > 2,
            f"On one processor it is {np.median(ratios):.0f} times faster, not 175: there a "
            f"scan has no thousand cores.",
        ),
    )
    print("\nChange --steps: on one processor the ratio hardly depends on it.")


if __name__ == "__main__":
    run_command(PROG, main)
