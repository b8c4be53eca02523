"""Edges between time steps: along the rails, to junctions, and into the boxes of omitted steps.

One idea: a template holds the lines inside a step, up to its ports; what lies between two steps
cannot be stamped, and is drawn here from where it really starts to the port.
"""

from __future__ import annotations

import math
from collections import defaultdict

from viz.layout.template import RAISED, STEP_GAP
from viz.metrics import ARROW, LABEL
from viz.model import AFTER, Model, ModelEdge, ModelNode, Point

HEADER = 16.0  # a frame's own label
CHANNEL, BESIDE_FRAME = 5.0, 9.0  # of a line from the side of a column, and from a frame
HEAD_ABOVE = 3.5  # that a gradient's head rises above its lane


class Lines:
    """What no template holds: from where a line starts to the port where a template takes over.

    Args:
        model: its nodes stand where they will.
        numbers: whether to set numbers.
        exits: ways up out of a step, by the node that they lead from.
        columns: left and right of each step, in all layers.
        spans: bottom, width and height of each layer's steps.
    """

    def __init__(
        self,
        model: Model,
        numbers: bool,
        exits: dict[str, list[Point]],
        columns: dict[int, tuple[float, float]],
        spans: dict[str, tuple[float, float, float]],
    ) -> None:
        self.model, self.numbers, self.columns = model, numbers, columns
        self.nodes = {node.id: node for node in model.nodes}
        self.gaps = {box.id: box for box in model.omitted}
        self.exits = exits
        self.floors = {name: (y, y + height + HEADER) for name, (y, _, height) in spans.items()}
        self.channels: dict[tuple[str, str], float] = {}
        self.used: dict[float, list[tuple[float, float]]] = defaultdict(list)
        cells = [node for node in model.nodes if node.role == "cell"]
        self.cells = {cell.layer: cell.width for cell in cells}
        self.roofs = {cell.layer: cell.y + cell.height / 2 for cell in cells}
        self.reverse = {layer.name for layer in model.layers if layer.reverse}
        self.after = min((n.x - n.width / 2 for n in model.nodes if n.layer == AFTER), default=0.0)
        self.steps: dict[tuple[str, int | None], list[ModelNode]] = defaultdict(list)
        for node in model.nodes:
            if node.step is not None:
                self.steps[node.block].append(node)
        inside = [node.y + node.height / 2 for node in model.nodes if node.step is not None]
        self.top = max(inside, default=0.0)

    def draw(self) -> None:
        """Lead every line that enters a block back to where it really starts."""
        detours: list[tuple[ModelEdge, ModelNode, ModelNode]] = []
        for edge in self.model.edges:
            if edge.source in self.gaps or edge.target in self.gaps:
                self._meet(edge)
                continue
            source, target = self.nodes[edge.source], self.nodes[edge.target]
            if source.block == target.block or edge.via:
                continue
            if target.role == "junction":
                self._rail(edge, source.x, self._width(source), source.y, target)
            elif edge.points:
                self._lead(edge, source)
            elif source.step is not None and (target.layer in (AFTER, source.layer)):
                detours.append((edge, source, target))
            else:
                edge.points = _plain_curve(source, target)
        # Lines that lead to one place share a bus; the first to be left runs lowest.
        buses = list(dict.fromkeys((source.layer, target.id) for _, source, target in detours))
        for edge, source, target in detours:
            self._detour(buses.index((source.layer, target.id)), edge, source, target)

    def _width(self, source: ModelNode) -> float:
        """Of what a line leaves sideways: the cell that a state stands in, or the node itself."""
        wide = self.cells.get(source.layer, 0.0) if source.role == "state" else 0.0
        return wide or source.width

    def _climb(self, source: ModelNode) -> float:
        """Where a detour climbs: just inside the side of the widest layer's frame."""
        left, right = self.columns[source.step or 0]
        return left + 5 if source.layer in self.reverse else right - 5

    def _detour(self, bus: int, edge: ModelEdge, source: ModelNode, target: ModelNode) -> None:
        """From a step over the heads of later ones to a step further on or what follows all."""
        side = -0.5 if source.layer in self.reverse else 0.5
        up, top = self._climb(source), self.top + 44 + 12 * min(bus, 12)
        down = self.after - 12 if target.step is None else self.columns[target.step][0] + 5
        start = (source.x + side * self._width(source), source.y)
        corners = [start, (up, start[1]), (up, top), (down, top)]
        edge.points = _rounded([*corners, *self._arrival(down, target)])
        if self.numbers:  # above the frame's label, below all buses
            edge.label = up + 2 * side * (LABEL[0] / 2 + 8), self.top + 16 + LABEL[1]

    def _arrival(self, down: float, target: ModelNode) -> list[Point]:
        """The last corners of a detour: to the target's side, or past what is in the way, below."""
        side = (target.x - target.width / 2 - ARROW, target.y + 5)
        foot = (target.x, target.y - target.height / 2 - ARROW)
        inside = self.steps.get(target.block, [target])
        low = min(node.y - node.height / 2 for node in inside) - 7
        others = [node for node in inside if node is not target]
        if _meets(others, (down, side[1]), side) and not _meets(others, (foot[0], low), foot):
            return [(down, low), (foot[0], low), foot]
        return [(down, side[1]), side]

    def _lead(self, edge: ModelEdge, source: ModelNode) -> None:
        """From the source to the port where the template takes over."""
        port = edge.points[0]
        side = math.copysign(0.5, port[0] - source.x)
        start = (source.x + side * self._width(source), source.y)
        if abs(port[1] - start[1]) < 0.5:
            edge.points = [start, *_straight(start, port), *edge.points[1:]]
        else:
            roof = self.roofs.get(source.layer) if source.role == "state" else None
            foot = source.x, roof or source.y + source.height / 2
            way = self.exits.get(source.id) or [foot]
            edge.points = [*way, *self._ascent(way[-1], port, source, edge), *edge.points[1:]]

    def _ascent(self, foot: Point, port: Point, source: ModelNode, edge: ModelEdge) -> list[Point]:
        """From a layer to one above it, past the side of those between them."""
        target = self.nodes[edge.target]
        top = self.floors.get(source.layer, (0.0, foot[1]))[1]
        bottom = self.floors.get(target.layer, (port[1], 0.0))[0]
        between = [
            name
            for name, (low, high) in self.floors.items()
            if name not in (source.layer, target.layer) and top < high and low < bottom
        ]
        if not between or source.step is None:
            high = max(foot[1], min(top, port[1]))  # straight through the frame's label
            middle = (high + port[1]) / 2
            raised = _straight(foot, (foot[0], high)) if high > foot[1] else []
            return [*raised, (foot[0], middle), (port[0], middle), port]
        at = self._channel(source, target, (top, bottom))
        low, high = top + BESIDE_FRAME, bottom - BESIDE_FRAME
        return _rounded([foot, (foot[0], low), (at, low), (at, high), (port[0], high), port])[1:]

    def _channel(self, source: ModelNode, target: ModelNode, span: tuple[float, float]) -> float:
        """x of the way past the layers between two: at the side of the column that is free."""
        left, right = self.columns[source.step or 0]
        name = source.layer, target.layer
        if name not in self.channels:
            free = [
                aside
                for aside in (-CHANNEL, CHANNEL, -2.2 * CHANNEL, 2.2 * CHANNEL)
                if all(span[1] <= low or high <= span[0] for low, high in self.used[aside])
            ]
            self.channels[name] = free[0] if free else -CHANNEL
            self.used[self.channels[name]].append(span)
        aside = self.channels[name]
        return right + aside if aside < 0 else left + aside

    def _meet(self, edge: ModelEdge) -> None:
        """A rail that runs into or out of the box for steps that are left out."""
        if edge.target in self.gaps:
            source, gap = self.nodes[edge.source], self.gaps[edge.target]
            backwards = gap.x < source.x
            side = -0.5 if backwards else 0.5
            start = (source.x + side * self._width(source), source.y)
            tip = 0.0 if edge.rail else ARROW
            end = (gap.x + (gap.width + tip if backwards else -tip), source.y)
            edge.points = [start, *_straight(start, end)]
            if self.numbers:
                middle = end[0] - side * (STEP_GAP - 2 * tip)
                edge.label = middle, end[1] + LABEL[1] / 2 + RAISED
            return
        gap, target = self.gaps[edge.source], self.nodes[edge.target]
        middle = gap.x + gap.width / 2
        if target.role == "junction":
            self._rail(edge, middle, gap.width, target.y, target)
            if edge.label:  # above the gradient's head, which is not inside a frame here
                edge.label = edge.label[0], edge.label[1] + HEAD_ABOVE
        elif edge.points and not edge.via:
            port = edge.points[0]
            start = (middle + math.copysign(gap.width / 2, port[0] - middle), port[1])
            edge.points = [start, *_straight(start, port), *edge.points[1:]]
            if edge.label:
                edge.label = edge.label[0], edge.label[1] + HEAD_ABOVE
        elif not edge.via:  # to what follows all steps, over the heads of those between
            out, down = (gap.x + gap.width - 5, self.top), self.after - 12
            top = self.top + 44
            corners = [out, (out[0], top), (down, top), *self._arrival(down, target)]
            edge.points = _rounded(corners)

    def _rail(self, edge: ModelEdge, x: float, width: float, y: float, target: ModelNode) -> None:
        """The line to a junction, level with it where its state is."""
        side = math.copysign(0.5, target.x - x)
        start, end = (x + side * width, y), (target.x, target.y)
        edge.points = [start, *_straight(start, end)]
        if self.numbers:
            edge.label = end[0] - side * STEP_GAP, end[1] + LABEL[1] / 2 + RAISED


def _meets(nodes: list[ModelNode], a: Point, b: Point) -> bool:
    """Whether a straight line along an axis runs into one of the nodes."""
    (x0, x1), (y0, y1) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return any(
        n.x - n.width / 2 < x1 + 1
        and n.x + n.width / 2 > x0 - 1
        and n.y - n.height / 2 < y1 + 1
        and n.y + n.height / 2 > y0 - 1
        for n in nodes
    )


def _straight(start: Point, end: Point) -> list[Point]:
    third = ((end[0] - start[0]) / 3, (end[1] - start[1]) / 3)
    return [
        (start[0] + third[0], start[1] + third[1]),
        (end[0] - third[0], end[1] - third[1]),
        end,
    ]


def _plain_curve(source: ModelNode, target: ModelNode) -> list[Point]:
    """A plain curve between two nodes that no template connects."""
    start = (source.x + source.width / 2, source.y)
    end = (target.x - target.width / 2 - ARROW, target.y)
    reach = max(abs(end[0] - start[0]) / 2, 20.0)
    return [start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end]


def _rounded(corners: list[Point], radius: float = 9.0) -> list[Point]:
    """A path of straight pieces whose corners are rounded off."""
    points = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        points += [*_straight(points[-1], enter), corner, corner, leave]
    return [*points, *_straight(points[-1], corners[-1])]


def _toward(start: Point, end: Point, reach: float) -> Point:
    length = math.hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    share = min(reach / length, 0.5)
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
