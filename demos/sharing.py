"""What does sharing weights over time bring? What is learnt at one place holds at every other.

Somewhere in a sequence of small noise stands one large number; its sign is asked for. In training
it always stands in the first half. A recurrent network has one W and one U for all places; a plain
network reads the whole sequence at once, with weights of their own for every place.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    COLOURS,
    conclude,
    demo_parser,
    new_axes,
    output_folder,
    progress,
    run_command,
    save,
    spread,
    style_axes,
)
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.sharing"


def batch(rng: np.random.Generator, steps: int, first: int, last: int) -> tuple[Array, Array]:
    """Return sequences (T, 64, 1), each with one large number, and the class of its sign."""
    x = 0.2 * rng.standard_normal((steps, 64, 1))
    sign = rng.integers(0, 2, 64)
    x[rng.integers(first, last, 64), np.arange(64), 0] = 4 * sign - 2
    return x, sign


class Recurrent(tr.Module):
    """One W and one U for all places."""

    def __init__(self, seed: int) -> None:
        self.layer = tr.GRU(1, 8, rng=seed)
        self.readout = tr.Linear(8, 2, rng=seed)

    def __call__(self, x: Array) -> tr.Tensor:
        """Return the scores (B, 2)."""
        last = self.layer(x, engine="fused").outputs[-1]
        return self.readout(last)  # type: ignore[no-any-return]  # a layer is typed open


class Plain(tr.Module):
    """Weights of its own for every place."""

    def __init__(self, steps: int, seed: int) -> None:
        self.hidden = tr.Linear(steps, 32, rng=seed)
        self.readout = tr.Linear(32, 2, rng=seed)

    def __call__(self, x: Array) -> tr.Tensor:
        """Return the scores (B, 2)."""
        return self.readout(np.tanh(self.hidden(x[:, :, 0].T)))  # type: ignore[no-any-return]  # as above


def accuracy(network: Recurrent | Plain, x: Array, sign: Array) -> float:
    with tr.no_grad():
        return float(np.mean(network(x).data.argmax(axis=1) == sign))


def main() -> None:
    parser = demo_parser("sharing", __doc__, steps=(4, 20), iterations=(1, 200), seeds=(1, 3))
    args = parser.parse_args()
    steps, half = args.steps, args.steps // 2
    places = {"first half": (steps, 0, half), "second half": (steps, half, steps)}
    twice = {"twice as long": (2 * steps, 0, 2 * steps)}
    found: dict[tuple[str, str], list[float]] = {}
    with output_folder(args.out) as folder:
        for seed in progress(range(args.seed, args.seed + args.seeds), "seeds"):
            for name in ("recurrent", "plain"):
                rng = np.random.default_rng([seed, 1])
                network = Recurrent(seed) if name == "recurrent" else Plain(steps, seed)
                optimiser = tr.Adam(network.parameters(), lr=0.01)
                for _ in range(args.iterations):
                    x, sign = batch(rng, *places["first half"])
                    optimiser.zero_grad()
                    tr.cross_entropy(network(x), sign).backward()
                    optimiser.step()
                for where, place in (places | (twice if name == "recurrent" else {})).items():
                    right = [accuracy(network, *batch(rng, *place)) for _ in range(20)]
                    found.setdefault((name, where), []).append(float(np.mean(right)))
        print("right, with the large number ...")
        for (name, where), rights in found.items():
            print(f"{name:<10} {where:<14} {spread(rights, '.0%')}")
        middle = {key: float(np.median(rights)) for key, rights in found.items()}
        ax = new_axes(6.4, 3.6)
        bars = [f"{name}\n{where}" for name, where in middle]
        ax.bar(bars, list(middle.values()), color=COLOURS[2])
        ax.axhline(0.5, color="0.4", linestyle="--")
        style_axes(ax, "", "share right (dashed: guessing)", "Trained on the first half")
        save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    conclude(
        (min(middle["recurrent", "first half"], middle["plain", "first half"]) > 0.9,
         "Where they were trained, both are right."),
        (min(middle["recurrent", "second half"], middle["recurrent", "twice as long"]) > 0.75,
         f"The recurrent one is right in {middle['recurrent', 'second half']:.0%} at places, and "
         f"in {middle['recurrent', 'twice as long']:.0%} at a length, that it never trained on."),
        (middle["plain", "second half"] < 0.7,
         "The plain one has weights there that nothing ever trained: it guesses."),
    )  # fmt: skip
    print("\nChange half in the code: how few places are enough to train on?")


if __name__ == "__main__":
    run_command(PROG, main)
