"""What does truncated BPTT cut off, and how wrong does the gradient become?

Truncation runs forward as ever, but after every k steps it cuts the graph: the state goes on, no
gradient comes back (Williams & Peng 1990). That bounds the memory, and drops from

    dL/dU = sum over t, s <= t of (how step s's use of U moved the loss at t)

all terms with a cut between s and t. How much that is depends on how far the gradient would have
come: a network that forgets loses little, one that remembers loses what it remembers by.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos import common
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.truncation"


def orthogonal(letters: int, hidden: int, rng: np.random.Generator) -> tr.RNNCell:
    """Return an RNN whose U is 1.3 times an orthogonal matrix, to make up for what tanh' takes."""
    cell = tr.RNNCell(letters, hidden, rng=rng)
    cell.weight_hh.data = tr.init.orthogonal(rng, hidden, gain=1.3)
    return cell


CELLS: dict[str, Any] = {
    "RNN": tr.RNNCell,
    "RNN, U = 1.3 Q": orthogonal,
    "LSTM, forget bias 4": partial(tr.LSTMCell, forget_bias=4.0),
}


def gradient(
    cell: Any, readout: tr.Parameter, inputs: Array, classes: Array, k: int | None
) -> tuple[Array, tr.Tensor]:
    """Return dL/dU and the loss, the mean over the predictions at all steps."""
    unrolled = tr.unroll(cell, inputs, truncate=k)
    loss = tr.cross_entropy(tr.f.linear(unrolled.outputs, readout), classes)
    loss.name = "loss"
    return tr.grad(loss, [cell.weight_hh])[0].data, loss


def main() -> None:
    args = common.reading_parser("truncation", __doc__, least=8, steps=64, seeds=5).parse_args()
    with common.output_folder(args.out) as folder:
        inputs, classes, alphabet = common.read_text(args.steps)
        letters, T = len(alphabet), args.steps
        lengths = [2**n for n in range(T.bit_length()) if 2**n < T] + [T]
        errors = {name: np.zeros((len(lengths), args.seeds)) for name in CELLS}
        cosines = {name: np.zeros((len(lengths), args.seeds)) for name in CELLS}
        unseen = True
        for (name, make), n in common.progress(list(product(CELLS.items(), range(args.seeds))), ""):
            rng = np.random.default_rng(args.seed + n)
            readout = tr.Parameter(tr.init.glorot_uniform(rng, (letters, args.hidden)), name="V")
            cell = make(letters, args.hidden, rng=rng)
            full, loss = gradient(cell, readout, inputs, classes, None)
            for at, k in enumerate(lengths):
                cut, same = gradient(cell, readout, inputs, classes, k)
                unseen &= same.item() == loss.item()
                sizes = np.linalg.norm(cut), np.linalg.norm(full)
                errors[name][at, n] = np.linalg.norm(cut - full) / sizes[1]
                cosines[name][at, n] = (cut * full).sum() / (sizes[0] * sizes[1])
        print(f"relative error of dL/dU (and its cosine to the full one), medians of {args.seeds}")
        print("     k  " + "".join(f"{name:>21}" for name in CELLS))
        error, cosine = ({c: np.median(x, 1) for c, x in y.items()} for y in (errors, cosines))
        for n, k in enumerate(lengths):
            row = (f"{error[name][n]:.2f} ({cosine[name][n]:.3f})" for name in CELLS)
            print(f"{k:6}  " + "".join(f"{text:>21}" for text in row))
        left, right = common.panels(1, 2)
        label = ("k, steps between cuts", "|cut - full| / |full|")
        common.lines(errors, lengths, label, "Relative error of dL/dU", ax=left)
        label = ("k, steps between cuts", "cosine of cut and full")
        common.lines(cosines, lengths, label, "Does it still point the same way?", ax=right)
        for ax in (left, right):
            ax.set_xscale("log", base=2)
        common.save(left, folder / "chart.svg")
        last = tr.unroll(
            CELLS["RNN"](letters, args.hidden, rng=rng), inputs[:6], truncate=3
        ).hidden[-1]
        loss = tr.cross_entropy(tr.f.linear(last, readout), classes[5])
        title = "Cut after every 3 steps, loss at the last: nothing comes back to t = 2"
        viz.draw(loss, tr.trace(loss), steps="all", title=title).save(folder / "graph.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}")
    forgets, *keep = ({"error": error[c], "cosine": cosine[c]} for c in CELLS)
    half = lengths.index(2 ** ((T - 1).bit_length() - 2))
    common.conclude(
        (all(e[-1] == 0 for e in error.values()), "k = T cuts nothing: the error is exactly 0."),
        (forgets["error"][half] < 0.2 and forgets["cosine"][half] > 0.98,
         f"The RNN, which forgets, comes near the full gradient with k = {lengths[half]}: "
         f"cosine {forgets['cosine'][half]:.2f}."),
        (all(k["error"][half] > 0.6 for k in keep),
         "Where the gradient keeps, the same k leaves out most of it: cosines "
         f"{' and '.join(format(k['cosine'][half], '.2f') for k in keep)}."),
        (unseen,
         "The loss never shows it: forward, each cut run gave the same loss as the full one."),
    )  # fmt: skip
    print("\nChange --steps, or the factor 1.3 in the code: what does 1 do?")


if __name__ == "__main__":
    common.run_command(PROG, main)
