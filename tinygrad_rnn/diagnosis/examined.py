"""The material of a diagnosis, worked out once: the graph, its chains, their curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.diagnosis.chains import Chain, chains_of, chains_of_flow, home
from tinygrad_rnn.diagnosis.curves import Curve, Ways
from tinygrad_rnn.diagnosis.evidence import Evidence
from tinygrad_rnn.graph import topological


class Examined:
    """A loss, the flow that was traced from it, and the run.

    Args:
        flow: the sweep that was watched.
        run: what `unroll` or a recurrent layer returned, or None to find the states in the graph.
    """

    def __init__(self, flow: Any, run: Any) -> None:
        self.flow, self.run = flow, run
        self.graph = topological(flow.root)
        self.chains = chains_of_flow(flow) if run is None else chains_of(run, self.graph)
        top = max((chain.layer or 0 for chain in self.chains), default=0)
        self.ways = [
            Ways(flow, self.graph, chain, (chain.layer or 0) == top) for chain in self.chains
        ]
        self.curves: list[Curve | None] = [ways.furthest for ways in self.ways]

    @cached_property
    def by_consumer(self) -> dict[int, list[Any]]:
        """The flow's edges, by the consumer's index."""
        found: dict[int, list[Any]] = defaultdict(list)
        for edge in self.flow.edges:
            found[edge.consumer.index].append(edge)
        return found

    @cached_property
    def evidence(self) -> list[Evidence]:
        """What was recorded at the steps of each chain."""
        return [Evidence(chain, self.flow, self.by_consumer) for chain in self.chains]

    @property
    def main(self) -> int | None:
        """The number of the chain that is spoken of first: the last layer's, forwards."""
        order = sorted(
            range(len(self.chains)),
            key=lambda k: (self.curves[k] is not None, self.chains[k].direction != 1, k),
        )
        return order[-1] if order else None

    def reached(self, chain: Chain) -> bool:
        """Whether a gradient got to any state of a chain, be it zero."""
        return any(
            self.flow.gradient(node) is not None
            for place in range(len(chain.steps))
            for node in chain.states(place)
        )

    def gaps(self, chain: Chain) -> list[int]:
        """Return the places at which the state before is not connected, last first."""
        touched = [
            place
            for place in range(len(chain.steps))
            if any(self.flow.gradient(node) is not None for node in chain.states(place))
        ]
        last = max(touched, default=-1)
        return [place for place in range(last, 0, -1) if not self.linked(chain, place)]

    def linked(self, chain: Chain, place: int, parts: tuple[str, ...] = ()) -> bool:
        """Whether a gradient can go from one state of a chain straight to (some part of) the one
        before: not by way of another part of that one."""
        nodes = [chain.parts[part][place - 1] for part in parts or chain.parts]
        nodes = [node for node in nodes if node is not None]
        ends = {node.index for node in chain.states(place - 1)}
        return _reaches(chain.states(place), {node.index for node in nodes}, ends)

    def cut_before(self, chain: Chain, place: int) -> bool:
        """Whether it was cut on purpose there."""
        floor = max(node.index for node in chain.states(place - 1))
        return any(
            node.op is not None and node.op.name == "cut"
            for node in _below(chain.states(place), floor, differentiable=False)
        )

    def detached_part(self, chain: Chain, place: int) -> str:
        """Return the part of the state before that goes on as a constant; "" if there is none."""
        for part in chain.parts if len(chain.parts) > 1 else ():
            if self.linked(chain, place, (part,)):
                continue
            state = chain.parts[part][place - 1]
            if state is None:
                continue
            value = np.asarray(state.data)
            if not np.any(value):
                continue
            for node in chain.nodes[place]:
                for given in node.inputs:
                    constant = not getattr(given, "requires_grad", False)
                    data = np.asarray(getattr(given, "data", given))
                    if constant and data.shape == value.shape and np.array_equal(data, value):
                        return part
        return ""

    def carried(self, chain: Chain) -> tuple[int, bool]:
        """Return how many earlier nodes of the same network the first state hangs on, and whether
        its parameters have moved since they were computed."""
        here = {node.index for node in chain.start_nodes}
        used = {s.index for node in chain.start_nodes for s in node.inputs if _is_parameter(s)}
        where = home(chain.start[0])
        count, moved = 0, False
        for node in _below(chain.start, -1, differentiable=True):
            at = home(node)
            if node.index in here or at is None or where is None or at.around != where.around:
                continue
            if any(_is_parameter(s) and s.index in used for s in node.inputs):
                count += 1
                moved = moved or _has_moved(node)
        return count, moved


def _is_parameter(source: Any) -> bool:
    return hasattr(source, "inputs") and source.op is None and source.requires_grad


def _has_moved(node: Any) -> bool:
    """Whether a parameter that a node used was given new data since."""
    return any(
        _is_parameter(source) and source._array is not value
        for source, value in zip(node.inputs, getattr(node, "_values", ()), strict=False)
    )


def _below(
    roots: list[Any], floor: int, differentiable: bool, ends: Collection[int] = ()
) -> list[Any]:
    """Return what the roots were made from that was made after the node of index `floor`.

    What lies beyond a node of `ends` is left out; differentiable leaves out constants.
    """
    found = {root.index: root for root in roots}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        for source in () if node.index in ends else node.inputs:
            if not hasattr(source, "inputs") or source.index in found or source.index <= floor:
                continue
            if differentiable and not source.requires_grad:
                continue
            found[source.index] = source
            waiting.append(source)
    return list(found.values())


def _reaches(roots: list[Any], targets: set[int], ends: set[int]) -> bool:
    """Whether a gradient can flow from some root to a target."""
    if any(root.index in targets for root in roots):
        return True
    roots = [root for root in roots if root.requires_grad]
    below = _below(roots, min(ends) - 1, differentiable=True, ends=ends)
    return any(node.index in targets for node in below)
