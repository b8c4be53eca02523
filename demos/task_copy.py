"""Can it repeat what it read T steps ago? The copy task, against the best that forgets.

Ten symbols out of eight come first, then T blanks, then a cue, and then the ten are to be repeated
in order (Hochreiter & Schmidhuber 1997; in this form Arjovsky et al. 2016). Who remembers nothing
does best by saying blank for the first T + 10 steps and guessing evenly after; its mean
cross-entropy over all T + 20 steps is the baseline 10 log 8 / (T + 20).
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos._learning import Network, draw, learn, report, task_parser
from demos.common import output_folder, run
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.task_copy"
EVERY, LENGTH, LETTERS = 100, 10, 8
SYMBOLS = np.eye(LETTERS + 2, dtype=np.float32)  # blank, the letters, the cue


def batch(rng: np.random.Generator, size: int, steps: int) -> tuple[Array, Array]:
    """Return one-hot sequences (T + 20, B, 10) and the class asked for at every step."""
    letters = rng.integers(1, LETTERS + 1, (LENGTH, size))
    given, asked = np.zeros((2, steps + 2 * LENGTH, size), dtype=int)
    given[:LENGTH] = letters
    given[-LENGTH - 1] = LETTERS + 1
    asked[-LENGTH:] = letters
    return SYMBOLS[given], asked


def baseline(steps: int) -> float:
    """Return the mean cross-entropy, in nats, of who remembers nothing."""
    return float(LENGTH * np.log(LETTERS) / (steps + 2 * LENGTH))


def train(
    kind: str, seed: int, steps: int, iterations: int, hidden: int
) -> tuple[list[float], bool]:
    """Return the test loss after every 100 iterations, and if it beats the baseline by 10 %."""
    network = Network(kind, LETTERS + 2, hidden, LETTERS + 1, seed)
    rng = np.random.default_rng([seed, 1])
    x, classes = batch(np.random.default_rng([seed, 2]), 200, steps)

    def loss() -> tr.Tensor:
        given, asked = batch(rng, 32, steps)
        return tr.cross_entropy(network.every(given), asked)

    losses = learn(
        network,
        loss,
        iterations,
        lr=0.001 if kind == "RNN" else 0.01,  # at 0.01 the RNN's loss jumps about
        measure=lambda: tr.cross_entropy(network.every(x), classes).item(),
        good=lambda value: value < 0.01,
        every=EVERY,
        about=f"{kind}, seed {seed}",
    )
    return losses, losses[-1] < 0.9 * baseline(steps)


def main() -> None:
    parser = task_parser("task_copy", __doc__, steps=20, iterations=1000, hidden=64)
    parser.set_defaults(seeds=1)
    args = parser.parse_args()
    best = baseline(args.steps)
    with output_folder(args.out) as folder:
        print(f"Repeating 10 symbols after T = {args.steps} blanks.")
        print(f"Who remembers nothing has 10 log 8 / (T + 20) = {best:.4f} nats a step.\n")
        outcomes = report(
            args.cells,
            range(args.seed, args.seed + args.seeds),
            lambda kind, seed: train(kind, seed, args.steps, args.iterations, args.hidden),
            "test loss",
            "below 0.9 of the baseline",
            EVERY,
            args.iterations,
        )
        title = f"Copy task, T = {args.steps}"
        forgets = {"remembers nothing": best}
        draw(outcomes, forgets, EVERY, "cross-entropy, nats", title, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}\n\n{CLOSING}")


CLOSING = """\
Look at who leaves the baseline, and when: 1,000 iterations are the beginning. With 5,000 (half a
minute of computing for each cell) the GRU's loss fell to 0.36 of the baseline and the LSTM's to
0.65 with one seed: below who forgets, far from solved. The tanh RNN stays above the baseline here.
Change --iterations 5000, or --steps and --hidden."""


if __name__ == "__main__":
    run(PROG, main)
