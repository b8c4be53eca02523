"""Evidence in the recorded values of one chain: slopes, gates, recurrent weights.

All of it is read off the graph, so a cell of one's own is understood like the known ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.diagnosis.chains import Chain, gate_of
from tinygrad_rnn.graph import Array

LOOKED_AT = 48  # steps of a long chain, evenly
SLOPES = {  # the local slope from what the function gave, as a share of its largest
    "tanh": lambda y: 1 - y * y,
    "tanh_gate": lambda y: 1 - y * y,
    "sigmoid": lambda y: 4 * y * (1 - y),
    "sigmoid_gate": lambda y: 4 * y * (1 - y),
}
RECTIFIERS = ("relu", "maximum", "clip")
DEEPEST = 12  # sums and products between a state and the next
EDGE = 0.05  # this near an end, as a share of the range, a unit is stuck


@dataclass
class Squashing:
    """The values that one sigmoid or tanh of a cell gave, (steps looked at, ...)."""

    name: str  # its gate, or the primitive
    op: str
    values: list[Array] = field(default_factory=list)

    @cached_property
    def flat(self) -> Array:
        """All values."""
        return np.concatenate([np.ravel(value) for value in self.values])

    @property
    def slope(self) -> float:
        """The root mean square of its slope, as a share of the largest that it can have."""
        slopes = SLOPES[self.op](self.flat.astype(np.float64))
        return float(np.sqrt(np.mean(np.square(slopes))))

    @property
    def ends(self) -> tuple[float, float]:
        """The shares of all values that lie at the lower and at the upper end of its range."""
        low = 0.0 if "sigmoid" in self.op else -1.0
        way = (self.flat - low) / (1 - low)
        return float(np.mean(way < EDGE)), float(np.mean(way > 1 - EDGE))


class Evidence:
    """What was recorded at the steps of one chain.

    Args:
        chain: the chain.
        flow: the sweep that was watched.
        by_consumer: the flow's edges, by the consumer's index.
    """

    def __init__(self, chain: Chain, flow: Any, by_consumer: dict[int, list[Any]]) -> None:
        self.chain, self.flow, self.by_consumer = chain, flow, by_consumer
        count = len(chain.steps)
        places = np.linspace(0, count - 1, min(count, LOOKED_AT)).round().astype(int)
        self.places = [int(place) for place in places]

    @cached_property
    def squashing(self) -> list[Squashing]:
        """The sigmoids and tanhs of the cell, by gate."""
        found: dict[Any, Squashing] = {}
        for place in self.places:
            counts: Counter[Any] = Counter()
            for node in self.chain.nodes[place]:
                if node.op is None or node.op.name not in SLOPES or not node.data.size:
                    continue  # another library may not have kept the value
                name = gate_of(node) or node.op.name
                counts[name] += 1
                one = found.setdefault((name, counts[name]), Squashing(name, node.op.name))
                one.values.append(self._counted(node.data))
        return list(found.values())

    @property
    def at_ends(self) -> float:
        """The share of all values of sigmoids and tanhs that lie at an end of their range."""
        return float(np.mean([sum(one.ends) for one in self.squashing] or [0.0]))

    @property
    def others_at_ends(self) -> float:
        """The same but for the gate that keeps the state, which may well be closed on purpose."""
        others = [one for one in self.squashing if one.name != self.keeping_gate]
        return float(np.mean([sum(one.ends) for one in others] or [0.0]))

    def _counted(self, data: Array) -> Array:
        longest = self.chain.longest
        fits = longest is not None and data.ndim and len(data) == len(longest)
        return data[longest] if fits else data

    @property
    def largest_slope(self) -> float:
        """The largest slope of the nonlinearity: 1/4 if all are sigmoids, else 1."""
        sigmoids = [one for one in self.squashing if "sigmoid" in one.op]
        return 0.25 if sigmoids and len(sigmoids) == len(self.squashing) else 1.0

    @property
    def rectified(self) -> bool:
        """Whether the nonlinearities are rectifiers alone."""
        return not self.squashing

    @cached_property
    def slope(self) -> float:
        """What the nonlinearities leave of a gradient at one step: the geometric mean of |g * f'|
        / |g|; 1 without any."""
        return self._mean([self._slope_at(place) for place in self.places])

    def _slope_at(self, place: int) -> float:
        before = after = 0.0
        for node in self.chain.nodes[place]:
            if node.op is not None and (node.op.name in SLOPES or node.op.name in RECTIFIERS):
                for edge in self.by_consumer.get(node.index, ()):
                    before += self.flow.norm(node) ** 2
                    after += edge.l2**2
        return float(np.sqrt(after / before)) if before > 0 else np.nan

    @cached_property
    def weight(self) -> float:
        """What the recurrent product makes of a gradient at one step: the geometric mean of
        |what comes to the state before| / |what the product was given|."""
        return self._mean([self._weight_at(place) for place in self.places if place])

    def _weight_at(self, place: int) -> float:
        earlier = {state.index for state in self.chain.states(place - 1)}
        before = after = 0.0
        for node in self.chain.nodes[place]:
            for edge in self.by_consumer.get(node.index, ()):
                if edge.source.index in earlier:
                    before += self.flow.norm(node) ** 2
                    after += edge.l2**2
        return float(np.sqrt(after / before)) if before > 0 else np.nan

    @staticmethod
    def _mean(factors: list[float]) -> float:
        found = np.asarray([f for f in factors if np.isfinite(f)])
        if not len(found):
            return 1.0
        return float(np.exp(np.mean(np.log(np.maximum(found, 1e-12)))))

    # What carries the state on directly, past all weights.

    @cached_property
    def keep(self) -> dict[str, Array]:
        """By part of the state, how much of it goes straight on to the next step: the forget gate,
        1 - z, or a constant. All of its values at the steps looked at; without such a way, none.
        """
        found: dict[str, list[Array]] = defaultdict(list)
        for place in self.places:
            if place:
                for part, nodes in self.chain.parts.items():
                    if nodes[place] is None or nodes[place - 1] is None:
                        continue
                    kept = self._straight(nodes[place], nodes[place - 1], 0)
                    if kept is not None:
                        kept = np.broadcast_to(kept, nodes[place].shape)
                        found[part].append(self._counted(kept).ravel())
        return {part: np.concatenate(values) for part, values in found.items()}

    def _straight(self, node: Any, start: Any, depth: int) -> Any:
        """Return d node / d start along sums and products alone, elementwise; None if not so."""
        if node is start:
            return 1.0
        if not hasattr(node, "inputs") or node.op is None or depth > DEEPEST:
            return None
        name = node.op.name
        if name in ("add", "subtract", "multiply", "negative", "where"):
            ways = [self._straight(x, start, depth + 1) for x in node.inputs]
            if all(way is None for way in ways):
                return None
            known = [0.0 if way is None else way for way in ways]
            if name == "add":
                return known[0] + known[1]
            if name == "subtract":
                return known[0] - known[1]
            if name == "negative":
                return -known[0]
            if name == "where":
                return known[1] if ways[1] is not None else known[2]
            a, b = (np.asarray(getattr(x, "data", x)) for x in node.inputs)
            if not (a.size and b.size):  # another library has not kept the value
                return None
            return known[0] * b + known[1] * a
        return None

    @cached_property
    def keeping_gate(self) -> str:
        """The name of the gate that decides how much is kept: "forget gate", or ""."""
        names = [one.name for one in self.squashing]
        for known in ("forget gate", "update gate", "input gate"):
            if known in names:
                return known
        gates = [one.name for one in self.squashing if "sigmoid" in one.op]
        return gates[0] if len(gates) == 1 else ""

    # The recurrent weight.

    @cached_property
    def recurrent(self) -> Any:
        """The parameter that the state before is multiplied by; None if none is found."""
        if len(self.chain.steps) < 2:
            return None
        place = self.places[-1]
        earlier = {state.index for state in self.chain.states(place - 1)}
        for node in self.chain.nodes[place]:
            slots = [k for k, s in enumerate(node.inputs) if getattr(s, "index", -1) in earlier]
            for slot in slots:
                for other in node.inputs[slot + 1 : slot + 2] or node.inputs[:slot]:
                    weight = _leaf(other)
                    if weight is not None and weight.ndim == 2:
                        return weight
        return None

    @property
    def radius(self) -> float | None:
        """The spectral radius of the recurrent weight, if it is square."""
        weight = self.recurrent
        if weight is None or weight.shape[0] != weight.shape[1]:
            return None
        data = np.asarray(weight.data, np.float64)
        if data.shape != weight.shape or not np.all(np.isfinite(data)):
            return None
        return float(np.max(np.abs(np.linalg.eigvals(data))))


def _leaf(node: Any) -> Any:
    """Return the parameter that a node is, or is a transposition or a part of."""
    while hasattr(node, "inputs") and node.op is not None:
        if node.op.name not in ("transpose", "swapaxes", "getitem", "t", "reshape"):
            return None
        node = node.inputs[0]
    return node if hasattr(node, "requires_grad") and node.requires_grad else None
