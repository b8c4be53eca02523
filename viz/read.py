"""From a recorded graph and its flow to the drawing model.

One idea: every node gets a *block* (which step of which layer it belongs to, read off its scope)
and a *key* (which job it does there); everything after works on blocks and keys alone. Only the
engine's public surface is read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np

from viz.blocks import Block, Recording, Use, op_name
from viz.errors import VizError
from viz.model import (
    AFTER,
    BEFORE,
    OUT,
    Edge,
    Layer,
    Model,
    Node,
    Parameter,
    Size,
    Strip,
    decades_per_step,
    measure,
)
from viz.style import check_norm

SYMBOLS = {
    "add": "+", "subtract": "\N{MINUS SIGN}", "multiply": "\N{MULTIPLICATION SIGN}", "divide": "/",
    "true_divide": "/", "negative": "neg", "matmul": "@", "sigmoid": "\N{GREEK SMALL LETTER SIGMA}",
    "power": "^", "transpose": ".T", "getitem": "[ ]", "sum": "sum", "concatenate": "concat",
    "affine": "linear", "affine_pair": "linear", "linear_pair": "linear", "square": "^ 2",
    "sigmoid_gate": "\N{GREEK SMALL LETTER SIGMA}", "tanh_gate": "tanh",
    "broadcast_to": "broad-\ncast", "log_softmax": "log\nsoftmax",
}  # fmt: skip


def read(root: Any, flow: Any = None, norm: str = "l2", title: str = "") -> Model:
    """Turn the graph under `root` into a drawing model with every step, at op detail, unplaced.

    Args:
        root: the tensor that the picture ends in, usually the loss.
        flow: what a sweep from `root` recorded; None draws values and shapes alone.
        norm: "l2", "rms" or "max".

    Raises:
        VizError: `root` is no tensor with a graph, or `flow` was recorded from another one.
    """
    check_norm(norm)
    if not hasattr(root, "inputs") or not hasattr(root, "scope"):
        raise VizError(f"draw needs a Tensor, got {type(root).__name__}")
    if flow is not None and getattr(flow, "root", None) is not root:
        raise VizError(
            "this flow was recorded from another tensor: draw what it was traced from, "
            "or trace this one with tinygrad_rnn.trace"
        )
    return _Reader(root, flow, norm).model(title)


class _Reader:
    """The tables that turn tensors into nodes; one per picture, gone once the model stands."""

    def __init__(self, root: Any, flow: Any, norm: str) -> None:
        self.root, self.flow, self.norm = root, flow, norm
        self.recording = recording = Recording(root)
        self.tensors, self.uses, self.by_source = (
            recording.tensors, recording.uses, recording.by_source
        )  # fmt: skip
        self.homes, self.keys, self.gates = recording.homes, recording.keys, recording.gates
        self.rails: dict[tuple[str, str], str] = {}  # layer and name of a state to its key
        self.last_of_gate = {
            (self.homes[id(tensor)], self.gates[id(tensor)]): tensor
            for tensor in self.tensors
            if self.gates.get(id(tensor))
        }
        self.ids = {id(tensor): f"n{i}" for i, tensor in enumerate(self.tensors)}
        sent = flow.edges if flow is not None else ()
        self.sent = {(e.consumer.index, e.slot): e for e in sent}

    # The model.

    def model(self, title: str) -> Model:
        layers = self._layers()
        self.rails = {
            (layer.name, key.split("|")[2]): key for layer in layers for key in layer.states
        }
        states = {key for layer in layers for key in layer.states}
        shared = {id(tensor) for tensor in self.tensors if self._is_shared(tensor)}
        nodes = {
            id(tensor): self._node(tensor, states)
            for tensor in self.tensors
            if id(tensor) not in shared or tensor.op is not None
        }
        drawn = list(nodes.values())
        edges, tags = self._edges(shared)
        rails, junctions = self._junctions(edges, {node.id: node for node in [*drawn, *tags]})
        steps = sorted({s for layer in layers for s in layer.steps})
        return Model(
            title=title,
            norm=self.norm,
            detail="op",
            root=self.ids[id(self.root)],
            nodes=[*drawn, *tags, *junctions],
            edges=[*edges, *rails],
            layers=layers,
            steps=steps,
            shown=list(steps),
            parameters=self._parameters(shared),
            strips=self._strips(layers),
            has_flow=self.flow is not None,
        )

    def _is_shared(self, tensor: Any) -> bool:
        """Whether it gets a tag at each use: what all steps use, and leaves used twice in one."""
        uses, home = self.by_source[id(tensor)], self.homes[id(tensor)]
        if home.layer == BEFORE:
            return len({self.homes[id(use.consumer)] for use in uses}) > 1
        return tensor.op is None and home.step is not None and len(uses) > 1

    def _layers(self) -> list[Layer]:
        steps: dict[str, set[int]] = defaultdict(set)
        for home in self.homes.values():
            if home.step is not None:
                steps[home.layer].add(home.step)
        states: dict[str, dict[str, str]] = defaultdict(dict)  # layer -> key -> name
        back: Counter[str] = Counter()
        for use in self.uses:
            source, target = self.homes[id(use.source)], self.homes[id(use.consumer)]
            if source.layer != target.layer or source.step == target.step:
                continue
            if source.step is not None and target.step is not None:
                states[source.layer][self.keys[id(use.source)]] = use.source.name or ""
                back[source.layer] += 1 if source.step > target.step else -1
        for tensor in self.tensors:  # a single step hands nothing on, yet has states
            home = self.homes[id(tensor)]
            if home.step is not None and tensor.op is not None and tensor.name in ("h", "c"):
                states[home.layer].setdefault(self.keys[id(tensor)], tensor.name)
        return [
            Layer(
                name,
                sorted(steps[name]),
                sorted(states[name], key=lambda key: states[name][key] != "h"),
                back[name] > 0,
            )
            for name in sorted(steps, key=lambda layer: (layer == OUT, layer))
        ]

    def _node(self, tensor: Any, states: set[str]) -> Node:
        home, key = self.homes[id(tensor)], self.keys[id(tensor)]
        if tensor is self.root:
            role = "loss"
        elif key in states:
            role = "state"
        elif tensor.op is not None:
            role = "cut" if tensor.op.name == "cut" else "op"
        elif tensor.requires_grad:
            role = "parameter"
        elif (tensor.name or "").endswith("_0") and home.layer == BEFORE:
            role = "initial"
        else:
            role = "input" if tensor.name == "x" else "constant"
        return self._describe(tensor, role, home, key, self.ids[id(tensor)])

    def _describe(self, tensor: Any, role: str, home: Block, key: str, id_: str) -> Node:
        gradient = self.flow.gradient(tensor) if self.flow is not None else None
        return Node(
            id=id_,
            key=key,
            label=self._label(tensor, role, home),
            op=op_name(tensor),
            role=role,
            layer=home.layer,
            step=home.step,
            gate=self.gates.get(id(tensor), ""),
            name=tensor.name or "",
            shape=tuple(tensor.shape),
            dtype=str(tensor.dtype),
            formula=tensor.op.formula if tensor.op is not None else "",
            derivatives=tuple(tensor.op.derivatives) if tensor.op is not None else (),
            value=_spread(tensor.data),
            gradient=measure(gradient),
        )

    def _label(self, tensor: Any, role: str, home: Block) -> str:
        if role == "initial":  # named h_0, which the hidden state of step 0 is called too
            return f"initial {tensor.name.removesuffix('_0')}"
        if role == "state":
            return f"{tensor.name or _symbol(tensor)}_{home.step}"
        if role == "input" and home.step is not None:
            return f"{tensor.name}_{home.step}"
        if tensor.op is None:
            return _short(tensor.name) or ("leaf" if tensor.requires_grad else "constant")
        if role == "loss" and tensor.size == 1:
            return f"{tensor.name or 'loss'}\n{_symbol(tensor)}"
        gate = self.gates.get(id(tensor), "")
        if gate and self.last_of_gate[(home, gate)] is tensor:
            return f"{_symbol(tensor)}\n{gate.split(' / ')[-1].removesuffix(' gate')}"
        return _symbol(tensor)

    def _edges(self, shared: set[int]) -> tuple[list[Edge], list[Node]]:
        """Every use as an edge; what is shared gets a tag beside each operation that uses it."""
        edges: list[Edge] = []
        tags: dict[tuple[int, int], Node] = {}
        for number, use in enumerate(self.uses):
            home = self.homes[id(use.consumer)]
            source = self.ids[id(use.source)]
            source_key = self.keys[id(use.source)]
            if id(use.source) in shared and home.layer != BEFORE:
                place = (id(use.source), id(use.consumer))
                if place not in tags:
                    tags[place] = self._tag(use, home, len(self.tensors) + len(tags))
                    alike = [u for u in self.by_source[place[0]] if id(u.consumer) == place[1]]
                    tags[place].gradient = self._join(alike)[1]
                source, source_key = tags[place].id, tags[place].key
            flow, size = self._sent(use)
            key = f"{source_key}>{self.keys[id(use.consumer)]}>{use.slot}"
            target = self.ids[id(use.consumer)]
            edge = Edge(f"e{number}", key, source, target, use.slot, flow, size)
            if source == self.ids[id(use.source)]:
                edge.port = self._port(use.source, home)
            edges.append(edge)
        return edges, list(tags.values())

    def _port(self, source: Any, home: Block) -> str:
        """Where a line from another block enters this one; "" inside a block, or for no set way."""
        start, key = self.homes[id(source)], self.keys[id(source)]
        if start == home:
            return ""
        if start.layer == home.layer or home.layer == AFTER:
            return f"<{key}"
        if start.layer == BEFORE and (source.name or "").endswith("_0"):
            return f"<{self.rails.get((home.layer, source.name.removesuffix('_0')), key)}"
        return f"_{key}" if start.step == home.step else ""

    def _tag(self, use: Use, home: Block, serial: int) -> Node:
        tensor = use.source
        role = "parameter" if tensor.requires_grad and tensor.op is None else "shared"
        if tensor.name == "x" and tensor.op is None:
            role = "input"
        key = f"{home.layer}|tag|{self.keys[id(tensor)]}|{self.keys[id(use.consumer)]}"
        return self._describe(tensor, role, home, key, f"n{serial}")

    def _sent(self, use: Use) -> tuple[str, Size | None]:
        if self.flow is None:
            return "unknown", None
        edge = self.sent.get((use.consumer.index, use.slot))
        if edge is None:
            return ("cut" if op_name(use.consumer) == "cut" else "none"), None
        size = Size(edge.l2, edge.rms, edge.max, edge.finite)
        return ("nonfinite" if not edge.finite else "flows" if edge.max else "zero"), size

    def _join(self, uses: list[Use]) -> tuple[str, Size | None]:
        """What came back along several edges of one tensor together: summed first, then measured.

        This is the true gradient across the boundary that they cross; norms do not add up.
        """
        edges = [e for u in uses if (e := self.sent.get((u.consumer.index, u.slot))) is not None]
        if not edges:
            return self._sent(uses[0])
        if len(edges) == 1:
            edge = edges[0]
            size: Size | None = Size(edge.l2, edge.rms, edge.max, edge.finite)
        else:
            size = measure(sum(self.flow.contribution(edge) for edge in edges))
        assert size is not None
        return ("nonfinite" if not size.finite else "flows" if size.max else "zero"), size

    def _junctions(
        self, edges: list[Edge], nodes: dict[str, Node]
    ) -> tuple[list[Edge], list[Node]]:
        """One rail to a junction wherever a state is used several times in another block."""
        arriving: dict[tuple[str, tuple[str, int | None]], list[int]] = defaultdict(list)
        for i, edge in enumerate(edges):
            source, target = nodes[edge.source], nodes[edge.target]
            apart = source.block != target.block and source.layer != BEFORE
            if (apart and source.layer == target.layer) or source.role == "initial" or (
                apart and target.layer == AFTER and source.role == "state"
            ):  # fmt: skip
                arriving[(edge.source, target.block)].append(i)
        rails: list[Edge] = []
        points: list[Node] = []
        for (source_id, block), found in arriving.items():
            if len(found) < 2:
                continue
            source = nodes[source_id]
            key = edges[found[0]].port
            point = Node(
                f"j{len(points)}", key, "", "junction", "junction", *block,
                name=source.name, shape=source.shape, dtype=source.dtype,
            )  # fmt: skip
            flow, size = self._join([self.uses[i] for i in found])
            point.gradient = size
            for i in found:
                edges[i].via = point.id
            rail = Edge(f"r{len(points)}", f"{key}|rail", source_id, point.id, -1, flow, size)
            rail.rail, rail.port = source.label, key
            rails.append(rail)
            points.append(point)
        return rails, points

    def _parameters(self, shared: set[int]) -> list[Parameter]:
        found = []
        for tensor in self.tensors:
            if id(tensor) not in shared or not tensor.requires_grad or self.flow is None:
                continue
            if self.homes[id(tensor)].layer != BEFORE:
                continue
            uses: dict[int, list[Use]] = defaultdict(list)
            for use in self.by_source[id(tensor)]:
                step = self.homes[id(use.consumer)].step
                if step is not None and (use.consumer.index, use.slot) in self.sent:
                    uses[step].append(use)
            shares = {step: self._join(uses[step])[1] for step in sorted(uses)}
            found.append(
                Parameter(
                    f"sum-{self.ids[id(tensor)]}",
                    tensor.name or op_name(tensor),
                    tuple(tensor.shape),
                    measure(self.flow.gradient(tensor)),
                    {step: size for step, size in shares.items() if size is not None},
                )
            )
        return found

    def _strips(self, layers: list[Layer]) -> list[Strip]:
        if self.flow is None:
            return []
        at = {(self.homes[id(t)].step, self.keys[id(t)]): t for t in self.tensors}
        strips = []
        for layer in layers:
            for key in layer.states if layer.name != OUT else ():
                found = [(s, at[(s, key)]) for s in layer.steps if (s, key) in at]
                values = [float(self.flow.norm(tensor, self.norm)) for _, tensor in found]
                name = found[0][1].name or op_name(found[0][1])
                fitted = decades_per_step(values)
                strips.append(Strip(layer.name, name, [s for s, _ in found], values, fitted))
        return strips


def _short(name: str | None) -> str:
    """A parameter's name as its tag shows it: weight_ih is W_ih, bias is b."""
    last = (name or "").removeprefix("cell.")
    return last.replace("weight", "W").replace("bias", "b")


def _symbol(tensor: Any) -> str:
    symbol: str = SYMBOLS.get(tensor.op.name, tensor.op.name)
    raw = [np.ndim(x) == 0 and not hasattr(x, "inputs") for x in tensor.inputs]
    if len(raw) == 2 and any(raw):  # 1 - z, 2 * x: the number belongs into the node
        constant = f"{float(tensor.inputs[raw.index(True)]):g}"
        return f"{constant} {symbol}" if raw[0] else f"{symbol} {constant}"
    return symbol


def _spread(data: np.ndarray) -> tuple[float, float, float] | None:
    if not data.size or data.dtype.kind not in "fiub":
        return None
    return float(data.min()), float(data.mean()), float(data.max())
