"""What the demos that train share: a network, its training, a table and a chart of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import tinygrad_rnn as tr
from demos.common import Parser, demo_parser, int_between, lines, save
from tinygrad_rnn.tensor import Array

LAYERS = {"RNN": tr.RNN, "GRU": tr.GRU, "LSTM": tr.LSTM}


class Network(tr.Module):
    """A recurrent layer with a linear readout of its hidden state, in single precision.

    Args:
        kind: "RNN", "GRU" or "LSTM".
        inputs: I, features of the input.
        hidden: H, length of the hidden state.
        outputs: O, length of what is read out.
        seed: for all weights.
    """

    def __init__(self, kind: str, inputs: int, hidden: int, outputs: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.layer = LAYERS[kind](inputs, hidden, rng=rng, dtype=np.float32)
        self.readout = tr.Linear(hidden, outputs, rng=rng, dtype=np.float32)

    def every(self, x: Array, lengths: Array | None = None) -> tr.Tensor:
        """Return what is read out at every step: (T, B, O) from x (T, B, I)."""
        hidden = self.layer(x, lengths=lengths, engine="fused").outputs
        return self.readout(hidden)  # type: ignore[no-any-return]  # a layer is typed open

    def last(self, x: Array, lengths: Array | None = None) -> tr.Tensor:
        """Return what is read out after each sequence's last step: (B, O)."""
        hidden = self.layer(x, lengths=lengths, engine="fused").outputs[-1]
        return self.readout(hidden)  # type: ignore[no-any-return]  # as above


class Outcome(NamedTuple):
    """How one cell did with one seed: what was measured, after how many, and if it sufficed."""

    kind: str
    measured: list[float]
    iterations: int
    met: bool


def successes(outcomes: Sequence[Outcome], kind: str) -> int:
    """Return with how many seeds a cell met the criterion."""
    return sum(outcome.met for outcome in outcomes if outcome.kind == kind)


def typical(outcomes: Sequence[Outcome], kind: str) -> float:
    """Return the median over the seeds of the iterations that a cell took, all where it failed."""
    taken = [outcome.iterations for outcome in outcomes if outcome.kind == kind]
    return float(np.median(taken)) if taken else np.nan


def task_parser(
    name: str, about: str | None, iterations: int, hidden: int, seeds: int, steps: int | None = None
) -> Parser:
    """Return a command line with what every learning task has."""
    parser = demo_parser(name, about)
    add = parser.add_argument
    if steps is not None:
        add("--steps", metavar="T", type=int_between(4, 10_000), default=steps, help="see above")
    add("--iterations", metavar="N", type=int_between(1, 10**7), default=iterations, help="at most")
    add("--hidden", metavar="H", type=int_between(1, 4096), default=hidden, help="hidden size")
    add(
        "--seeds",
        metavar="N",
        type=int_between(1, 100),
        default=seeds,
        help="how many, from --seed on",
    )
    add(
        "--cells",
        nargs="+",
        choices=LAYERS,
        default=list(LAYERS),
        metavar="CELL",
        help=f"of {', '.join(LAYERS)}",
    )
    return parser


def report(
    cells: Sequence[str],
    seeds: range,
    study: Callable[[str, int], tuple[list[float], bool]],
    measure: str,
    criterion: str,
    every: int,
    iterations: int,
) -> list[Outcome]:
    """Run a study for each cell and seed and print a line about each.

    Args:
        cells: which cells.
        seeds: which seeds.
        study: trains the cell of a name with a seed; returns what it measured, and whether that
            meets the criterion.
        measure: what is measured, for the table's head.
        criterion: what counts as having learnt, likewise.
        every: the number of iterations between two measurements.
        iterations: the most that there are.
    """
    print(f"cell  seed  iterations  {measure}  {criterion}")
    outcomes = []
    for kind in cells:
        for seed in seeds:
            measured, met = study(kind, seed)
            taken = min(every * len(measured), iterations)
            print(
                f"{kind:<4}  {seed:4}  {taken:10}  {measured[-1]:{len(measure)}.4f}  "
                f"{'yes' if met else 'no'}",
                flush=True,
            )
            outcomes.append(Outcome(kind, measured, taken, met))
    return outcomes


def draw(
    outcomes: Sequence[Outcome],
    baselines: Mapping[str, float],
    every: int,
    labels: str,
    title: str,
    path: Path,
    log: bool = True,
) -> None:
    """Draw what each cell measured, median and range over seeds, and the baselines.

    Where training stopped, having learnt, the last measurement is drawn on.
    """
    longest = max(len(outcome.measured) for outcome in outcomes)
    series: dict[str, Array] = {}
    for kind in dict.fromkeys(outcome.kind for outcome in outcomes):
        runs = [outcome.measured for outcome in outcomes if outcome.kind == kind]
        series[kind] = np.transpose([run + run[-1:] * (longest - len(run)) for run in runs])
    flat = {name: np.full(longest, value) for name, value in baselines.items()}
    x = every * np.arange(1, longest + 1)
    save(lines(series | flat, x, ("iteration", labels), title, log=log), path)


def markov(train: Array, test: Array, symbols: int, order: int, first: int, prior: float) -> float:
    """Return the bits per symbol that a Markov model, counted in `train`, needs for `test`.

    Args:
        train: sequences of classes, (T, B).
        test: likewise.
        symbols: how many classes there are.
        order: how many symbols back it looks.
        first: the symbols at the start of a sequence that do not count, at least `order`.
        prior: what each count starts at.
    """

    def contexts(sequences: Array) -> tuple[Array, Array]:
        steps = len(sequences) - first
        key = np.zeros((steps, sequences.shape[1]), dtype=int)
        for back in range(1, order + 1):
            key = symbols * key + sequences[first - back : first - back + steps]
        return key, sequences[first:]

    def counted(seen: Array, wanted: Array) -> Array:
        """Return how often each wanted number was seen; a table of all would be too large."""
        numbers, times = np.unique(seen, return_counts=True)
        place = np.searchsorted(numbers, wanted).clip(max=len(numbers) - 1)
        return np.asarray(np.where(numbers[place] == wanted, times[place], 0))

    (known, followed), (asked, follows) = contexts(train), contexts(test)
    both = counted(symbols * known + followed, symbols * asked + follows)
    probability = (both + prior) / (counted(known, asked) + symbols * prior)
    return float(-np.mean(np.log2(probability)))
