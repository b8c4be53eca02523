"""States, handed on from step to step: their names, and the marks that pictures read."""

from __future__ import annotations

from collections import defaultdict, namedtuple
from collections.abc import Sequence
from typing import Any, NamedTuple

from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.interop.torch_graph.nodes import TorchNode
from tinygrad_rnn.interop.torch_graph.record import WatchRecord
from tinygrad_rnn.scope import Call, Scope

READS = {"linear", "affine", "linear_pair", "affine_pair", "matmul", "concatenate"}
Layers = dict[tuple[Scope, ...], dict[int, list[TorchNode]]]  # by layer and t, in order


def layers_of(nodes: Sequence[TorchNode]) -> Layers:
    """Sort nodes by layer and time step."""
    layers: Layers = defaultdict(lambda: defaultdict(list))
    for node in nodes:
        at = time(node.scope)
        if at is not None:
            layers[node.scope[:at]][node.scope[at].index or 0].append(node)
    return layers


def _handed(steps: dict[int, list[TorchNode]]) -> dict[int, dict[int, TorchNode]]:
    """By step, what it hands on to another step of its layer, and the number of that step."""
    where = {node.index: t for t, step in steps.items() for node in step}
    handed: dict[int, dict[int, TorchNode]] = defaultdict(dict)
    for t, step in steps.items():
        for node in step:
            for source in node.inputs:
                start = where.get(source.index) if isinstance(source, TorchNode) else None
                if start is not None and start != t:
                    handed[start][source.index] = source
    return handed


def name_states(layers: Layers) -> None:
    """Name what a step hands on, unless PyTorch's own cells have: h, and a second thing c.

    Of two things, h is the one that a product reads; more are state_0, state_1 and so on. What
    stands in the place of a state in the last step, which hands on nothing, is named likewise, and
    what stands there before the first is h_0.
    """
    for steps in layers.values():
        handed = _handed(steps)
        named = {t: _names(list(states.values()), steps) for t, states in handed.items()}
        parts = {tuple(states) for states in named.values()}
        if len(parts) != 1:
            continue
        for states in named.values():
            for name, state in states.items():
                state.name = state.name or name
        for name in parts.pop():
            _name_ends(steps, {t: states[name] for t, states in named.items()})


def _names(states: list[TorchNode], steps: dict[int, list[TorchNode]]) -> dict[str, TorchNode]:
    """What to call the states that one step hands on."""
    if any(state.name for state in states):
        return {state.name or "": state for state in states}
    if len(states) == 1:
        return {"h": states[0]}
    read = {
        source.index
        for step in steps.values()
        for node in step
        if node.op is not None and node.op.name in READS
        for source in node.inputs
        if isinstance(source, TorchNode)
    }
    hidden = [state for state in states if state.index in read]
    others = [state for state in states if state.index not in read]
    if len(hidden) == len(others) == 1:
        return {"h": hidden[0], "c": others[0]}
    return {f"state_{k}": state for k, state in enumerate(states)}


def mark_calls(layers: Layers) -> None:
    """Mark in the scope of each step what it reads, takes and gives."""
    for steps in layers.values():
        chain = object()
        named = {
            t: {n.name: n for n in step if n.name and n.op is not None} for t, step in steps.items()
        }
        if not any(named.values()):
            continue
        where = {node.index: t for t, step in steps.items() for node in step}
        reverse = any(
            where.get(source.index, -1) > t
            for t, step in steps.items()
            for node in step
            for source in node.inputs
            if isinstance(source, TorchNode)
        )
        order = sorted(steps, reverse=reverse)
        for before, t in zip([None, *order], order, strict=False):
            states = named[t]
            parts = tuple(sorted(states, key=lambda part: (part != "h", part)))
            leaves = {
                source.name: source
                for node in steps[t]
                for source in node.inputs
                if isinstance(source, TorchNode) and source.op is None
            }
            taken = named[before] if before is not None else {}
            takes = [taken.get(part) or leaves.get(f"{part}_0") for part in parts]
            x = leaves.get("x")
            call = Call(
                chain,
                "",
                parts,
                takes=tuple(node.index for node in takes if node is not None),
                gives=tuple(states[part].index for part in parts),
                reads=x.index if x is not None else None,
                reverse=reverse,
            )
            step = Scope("t", t, call)
            marked: dict[
                int, tuple[Any, Any]
            ] = {}  # by identity, a scope without the call and with
            for node in steps[t]:
                scope = node.scope
                if id(scope) not in marked:
                    at = time(scope)
                    assert at is not None
                    marked[id(scope)] = scope, (*scope[:at], step, *scope[at + 1 :])
                node.scope = marked[id(scope)][1]


def time(scope: Sequence[Scope]) -> int | None:
    """Where in a scope the time step is named."""
    for k, part in enumerate(scope):
        if part.name == "t" and part.index is not None:
            return k
    return None


class States(NamedTuple):
    """The states of a module, as `GradientFlow.through_time` takes them."""

    states: list[Any]
    has_steps: bool = True


def states_of(nodes: Sequence[TorchNode], recording: WatchRecord, module: Any) -> States:
    """Return the states of a module's last layer, forward direction, step by step.

    Raises:
        GradientError: if it has none, or more than one sequence of them.
    """
    path = recording.paths.get(id(module))
    if path is None:
        raise GradientError(
            f"this {type(module).__name__} is no part of the model that was watched"
        )
    found: Layers = {}
    for layer, steps in layers_of(nodes).items():
        name = layer[0].name if layer and layer[0].index is None else ""
        inside = not path or name == path or name.startswith(f"{path}.")
        if inside and Scope("direction", 1) not in layer and _part_names(steps):
            found[layer] = steps
    deepest = max([_depth(layer) for layer in found], default=0)
    last = [layer for layer in found if _depth(layer) == deepest]
    if len(last) != 1:
        names = ", ".join(" ".join(map(str, layer)) or "the model" for layer in last)
        which = f"has several: {names}" if last else "has none"
        raise GradientError(f"through_time follows the states of one recurrent layer: this {which}")
    steps = found[last[0]]
    parts = _part_names(steps)
    kind = namedtuple("kind", parts)  # type: ignore[misc]  # its fields are known only now
    return States([kind(*_nodes_named(steps[t], parts)) for t in sorted(steps)])


def _depth(layer: tuple[Scope, ...]) -> int:
    return max([part.index for part in layer if part.name == "layer" and part.index], default=0)


def _part_names(steps: dict[int, list[TorchNode]]) -> tuple[str, ...]:
    first = steps[max(steps)]
    calls = [part.call for node in first for part in node.scope if part.call is not None]
    return calls[0].parts if calls else ()


def _nodes_named(step: list[TorchNode], parts: Sequence[str]) -> list[TorchNode]:
    named = {node.name: node for node in step if node.op is not None}
    return [named[part] for part in parts]


def _name_ends(steps: dict[int, list[TorchNode]], states: dict[int, TorchNode]) -> None:
    """Name what stands in a state's place where nothing is handed on, or nothing was before."""
    last, first = max(steps), min(steps)
    before = states.get(last - 1)
    if before is not None and last not in states:
        alike = [n for n in steps[last - 1] if n.op == before.op]
        place = len(alike) - alike.index(before)
        found = [n for n in steps[last] if n.op == before.op]
        if len(found) == len(alike):
            found[-place].name = found[-place].name or before.name
    state = states.get(first)
    if state is None or first + 1 not in steps:
        return
    for a, b in zip(steps[first], steps[first + 1], strict=False):
        if a.op != b.op or len(a.inputs) != len(b.inputs):
            return
        for x, y in zip(a.inputs, b.inputs, strict=True):
            started = isinstance(x, TorchNode) and x.op is None and not x.requires_grad
            if started and y is state:
                x.name = x.name or f"{state.name}_0"
