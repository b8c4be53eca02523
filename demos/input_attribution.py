"""Which input character mattered for this prediction? Ask the gradient, and then try it out.

A GRU reads a row of characters, one of them behind a marker, and must say at the end which one that
was. Two ways to ask how much step t had to do with it:

    |dL/dx_t|           how the loss would answer to a nudge of x_t, here a one-hot column
    |L(x_t') - L(x)|    how it does answer when the character is replaced by another letter

One sweep gives the first for all steps, and it is what saliency maps show. The second takes a
forward pass for each step, and it is the truth: a character is there or not, it is never nudged.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos import common
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.input_attribution"
LETTERS, STEPS = 8, 20
ALPHABET = "abcdefgh*"
MARKER, ONE_HOT = LETTERS, np.eye(LETTERS + 1)


def draw_rows(rng: np.random.Generator, batch: int) -> tuple[Array, Array, Array]:
    """Return characters (T, B), each row's marked letter (B,), and where it stands (B,)."""
    rows, column = rng.integers(LETTERS, size=(STEPS, batch)), np.arange(batch)
    place = rng.integers(1, STEPS, size=batch)
    rows[place - 1, column] = MARKER
    return rows, rows[place, column], place


class Reader(tr.Module):
    """A GRU and a linear read-out of its last state."""

    def __init__(self, hidden: int, rng: np.random.Generator) -> None:
        self.cell = tr.GRUCell(LETTERS + 1, hidden, update_bias=-2.0, rng=rng)
        self.readout = tr.Linear(hidden, LETTERS, rng=rng)

    def losses(self, x: Array | tr.Tensor, marked: Array) -> tr.Tensor:
        """Return the loss of naming each row's marked letter after the last step, (B,)."""
        logits = self.readout(tr.unroll(self.cell, x, engine="fused").outputs[-1])
        losses: tr.Tensor = tr.f.logsumexp(logits, axis=-1) - logits[range(len(marked)), marked]
        return losses


def by_gradient(reader: Reader, rows: Array, marked: Array) -> Array:
    """Return |dL/dx_t| for every step and row, (T, B)."""
    x = tr.Tensor(ONE_HOT[rows], requires_grad=True, name="x")
    (g,) = tr.grad(reader.losses(x, marked).sum(), [x])
    return np.asarray(np.linalg.norm(g.data, axis=-1))


def by_replacing(reader: Reader, rows: Array, marked: Array, rng: np.random.Generator) -> Array:
    """Return by how much each row's loss moves as the character of step t is replaced, (T, B)."""
    moved = []
    with tr.no_grad():
        before = reader.losses(ONE_HOT[rows], marked).data
        for t in range(STEPS):
            other = rows.copy()
            other[t] = (rows[t] + rng.integers(1, LETTERS, rows.shape[1])) % LETTERS
            moved.append(np.abs(reader.losses(ONE_HOT[other], marked).data - before))
    return np.array(moved)


def main() -> None:
    parser = common.demo_parser(
        "input_attribution", __doc__, hidden=(1, 32), iterations=(0, 250), seeds=(1, 3)
    )
    args = parser.parse_args()
    shares: dict[str, list[Array]] = {}
    with common.output_folder(args.out) as folder:
        for seed in common.progress(range(args.seed, args.seed + args.seeds), "seeds"):
            rng = np.random.default_rng(seed)
            reader = Reader(args.hidden, rng)
            optimizer = tr.Adam(reader.parameters(), lr=0.02)
            rows, marked, place = draw_rows(rng, 200)  # never trained on
            at = np.stack([place - 1, place]), np.arange(200)  # the marker and its letter
            for when in ("before", "after"):
                last = {"gradient": by_gradient(reader, rows, marked)}
                last["replacing"] = by_replacing(reader, rows, marked, rng)
                for how, sizes in last.items():
                    part = sizes / sizes.sum(axis=0)
                    shares.setdefault(f"{how}, {when}", []).append(np.median(part[at], axis=1))
                for _ in range(args.iterations if when == "before" else 0):
                    batch, answers, _ = draw_rows(rng, 32)
                    optimizer.zero_grad()
                    reader.losses(ONE_HOT[batch], answers).mean().backward()
                    tr.clip_grad_norm_(reader.parameters(), 1.0)
                    optimizer.step()
        print("median share of the two steps that matter, of 20: the median over the seeds (range)")
        print("                      the marker            its letter")
        for name, found in shares.items():
            row = (common.spread(column, ".2f") for column in np.transpose(found))
            print(f"{name:<20}  {'  '.join(row)}")
        axes = common.panels(2, 1, 8.0, 2.6, share="all")
        which = int(np.argmin(np.abs(place - STEPS // 2)))
        for ax, (how, sizes) in zip(axes, last.items(), strict=True):
            colours = [common.COLOURS[t in (place[which] - 1, place[which])] for t in range(STEPS)]
            ax.bar(range(STEPS), (sizes / sizes.sum(axis=0))[:, which], color=colours)
            ax.set_xticks(range(STEPS), [(ALPHABET)[c] for c in rows[:, which]])
            common.style_axes(ax, "what is read", "share", f"By {how}, after training")
        common.save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    middle = {name: np.median(found, axis=0) for name, found in shares.items()}
    (before, tried_before, g, tried), account = middle.values(), 1 - middle["gradient, after"].sum()
    common.conclude(
        (max(before.sum(), tried_before.sum()) < 0.15,
         "Before training neither way points at the two steps: they get about 2 of 20."),
        (tried.sum() > 0.97, "Then they are all that counts: replacing another changes nothing."),
        (g[0] < 0.25 < 0.35 < g[1] and g[0] < tried[0] / 1.5,
         f"The gradient finds the letter ({g[1]:.0%}) but hardly the marker ({g[0]:.0%}, where "
         f"replacing it has {tried[0]:.0%}): a nudge is not a change of character."),
        (account > 0.15, f"And it gives {account:.0%} to steps of no account."),
    )  # fmt: skip
    print("\nChange --iterations: how early in training do the two ways part?")


if __name__ == "__main__":
    common.run_command(PROG, main)
