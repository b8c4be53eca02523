"""The states of a recurrent network through time, read off a run or off a recorded graph.

A chain is one layer in one direction: its states in the order in which they were computed. The
gradient goes back along it, from its last state to its first. What is a state was marked by whoever
called the cell (`tinygrad_rnn.scope.Call`); in a loop of one's own without such marks it is what
one time step hands to another.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from tinygrad_rnn.graph import Array, topological
from tinygrad_rnn.scope import Call
from tinygrad_rnn.state import flatten


@dataclass
class Chain:
    """The states of one layer in one direction.

    Attributes:
        layer: its number, from 0 at the input; None if there is one.
        direction: 1 for the half of a bidirectional layer that goes from the last step to the
            first; None if there is one.
        steps: the numbers of the time steps, in the order in which they were taken.
        parts: the states at these steps, by part: "h", and for an LSTM "c". None stands for one
            that nothing uses, and which a graph therefore does not hold.
        nodes: by place along the chain, what was computed at that step.
        longest: which sequences of the batch go on for as many steps as any; None for all.
        start: the state after the first step that was taken, be it padding.
        start_nodes: what was computed at that step.
    """

    layer: int | None
    direction: int | None
    steps: list[int]
    parts: dict[str, list[Any]]
    nodes: list[list[Any]] = field(default_factory=list)
    longest: Array | None = None
    start: list[Any] = field(default_factory=list)
    start_nodes: list[Any] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What tells it from the others: "layer 1", or "" if there are no others."""
        half = {None: "", 0: "forward direction", 1: "backward direction"}[self.direction]
        if self.layer is None:
            return f"the {half}" if half else ""
        return f"layer {self.layer}, {half}" if half else f"layer {self.layer}"

    def states(self, place: int) -> list[Any]:
        """Return all parts of the state at one place along the chain that the graph holds."""
        return [part[place] for part in self.parts.values() if part[place] is not None]


class Home(NamedTuple):
    """The time step that a node was made in.

    Attributes:
        around: the scopes outside of the step, such as a layer's.
        step: its number.
    """

    around: tuple[str, ...]
    step: int


def home(node: Any) -> Home | None:
    """Return the time step that a node was made in; None outside of all steps."""
    for depth, part in enumerate(node.scope):
        if part.is_step:
            return Home(tuple(map(str, node.scope[:depth])), part.index)
    return None


def call_of(node: Any) -> Call | None:
    """Return the call of a cell that a node was made in."""
    return next((part.call for part in node.scope if part.call is not None), None)


def gate_of(node: Any) -> str:
    """Return the scopes inside the step and the cell, such as "forget gate"; "" without any."""
    places = [k for k, part in enumerate(node.scope) if part.is_step or part.call is not None]
    return " / ".join(map(str, node.scope[places[-1] + 1 :])) if places else ""


def chains_of(run: Any, graph: list[Any]) -> list[Chain]:
    """Return the chains of a run, the first layer first; without a run, those of a graph.

    Args:
        run: what `unroll` or a recurrent layer returned, or None.
        graph: all nodes that the loss was made from, inputs before consumers.
    """
    steps = _Steps(graph)
    found = _of_run(run) if run is not None else _marked(graph, steps) + _unmarked(graph, steps)
    for chain in found:
        chain.nodes = [steps.around(chain.states(k)[0]) for k in range(len(chain.steps))]
        chain.start, chain.start_nodes = chain.states(0), chain.nodes[0]
        _leave_out_padding(chain)
    return sorted(found, key=lambda chain: (chain.layer or 0, chain.states(-1)[0].index))


_BY_FLOW: WeakKeyDictionary[Any, tuple[Any, list[Chain]]] = WeakKeyDictionary()


def chains_of_flow(flow: Any) -> list[Chain]:
    """Return the chains of the graph that a flow has swept, which are looked for once a sweep."""
    root, found = _BY_FLOW.get(flow, (None, []))
    if root is not flow.root:
        found = chains_of(None, topological(flow.root))
        _BY_FLOW[flow] = flow.root, found
    return found


def last_chain(flow: Any) -> Chain | None:
    """Return the states of the last layer, forwards, as a chain; None without time steps."""
    return next((c for c in reversed(chains_of_flow(flow)) if c.direction != 1), None)


class _Steps:
    """The nodes of each call of a cell, and of each time step that has no call."""

    def __init__(self, graph: list[Any]) -> None:
        self.by_call: dict[int, list[Any]] = defaultdict(list)
        self.by_home: dict[Home, list[Any]] = defaultdict(list)
        for node in graph:
            call, where = call_of(node), home(node)
            if call is not None:
                self.by_call[id(call)].append(node)
            elif where is not None:
                self.by_home[where].append(node)

    def around(self, state: Any) -> list[Any]:
        """Return what was computed at the step that gave a state."""
        call, where = call_of(state), home(state)
        if call is not None:
            return self.by_call[id(call)]
        return [] if where is None else self.by_home[where]


def _of_run(run: Any) -> list[Chain]:
    layers = getattr(run, "runs", [[run]])
    found = []
    for k, layer in enumerate(layers):
        for d, one in enumerate(layer):
            parts: dict[str, list[Any]] = defaultdict(list)
            for state in one.states:
                for name, tensor in flatten(state).items():
                    parts[name].append(tensor)
            number = k if len(layers) > 1 else None
            steps = list(range(len(one.states)))
            found.append(_ordered(number, d if len(layer) > 1 else None, dict(parts), steps))
    return found


def _ordered(
    layer: int | None, direction: int | None, parts: dict[str, list[Any]], steps: list[int]
) -> Chain:
    """Return a chain in the order in which its states were computed, which may not be that of t."""
    rows = list(zip(*parts.values(), strict=True))
    made = [max(state.index for state in row if state is not None) for row in rows]
    order = sorted(range(len(rows)), key=lambda place: made[place])
    return Chain(
        layer,
        direction,
        [steps[place] for place in order],
        {name: [part[place] for place in order] for name, part in parts.items()},
    )


def _marked(graph: list[Any], steps: _Steps) -> list[Chain]:
    """Find the chains whose calls were marked."""
    by_index = {node.index: node for node in graph}
    calls: dict[Any, list[tuple[Call, list[Any]]]] = defaultdict(list)
    for nodes in steps.by_call.values():
        call = call_of(nodes[0])
        if call is not None and any(index in by_index for index in call.gives):
            around = [str(part) for part in nodes[0].scope if part.name in ("layer", "direction")]
            calls[id(call.chain), call.parts, tuple(around)].append((call, nodes))
    found = []
    for (_, parts, around), chain in calls.items():
        for run in _numbered_runs(chain):
            numbers = [number for number, _, _ in run]
            states = {
                part: [by_index.get(call.gives[k]) for _, call, _ in run]
                for k, part in enumerate(parts)
            }
            layer, direction = _number(around, "layer"), _number(around, "direction")
            found.append(_ordered(layer, direction, states, numbers))
    return found


def _numbered_runs(chain: list[tuple[Call, list[Any]]]) -> list[list[tuple[int, Call, list[Any]]]]:
    """Number the calls by their time steps; where a number comes again, another run has begun."""
    runs: list[list[tuple[int, Call, list[Any]]]] = [[]]
    seen: set[int] = set()  # numbers in the last run
    for call, nodes in sorted(chain, key=lambda one: max(one[0].gives)):
        where = home(nodes[0])
        number = len(runs[-1]) if where is None else where.step
        if number in seen:
            runs.append([])
            seen.clear()
            number = 0 if where is None else number
        seen.add(number)
        runs[-1].append((number, call, nodes))
    return runs


def _unmarked(graph: list[Any], steps: _Steps) -> list[Chain]:
    """Find the states of loops of one's own: what one time step hands to another."""
    jobs = {id(node): _jobs(nodes) for nodes in steps.by_home.values() for node in nodes[:1]}
    known = {key: job for of_step in jobs.values() for key, job in of_step.items()}
    where = {id(node): at for at, nodes in steps.by_home.items() for node in nodes}
    states: dict[tuple[str, ...], dict[Any, None]] = defaultdict(dict)
    for node in graph:
        here = where.get(id(node))
        for source in node.inputs if here is not None else ():
            there = where.get(id(source))
            if there is None or here is None or source.op is None:
                continue
            if there.around == here.around and there.step != here.step:
                states[here.around][known[id(source)]] = None
    found = []
    for around, wanted in states.items():
        numbers = sorted(at.step for at in steps.by_home if at.around == around)
        by_job: dict[Any, dict[int, Any]] = {job: {} for job in wanted}
        for number in numbers:
            for node in steps.by_home[Home(around, number)]:
                if known[id(node)] in wanted and node.op is not None:
                    by_job[known[id(node)]][number] = node
        numbers = sorted(set().union(*by_job.values()))
        parts = {
            _part(job, list(wanted)): [nodes.get(t) for t in numbers]
            for job, nodes in by_job.items()
        }
        parts = dict(sorted(parts.items(), key=lambda item: item[0] != "h"))
        found.append(
            _ordered(_number(around, "layer"), _number(around, "direction"), parts, numbers)
        )
    return found


def _jobs(nodes: list[Any]) -> dict[int, Any]:
    """Return what each node of a step does there: its name, or its primitive and which of them."""
    counts: dict[Any, int] = defaultdict(int)
    out = {}
    for node in nodes:
        job = node.name or (gate_of(node), node.op.name if node.op else "leaf")
        counts[job] += 1
        out[id(node)] = job if node.name else (*job, counts[job])
    return out


def _part(job: Any, others: list[Any]) -> str:
    """Return the name of a part of the state; what has none is called h if it is alone."""
    if isinstance(job, str):
        return job
    unnamed = [other for other in others if not isinstance(other, str)]
    return "h" if len(others) == 1 else f"state_{unnamed.index(job)}"


def _number(around: tuple[str, ...], name: str) -> int | None:
    for part in reversed(around):
        if part.startswith(f"{name} = "):
            return int(part.removeprefix(f"{name} = "))
    return None


def _leave_out_padding(chain: Chain) -> None:
    """Leave the steps that are padding for even the longest sequences of the batch.

    A padded step keeps the old state where a sequence has ended: where(goes on, new, old).
    """
    going: list[Array | None] = []
    for place in range(len(chain.steps)):
        state = chain.states(place)[0]
        mask = state.inputs[0] if state.op is not None and state.op.name == "where" else None
        mask = np.asarray(getattr(mask, "data", mask)) if mask is not None else None
        fits = mask is not None and mask.dtype == bool and mask.size == state.shape[0]
        going.append(mask.ravel() if fits and mask is not None else None)
    if all(mask is None for mask in going):
        return
    size = next(mask.size for mask in going if mask is not None)
    counts = sum(np.ones(size, int) if mask is None else mask.astype(int) for mask in going)
    longest = np.asarray(counts == np.max(counts))
    places = [k for k, mask in enumerate(going) if mask is None or mask[longest].any()]
    chain.longest = longest
    chain.steps = [chain.steps[k] for k in places]
    chain.nodes = [chain.nodes[k] for k in places]
    chain.parts = {name: [part[k] for k in places] for name, part in chain.parts.items()}
