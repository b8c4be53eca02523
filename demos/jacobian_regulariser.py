"""Can one train against vanishing itself? A regulariser made of gradients, differentiated again.

Pascanu, Mikolov & Bengio (2013) ask of every step back that it keep the gradient's length:

    Omega = mean over t of (|dL/dh_t dh_t/dh_{t-1}| / |dL/dh_t| - 1)^2

Omega is made of gradients, so its own gradient is a second derivative; as in the paper, dL/dh_t and
h_{t-1} are taken for constants. That is `tr.vanishing_penalty`.

A tanh RNN must say which of four letters came first: with L alone, and with L + weight * Omega.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos import common
from tinygrad_rnn.analysis import decades_per_step
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.jacobian_regulariser"
LETTERS, WEIGHT = 4, 0.2


class Answerer(tr.Module):
    """An RNN and a linear read-out of its last state."""

    def __init__(self, hidden: int, rng: np.random.Generator) -> None:
        self.cell = tr.RNNCell(LETTERS, hidden, rng=rng)
        self.readout = tr.Linear(hidden, LETTERS, rng=rng)

    def loss(self, rows: Array) -> tuple[Array, tr.Run, tr.Tensor]:
        """Return the one-hot rows (T, B), the run, the loss of naming each one's first letter."""
        x = np.eye(LETTERS)[rows]
        unrolled = tr.unroll(self.cell, x)
        return x, unrolled, tr.cross_entropy(self.readout(unrolled.final), rows[0])


def train(weight: float, args: Any, seed: int) -> tuple[Answerer, list[float], list[float]]:
    """Return the trained network, and what L and Omega were at each iteration."""
    rng = np.random.default_rng(seed)
    model = Answerer(args.hidden, rng)
    optimizer = tr.Adam(model.parameters(), lr=0.005)
    losses, omegas = [], []
    for _ in common.progress(range(args.iterations), f"weight {weight:g}, seed {seed}"):
        x, unrolled, loss = model.loss(rng.integers(LETTERS, size=(args.steps, 16)))
        losses.append(loss.item())
        if weight:
            omega = tr.vanishing_penalty(model.cell, x, unrolled, loss)
            omegas.append(omega.item())
            loss = loss + weight * omega
        optimizer.zero_grad()
        loss.backward()
        tr.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model, losses, omegas


def main() -> None:
    parser = common.demo_parser(
        "jacobian_regulariser",
        __doc__,
        steps=(2, 30),
        hidden=(1, 24),
        iterations=(1, 200),
        seeds=(1, 2),
    )
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    with common.output_folder(args.out) as folder:
        flows, L, Omega = {}, {}, {}
        right: dict[str, list[float]] = {}
        rates: dict[str, list[float]] = {}
        print("                 right on new rows      decades per step back")
        for name, weight in {"L alone": 0.0, "L + Omega": WEIGHT}.items():
            found = [train(weight, args, seed) for seed in seeds]
            L[name] = np.transpose([losses for _, losses, _ in found])
            Omega[name] = np.transpose([omegas for _, _, omegas in found])
            right[name], rates[name] = [], []
            for (model, _, _), seed in zip(found, seeds, strict=True):
                rng = np.random.default_rng([seed, 1])  # never trained on
                rows = rng.integers(LETTERS, size=(args.steps, 300))
                _, unrolled, loss = model.loss(rows)
                said = model.readout(unrolled.final).data.argmax(axis=-1)
                right[name].append(float(np.mean(said == rows[0])))
                flows[name] = tr.trace(loss)
                rates[name].append(decades_per_step(flows[name].through_time(unrolled)["h"]))
            row = common.spread(right[name], ".2f"), common.spread(rates[name])
            print(f"{name:<15}  {row[0]:<21}  {row[1]}")
        axes = common.panels(1, 3, 4.8, 3.8)
        x = range(args.iterations)
        common.lines(L, x, ("iteration", "L"), "The loss L", ax=axes[0])
        omega = Omega["L + Omega"]
        common.lines({"Omega": omega}, x, ("iteration", "Omega"), "The regulariser", ax=axes[1])
        viz.chart(flows, ax=axes[2], title="dL/dh at every step, after training")
        common.save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg, whose bands are the range over seeds, into {args.out}")
    low, late = omega[:20].min(axis=0), omega[20:].max(axis=0, initial=0)
    common.conclude(
        (max(right["L alone"]) < 0.4 and max(rates["L alone"]) < -0.1,
         "With L alone the gradient vanishes on its way to the first letter, and nothing that "
         "depends on it is learned: it guesses one of four."),
        (min(right["L + Omega"]) > 0.6, "With Omega beside it the RNN learns, with every seed."),
        ((low < omega[0] / 3).all() and (late > 2 * low).all(),
         "Omega falls within 20 iterations, which opens the way; it does not stay there, but "
         "swings while L is learned."),
    )  # fmt: skip
    print("\nChange --steps 8: does L alone learn there, too?")


if __name__ == "__main__":
    common.run_command(PROG, main)
