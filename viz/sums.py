"""What a picture says of all steps, whichever it draws: parameters' sums, and strips of states.

One idea: BPTT adds up over time what each step sends to a shared weight (Werbos 1990); the total
and the steps' shares stand beside the graph, and so does the gradient at each state for every t.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tinygrad_rnn.analysis import decades_per_step
from viz.blocks import Recording, Use, op_name
from viz.model import AFTER, OUT, Layer, Parameter, Strip
from viz.sent import Sent


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
