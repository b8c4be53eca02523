"""Gradients as a picture tells them: along drawn edges, into nodes, summed over time, in strips.

One idea: BPTT adds up over time what each step sends to a shared weight (Werbos 1990); the total
and the steps' shares stand beside the graph, and so does the gradient at each state for every t.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from tinygrad_rnn.norms import Norms, norms, root_mean_square
from viz.model import AFTER, OUT, ParameterShares, Size, Strip
from viz.reading.recording import NO_STEP, Recording, Use, op_name
from viz.reading.story import curve_of, said_of
from viz.text import clean


def parameters(
    tensors: Sequence[Any], recording: Recording, sent: EdgeGradients
) -> list[ParameterShares]:
    """The total gradient of each of the tensors, and each step's share of it.

    Args:
        tensors: what is shared and wants a gradient; with no flow there are no sums.
    """
    found: list[ParameterShares] = []
    for tensor in tensors if sent.flow is not None else ():
        numbers = recording.uses_by_source(tensor)
        consumers = recording.consumer_of[numbers]
        layers = {recording.homes[id(recording.tensors[i])].layer for i in consumers.tolist()}
        steps = recording.steps_of[consumers]
        counts = (steps != NO_STEP) & sent.sent[numbers]
        uses: dict[int, list[int]] = defaultdict(list)
        for step, number in zip(steps[counts].tolist(), numbers[counts].tolist(), strict=True):
            uses[step].append(number)
        shares = {step: sent.across(uses[step]) for step in sorted(uses)}
        found.append(
            ParameterShares(
                f"sum-n{recording.place[id(tensor)]}",
                _full_name(tensor, layers),
                tuple(tensor.shape),
                sent.total(tensor),
                {step: size for step, size in shares.items() if size is not None},
            )
        )
    return found


def _full_name(tensor: Any, layers: set[str]) -> str:
    """A shared tensor's name, with its layer where it is used in one of several."""
    layer = next(iter(layers)) if len(layers) == 1 else ""
    name = clean(tensor.name or op_name(tensor))
    return f"{name}, {layer}" if layer not in ("", OUT, AFTER) and "." not in name else name


def strips(recording: Recording, sent: EdgeGradients, norm: str) -> list[Strip]:
    """The norm of the gradient at each state of each layer, for all of its steps."""
    if sent.flow is None:
        return []
    found = []
    for layer in recording.chains:
        for key in layer.states if layer.name != OUT else ():
            states = recording.through_time(layer.name, key)
            values = [size.get(norm) if size else 0.0 for size in sent.totals(states.values())]
            name = clean(recording.state_name(next(iter(states.values()))))
            curve = curve_of(sent.flow, next(iter(states.values())))
            one = curve.pieces if curve is not None and curve.alone else []
            decades = one[0].decades if len(one) == 1 else None
            found.append(Strip(layer.name, name, list(states), values, said_of(curve), decades))
    return found


def measure(gradient: np.ndarray) -> Size:
    """The three norms of an array.

    >>> size = measure(np.array([3.0, -4.0]))
    >>> size.l2, round(size.rms, 4), size.max, size.finite
    (5.0, 3.5355, 4.0, True)
    """
    return _size(norms([gradient])[0], gradient.size)


class EdgeGradients:
    """What a flow sent along each use of a recording. Without a flow, nothing is known of any.

    Attributes:
        l2, max: of each use, by its number; NaN where nothing was sent.
    """

    def __init__(self, recording: Recording, flow: Any) -> None:
        self.recording, self.flow = recording, flow
        count = len(recording.source_of)
        self.l2, self.max = np.full(count, np.nan), np.full(count, np.nan)
        self.edges: list[Any] = [None] * count
        self._sums: dict[tuple[int, ...], Size] = {}
        place, first = recording.place, recording.first_use.tolist()
        edges = [e for e in (flow.edges if flow is not None else ()) if id(e.consumer) in place]
        where = [first[place[id(edge.consumer)]] + edge.slot for edge in edges]
        self.l2[where] = [edge.l2 for edge in edges]
        self.max[where] = [edge.max for edge in edges]
        self.sent = np.zeros(count, dtype=bool)
        self.sent[where] = True
        for number, edge in zip(where, edges, strict=True):
            self.edges[number] = edge

    def total(self, tensor: Any) -> Size | None:
        """The size of the summed gradient that reached a tensor."""
        return self.totals([tensor])[0]

    def totals(self, tensors: Iterable[Any]) -> list[Size | None]:
        """The size of the summed gradient that reached each of some tensors."""
        if self.flow is None:
            return [None for _ in tensors]
        tensors = list(tensors)
        sizes = self.flow.norms_of(tensors)
        return [
            None if size is None else _size(size, tensor.size)
            for tensor, size in zip(tensors, sizes, strict=True)
        ]

    def reached(self, use: Use) -> bool:
        """Whether the sweep sent something along this edge."""
        return bool(self.sent[self.recording.number(use)])

    def along(self, uses: Sequence[Use]) -> tuple[str, Size | None]:
        """What came back along edges of one tensor: summed first, then measured.

        For several edges this is the true gradient across the boundary that they cross together;
        their norms do not add up to it.
        """
        if self.flow is None:
            return "unknown", None
        numbers = [self.recording.number(use) for use in uses]
        numbers = [number for number in numbers if self.sent[number]]
        size = self.across(numbers)
        if size is None:
            return self.silence(uses[0]), None
        departing = getattr(self.flow, "departing", ())  # of a difference of two flows
        edges = [self.edges[number] for number in numbers] if departing else []
        if any((edge.consumer.index, edge.slot) in departing for edge in edges):
            return "departs", size
        return ("nonfinite" if not size.finite else "flows" if size.max else "zero"), size

    def silence(self, use: Use) -> str:
        """Why nothing was sent along an edge: it is cut on purpose, or nothing asked for it."""
        return "cut" if op_name(use.consumer) == "cut" else "none"

    def across(self, numbers: Sequence[int]) -> Size | None:
        """The size of the sum over uses of one tensor, by their numbers; None for no uses."""
        if not numbers:
            return None
        edge = self.edges[numbers[0]]
        if len(numbers) == 1:
            return Size(edge.l2, edge.rms, edge.max, edge.finite)
        known = tuple(numbers)
        if known not in self._sums:
            every = self.recording.uses_by_source(edge.source)
            if np.count_nonzero(self.sent[every]) == len(known):  # then the sweep has summed them
                found = self.total(edge.source)
                assert found is not None  # something was sent there
                self._sums[known] = found
            else:
                parts = [self.flow.contribution(self.edges[number]) for number in known]
                self._sums[known] = measure(reduce(add, parts))
        return self._sums[known]


def _size(measured: Norms, count: int) -> Size:
    l2, largest = measured
    return Size(l2, root_mean_square(l2, count), largest, math.isfinite(largest))
