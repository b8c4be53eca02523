"""Can one train against vanishing itself? A regulariser made of gradients, differentiated again.

Pascanu, Mikolov & Bengio (2013) ask of every step back that it keep the gradient's length:

    Omega = sum over t of (|dL/dh_{t-1}| / |dL/dh_t| - 1)^2        L only depends on the last h

Omega is made of gradients, so its own gradient is a second derivative: `tr.grad` with
`create_graph=True` records the sweep, and `backward` sweeps through that sweep. (They took the
immediate part of dOmega/dU alone; here it is the whole.)

A tanh RNN must say which of four letters came first: with L alone, and with L + weight * Omega.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import (
    demo_parser,
    finite,
    lines,
    output_folder,
    panels,
    progress,
    run,
    save,
    whole,
)
from tinygrad_rnn.analysis import decades_per_step
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.jacobian_regulariser"
LETTERS = 4


class Answerer(tr.Module):
    """An RNN and a linear read-out of its last state."""

    def __init__(self, hidden: int, rng: np.random.Generator) -> None:
        self.cell = tr.RNNCell(LETTERS, hidden, rng=rng)
        self.readout = tr.Linear(hidden, LETTERS, rng=rng)

    def loss(self, rows: Array) -> tuple[tr.Run, tr.Tensor]:
        """Return the run over rows (T, B), and the loss of naming each one's first letter."""
        unrolled = tr.unroll(self.cell, np.eye(LETTERS)[rows])
        return unrolled, tr.cross_entropy(self.readout(unrolled.final), rows[0])


def omega(loss: tr.Tensor, hidden: list[tr.Tensor]) -> Any:
    """Return the regulariser, as a tensor that knows how it was made."""
    gradients = tr.grad(loss, hidden, create_graph=True)
    norms = [np.sqrt(np.sum(np.square(g))) for g in gradients]
    return np.sum(np.stack([np.square(a / b - 1.0) for a, b in pairwise(norms)]))


def train(weight: float, args: Any) -> tuple[Answerer, list[float], list[float]]:
    """Return the trained network, and what L and Omega were at each iteration."""
    rng = np.random.default_rng(args.seed)
    model = Answerer(args.hidden, rng)
    optimizer = tr.Adam(model.parameters(), lr=0.005)
    losses, omegas = [], []
    for _ in progress(range(args.iterations), f"weight {weight:g}"):
        unrolled, loss = model.loss(rng.integers(LETTERS, size=(args.steps, 32)))
        losses.append(loss.item())
        if weight:
            penalty = omega(loss, unrolled.hidden)
            omegas.append(penalty.item())
            loss = loss + weight * penalty
        optimizer.zero_grad()
        loss.backward()
        tr.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model, losses, omegas


def main() -> None:
    parser = demo_parser("jacobian_regulariser", __doc__)
    add = parser.add_argument
    add("--steps", metavar="N", type=whole(2, 100), default=30, help="letters to read")
    add("--hidden", metavar="N", type=whole(1, 128), default=24, help="hidden size")
    add("--iterations", metavar="N", type=whole(1, 10_000), default=300, help="of training")
    add("--weight", metavar="W", type=finite, default=0.03, help="of Omega beside L")
    args = parser.parse_args()
    if args.weight <= 0:
        parser.error("--weight must be above 0")
    with output_folder(args.out) as folder:
        rows = np.random.default_rng([args.seed, 1]).integers(LETTERS, size=(args.steps, 300))
        flows, losses, omegas = {}, {}, {}
        print("                  right on new rows      L   Omega  decades per step back")
        models = {"before": Answerer(args.hidden, np.random.default_rng(args.seed))}
        for name, weight in {"L alone": 0.0, "L + Omega": args.weight}.items():
            models[name], losses[name], omegas[name] = train(weight, args)
        for name, model in models.items():
            unrolled, loss = model.loss(rows)
            flow = flows[name] = tr.trace(loss)
            right = np.mean(model.readout(unrolled.final).data.argmax(axis=-1) == rows[0])
            print(
                f"{name:<15} {right:19.0%}  {loss.item():5.2f}  "
                f"{omega(loss, unrolled.hidden).item():6.2f}  "
                f"{decades_per_step(flow.through_time(unrolled)['h']):+21.3f}"
            )
        axes = panels(1, 3, 4.8, 3.8)
        x, label = range(args.iterations), ("iteration", "L")
        lines(losses, x, label, "The loss L", ax=axes[0])
        lines(
            {"L + Omega": omegas["L + Omega"]},
            x,
            ("iteration", "Omega"),
            "The regulariser",
            log=True,
            ax=axes[1],
        )
        viz.chart(flows, ax=axes[2], title="dL/dh at every step")
        save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}\n\n{CLOSING}")


CLOSING = """\
Look at the order of events: Omega falls first, so that the gradient neither fades nor grows, and L
falls later; while it does, Omega is tossed about. With L alone the gradient does not reach the
first letter, and nothing is learned that depends on it: L stays at guessing, log 4 = 1.39.
Change --steps 10: there L alone learns, too. How soon L + Omega learns differs with --seed."""


if __name__ == "__main__":
    run(PROG, main)
