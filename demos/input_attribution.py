"""Which input character mattered for this prediction? Ask the gradient at each input.

The network reads a row of characters, one of them behind a marker, and must say at the end which
one that was. The inputs are tensors that require a gradient, so the sweep goes on to them:

    dL/dx_t    how the loss would answer to a nudge of x_t, here a one-hot column

Its norm is the sensitivity to step t. Before training it tells how the cell fades; after training
it should point at the two steps that matter: the marker, and the character behind it. That
is a first-order answer: it says what a small change does, not what the character was worth.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import demo_parser, output_folder, panels, progress, run, save, whole
from tinygrad_rnn.tensor import Array
from viz.charts.axes import COLOURS, dress

PROG = "python -m demos.input_attribution"
LETTERS = "abcdefgh"
ALPHABET = LETTERS + "*"


def draw_rows(rng: np.random.Generator, steps: int, batch: int) -> tuple[Array, Array, Array]:
    """Return characters (T, B), each row's marked letter (B,), and where it stands (B,)."""
    rows = rng.integers(len(LETTERS), size=(steps, batch))
    place = rng.integers(1, steps, size=batch)
    marked = rows[place, np.arange(batch)]
    rows[place - 1, np.arange(batch)] = ALPHABET.index("*")
    return rows, marked, place


class Reader(tr.Module):
    """A GRU and a linear read-out of its last state."""

    def __init__(self, hidden: int, rng: np.random.Generator) -> None:
        self.cell = tr.GRUCell(len(ALPHABET), hidden, update_bias=-2.0, rng=rng)
        self.readout = tr.Linear(hidden, len(LETTERS), rng=rng)

    def loss(self, x: Any, marked: Array) -> tr.Tensor:
        """Return the loss of naming the marked letters after the last step."""
        last = tr.unroll(self.cell, x, engine="fused").outputs[-1]
        return tr.cross_entropy(self.readout(last), marked)


def sensitivity(reader: Reader, rows: Array, marked: Array) -> Array:
    """Return the norm of dL/dx_t for every step and row, (T, B)."""
    x = tr.Tensor(np.eye(len(ALPHABET))[rows], requires_grad=True, name="x")
    (g,) = tr.grad(reader.loss(x, marked), [x])
    return np.asarray(np.linalg.norm(g.data, axis=-1))


def main() -> None:
    parser = demo_parser("input_attribution", __doc__)
    add = parser.add_argument
    add("--steps", metavar="N", type=whole(4, 60), default=20, help="characters to read")
    add("--hidden", metavar="N", type=whole(1, 256), default=32, help="hidden size")
    add("--iterations", metavar="N", type=whole(0, 100_000), default=250, help="of training")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        reader = Reader(args.hidden, rng)
        optimizer = tr.Adam(reader.parameters(), lr=0.02)
        rows, marked, place = draw_rows(rng, args.steps, 200)  # never trained on
        found = {"before training": sensitivity(reader, rows, marked)}
        for _ in progress(range(args.iterations), "training"):
            batch, answers, _ = draw_rows(rng, args.steps, 32)
            optimizer.zero_grad()
            reader.loss(np.eye(len(ALPHABET))[batch], answers).backward()
            tr.clip_grad_norm_(reader.parameters(), 1.0)
            optimizer.step()
        found[f"after {args.iterations} iterations"] = sensitivity(reader, rows, marked)

        with tr.no_grad():
            logits = reader.readout(tr.unroll(reader.cell, np.eye(len(ALPHABET))[rows]).final)
        right = np.mean(logits.data.argmax(axis=-1) == marked)
        print(f"right on new rows after training: {right:.0%} (by chance {1 / len(LETTERS):.0%})")
        print(f"share of sum |dL/dx_t| at the two steps that matter, of {args.steps}:")
        axes = panels(2, 1, 8.0, 2.6)
        which = int(np.argmin(np.abs(place - args.steps // 2)))
        text = [ALPHABET[c] for c in rows[:, which]]
        for ax, (name, norms) in zip(axes, found.items(), strict=True):
            shares = norms / norms.sum(axis=0)
            row = np.arange(len(place))
            share = np.median(shares[place, row] + shares[place - 1, row])
            print(f"  {name:<24} {share:.0%}  (median over 200 rows)")
            matters = [t in (place[which], place[which] - 1) for t in range(args.steps)]
            ax.bar(range(args.steps), shares[:, which], color=[COLOURS[k] for k in matters])
            ax.set_xticks(range(args.steps), text)
            dress(ax, "what is read", "share of |dL/dx$_t$|", name.capitalize())
        save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg, for the row {''.join(text)}, into\n{args.out}\n\n{CLOSING}")


CLOSING = """\
Look at the orange bars, the marker and its letter. Before training the bars fall with the distance
from the end, whatever was read; after training the gradient points at what mattered.
Change --iterations: stop early, and the bars tell how far it has come. And --seed."""


if __name__ == "__main__":
    run(PROG, main)
