"""The reader: from a recorded graph and its flow to the drawing model.

One idea: every tensor gets a *block* (which step of which layer it belongs to), a *key* (which job
it does there) and a *group* (with what it is drawn as one node); everything after works on these
alone. Only the engine's public surface is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

from tinygrad_rnn.interop.torch import recorded
from viz.errors import VizError
from viz.model import AFTER, BEFORE, OUT, Model, ModelEdge, ModelNode, ParameterShares, Port, Strip
from viz.reading.classes import Classes
from viz.reading.folding import Folded, Numbers
from viz.reading.gradients import EdgeGradients, parameters, strips
from viz.reading.labels import label_stem, model_node
from viz.reading.levels import DrawnNode, DrawnNodes, check_detail
from viz.reading.recording import Block, Recording, Use
from viz.reading.story import headline_of
from viz.style import check_norm
from viz.text import clean

Bundles = dict[tuple[Any, ...], list[Use]]


def read(
    root: Any,
    flow: Any = None,
    norm: str = "l2",
    title: str = "",
    detail: str = "op",
) -> Model:
    """Turn the graph under `root` into a drawing model with every step, unplaced.

    Args:
        root: the tensor that the picture ends in, usually the loss.
        flow: what a sweep from `root` recorded; None draws values and shapes alone.
        norm: "l2", "rms" or "max".
        title: the picture's name.
        detail: "op", "gate", "cell" or "step".

    Raises:
        VizError: `root` is no tensor with a graph, or `flow` was recorded from another one.
    """
    return Source(root, flow, norm).read(detail, title)


class Source:
    """What a picture is made from: a recording and its flow, read once for all levels and formats.

    Args:
        root: the tensor that the picture ends in, usually the loss; PyTorch's, too.
        flow: what a sweep from `root` recorded; None draws values and shapes alone.
        norm: "l2", "rms" or "max".

    Raises:
        VizError: `root` is no tensor with a graph, or `flow` was recorded from another one.
    """

    def __init__(self, root: Any, flow: Any = None, norm: str = "l2") -> None:
        check_norm(norm)
        root = recorded(root)
        if not hasattr(root, "inputs") or not hasattr(root, "scope"):
            raise VizError(f"draw needs a Tensor, got {type(root).__name__}")
        if root.op is None and not root.requires_grad:
            raise VizError(
                "nothing was recorded under this tensor: it was made inside no_grad(), was "
                "detached, or is a constant"
            )
        _check_flow(flow, root)
        self.norm = norm
        self.recording = Recording(root)
        self.sent = EdgeGradients(self.recording, flow)
        self.steps = sorted({step for layer in self.recording.chains for step in layer.steps})

    @cached_property
    def strips(self) -> list[Strip]:
        """The gradient at each state, for all steps."""
        return strips(self.recording, self.sent, self.norm)

    @cached_property
    def parameters(self) -> list[ParameterShares]:
        """What is shared over time: its gradient, and each step's share of that."""
        is_shared = self.recording.is_shared
        tensors = [t for t in self.recording.tensors if t.requires_grad and is_shared(t)]
        return parameters(tensors, self.recording, self.sent)

    @cached_property
    def classes(self) -> Classes:
        """Which steps are alike."""
        return Classes(self.recording)

    @cached_property
    def numbers(self) -> Numbers:
        """The numbers of all nodes and edges, as arrays."""
        return Numbers(self.recording, self.sent)

    def fold(self, detail: str) -> Folded:
        """The model at one level, of those steps alone that stand for all that are alike.

        Args:
            detail: "op", "gate", "cell" or "step".
        """
        reader = _Reader(self, detail, set(), set(self.classes.of))
        model = reader.model("")
        model.headline = clean(headline_of(self.sent.flow))
        return Folded(model, self, reader.tensors, reader.behind, reader.stems)

    def read(
        self, detail: str = "op", title: str = "", steps: Iterable[int] | None = None
    ) -> Model:
        """The model at one level.

        Args:
            detail: "op", "gate", "cell" or "step".
            title: the picture's name.
            steps: whose nodes are wanted; of the others there are those of the first and last
                step, and those that something leads to or from. All by default.
        """
        check_detail(detail)
        model = _Reader(self, detail, set(self.steps if steps is None else steps)).model(title)
        model.headline = clean(headline_of(self.sent.flow))
        return model


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
    """The tables that turn tensors into nodes; one per level, gone once the model stands."""

    def __init__(
        self, source: Source, detail: str, shown: set[int], blocks: set[Block] | None = None
    ) -> None:
        self.source, self.detail, self.shown = source, detail, shown
        self.recording = recording = source.recording
        self.homes, self.keys, self.sent = recording.homes, recording.keys, source.sent
        self.states = {key for layer in recording.chains for key in layer.states}
        self.last = {layer.name: layer.steps[-1] for layer in recording.chains if not layer.reverse}
        self.order = {
            layer.name: {step: i for i, step in enumerate(layer.steps)}
            for layer in recording.chains
        }
        if blocks is None:
            self.wanted = set(filter(self._is_wanted, recording.within))
        else:
            self.wanted = blocks | {home for home in recording.within if home.step is None}
        self.consumers = self._tensors(self.wanted)
        beside = {
            self.homes[id(source)]
            for consumer in self.consumers
            for source in consumer.inputs
            if id(source) in self.homes
        }
        self.groups = DrawnNodes(recording, self._tensors(self.wanted | beside), detail)
        self.nodes: dict[str, ModelNode] = {}
        self.tensors: dict[str, Any] = {}  # the main tensor of each node
        self.behind: dict[str, list[Use]] = {}  # the uses whose sum each edge, or node, shows
        self.stems: dict[str, str] = {}  # labels without the step that they end in

    def _tensors(self, blocks: set[Block]) -> list[Any]:
        """All tensors of some blocks, in order of creation."""
        place = self.recording.place
        found = [tensor for block in blocks for tensor in self.recording.within[block]]
        return sorted(found, key=lambda tensor: place[id(tensor)])

    def _is_wanted(self, home: Block) -> bool:
        """Whether a block is drawn, stands beside one that is, or at either end of all steps."""
        if home.step is None:
            return True
        place = self.order[home.layer][home.step]
        steps = self._steps_of[home.layer]
        if self.shown and place in (0, len(steps) - 1):
            return True
        return any(step in self.shown for step in steps[max(place - 1, 0) : place + 2])

    @cached_property
    def _steps_of(self) -> dict[str, list[int]]:
        return {layer.name: layer.steps for layer in self.recording.chains}

    def model(self, title: str) -> Model:
        """Everything, in the order in which it was recorded."""
        bundles, targets = self._bundles()
        ends = {id(self.groups.of[id(uses[0].source)]) for uses in bundles.values()}
        ends |= {id(target) for target in targets.values()}
        for group in self.groups.found.values():
            if (group.home in self.wanted or id(group) in ends) and (
                group.main.op is not None or not self.recording.is_shared(group.main)
            ):
                self._add(group)
        edges = self._edges(bundles, targets)
        edges += self._junctions(edges)
        used = {node.layer for node in self.nodes.values()}
        last = self.groups.of.get(id(self.recording.root))
        return Model(
            title=clean(title),
            norm=self.source.norm,
            detail=self.detail,
            root=self._id(last) if last else "",
            nodes=list(self.nodes.values()),
            edges=edges,
            layers=[layer for layer in self.recording.chains if layer.name in used],
            steps=self.source.steps,
            shown=list(self.source.steps),
            parameters=[replace(parameter) for parameter in self.source.parameters],
            strips=[replace(strip) for strip in self.source.strips],
            has_flow=self.sent.flow is not None,
        )

    # Nodes.

    def _id(self, group: DrawnNode) -> str:
        place = self.recording.place[id(group.main)]
        return f"c{place}" if group.role == "cell" else f"n{place}"

    def _add(self, group: DrawnNode) -> ModelNode:
        seen = group.home.step is None or group.home.step in self.shown
        node = model_node(group, self._role(group), self.recording, self._id(group), seen)
        self.tensors[node.id] = group.main
        if group.role != "cell":
            node.gradient = self.sent.total(group.main) if seen else None
        self.stems[node.id] = label_stem(group, node.role, self.recording)
        self.nodes[node.id] = node
        return node

    def _role(self, group: DrawnNode) -> str:
        tensor, home = group.main, group.home
        if group.role == "cell":
            return "cell"
        if any(member is self.recording.root for member in group.members):
            return "loss"
        if self.keys[id(tensor)] in self.states and home.layer != OUT:
            return "state"
        if home.layer == BEFORE and id(tensor) in self.recording.initial:
            return "initial"
        if tensor.op is not None:
            if tensor.op.name == "cut":
                return "cut"
            return (
                "gate" if len(group.members) > 1 or (self.detail == "gate" and group.role) else "op"
            )
        if tensor.requires_grad:
            return "parameter"
        return "input" if self.recording.is_input(tensor) else "constant"

    def _tag(self, tensor: Any, target: DrawnNode, uses: list[Use]) -> ModelNode:
        """A node for one use of something shared, with that use's share of its gradient."""
        key = f"{target.home.layer}|tag|{self.keys[id(tensor)]}|{target.key}"
        role = "parameter" if tensor.requires_grad and tensor.op is None else "shared"
        role = "input" if self.recording.is_input(tensor) else role
        group = DrawnNode(key, target.home, role, tensor, [tensor])
        serial = len(self.recording.tensors) + len(self.nodes)
        seen = group.home.step is None or group.home.step in self.shown
        tag = model_node(group, role, self.recording, f"n{serial}", seen)
        tag.gradient = self.sent.along(uses)[1]
        self.behind[tag.id], self.tensors[tag.id] = uses, tensor
        self.stems[tag.id] = label_stem(group, role, self.recording)
        self.nodes[tag.id] = tag
        return tag

    # Edges.

    def _bundles(self) -> tuple[Bundles, dict[tuple[Any, ...], DrawnNode]]:
        """Every use by itself; at a coarser level, all uses of a tensor in a group together."""
        bundles: Bundles = {}
        targets: dict[tuple[Any, ...], DrawnNode] = {}
        of, target_of = self.groups.of, self.groups.target
        for consumer in self.consumers:
            for use in self.recording.uses_of(consumer):
                source, target = of.get(id(use.source)), target_of(use.source, consumer)
                if source is None or target is None or source is target:
                    continue
                alone = (id(consumer), use.slot) if self.detail == "op" else ()
                name = (id(use.source), id(target), *alone)
                bundles.setdefault(name, []).append(use)
                targets[name] = target
        return bundles, targets

    def _edges(
        self, bundles: Bundles, targets: dict[tuple[Any, ...], DrawnNode]
    ) -> list[ModelEdge]:
        """An edge for each bundle, from a tag where its tensor is shared."""
        alike: Bundles = {}  # what one tag stands for
        for name, uses in bundles.items():
            alike.setdefault(name[:2], []).extend(uses)
        tags: dict[tuple[int, int], ModelNode] = {}
        edges = []
        for number, (name, uses) in enumerate(bundles.items()):
            tensor, target = uses[0].source, targets[name]
            source_group = self.groups.of[id(tensor)]
            start, key = self._id(source_group), source_group.key
            port: Port | Literal[""] = ""
            if self.recording.is_shared(tensor):
                tag = tags.get(name[:2])
                if tag is None:
                    tag = tags[name[:2]] = self._tag(tensor, target, alike[name[:2]])
                start, key = tag.id, tag.key
            else:
                port = self._port(tensor, target.home)
            flow, size = self.sent.along(uses)
            slot = uses[0].slot if self.detail == "op" else -1
            edge = ModelEdge(
                f"e{number}", f"{key}>{target.key}>{slot}", start, self._id(target), slot,
                flow, size, port=port, holds=len(uses),
            )  # fmt: skip
            self.behind[edge.id] = uses
            edges.append(edge)
        return edges

    def _port(self, source: Any, home: Block) -> Port | Literal[""]:
        """Where a line from another block enters this one; "" inside a block, or for no set way."""
        start, key = self.homes[id(source)], self.groups.of[id(source)].key
        if start == home:
            return ""
        if home.layer == AFTER and start.step not in (None, self.last.get(start.layer)):
            return ""
        if start.layer == home.layer and start.step is not None and home.step is not None:
            order = self.order[home.layer]
            return Port(f"<{key}") if abs(order[start.step] - order[home.step]) == 1 else ""
        if home.layer == AFTER:
            return Port(f"<{key}")
        if home.layer in self.recording.initial.get(id(source), {}):
            return Port(f"<{self.recording.initial[id(source)][home.layer]}")
        return Port(f"_{key}") if start.step == home.step else ""

    def _junctions(self, edges: list[ModelEdge]) -> list[ModelEdge]:
        """One rail to a junction wherever a state is used several times in another block."""
        arriving: dict[tuple[str, tuple[str, int | None]], list[ModelEdge]] = defaultdict(list)
        for edge in edges:
            source, target = self.nodes[edge.source], self.nodes[edge.target]
            apart = source.block != target.block and source.layer != BEFORE
            if (apart and source.layer == target.layer) or source.role == "initial" or (
                apart and target.layer == AFTER and source.role == "state"
            ):  # fmt: skip
                arriving[(edge.source, target.block)].append(edge)
        rails: list[ModelEdge] = []
        for (source_id, block), found in arriving.items():
            if len(found) < 2:
                continue
            source, port, serial = self.nodes[source_id], found[0].port, len(rails)
            point = ModelNode(
                f"j{serial}", port, "", "junction", "junction", *block,
                name=source.name, shape=source.shape, dtype=source.dtype,
            )  # fmt: skip
            self.nodes[point.id] = point
            uses = [use for edge in found for use in self.behind[edge.id]]
            flow, size = self.sent.along(uses)
            point.gradient = size
            self.behind[point.id] = self.behind[f"r{serial}"] = uses
            for edge in found:
                edge.via = point.id
            rail = ModelEdge(f"r{serial}", f"{port}|rail", source_id, point.id, -1, flow, size)
            rail.port, rail.rail = port, source.label
            rails.append(rail)
        return rails
