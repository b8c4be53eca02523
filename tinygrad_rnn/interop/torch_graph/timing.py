"""The time step that each node of a watched model belongs to, and its name there.

The user says nothing of time, so it is read off the recording. The k-th call of a submodule whose
every call depends on the one before is step k. Where no submodule is called over and over, the k-th
use of a weight is, if every use depends on the one before. What is handed from step to step is a
state. A ``tinygrad_rnn.scope("t", t)`` of the user's own comes before all that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from tinygrad_rnn.interop.torch_graph.nodes import TorchNode, reached
from tinygrad_rnn.interop.torch_graph.record import Place, WatchRecord, frames
from tinygrad_rnn.interop.torch_graph.repeats import LayerStep, by_calls, by_weights
from tinygrad_rnn.interop.torch_graph.states import READS, layers_of, mark_calls, name_states, time
from tinygrad_rnn.scope import Scope

# The nodes that PyTorch's own cells make last, with the gate that each is part of.
TAILS = {
    "lstm": [
        ("sigmoid", "input gate"), ("sigmoid", "forget gate"), ("tanh", "candidate"),
        ("sigmoid", "output gate"), ("multiply", "cell state"), ("multiply", "cell state"),
        ("add", "cell state"), ("tanh", "hidden state"), ("multiply", "hidden state"),
    ],
    "gru": [
        ("add", "reset gate"), ("sigmoid", "reset gate"), ("add", "update gate"),
        ("sigmoid", "update gate"), ("multiply", "candidate"), ("add", "candidate"),
        ("tanh", "candidate"), ("subtract", "hidden state"), ("multiply", "hidden state"),
        ("add", "hidden state"),
    ],
    "rnn_tanh": [("affine_pair", "hidden state"), ("tanh", "hidden state")],
    "rnn_relu": [("affine_pair", "hidden state"), ("relu", "hidden state")],
}  # fmt: skip


def set_scopes(nodes: Sequence[TorchNode], recording: WatchRecord) -> None:
    """Give every node its scope, and every state its name.

    Args:
        nodes: in topological order.
        recording: where they were made.
    """
    computed = [node for node in nodes if node.op is not None]
    places = {node.index: recording.place(node.number) for node in computed}
    gates = _gates(computed, recording)
    steps = _said(computed, places)
    steps |= by_calls(computed, places, recording, steps)
    steps |= by_weights(computed, places, steps)
    steps |= _used_by_one_step(computed, places, steps)
    known: dict[Any, tuple[Scope, ...]] = {}  # what is made side by side shares its scope
    for node in computed:
        place, step, gate = places[node.index], steps.get(node.index), gates.get(node.index)
        facts = id(place), step and (id(step[0]), step[1]), gate
        if facts not in known:
            known[facts] = _scope(place, step, gate)
        node.scope = known[facts]
    layers = layers_of(computed)
    name_states(layers)
    _place_leaves(nodes)
    mark_calls(layers)


def _scope(place: Place, step: LayerStep | None, gate: str | None) -> tuple[Scope, ...]:
    """Layer, step and what lies inside it, outermost first."""
    more = (Scope(gate),) if gate else ()
    path = place.frame.path if place.frame is not None else ""
    if step is None:
        known = (Scope(path),) if path and Scope(path) not in place.scope else ()
        return (*place.scope, *known, *more)
    layer, t = step
    at = time(place.scope)
    inner = place.scope[at + 1 :] if at is not None else ()
    start = next((part.name for part in reversed(layer) if part.index is None), "")
    deeper = path.removeprefix(start).lstrip(".") if at is None or not inner else ""
    if at is not None and path == start:
        deeper = ""
    return (*layer, Scope("t", t), *((Scope(deeper),) if deeper else ()), *inner, *more)


def _gates(nodes: Sequence[TorchNode], recording: WatchRecord) -> dict[int, str]:
    """The gate that each node of one of PyTorch's own cells is part of."""
    ordered = sorted(nodes, key=lambda node: node.number)
    numbers = [node.number for node in ordered]
    gates: dict[int, str] = {}
    for cell in recording.cells:
        tail = TAILS[cell.kind]
        end = bisect_left(numbers, cell.end)
        found = ordered[max(end - len(tail), 0) : end]
        named = [node.op.name for node in found if node.number >= cell.first]
        if named == [name for name, _ in tail]:
            gates |= {node.index: gate for node, (_, gate) in zip(found, tail, strict=True)}
    return gates


def _said(nodes: Sequence[TorchNode], places: dict[int, Place]) -> dict[int, LayerStep]:
    """The steps that a scope names."""
    steps: dict[int, LayerStep] = {}
    for node in nodes:
        frame, scope = places[node.index]
        at = time(scope)
        if at is None:
            continue
        layer, t = scope[:at], scope[at].index
        assert t is not None
        if not layer:
            path = next((f.path for f in frames(frame) if f.path), "")
            layer = (Scope(path),) if path else ()
        steps[node.index] = layer, t
    return steps


def _used_by_one_step(
    nodes: Sequence[TorchNode], places: dict[int, Place], known: dict[int, LayerStep]
) -> dict[int, LayerStep]:
    """What a single step alone uses belongs to it."""
    consumers = reached(nodes)
    steps: dict[int, LayerStep] = {}
    for node in reversed(nodes):
        if node.index in known:
            continue
        found = {known.get(user.index) or steps.get(user.index) for user in consumers[node.index]}
        times = {step[1] for step in found if step is not None}
        if found and None not in found and len(times) == 1:
            steps[node.index] = next(step for step in found if step is not None)
    return steps


def _place_leaves(nodes: Sequence[TorchNode]) -> None:
    """A constant that one step alone uses belongs to that step."""
    consumers = reached(nodes)
    for node in nodes:
        if node.op is None and not node.requires_grad and not (node.name or "").endswith("_0"):
            scopes: set[Any] = set()
            for user in consumers[node.index]:
                at = time(user.scope)
                scopes.add(None if at is None else user.scope[: at + 1])
            if len(scopes) == 1 and None not in scopes:
                node.scope = next(iter(scopes))
                if any(user.op and user.op.name in READS for user in consumers[node.index]):
                    node.name = node.name or "x"
