"""The reader: from a recorded graph and its flow to the drawing model.

One idea: every tensor gets a *block* (which step of which layer it belongs to), a *key* (which job
it does there) and a *group* (with what it is drawn as one node); everything after works on these
alone. Only the engine's public surface is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from viz.errors import VizError
from viz.model import AFTER, BEFORE, OUT, Edge, Model, Node
from viz.reading.gradients import Sent, parameters, strips
from viz.reading.labels import node_of
from viz.reading.levels import Group, Groups, check_detail
from viz.reading.recording import Block, Recording, Use
from viz.style import check_norm


def read(
    root: Any,
    flow: Any = None,
    norm: str = "l2",
    title: str = "",
    detail: str = "op",
    shown: Callable[[list[int]], list[int]] = list,
) -> Model:
    """Turn the graph under `root` into a drawing model with every step, unplaced.

    Args:
        root: the tensor that the picture ends in, usually the loss.
        flow: what a sweep from `root` recorded; None draws values and shapes alone.
        norm: "l2", "rms" or "max".
        title: the picture's name.
        detail: "op", "gate", "cell" or "step".
        shown: from all steps those whose nodes will be seen; the others' are not looked into.

    Raises:
        VizError: `root` is no tensor with a graph, or `flow` was recorded from another one.
    """
    check_norm(norm)
    check_detail(detail)
    if not hasattr(root, "inputs") or not hasattr(root, "scope"):
        raise VizError(f"draw needs a Tensor, got {type(root).__name__}")
    if root.op is None and not root.requires_grad:
        raise VizError(
            "nothing was recorded under this tensor: it was made inside no_grad(), was detached, "
            "or is a constant"
        )
    _check_flow(flow, root)
    return _Reader(root, flow, norm, detail, shown).model(title)


def _check_flow(flow: Any, root: Any) -> None:
    if flow is None or getattr(flow, "root", None) is root:
        return
    if not hasattr(flow, "root"):
        raise VizError(f"a flow is what tinygrad_rnn.trace returns, not a {type(flow).__name__}")
    if flow.root is None:
        raise VizError(
            "this flow has watched no sweep: loss.backward(observer=flow) or trace(loss)"
        )
    raise VizError(
        "this flow was recorded from another tensor: draw what it was traced from, "
        "or trace this one with tinygrad_rnn.trace"
    )


class _Reader:
    """The tables that turn tensors into nodes; one per picture, gone once the model stands."""

    def __init__(
        self, root: Any, flow: Any, norm: str, detail: str, shown: Callable[[list[int]], list[int]]
    ) -> None:
        self.root, self.flow, self.norm, self.detail = root, flow, norm, detail
        self.recording = recording = Recording(root)
        self.homes, self.keys, self.by_source = recording.homes, recording.keys, recording.by_source
        self.sent = Sent(flow)
        self.layers = recording.cells()
        self.steps = sorted({step for layer in self.layers for step in layer.steps})
        self.hidden = set(self.steps) - set(shown(self.steps))
        self.states = {key for layer in self.layers for key in layer.states}
        self.rails = {  # layer and name of a state to its key
            (layer.name, key.split("|")[2]): key for layer in self.layers for key in layer.states
        }
        self.last = {layer.name: layer.steps[-1] for layer in self.layers if not layer.reverse}
        self.order = {
            layer.name: {step: i for i, step in enumerate(layer.steps)} for layer in self.layers
        }
        self.groups = Groups(recording, self.layers, detail)
        self.nodes: dict[str, Node] = {}
        self.behind: dict[str, list[Use]] = {}  # what each edge stands for
        self.shared: dict[int, bool] = {}  # whether a tensor gets a tag at each use, once asked

    def model(self, title: str) -> Model:
        """Everything, in the order in which it was recorded."""
        for group in self.groups.found.values():
            if group.main.op is not None or not self._is_shared(group.main):
                self._add(group)
        edges = self._edges()
        edges += self._junctions(edges)
        used = {node.layer for node in self.nodes.values()}
        last = self.groups.of.get(id(self.root))
        tensors = [t for t in self.recording.tensors if t.requires_grad and self._is_shared(t)]
        return Model(
            title=title,
            norm=self.norm,
            detail=self.detail,
            root=self._id(last) if last else "",
            nodes=list(self.nodes.values()),
            edges=edges,
            layers=[layer for layer in self.layers if layer.name in used],
            steps=self.steps,
            shown=list(self.steps),
            parameters=parameters(tensors, self.recording, self.sent),
            strips=strips(self.layers, self.recording, self.flow, self.norm),
            has_flow=self.flow is not None,
        )

    # Nodes.

    def _id(self, group: Group) -> str:
        id_ = self.recording.ids[id(group.main)]
        return f"c{id_[1:]}" if group.role == "cell" else id_

    def _add(self, group: Group) -> Node:
        seen = group.home.step not in self.hidden
        node = node_of(group, self._role(group), self.recording, self._id(group), seen)
        node.gradient = self.sent.total(group.main) if seen and group.role != "cell" else None
        self.nodes[node.id] = node
        return node

    def _role(self, group: Group) -> str:
        tensor, home = group.main, group.home
        if group.role == "cell":
            return "cell"
        if any(member is self.root for member in group.members):
            return "loss"
        if self.keys[id(tensor)] in self.states and home.layer != OUT:
            return "state"
        if home.layer == BEFORE and (tensor.name or "").endswith("_0"):
            users = self.by_source[id(tensor)]
            if any(self.homes[id(use.consumer)].step is not None for use in users):
                return "initial"
        if tensor.op is not None:
            if tensor.op.name == "cut":
                return "cut"
            return (
                "gate" if len(group.members) > 1 or (self.detail == "gate" and group.role) else "op"
            )
        if tensor.requires_grad:
            return "parameter"
        return "input" if tensor.name == "x" else "constant"

    def _is_shared(self, tensor: Any) -> bool:
        """Whether it gets a tag at each use: what all steps use, and leaves used twice in one."""
        if id(tensor) not in self.shared:
            self.shared[id(tensor)] = self._has_tags(tensor)
        return self.shared[id(tensor)]

    def _has_tags(self, tensor: Any) -> bool:
        uses, home = self.by_source[id(tensor)], self.homes[id(tensor)]
        if home.layer == BEFORE:
            return len({self.homes[id(use.consumer)] for use in uses}) > 1
        return tensor.op is None and len(uses) > 1

    def _tag(self, tensor: Any, target: Group, uses: list[Use]) -> Node:
        """A node for one use of something shared, with that use's share of its gradient."""
        key = f"{target.home.layer}|tag|{self.keys[id(tensor)]}|{target.key}"
        role = "parameter" if tensor.requires_grad and tensor.op is None else "shared"
        role = "input" if tensor.name == "x" and tensor.op is None else role
        group = Group(key, target.home, role, tensor, [tensor])
        serial = len(self.recording.ids) + len(self.nodes)
        seen = group.home.step not in self.hidden
        tag = node_of(group, role, self.recording, f"n{serial}", seen)
        tag.gradient = self.sent.along(uses)[1]
        self.nodes[tag.id] = tag
        return tag

    # Edges.

    def _edges(self) -> list[Edge]:
        """Every use as an edge; at a coarser level, all uses of a tensor in a group as one."""
        bundles: dict[tuple[Any, ...], list[Use]] = defaultdict(list)
        alike: dict[tuple[Any, ...], list[Use]] = defaultdict(list)  # what one tag stands for
        targets: dict[tuple[Any, ...], Group] = {}
        for number, use in enumerate(self.recording.uses):
            source = self.groups.of.get(id(use.source))
            target = self.groups.target(use.source, use.consumer)
            if source is None or target is None or source is target:
                continue
            alone = (number,) if self.detail == "op" else ()
            name = (id(use.source), id(target), *alone)
            bundles[name].append(use)
            alike[name[:2]].append(use)
            targets[name] = target
        tags: dict[tuple[int, int], Node] = {}
        edges = []
        for number, (name, uses) in enumerate(bundles.items()):
            tensor, target = uses[0].source, targets[name]
            source_group = self.groups.of[id(tensor)]
            start, key, port = self._id(source_group), source_group.key, ""
            if self._is_shared(tensor) and target.home.layer != BEFORE:
                tag = tags.get(name[:2])
                if tag is None:
                    tag = tags[name[:2]] = self._tag(tensor, target, alike[name[:2]])
                start, key = tag.id, tag.key
            else:
                port = self._port(tensor, target.home)
            flow, size = self.sent.along(uses)
            slot = uses[0].slot if self.detail == "op" else -1
            edge = Edge(f"e{number}", f"{key}>{target.key}>{slot}", start, self._id(target), slot,
                        flow, size, port=port, holds=len(uses))  # fmt: skip
            self.behind[edge.id] = uses
            edges.append(edge)
        return edges

    def _port(self, source: Any, home: Block) -> str:
        """Where a line from another block enters this one; "" inside a block, or for no set way."""
        start, key = self.homes[id(source)], self.groups.of[id(source)].key
        if start == home:
            return ""
        if home.layer == AFTER and start.step not in (None, self.last.get(start.layer)):
            return ""
        if start.layer == home.layer and start.step is not None and home.step is not None:
            order = self.order[home.layer]
            return f"<{key}" if abs(order[start.step] - order[home.step]) == 1 else ""
        if home.layer == AFTER:
            return f"<{key}"
        if start.layer == BEFORE and (source.name or "").endswith("_0"):
            return f"<{self.rails.get((home.layer, source.name.removesuffix('_0')), key)}"
        return f"_{key}" if start.step == home.step else ""

    def _junctions(self, edges: list[Edge]) -> list[Edge]:
        """One rail to a junction wherever a state is used several times in another block."""
        arriving: dict[tuple[str, tuple[str, int | None]], list[Edge]] = defaultdict(list)
        for edge in edges:
            source, target = self.nodes[edge.source], self.nodes[edge.target]
            apart = source.block != target.block and source.layer != BEFORE
            if (apart and source.layer == target.layer) or source.role == "initial" or (
                apart and target.layer == AFTER and source.role == "state"
            ):  # fmt: skip
                arriving[(edge.source, target.block)].append(edge)
        rails: list[Edge] = []
        for (source_id, block), found in arriving.items():
            if len(found) < 2:
                continue
            source, port, serial = self.nodes[source_id], found[0].port, len(rails)
            point = Node(
                f"j{serial}", port, "", "junction", "junction", *block,
                name=source.name, shape=source.shape, dtype=source.dtype,
            )  # fmt: skip
            self.nodes[point.id] = point
            flow, size = self.sent.along([use for edge in found for use in self.behind[edge.id]])
            point.gradient = size
            for edge in found:
                edge.via = point.id
            rails.append(Edge(f"r{serial}", f"{port}|rail", source_id, point.id, -1, flow, size,
                              port=port, rail=source.label))  # fmt: skip
        return rails
