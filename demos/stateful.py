"""Where does the state go between two batches? Carried and detached, carried whole, or reset.

A sequence too long for one batch is read in pieces. Three things can be done at a seam:

    reset     start from zeros: the network has forgotten what it read
    detach    pass on the state's value: it remembers, and no gradient goes back over the seam
    keep      pass on the state itself: the graph of all pieces so far stays, and grows
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, panels, run_command, save
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.stateful"
PIECES = 6


def read(cell: tr.RNNCell, pieces: list[Array], way: str) -> tuple[list[Array], list[int], Array]:
    """Return the outputs of each piece, the size of the graph after it, and the last gradient."""
    state: Any = None
    outputs, nodes = [], []
    for piece in pieces:
        unrolled = tr.unroll(cell, piece, state)
        outputs.append(unrolled.outputs.data)
        nodes.append(len(tr.graph.topological(unrolled.final)))
        state = {"reset": None, "detach": unrolled.final.detach(), "keep": unrolled.final}[way]
    gradient = tr.grad(unrolled.final.sum(), [cell.weight_hh])[0].data
    return outputs, nodes, gradient


def main() -> None:
    args = demo_parser("stateful", __doc__, steps=(2, 20), hidden=(1, 16)).parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        cell = tr.RNNCell(3, args.hidden, rng=rng)
        cell.weight_hh.data = tr.init.orthogonal(rng, args.hidden)
        x = 0.1 * rng.standard_normal((PIECES * args.steps, 1, 3))
        whole = tr.unroll(cell, x)
        truth = whole.outputs.data
        cut = tr.unroll(cell, x, truncate=args.steps).final.sum()
        truncated, full = (
            tr.grad(loss, [cell.weight_hh])[0].data for loss in (cut, whole.final.sum())
        )
        off, sizes, agrees = {}, {}, {}
        print("         outputs off by at most   nodes after each piece")
        for way in ("reset", "detach", "keep"):
            outputs, sizes[way], gradient = read(cell, np.split(x, PIECES), way)
            off[way] = np.linalg.norm(np.concatenate(outputs) - truth, axis=(1, 2))
            agrees[way] = [bool(np.allclose(gradient, g, rtol=1e-10)) for g in (truncated, full)]
            print(f"{way:<7} {off[way].max():23.3g}   {' '.join(map(str, sizes[way]))}")
        left, right = panels(1, 2)
        title, seams = "Against one long reading", ("time step", "|difference of h|")
        lines(off, range(len(x)), seams, title, ax=left)
        lines(sizes, range(1, PIECES + 1), ("pieces read", "nodes"), "The graph", ax=right)
        save(left, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    conclude(
        (off["detach"].max() == off["keep"].max() == 0 < off["reset"].max(),
         "Carried on, detached or not, the state makes pieces into one long reading, to the last "
         "digit; reset, the network starts every piece as if it were the first."),
        (sizes["detach"][-1] == sizes["detach"][1] and sizes["keep"][-1] > 3 * sizes["keep"][0],
         f"Not detached, the graph grows with every piece, from {sizes['keep'][0]} nodes to "
         f"{sizes['keep'][-1]}; detached it stays at {sizes['detach'][-1]}."),
        (agrees["detach"] == [True, False] and agrees["keep"] == [False, True],
         "Detaching is truncated BPTT with cuts at the seams; keeping gives the full gradient."),
    )  # fmt: skip
    print("\nChange PIECES. Reset where a new text begins, detach where the same one goes on.")


if __name__ == "__main__":
    run_command(PROG, main)
