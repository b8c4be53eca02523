"""Where is BPTT's sum over time? In the += of the reverse sweep, one term for each step.

Every step uses the same weight U, so it is one node with T consumers, and the chain rule adds up

    dL/dU = sum over t of (dL/dU)_t        with (dL/dU)_t = a_t h_{t-1}^T,

where a_t is what came back to step t's pre-activation. An engine needs no notion of time for this:
a leaf that is used T times receives T contributions. Assigning instead of adding would leave only
one step's; a weight of one's own for every step would leave them apart.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import conclude, demo_parser, lines, output_folder, panels, run_command, save
from viz.charts import shares

PROG = "python -m demos.sum_over_time"


def main() -> None:
    args = demo_parser("sum_over_time", __doc__, steps=(2, 12), hidden=(1, 8)).parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        cell = tr.RNNCell(3, args.hidden, rng=rng)
        cell.weight_hh.data = tr.init.orthogonal(rng, args.hidden)
        unrolled = tr.unroll(cell, rng.standard_normal((args.steps, 1, 3)))
        loss = tr.mse_loss(unrolled.final, rng.standard_normal((1, args.hidden)))
        loss.name = "loss"
        flow = tr.trace(loss)
        loss.backward()
        total = cell.weight_hh.grad
        assert total is not None

        parts = flow.contributions(cell.weight_hh)
        sizes = [np.linalg.norm(part) for part in parts]
        print(f"weight_hh is used {len(parts)} times, and received as many contributions")
        print(f"their sum differs from weight_hh.grad by {np.abs(sum(parts) - total).max():.1e}")
        print(f"the norms of all contributions add up to {np.sum(sizes):.4f},")
        print(f"the norm of their sum is only            {np.linalg.norm(total):.4f}")
        print(f"the last step alone would give           {sizes[-1]:.4f}")

        left, right = panels(1, 2)
        shares(flow, cell.weight_hh, ax=left, title="Each step's share of the sum")
        so_far = np.cumsum(parts[::-1], axis=0)[::-1]  # the sweep comes from the last step
        both = {"the step's own term": sizes, "the sum so far": np.linalg.norm(so_far, axis=(1, 2))}
        labels = ("time step t", "l2 norm in dL/d(weight_hh)")
        title = "The sum as the sweep goes back"
        lines(both, range(args.steps), labels, title, log=True, ax=right)
        save(left, folder / "chart.svg")
        title = "Every step's weight_hh tag is one term; the tag below is their sum"
        picture = viz.draw(loss, flow, title=title)
        picture.save(folder / "graph.svg")
        picture.save(folder / "graph.html")
    print(f"\nDrew chart.svg, graph.svg and graph.html into {args.out}")
    conclude(
        (len(parts) == args.steps and np.abs(sum(parts) - total).max() < 1e-12,
         f"The gradient is the sum of {args.steps} terms, one for each step: in the picture the "
         "tags W_hh, and the row \"sum over time\"."),
        (np.linalg.norm(total) < np.sum(sizes),
         "They do not all point the same way: their sum is shorter than they are end to end."),
        (sizes[0] == 0 < min(sizes[1:]),
         "The term of t = 0 is exactly 0, because h before it is 0; no other one is."),
    )  # fmt: skip
    print("\nIn graph.html, play the sweep, and choose weight_hh at 'Share of each step in'.")
    print("Change --steps, or take cell.weight_hh.data times 0.5: early terms fade from the sum.")


if __name__ == "__main__":
    run_command(PROG, main)
