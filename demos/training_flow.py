"""What does training do to the flow of gradients? Before, during and after, on one page.

A GRU reads a row of letters and must say at the end which came first: it has to learn to keep.
Before training its gates are half open, and what its answer owes to the first step has faded.
Training changes the Jacobians through which it itself works,

    dh_t/dh_{t-1} = diag(1 - z) + what goes through the candidate and the gates,

and it can do that in the gates or in the weights: the last column tells.

What is drawn is the flow of the right answer's logit, not of the loss: a loss that has been learned
sends back next to nothing, whatever the path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz.page
from demos.common import (
    conclude,
    demo_parser,
    int_between,
    output_folder,
    progress,
    run_command,
    save,
)
from tinygrad_rnn.analysis import activations, decades_per_step

PROG = "python -m demos.training_flow"
LETTERS = 4


class Answerer(tr.Module):
    """A GRU and a linear read-out of its last state."""

    def __init__(self, hidden: int, rng: np.random.Generator) -> None:
        self.cell = tr.GRUCell(LETTERS, hidden, rng=rng)
        self.readout = tr.Linear(hidden, LETTERS, rng=rng)

    def logits(self, rows: Any) -> Any:
        """Return the answer's logits (B, letters) to rows (T, B)."""
        return self.readout(tr.unroll(self.cell, np.eye(LETTERS)[rows], engine="fused").outputs[-1])


def main() -> None:
    parser = demo_parser("training_flow", __doc__)
    add = parser.add_argument
    add("--steps", metavar="N", type=int_between(2, 60), default=10, help="letters to read")
    add("--hidden", metavar="N", type=int_between(1, 256), default=24, help="hidden size")
    add("--iterations", metavar="N", type=int_between(2, 100_000), default=300, help="of training")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        model = Answerer(args.hidden, rng)
        optimizer = tr.Adam(model.parameters(), lr=0.01)
        rows = rng.integers(LETTERS, size=(args.steps, 500))  # never trained on
        shown = {
            k * args.iterations // 4: f"{k * args.iterations // 4} iterations" for k in range(5)
        }
        flows, drawn, found = {}, {}, []
        print("iterations  right  decades per step back  first/last  mean 1 - z")
        for k in progress(range(args.iterations + 1), "training"):
            if k in shown:
                unrolled = tr.unroll(model.cell, np.eye(LETTERS)[rows[:, :1]])
                score = model.readout(unrolled.final)[0, rows[0, 0]]
                score.name = "answer"
                flow = tr.trace(score)
                norms = flow.through_time(unrolled)["h"]
                flows[shown[k]], drawn[shown[k]] = flow, score
                with tr.no_grad():
                    right = np.mean(model.logits(rows).data.argmax(axis=-1) == rows[0])
                keep = 1 - activations(unrolled)["update gate"].mean()
                found.append((right, norms[0] / norms[-1], keep))
                print(
                    f"{k:10}  {right:5.0%}  {decades_per_step(norms):+21.3f}  "
                    f"{norms[0] / norms[-1]:10.1e}  {keep:10.2f}"
                )
            batch = rng.integers(LETTERS, size=(args.steps, 32))
            optimizer.zero_grad()
            tr.cross_entropy(model.logits(batch), batch[0]).backward()
            tr.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

        save(viz.chart(flows, title="d(answer)/dh at every step"), folder / "chart.svg")
        scale = viz.Scale.fit(flows.values())
        levels = {name: viz.page.levels(drawn[name], flows[name]) for name in drawn}
        html = viz.page.render(levels, scale, "A GRU learns to keep the first letter", "cell")
        (folder / "flow.html").write_text(html, encoding="utf-8")
    print(f"\nDrew chart.svg and flow.html into {args.out}")
    (before, faded, half), *_, (after, kept, keep) = found
    conclude(
        (after > 0.9 > 0.4 > before and kept > 5 * faded,
         f"As the answers get right ({before:.0%}, then {after:.0%}), what they owe to the "
         f"first step grows from {faded:.1e} to {kept:.1e} of what they owe to the last."),
        (keep < half + 0.1,
         f"The mean of 1 - z does not rise for it ({half:.2f}, then {keep:.2f}): what keeps is "
         "not the gate alone but what it does in the units that matter, and the weights."),
    )  # fmt: skip
    print("\nGo through the drawings of flow.html, all on one scale. Change --steps 20.")


if __name__ == "__main__":
    run_command(PROG, main)
