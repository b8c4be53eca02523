"""The recorded graph that a backward pass is compared with, and sweeps of it that go wrong.

One idea: a mistake is a change of what one kind of edge sends back. Swept with that change, the
graph gives the gradients that somebody gets who makes the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

import tinygrad_rnn as tr
from tinygrad_rnn.tensor import Array

CELLS: dict[str, Any] = {"rnn": tr.RNNCell, "lstm": tr.LSTMCell, "gru": tr.GRUCell}
GATES = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}
# What each operation of one step makes, in the order in which the cell makes it.
ROLES = {
    "rnn": ("a", "h"),
    "lstm": ("a", "i", "f", "g", "f * c", "i * g", "c", "o", "tanh(c)", "h"),
    "gru": (
        "a", "r", "z", "r * h", "a_n", "n", "1 - z", "(1 - z) * h", "z * n", "h",
    ),
}  # fmt: skip
LEAVES = {"weight_ih": "W", "weight_hh": "U", "bias": "b"}
START = {"h_0": "h", "c_0": "c"}


class Use(NamedTuple):
    """One edge in one sweep: all that a change of it may look at.

    Attributes:
        g: the gradient that arrived at the consumer.
        right: what the edge is to send back.
        dh: the gradient that arrived at this step's h.
        slope: the same for another local derivative of one element, a function of its value.
        weight, rows: the part of a recurrent weight that its product uses, and which rows that is.
        step: the values of the consumer's step, by role, and of what it reads.
        t: the step.
        steps: how many there are.
    """

    g: Array
    right: Array
    dh: Array
    slope: Callable[[Array], Array]
    weight: Array
    rows: slice
    step: Mapping[str, Array]
    t: int
    steps: int


Edge = tuple[str, int]  # the role of the consumer, and the slot of its input
Change = Callable[[Use], Array]
Changes = Mapping[Edge, Change]
Cut = Callable[[int], bool]  # whether the graph is cut before a step


class Mistake(NamedTuple):
    """What somebody did, in words, and as changes of the sweep."""

    words: str
    changes: Changes
    cut: Cut | None = None


def last_only(use: Use) -> Array:
    """Send something at the last step alone."""
    return use.right if use.t == use.steps - 1 else np.zeros_like(use.right)


class KeptFlow(tr.GradientFlow):
    """A flow that keeps what went along each edge, where no rule could give it again."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[int, int], Array] = {}

    def contribution(self, edge: tr.Edge) -> Array:
        """Return what went along one edge."""
        return self.kept[edge.consumer.index, edge.slot]


def step_of(node: tr.Tensor) -> int:
    """Return the step in which a node was made."""
    return int(node.scope[0].index or 0)


def vjp(node: tr.Tensor, slot: int, g: Array) -> Array:
    """Return what a node's rule sends to one of its inputs, of that input's shape."""
    assert node.op is not None
    values = tuple(getattr(value, "data", value) for value in node.inputs)
    sent = np.asarray(node.op.vjp(slot, g, node.data, values, node.params))
    shape = np.shape(values[slot])
    if node.op.broadcasts and sent.shape != shape:
        sent = sent.sum(axis=tuple(range(sent.ndim - len(shape))))
        once = tuple(k for k, size in enumerate(shape) if size < sent.shape[k])
        sent = sent.sum(axis=once, keepdims=True)
    return sent


def sweep(
    root: tr.Tensor,
    known: Mapping[int, Array],
    sent: Callable[[tr.Tensor, int, Mapping[int, Array]], Array] | None = None,
) -> KeptFlow:
    """Sweep back from the end of a graph; return what went along every edge.

    Args:
        root: a single number.
        known: by a node's index what somebody has for its gradient; the difference is put down to
            the last edge that brings it something, which is from the next step, or the only one.
        sent: what a node sends to one of its inputs, from all gradients by index; its rule's.
    """
    flow = KeptFlow()
    sums = flow.begin(root)
    arrived: dict[int, list[tuple[tr.Tensor, int, tr.Tensor]]] = {root.index: []}
    for node in reversed(tr.graph.topological(root, differentiable=True)):
        found = arrived[node.index]
        parts = [flow.kept[consumer.index, slot] for consumer, slot, _ in found]
        total = np.asarray(sum(parts)) if parts else np.ones(node.shape)
        if node.index in known:
            consumer, slot, _ = found[-1]
            flow.kept[consumer.index, slot] = parts[-1] + known[node.index] - total
            total = known[node.index]
        sums[node.index] = total
        for consumer, slot, source in found:
            flow(consumer, slot, source, flow.kept[consumer.index, slot])
        for slot, source in enumerate(node.inputs):
            if node.op is not None and isinstance(source, tr.Tensor) and source.requires_grad:
                part = sent(node, slot, sums) if sent else vjp(node, slot, sums[node.index])
                flow.kept[node.index, slot] = part
                arrived.setdefault(source.index, []).append((node, slot, source))
    return flow


class Problem:
    """A cell unrolled over random inputs, with weights drawn at random and a gradient at every h_t.

    Args:
        kind: "rnn", "lstm" or "gru".
        sizes: T, B, I and H.
        seed: for all numbers.
        cut: before which steps the graph is cut.
        started: whether it starts from a random state, or from zeros.
    """

    def __init__(
        self,
        kind: str,
        sizes: tuple[int, int, int, int],
        seed: int,
        cut: Cut = lambda t: False,
        started: bool = True,
    ) -> None:
        self.kind, self.sizes, self.cut = kind, sizes, cut
        steps, batch, features, hidden = sizes
        rng = np.random.default_rng(seed)
        self.cell = CELLS[kind](features, hidden, rng=rng)
        for parameter in self.cell.parameters():
            parameter.data = 0.8 * rng.standard_normal(parameter.shape)
        self.x = rng.standard_normal((steps, batch, features))
        self.dy = rng.standard_normal((steps, batch, hidden))
        start = {part: started * rng.uniform(-0.9, 0.9, (batch, hidden)) for part in "hc"}
        begin = [tr.Tensor(value, requires_grad=True) for value in start.values()]
        first = tuple(begin) if kind == "lstm" else begin[0]
        self.run = tr.unroll(self.cell, self.x, first)
        self.loss = (self.run.outputs * self.dy).sum()
        self.loss.name = "loss"
        self.at: list[dict[str, tr.Tensor]] = [{} for _ in range(steps)]
        self.role: dict[int, str] = {}
        roles = [iter(ROLES[kind]) for _ in range(steps)]
        self.nodes = tr.graph.topological(self.loss, differentiable=True)
        for node in self.nodes:
            if node.op is None:
                self.role[node.index] = (LEAVES | START)[str(node.name)]
            elif node.scope:
                t = step_of(node)
                self.role[node.index] = role = next(roles[t])
                self.at[t][role] = node
        self.values: list[dict[str, Array]] = []
        before = start
        for x, made in zip(self.x, self.at, strict=True):
            values = {role: np.asarray(node.data) for role, node in made.items()}
            past = {f"{part}_{{t-1}}": before[part] for part in self.cell.parts}
            self.values.append({**values, **past, "x": x})
            before = values
        # What an index that is off by one finds; NumPy's -1 is the last.
        for t, found in enumerate(self.values):
            found["x_{t-1}"], found["h_{t-2}"] = self.x[t - 1], self.states("h")[t - 1]

    def states(self, part: str) -> Array:
        """Return "h" or "c" of all steps with the one before them, (T + 1, B, H)."""
        first = self.values[0][f"{part}_{{t-1}}"]
        return np.array([first, *(values[part] for values in self.values)])

    def steps_of(self, role: str) -> Array:
        """Return what has this role at every step, stacked."""
        return np.array([values[role] for values in self.values])

    @cached_property
    def flow(self) -> KeptFlow:
        """What goes along every edge if nothing goes wrong."""
        return self.sweep({})

    def sweep(
        self,
        changes: Changes,
        known: Mapping[int, Array] | None = None,
        cut: Cut | None = None,
    ) -> KeptFlow:
        """Sweep back with these changes; return what went along every edge.

        Args:
            changes: for a kind of edge what it sends instead.
            cut: where the graph is cut instead.
            known: by a node's index what somebody has for its gradient; the difference is put
                down to the edge that comes from the next step, or to the only one.
        """

        def sent(node: tr.Tensor, slot: int, sums: Mapping[int, Array]) -> Array:
            return self._sent(node, slot, sums, changes, cut or self.cut)

        return sweep(self.loss, known or {}, sent)

    def _sent(
        self,
        node: tr.Tensor,
        slot: int,
        sums: Mapping[int, Array],
        changes: Changes,
        cut: Cut,
    ) -> Array:
        """Return what the node sends to one of its inputs, of the source's shape."""
        source, g, role = node.inputs[slot], sums[node.index], self.role.get(node.index, "")
        assert isinstance(source, tr.Tensor)

        def rule(g: Array) -> Array:
            return vjp(node, slot, g)

        sent = rule(g)
        # What collects the outputs belongs to no step: its slot says whose state it is.
        t = step_of(node) if node.scope else slot
        if not node.scope:
            role, slot = ("outputs", 0) if self.role.get(source.index) == "h" else ("loss", slot)
        elif cut(t) and source.scope and step_of(source) < t:
            return np.zeros_like(sent)
        change = changes.get((role, slot))
        if change is None:
            return sent
        true_slope = rule(np.ones_like(g))

        def slope(other: Array) -> Array:
            """What another slope would send: the rule is linear, so its own is divided out."""
            columns = node.params.get("columns")
            if columns is None:
                return np.asarray(g * other)
            full = np.zeros_like(true_slope)
            full[:, columns] = g * other
            return full

        dh, rows = sums.get(self.at[t]["h"].index, g), node.params.get("rows", slice(None))
        weight = node.inputs[3].data[rows] if "rows" in node.params else g
        steps = self.sizes[0]
        return np.asarray(change(Use(g, sent, dh, slope, weight, rows, self.values[t], t, steps)))

    def gradients(self, flow: tr.GradientFlow) -> dict[str, Array]:
        """Return what a backward pass of this cell gives, by name: "W", "U", "b", "a", "h", "c"."""
        found = {
            role: np.asarray(flow.gradient(parameter))
            for name, role in LEAVES.items()
            for parameter in [getattr(self.cell, name)]
        }
        for part in self.cell.parts:
            found[part] = np.array([flow.gradient(made[part]) for made in self.at])
        a: list[Any] = [flow.gradient(made["a"]) for made in self.at]
        if self.kind == "gru":
            n: list[Any] = [flow.gradient(made["a_n"]) for made in self.at]
            a = [np.concatenate([rz, n_], axis=1) for rz, n_ in zip(a, n, strict=True)]
        return found | {"a": np.array(a)}

    def edges(self) -> dict[Edge, str]:
        """Return all kinds of edges inside the steps, with the role of what they lead back to."""
        kinds: dict[Edge, str] = {("outputs", 0): "h"}
        for made in self.at[::-1]:
            for role, node in made.items():
                for slot, source in enumerate(node.inputs):
                    if isinstance(source, tr.Tensor) and source.requires_grad:
                        kinds.setdefault((role, slot), self.role[source.index])
        return kinds
