"""What does padding do to the last state, the loss and the gradient? Nothing, if lengths are told.

Sequences of unequal length are filled up with zeros to make one array (T, B, I). A network that
is not told reads on through the zeros: its last state is no longer that of the last real step, and
a mean over all steps counts steps that are none. `lengths=` freezes each state after its last step;
a mask keeps the padding out of the loss. With lengths, `final` and `outputs[-1]` are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save

PROG = "python -m demos.padding"
LENGTHS = (12, 7, 3)


def main() -> None:
    args = demo_parser("padding", __doc__, hidden=(1, 8)).parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        cell, readout = tr.GRUCell(2, args.hidden, rng=rng), tr.Linear(args.hidden, 4, rng=rng)
        steps, batch = max(LENGTHS), len(LENGTHS)
        real = np.arange(steps)[:, np.newaxis] < np.array(LENGTHS)  # the mask, (T, B)
        values = np.where(real[..., np.newaxis], rng.standard_normal((steps, batch, 2)), 0.0)
        classes = rng.integers(0, 4, (steps, batch))
        x = tr.Tensor(values, requires_grad=True, name="x")
        told, untold = tr.unroll(cell, x, lengths=LENGTHS), tr.unroll(cell, values)
        alone = [
            tr.unroll(cell, values[:length, [k]]) for k, length in enumerate(LENGTHS)
        ]  # each without any padding
        last = np.concatenate([one.final.data for one in alone])
        apart = [float(np.abs(s.final.data - last).max()) for s in (told, untold)]
        print(f"the last states are off by {apart[0]:g} with lengths, by {apart[1]:.2f} without")

        def loss(outputs: Any, where: Any, classes: Any) -> tr.Tensor:
            """The mean over those steps that count: flat, so that a mask can choose."""
            return tr.cross_entropy(readout(outputs)[where], classes[where])

        masked = loss(told.outputs, real, classes)
        every = loss(told.outputs, np.ones_like(real), classes)
        parts = [
            loss(one.outputs, np.ones((length, 1), bool), classes[:length, [k]]).item() * length
            for k, (one, length) in enumerate(zip(alone, LENGTHS, strict=True))
        ]
        truth = sum(parts) / sum(LENGTHS)
        print(f"the loss a real step: {truth:.6f}; masked {masked.item():.6f}; ", end="")
        print(f"over the padding, too: {every.item():.6f}")
        masked.backward()
        assert x.grad is not None
        sent = np.abs(x.grad).sum(axis=-1)
        print(f"largest gradient at a padded input: {np.max(sent[~real]):g}")
        same = bool((told.outputs.data[-1] == told.final.data).all())
        series = {f"length {length}": sent[:, k] for k, length in enumerate(LENGTHS)}
        title = "Padding gets a gradient of exactly zero"
        save(lines(series, range(steps), ("time step t", "|dL/dx_t|"), title), folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    conclude(
        (apart[0] < 1e-12 and apart[1] > 0.01,
         "With lengths each sequence ends as if it were alone; without, it reads on."),
        (abs(masked.item() - truth) < 1e-12 and abs(every.item() - truth) > 1e-6,
         "The mean over what the mask leaves is the true loss a step; over all steps it is not."),
        (np.max(sent[~real]) == 0, "No gradient reaches the padding: exactly 0, not nearly."),
        (same, "outputs[-1] is final: the last state is repeated through the padding."),
    )  # fmt: skip
    print("\nChange LENGTHS in the code; a length of 0 is allowed.")


if __name__ == "__main__":
    run_command(PROG, main)
