"""Whose step shaped dL/dW? In most untrained networks: the last few.

    dL/dU = sum over t of (dL/dU)_t,        (dL/dU)_t = a_t h_{t-1}^T

A step's term is as large as the gradient that comes back to it. Where gradients fade, the sum is
made by the last steps before the loss, and an update cannot see what happened earlier: the network
learns from the recent past, whatever the text says. Here the loss is that of one prediction after
the last character.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz.charts
from demos.common import (
    conclude,
    lines,
    output_folder,
    panels,
    progress,
    read_text,
    reading_parser,
    run_command,
    save,
)

PROG = "python -m demos.recency"


def main() -> None:
    args = reading_parser("recency", __doc__, least=2, steps=60).parse_args()
    with output_folder(args.out) as folder:
        inputs, classes, alphabet = read_text(args.steps)
        letters, hidden = len(alphabet), args.hidden
        rng = np.random.default_rng(args.seed)
        readout = tr.init.glorot_uniform(rng, (letters, hidden))
        cells: dict[str, Any] = {
            "RNN": tr.RNNCell(letters, hidden, rng=rng),
            "GRU, update bias 0": tr.GRUCell(letters, hidden, rng=rng),
            "LSTM, forget bias 1": tr.LSTMCell(letters, hidden, rng=rng),
            "LSTM, forget bias 4": tr.LSTMCell(letters, hidden, forget_bias=4.0, rng=rng),
            "GRU, update bias -4": tr.GRUCell(letters, hidden, update_bias=-4.0, rng=rng),
        }
        so_far, flows = {}, {}
        print("                     share of the last 5   steps before the loss that")
        print("cell                 steps in all terms    hold 90 % of all terms")
        for name, cell in progress(list(cells.items()), "cells"):
            unrolled = tr.unroll(cell, inputs)
            logits = tr.f.linear(unrolled.hidden[-1], readout)
            flow = flows[name] = tr.trace(tr.cross_entropy(logits, classes[-1]))
            sizes = np.zeros(args.steps)
            for edge in flow.edges:
                if edge.source is cell.weight_hh:
                    t = next(part.index for part in edge.consumer.scope if part.name == "t")
                    sizes[t or 0] += edge.l2
            held = np.cumsum(sizes[::-1]) / sizes.sum()
            so_far[name] = held
            needed = int(np.searchsorted(held, 0.9)) + 1
            print(f"{name:<20} {held[min(5, args.steps) - 1]:19.0%}   {needed:10} of {args.steps}")

        whole_sum, *bars = panels(1, 3, 5.0, 4.2)
        lines(
            so_far,
            range(1, args.steps + 1),
            ("the last k steps", "share of all terms' norms"),
            "How much of dL/dU the last k steps make",
            ax=whole_sum,
        )
        for ax, name in zip(bars, ("RNN", "LSTM, forget bias 4"), strict=True):
            viz.charts.shares(flows[name], cells[name].weight_hh, ax=ax, title=name)
        save(whole_sum, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    steps = {name: int(np.searchsorted(held, 0.9)) + 1 for name, held in so_far.items()}
    rnn, gru, lstm, *keep = steps.values()
    conclude(
        (rnn < args.steps / 6,
         f"The RNN's gradient is that of its last {rnn} steps, up to a tenth: the text before "
         "them could be another one."),
        (gru < args.steps / 6 and rnn < lstm < args.steps / 2,
         f"The GRU with bias 0 sees {gru} steps, the LSTM with bias 1 {lstm}."),
        (min(keep) > args.steps / 2,
         f"Only the two that keep let early steps take part: {keep[0]} and {keep[1]} steps."),
    )  # fmt: skip
    print("\nA bar below 0 pulls against the sum. Change --steps: does the RNN's number stay?")


if __name__ == "__main__":
    run_command(PROG, main)
