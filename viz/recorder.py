"""`Recorder`: the gradient through time, over the iterations of a training loop.

One idea: at every so manieth iteration the loss is swept back once more, and of that flow only
numbers are kept. No graph outlives its iteration, and when many have been kept every second one is
let go, so memory stays flat however long training takes.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from tinygrad_rnn.diagnosis.chains import Chain, chains_of
from tinygrad_rnn.diagnosis.curves import Ways
from tinygrad_rnn.diagnosis.words import journey
from tinygrad_rnn.graph import Array, topological
from tinygrad_rnn.itemise import row_norms
from viz import charts
from viz.errors import VizError
from viz.page.training import render_training
from viz.save import write

Key = tuple[str, str]  # a layer, and a part of its state


@dataclass(frozen=True)
class Record:
    """What is kept of one iteration.

    Attributes:
        iteration: its number, from 0.
        loss: what the loss was.
        said: what became of the gradient on its way back, as one sentence.
        norms: by layer and part of the state the norm of dL/dstate_t, (T,).
        sequences: the same of each sequence of the batch, (T, B); empty unless asked for.
    """

    iteration: int
    loss: float
    said: str
    norms: dict[Key, Array]
    sequences: dict[Key, Array]


class Recorder:
    """Keeps the gradient through time over training: call it in the loop, then `save`.

    Args:
        every: record at every so manieth call, the first included.
        sequences: also keep the norm of each sequence of the batch.
        at_most: how many iterations are kept; beyond, every second one is let go and `every`
            doubles.

    Attributes:
        records: what was kept, oldest first.

    Raises:
        VizError: if `every` or `at_most` is no whole number of at least 1 and 2.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> cell, x = tr.GRUCell(2, 4, rng=0), np.ones((6, 1, 2))
    >>> optimiser, recorder = tr.SGD(cell.parameters(), lr=0.1), viz.Recorder(every=5)
    >>> for _ in range(11):
    ...     run = tr.unroll(cell, x)
    ...     loss = np.square(run.final - 0.5).mean()
    ...     _ = recorder(loss, run)
    ...     optimiser.zero_grad()
    ...     loss.backward()
    ...     optimiser.step()
    >>> [record.iteration for record in recorder.records]
    [0, 5, 10]
    >>> recorder.norms().shape
    (3, 6)
    """

    def __init__(self, every: int = 50, sequences: bool = False, at_most: int = 400) -> None:
        for name, value, least in (("every", every, 1), ("at_most", at_most, 2)):
            if not isinstance(value, int | np.integer) or value < least:
                raise VizError(f"Recorder: {name} = {value} is no whole number of at least {least}")
        self.every, self.sequences, self.at_most = int(every), sequences, int(at_most)
        self.records: list[Record] = []
        self._calls = 0
        self._shape: dict[Key, int] = {}  # of what is recorded: the units of each state

    @property
    def due(self) -> bool:
        """Whether the next call records: a model of PyTorch's need be watched only then."""
        return self._calls % self.every == 0

    def __call__(self, loss: Any, run: Any = None) -> Record | None:
        """Count an iteration and record it if it is due: after the forward pass, before `backward`.

        Args:
            loss: the scalar of this iteration: a `tinygrad_rnn.Tensor`, or a tensor of PyTorch's
                that a watched model has made.
            run: what `unroll` or a recurrent layer returned; without it the states are found in the
                graph.

        Returns:
            What was recorded; None if it was not due.

        Raises:
            VizError: if there are no states, or they are another model's than before.
        """
        iteration, due = self._calls, self.due
        self._calls += 1
        if not due:
            return None
        flow = tr.trace(loss)
        graph: list[Any] = topological(flow.root)
        chains = chains_of(run, graph)
        if not chains:
            raise VizError(
                "Recorder: this loss has no time steps: unroll a cell with engine='graph', or open "
                "scope('t', t) around each step"
            )
        self._check(chains)
        top = chains[-1]
        way = Ways(flow, graph, top, top=True, at_most=1).furthest
        record = Record(
            iteration,
            float(loss.item()),
            "" if way is None else journey(way),
            {key: self._norms(flow, chain, part, False) for key, chain, part in _keyed(chains)},
            {key: self._norms(flow, chain, part, True) for key, chain, part in _keyed(chains)}
            if self.sequences
            else {},
        )
        self.records.append(record)
        if len(self.records) > self.at_most:
            self.every *= 2
            self.records = [one for one in self.records if one.iteration % self.every == 0]
        return record

    def _check(self, chains: list[Chain]) -> None:
        shape = {key: int(chain.states(0)[0].shape[-1]) for key, chain, _ in _keyed(chains)}
        if self._shape and shape != self._shape:
            raise VizError(
                f"Recorder: this is another model than before: states {_sizes_in_words(shape)}, "
                f"where {_sizes_in_words(self._shape)} were recorded; make a new Recorder for it"
            )
        self._shape = shape

    @staticmethod
    def _norms(flow: Any, chain: Chain, part: str, by_sequence: bool) -> Array:
        """Return the norms of one part of the state in the order of time, (T,) or (T, B)."""
        found = []
        for node in chain.parts[part]:
            g = None if node is None else flow.gradient(node)
            if g is None:
                batch = chain.states(0)[0].shape[0]
                found.append(np.zeros(batch if by_sequence else 1))
            else:
                found.append(row_norms(g if by_sequence else g[np.newaxis]))
        order = np.argsort(chain.steps)
        stacked: Array = np.array(found)[order]
        return stacked if by_sequence else stacked[:, 0]

    def _key(self, layer: str | None, state: str) -> Key:
        if not self.records:
            raise VizError("Recorder: nothing was recorded yet: call it in the training loop")
        found = [key for key in self._shape if key[1] == state and layer in (None, key[0])]
        if not found:
            raise VizError(
                f"Recorder: no state {state!r} in layer {layer!r}: {_sizes_in_words(self._shape)}"
            )
        return found[-1]

    def norms(self, state: str = "h", layer: str | None = None) -> Array:
        """Return |dL/dstate_t| by iteration and time step, (N, T); NaN where one had no such step.

        Args:
            state: "h", "c", or the name of another part of the state.
            layer: such as "layer 0"; the last one by default.

        Raises:
            VizError: if nothing was recorded, or there is no such state.
        """
        key = self._key(layer, state)
        rows = [record.norms[key] for record in self.records]
        out = np.full((len(rows), max(map(len, rows))), np.nan)
        for row, norms in zip(out, rows, strict=True):
            row[: len(norms)] = norms
        return out

    def chart(self, state: str = "h", layer: str | None = None, title: str | None = None) -> Any:
        """Draw iteration (row) by time step (column): see `viz.charts.training_map`.

        Args:
            state: as for `norms`.
            layer: as for `norms`.
            title: above the chart.
        """
        iterations = [record.iteration for record in self.records]
        lengths = [len(next(iter(record.norms.values()))) for record in self.records]
        norms = self.norms(state, layer)
        return charts.training_map(iterations, norms, state, lengths, title=title)

    def table(self) -> str:
        """Return all numbers as CSV: iteration, loss, layer, state, t, sequence, norm.

        The sequence is empty in rows of the whole batch.
        """
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["iteration", "loss", "layer", "state", "t", "sequence", "norm"])
        for one in self.records:
            for (layer, state), norms in one.norms.items():
                for t, norm in enumerate(norms.tolist()):
                    rows.writerow([one.iteration, repr(one.loss), layer, state, t, "", repr(norm)])
            for (layer, state), norms in one.sequences.items():
                for t, by_sequence in enumerate(norms.tolist()):
                    for b, norm in enumerate(by_sequence):
                        rows.writerow(
                            [one.iteration, repr(one.loss), layer, state, t, b, repr(norm)]
                        )
        return text.getvalue()

    def save(self, path: str | Path, state: str = "h", layer: str | None = None) -> Path:
        """Write what was recorded; the suffix says how.

        Args:
            path: .svg, .png or .pdf for the chart; .csv for the table; .html for a page with a
                slider over training, which holds all states.
            state: of the chart; as for `norms`.
            layer: of the chart; as for `norms`.

        Returns:
            The path.

        Raises:
            VizError: for another suffix, if nothing was recorded, or the file cannot be written.
        """
        path = Path(path)
        form = path.suffix.lower()
        if form not in (".svg", ".png", ".pdf", ".csv", ".html"):
            raise VizError(f"cannot save {path.name}: choose .svg, .png, .pdf, .csv or .html")
        self._key(None, next(iter(dict.fromkeys(part for _, part in self._shape)), "h"))
        if form == ".csv":
            write(path, self.table().encode())
        elif form == ".html":
            write(path, render_training(self.records).encode())
        else:
            charts.save(self.chart(state, layer), path)
        return path


def _keyed(chains: list[Chain]) -> list[tuple[Key, Chain, str]]:
    return [((chain.label, part), chain, part) for chain in chains for part in chain.parts]


def _sizes_in_words(shape: dict[Key, int]) -> str:
    return ", ".join(f"{layer} {part} ({size})".strip() for (layer, part), size in shape.items())
