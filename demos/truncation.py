"""What does truncated BPTT cut off, and how wrong does the gradient become?

Truncation runs forward as ever, but after every k steps it cuts the graph: the state goes on, no
gradient comes back (Williams & Peng 1990). That bounds the memory, and drops from

    dL/dU = sum over t, s <= t of (how step s's use of U moved the loss at t)

all terms with a cut between s and t. How much that is depends on how far the gradient would have
come: a network that forgets loses little, one that remembers loses what it remembers by.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import (
    lines,
    output_folder,
    panels,
    progress,
    read_text,
    reading_parser,
    run,
    save,
)
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.truncation"


def gradient(
    cell: Any, readout: tr.Parameter, inputs: Array, classes: Array, k: int | None
) -> tuple[Array, tr.Tensor]:
    """Return dL/dU and the loss, the mean over the predictions at all steps."""
    unrolled = tr.unroll(cell, inputs, truncate=k)
    loss = tr.cross_entropy(tr.f.linear(unrolled.outputs, readout), classes)
    loss.name = "loss"
    return tr.grad(loss, [cell.weight_hh])[0].data, loss


def main() -> None:
    args = reading_parser("truncation", __doc__, least=6, steps=64).parse_args()
    with output_folder(args.out) as folder:
        inputs, classes, alphabet = read_text(args.steps)
        letters, hidden = len(alphabet), args.hidden
        rng = np.random.default_rng(args.seed)
        readout = tr.Parameter(tr.init.glorot_uniform(rng, (letters, hidden)), name="readout")
        cells: dict[str, Any] = {
            "RNN": tr.RNNCell(letters, hidden, rng=rng),
            "RNN, orthogonal": tr.RNNCell(letters, hidden, rng=rng),
            "LSTM, forget bias 4": tr.LSTMCell(letters, hidden, forget_bias=4.0, rng=rng),
        }
        cells["RNN, orthogonal"].weight_hh.data = tr.init.orthogonal(rng, hidden, gain=1.3)
        lengths = [2**n for n in range(args.steps.bit_length()) if 2**n < args.steps] + [args.steps]
        errors: dict[str, list[float]] = {}
        cosines: dict[str, list[float]] = {}
        for name, cell in cells.items():
            full, loss = gradient(cell, readout, inputs, classes, None)
            errors[name], cosines[name] = [], []
            for k in progress(lengths, name):
                cut, same = gradient(cell, readout, inputs, classes, k)
                assert same.item() == loss.item()  # the forward pass is the same
                errors[name].append(float(np.linalg.norm(cut - full) / np.linalg.norm(full)))
                sizes = np.linalg.norm(cut) * np.linalg.norm(full)
                cosines[name].append(float((cut * full).sum() / sizes))
        print("relative error of dL/dU (and its cosine to the full one), cut after every k steps")
        print("     k  " + "".join(f"{name:>21}" for name in cells))
        for n, k in enumerate(lengths):
            row = (f"{errors[name][n]:.1e} ({cosines[name][n]:.3f})" for name in cells)
            print(f"{k:6}  " + "".join(f"{cell:>21}" for cell in row))

        left, right = panels(1, 2)
        label = ("k, steps between cuts", "|cut - full| / |full|")
        lines(errors, lengths, label, "Relative error of dL/dU", log=True, ax=left)
        label = ("k, steps between cuts", "cosine of cut and full")
        lines(cosines, lengths, label, "Does it still point the same way?", ax=right)
        for ax in (left, right):
            ax.set_xscale("log", base=2)
        save(left, folder / "chart.svg")
        last = tr.unroll(cells["RNN"], inputs[:6], truncate=3).hidden[-1]
        loss = tr.cross_entropy(tr.f.linear(last, readout), classes[5])
        title = "Cut after every 3 steps, loss at the last: nothing comes back to t = 2"
        viz.draw(loss, tr.trace(loss), steps="all", title=title).save(folder / "graph.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}\n\n{CLOSING}")


CLOSING = """\
Look at the cut in graph.svg, and in the table at how fast each column falls. k = T cuts nothing:
the error is exactly 0. The forgetting RNN needs few steps for a nearly right gradient; for the two
that remember, the same k leaves out more. The loss itself never shows it: the forward pass is the
same.
Change --steps, or the orthogonal gain in the code."""


if __name__ == "__main__":
    run(PROG, main)
