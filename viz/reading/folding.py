"""A drawing model folded: what is alike in many steps stands in it once, its numbers are arrays.

One idea: a step is a template, read and laid out once; a copy of it is a column, and rows of
numbers. No output needs to expand it in order to find again what it has in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_rnn.norms import joined
from viz.model import Model
from viz.reading.gradients import EdgeGradients
from viz.reading.recording import Block, Recording, Use

if TYPE_CHECKING:
    from viz.reading.reader import Source

MAX_ENTRIES_JOINED = 1024  # entries: below, arrays are looked into together


class Sizes(NamedTuple):
    """Sizes of gradients, as columns; where `there` is False no gradient flowed."""

    l2: np.ndarray
    rms: np.ndarray
    max: np.ndarray
    there: np.ndarray

    def at(self, which: np.ndarray) -> Sizes:
        """Some of them."""
        return Sizes(*(column[which] for column in self))


class Copies(NamedTuple):
    """The copies of one node or edge, in order of time.

    Args:
        steps: of each; None for what stands outside all steps, which is there once.
        tensors: by number, the main tensor of each; None for an edge.
        uses: by number, shape (copies, uses), whose sum each shows; None where that is the whole
            gradient of its tensor.
    """

    steps: np.ndarray | None
    tensors: np.ndarray | None
    uses: np.ndarray | None


@dataclass
class Folded:
    """A model of a few steps that stand for all.

    Args:
        model: its nodes and edges, which lie in steps that stand for others, or in none. Further
            nodes are there only because edges end at them.
        source: what it was read from.
        tensors: by node, its main tensor.
        behind: by node or edge, the uses whose sum it shows.
        stems: by node, its label without the step that it ends in.
    """

    model: Model
    source: Source
    tensors: Mapping[str, Any]
    behind: Mapping[str, Sequence[Use]]
    stems: Mapping[str, str]

    @cached_property
    def count(self) -> int:
        """How many nodes and edges there are, all copies counted."""
        model, total = self.model, 0
        nodes = {node.id: node for node in model.nodes}
        of = self.source.classes.of
        for block in (
            *(n.block for n in model.nodes),
            *(nodes[e.target].block for e in model.edges),
        ):
            alike = of.get(Block(*block))
            total += 1 if block[1] is None else len(alike.blocks) if alike is not None else 0
        return total

    def copies_of_edge(self, name: str, block: tuple[str, int | None]) -> Copies | None:
        """The copies of an edge: there are as many as of what consumes there.

        Args:
            name: its id.
            block: layer and step of its target.

        Returns:
            None if the edge is a copy itself.
        """
        consumer = self.behind[name][0].consumer
        home = self.source.recording.homes[id(consumer)]
        return self.copies(name, block if block[1] is None else home)

    def copies(self, name: str, block: tuple[str, int | None]) -> Copies | None:
        """The copies of a node in its block.

        Args:
            name: its id.
            block: its layer and step.

        Returns:
            None if the block does not stand for others: the thing is a copy itself.
        """
        recording = self.source.recording
        tensor, uses = self.tensors.get(name), self.behind.get(name)
        if block[1] is None:
            one = None if tensor is None else np.array([recording.place[id(tensor)]])
            row = None if uses is None else np.array([[recording.number(use) for use in uses]])
            return Copies(None, one, row)
        alike = self.source.classes.of.get(Block(*block))
        if alike is None:
            return None
        numbers = rows = None
        if tensor is not None:
            number = recording.place[id(tensor)]
            column = alike.column.get(number)  # none for what is shared: it is the same in all
            numbers = np.full(len(alike.steps), number)
            if column is not None:
                numbers = alike.tensors[:, column]
        if uses is not None:
            columns = [alike.column[recording.place[id(use.consumer)]] for use in uses]
            first = recording.first_use[alike.tensors[:, columns]]
            rows = first + np.array([use.slot for use in uses])
        return Copies(alike.steps, numbers, rows)


class Numbers:
    """The numbers of all nodes and edges of a recording, as arrays.

    Args:
        recording: what was recorded.
        sent: what its flow sent.
    """

    def __init__(self, recording: Recording, sent: EdgeGradients) -> None:
        self.recording, self.sent = recording, sent

    @cached_property
    def counts(self) -> np.ndarray:
        """How many entries each tensor has."""
        return np.array([tensor.size for tensor in self.recording.tensors])

    @cached_property
    def serials(self) -> np.ndarray:
        """The serial number of each use, without constants that are no tensors."""
        return np.asarray(np.cumsum(self.recording.source_of >= 0) - 1)

    @cached_property
    def totals(self) -> Sizes:
        """The gradient that reached each tensor."""
        tensors, flow = self.recording.tensors, self.sent.flow
        found = [None] * len(tensors) if flow is None else flow.norms_of(tensors)
        there = np.array([size is not None for size in found])
        l2, largest = np.array([size or (np.nan, np.nan) for size in found]).T
        return Sizes(l2, l2 / np.sqrt(np.maximum(self.counts, 1)), largest, there)

    @cached_property
    def single(self) -> Sizes:
        """What was sent along each use."""
        sent = self.sent
        entries = np.maximum(self.counts[self.recording.source_of], 1)
        return Sizes(sent.l2, sent.l2 / np.sqrt(entries), sent.max, sent.sent)

    def along(self, uses: np.ndarray) -> Sizes:
        """What was sent along several uses together, for each row of uses."""
        if uses.shape[1] == 1:
            return self.single.at(uses[:, 0])
        sent = self.sent.sent[uses]
        sizes = [
            self.sent.across(row[there].tolist()) for row, there in zip(uses, sent, strict=True)
        ]
        table = np.array(
            [(s.l2, s.rms, s.max) if s is not None else (np.nan,) * 3 for s in sizes]
        ).reshape(-1, 3)
        l2, rms, largest = table.T
        return Sizes(l2, rms, largest, sent.any(axis=1))

    def passed(self, uses: np.ndarray) -> np.ndarray:
        """When the sweep had passed all uses of each row: later, a larger number.

        It goes through consumers from the last one recorded to the first, and through the inputs
        of each in turn.
        """
        recording = self.recording
        first = recording.first_use
        consumers = recording.consumer_of[uses]
        when = len(recording.source_of) - first[consumers + 1] + uses - first[consumers]
        there = self.sent.sent[uses]
        return np.asarray(np.where(there, when, -1).max(axis=1))

    @cached_property
    def spreads(self) -> np.ndarray:
        """Smallest, mean and largest value of each tensor; NaN where there are no numbers."""
        values = [self.recording.value(tensor) for tensor in self.recording.tensors]
        table = np.full((len(values), 3), np.nan)
        small = []
        for number, value in enumerate(values):
            if not value.size or value.dtype.kind not in "fiub":
                continue
            if value.size <= MAX_ENTRIES_JOINED:
                small.append(number)
            else:
                table[number] = value.min(), value.mean(), value.max()
        if small:
            counts = self.counts[small]
            entries = joined([values[number] for number in small]).astype(float, copy=False)
            starts = np.cumsum(counts) - counts
            table[small, 0] = np.minimum.reduceat(entries, starts)
            with np.errstate(all="ignore"):
                table[small, 1] = np.add.reduceat(entries, starts) / counts
            table[small, 2] = np.maximum.reduceat(entries, starts)
        return table

    @cached_property
    def has_values(self) -> np.ndarray:
        """Which tensors have numbers."""
        kinds = [t.size > 0 and t.dtype.kind in "fiub" for t in self.recording.tensors]
        return np.array(kinds)
