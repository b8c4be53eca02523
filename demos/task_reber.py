"""Does it see what brackets a word? The embedded Reber grammar: the last letter repeats the second.

A word is made by walking at random through a small graph of letters (Reber 1967), and put between
two equal letters: B T <word> T E or B P <word> P E (Hochreiter & Schmidhuber 1997). After each
letter the network predicts the next one. Within the word a look at the last letters does; only the
letter before the final E asks for one that came long before, and who guesses it is right in half.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos import common
from demos._learning import Network, draw, report, successes, task_parser, typical
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.task_reber"
EVERY = 100
LETTERS = "BTSXPVE"
ARCS = ["T1 P2", "S1 X3", "T2 V4", "X2 S5", "P3 V5"]  # at each place: a letter, and where it leads
END = 5


def word(rng: np.random.Generator) -> tuple[str, list[str]]:
    """Return an embedded word, and for each of its letters all that the grammar allows there."""
    place, letters, allowed = 0, "B", ["B"]
    while place != END:
        arcs = ARCS[place].split()
        arc = arcs[rng.integers(len(arcs))]
        letters, place = letters + arc[0], int(arc[1])
        allowed.append("".join(arc[0] for arc in arcs))
    bracket = "TP"[rng.integers(2)]
    return f"B{bracket}{letters}E{bracket}E", ["B", "TP", *allowed, "E", bracket, "E"]


def batch(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array, Array]:
    """Return words one-hot (T, B, 7), the next letters (T, B), what may follow, and lengths (B,).

    The network reads all letters but the last; what may follow padding is nothing: (T, B, 7).
    """
    words = [word(rng) for _ in range(size)]
    lengths = np.array([len(letters) - 1 for letters, _ in words])
    classes = np.zeros((lengths.max() + 1, size), dtype=int)
    allowed = np.zeros((lengths.max(), size, len(LETTERS)), dtype=bool)
    for b, (letters, following) in enumerate(words):
        classes[: len(letters), b] = [LETTERS.index(letter) for letter in letters]
        for t in range(lengths[b]):
            allowed[t, b, [LETTERS.index(letter) for letter in following[t + 1]]] = True
    return np.eye(len(LETTERS), dtype=np.float32)[classes[:-1]], classes[1:], allowed, lengths


def train(kind: str, seed: int, iterations: int, hidden: int) -> tuple[list[float], bool]:
    """Return how often the letter before the final E is right, and whether that is always so.

    To meet the criterion, every other letter predicted must be one that the grammar allows, too.
    """
    network = Network(kind, len(LETTERS), hidden, len(LETTERS), seed)
    rng = np.random.default_rng([seed, 1])
    x, classes, allowed, lengths = batch(np.random.default_rng([seed, 2]), 500)
    before_the_end = lengths - 2, np.arange(500)
    inside = allowed.any(axis=-1)

    def predicted() -> Array:
        said: Array = network.every(x, lengths).data.argmax(axis=-1)
        return said

    optimiser = tr.Adam(network.parameters(), lr=0.01)
    measured = []
    for n in common.progress(range(1, iterations + 1), f"{kind}, seed {seed}"):
        given, following, may, ends = batch(rng, 32)
        optimiser.zero_grad()
        logits = network.every(given, ends)
        tr.cross_entropy(logits, following, mask=may.any(axis=-1)).backward()
        tr.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if n % EVERY == 0 or n == iterations:
            with tr.no_grad():
                measured.append(float(np.mean((predicted() == classes)[before_the_end])))
            if measured[-1] == 1:
                break
    legal = np.take_along_axis(allowed, predicted()[..., np.newaxis], axis=-1)[..., 0]
    return measured, measured[-1] == 1 and bool(legal[inside].all())


def main() -> None:
    parser = task_parser("task_reber", __doc__, iterations=1200, hidden=16, seeds=2)
    args = parser.parse_args()
    with common.output_folder(args.out) as folder:
        example, _ = word(np.random.default_rng(args.seed))
        print(f"Embedded Reber grammar, 500 words for testing, such as {example}.\n")
        outcomes = report(
            args.cells,
            range(args.seed, args.seed + args.seeds),
            lambda kind, seed: train(kind, seed, args.iterations, args.hidden),
            "bracket right",
            "always, and all others allowed",
            EVERY,
            args.iterations,
        )
        half = {"guessing": 0.5}
        title = "Embedded Reber grammar"
        draw(outcomes, half, EVERY, "bracket right", title, folder / "chart.svg", log=False)
    print(f"\nDrew chart.svg, medians and ranges over the seeds, into {args.out}")
    n, taken = args.seeds, {kind: typical(outcomes, kind) for kind in args.cells}
    right = {kind: [o.measured[-1] == 1 for o in outcomes if o.kind == kind] for kind in args.cells}
    common.conclude(
        (all(map(all, right.values())) and successes(outcomes, "GRU") == n,
         "All learn what brackets a word: over some 11 letters the tanh RNN can, too."),
        (taken.get("RNN", 0) >= max(taken.get("GRU", 0), taken.get("LSTM", 0)),
         f"It takes at least as long: {taken.get('RNN', 0):.0f} iterations in the median, the GRU "
         f"{taken.get('GRU', 0):.0f}, the LSTM {taken.get('LSTM', 0):.0f}."),
    )  # fmt: skip
    print("\nChange --hidden, or --cells LSTM --seeds 10: how much does the start matter?")


if __name__ == "__main__":
    common.run_command(PROG, main)
