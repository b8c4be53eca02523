"""Gradients as a picture tells them: along drawn edges, into nodes, summed over time, in strips.

One idea: BPTT adds up over time what each step sends to a shared weight (Werbos 1990); the total
and the steps' shares stand beside the graph, and so does the gradient at each state for every t.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from tinygrad_rnn.analysis import decades_per_step
from tinygrad_rnn.norms import norms
from viz.model import AFTER, OUT, Layer, Parameter, Size, Strip
from viz.reading.recording import Recording, Use, op_name


def parameters(tensors: Sequence[Any], recording: Recording, sent: Sent) -> list[Parameter]:
    """The total gradient of each of the tensors, and each step's share of it.

    Args:
        tensors: what is shared and wants a gradient; with no flow there are no sums.
    """
    found: list[Parameter] = []
    for tensor in tensors if sent.flow is not None else ():
        uses: dict[int, list[Use]] = defaultdict(list)
        for use in recording.by_source[id(tensor)]:
            step = recording.homes[id(use.consumer)].step
            if step is not None and sent.reached(use):
                uses[step].append(use)
        shares = {step: sent.along(uses[step])[1] for step in sorted(uses)}
        found.append(
            Parameter(
                f"sum-{recording.ids[id(tensor)]}",
                _full_name(tensor, recording),
                tuple(tensor.shape),
                sent.total(tensor),
                {step: size for step, size in shares.items() if size is not None},
            )
        )
    return found


def _full_name(tensor: Any, recording: Recording) -> str:
    """A shared tensor's name, with its layer where it is used in one of several."""
    uses = recording.by_source[id(tensor)]
    layers = {recording.homes[id(use.consumer)].layer for use in uses}
    layer = layers.pop() if len(layers) == 1 else ""
    name = tensor.name or op_name(tensor)
    return f"{name}, {layer}" if layer not in ("", OUT, AFTER) and "." not in name else name


def strips(layers: Sequence[Layer], recording: Recording, flow: Any, norm: str) -> list[Strip]:
    """The norm of the gradient at each state of each layer, for all of its steps."""
    if flow is None:
        return []
    at = {(recording.homes[id(t)].step, recording.keys[id(t)]): t for t in recording.tensors}
    found = []
    for layer in layers:
        for key in layer.states if layer.name != OUT else ():
            states = [(step, at[(step, key)]) for step in layer.steps if (step, key) in at]
            values = [float(flow.norm(tensor, norm)) for _, tensor in states]
            name = states[0][1].name or op_name(states[0][1])
            steps = [step for step, _ in states]
            found.append(Strip(layer.name, name, steps, values, decades_lost(values)))
    return found


def decades_lost(values: list[float]) -> float | None:
    """Decades that a gradient loses for each step it goes back; None where no line can be fitted.

    >>> round(decades_lost([0.001, 0.01, 0.1, 1.0]), 6)
    1.0
    """
    rate = decades_per_step(values)
    return None if math.isnan(rate) else -rate


def measure(gradient: np.ndarray) -> Size:
    """The three norms of an array.

    >>> size = measure(np.array([3.0, -4.0]))
    >>> size.l2, round(size.rms, 4), size.max, size.finite
    (5.0, 3.5355, 4.0, True)
    """
    ((l2, largest),) = norms([gradient])
    rms = l2 / math.sqrt(max(gradient.size, 1))
    return Size(l2, rms, largest, math.isfinite(largest))


class Sent:
    """A flow's edges by consumer and slot. Without a flow, nothing is known of any."""

    def __init__(self, flow: Any) -> None:
        self.flow = flow
        edges = flow.edges if flow is not None else ()
        self.edges = {(edge.consumer.index, edge.slot): edge for edge in edges}

    def total(self, tensor: Any) -> Size | None:
        """The size of the summed gradient that reached a tensor."""
        gradient = self.flow.gradient(tensor) if self.flow is not None else None
        return None if gradient is None else measure(gradient)

    def reached(self, use: Use) -> bool:
        """Whether the sweep sent something along this edge."""
        return (use.consumer.index, use.slot) in self.edges

    def along(self, uses: Sequence[Use]) -> tuple[str, Size | None]:
        """What came back along edges of one tensor: summed first, then measured.

        For several edges this is the true gradient across the boundary that they cross together;
        their norms do not add up to it.
        """
        if self.flow is None:
            return "unknown", None
        found = [self.edges[(u.consumer.index, u.slot)] for u in uses if self.reached(u)]
        if not found:
            return ("cut" if op_name(uses[0].consumer) == "cut" else "none"), None
        if len(found) == 1:
            edge = found[0]
            size = Size(edge.l2, edge.rms, edge.max, edge.finite)
        else:
            size = measure(reduce(add, map(self.flow.contribution, found)))
        departing = getattr(self.flow, "departing", ())  # of a difference of two flows
        if any((edge.consumer.index, edge.slot) in departing for edge in found):
            return "departs", size
        return ("nonfinite" if not size.finite else "flows" if size.max else "zero"), size
