"""Positions for a whole drawing: one step laid out, then stamped T times.

One idea: x is time, y is role. Each layer has one template (`viz.template`), so every step of a
cell looks the same and its states run on straight rails; layers stand above one another; what
comes before and after the steps stands at the left and right end; sums over time, the strip for
all steps and the legend lie below.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from viz.boxes import PAD, STEP_GAP, Template
from viz.model import (
    AFTER,
    BEFORE,
    OUT,
    Cluster,
    Edge,
    Model,
    Node,
    Omitted,
    Parameter,
    Point,
)
from viz.route import ARROW, route
from viz.template import lay_out, turn_over

FONT, SMALL = 10.0, 8.0
LABEL = (7 * SMALL * 0.54, SMALL)  # an edge's number: "3.2e-05"
LAYER_GAP = 34.0
HEADER = 16.0  # a cluster's own label
MARGIN = 14.0
BAR_HEIGHT = 48.0
CLIMB = 38.0  # height that each operation after the steps takes if they stand upright
TAGS = ("parameter", "shared", "input", "constant")


class Piece(NamedTuple):
    """A laid-out template and where its lower left corner goes for each of its steps."""

    template: Template
    y: float


def text_width(text: str, size: float) -> float:
    """Room for the longest line of a text, in points, whatever sans-serif face draws it."""
    return max(sum(map(_em, line)) for line in text.split("\n")) * size


def _em(character: str) -> float:
    """Rough width of a character in ems."""
    if character in "iljtfr.,:;|!'()[]I /":
        return 0.33
    return 0.85 if character in "mwMW@%" else 0.6


def fit(node: Node) -> tuple[float, float]:
    """Width and height of a node for what stands in it."""
    if node.role == "junction":
        return 5.0, 5.0
    if node.role in ("state", "initial"):
        return max(46.0, text_width(node.label, FONT) + 10), 31.0
    if node.role in TAGS:
        return max(text_width(node.label, SMALL) + 7, 22.0), 15.0
    if is_small(node):
        return text_width(node.label, SMALL) + 10, 26.0
    if node.role in ("gate", "cell"):
        return text_width(node.label, FONT) + 14, 30.0
    lines = node.label.count("\n") + 1
    if lines == 1 and len(node.label) <= 2:
        return 22.0, 22.0
    return text_width(node.label, FONT) + 8, 10.0 + 12.0 * lines


def is_small(node: Node) -> bool:
    """Whether a node's text is set small: tags, and what also names its gate."""
    return node.role in TAGS or (node.role == "op" and "\n" in node.label)


def place(model: Model, numbers: bool = True) -> Model:
    """Fill in all positions of the model, in place, and return it.

    Args:
        numbers: make room for numbers on the edges and set them; else they are in tooltips only.
    """
    _Layout(model, numbers).run()
    return model


class _Layout:
    def __init__(self, model: Model, numbers: bool) -> None:
        self.model, self.numbers = model, numbers
        self.nodes = {node.id: node for node in model.nodes}
        self.gaps = {box.id: box for box in model.omitted}
        for node in model.nodes:
            node.width, node.height = fit(node)
            if numbers and node.role == "parameter":  # its number stands in the tag
                node.width, node.height = max(node.width, LABEL[0] + 7), 25.0
        self.layers = {layer.name: layer for layer in model.layers}
        self.states = {key for layer in model.layers for key in layer.states}
        self.lines = {edge.id: self._line(edge) for edge in model.edges}
        self.left: dict[int, float] = {}  # of each column of steps

    # What each edge is in its template.

    def _line(self, edge: Edge) -> tuple[str, str, str] | None:
        """(key, source, target) in the target's template; None for what no template holds."""
        if edge.target in self.gaps or self.nodes[edge.target].role == "junction":
            return None
        target = self.nodes[edge.target]
        if edge.port:
            return f"{edge.port}>{target.key}>{edge.slot}", edge.port, target.key
        source = self.nodes[edge.source]
        return (edge.key, source.key, target.key) if source.block == target.block else None

    def _template(self, layer: str, climb: bool = True) -> Template:
        """One layout for all steps of a layer: the union of what they hold."""
        sizes: dict[str, tuple[float, float]] = {}
        for node in self.model.nodes:
            if node.layer == layer and node.role != "junction":
                width, height = sizes.get(node.key, (0.0, 0.0))
                sizes[node.key] = max(width, node.width), max(height, node.height)
        edges: dict[str, tuple[str, str, str]] = {}
        for edge in self.model.edges:
            line = self.lines[edge.id]
            if line is not None and self.nodes[edge.target].layer == layer:
                edges.setdefault(line[0], line)
            source = self.nodes.get(edge.source)
            if source is not None and source.layer == layer and edge.port[:1] == "_":
                edges.setdefault(f"^{source.key}", (f"^{source.key}", source.key, f"^{source.key}"))
        spec = self.layers.get(layer)
        states = spec.states if spec is not None else []
        root = "" if climb else self.nodes[self.model.root].key
        mirror = bool(spec and spec.reverse)
        tags = {node.key for node in self.model.nodes if node.role in TAGS}
        template = lay_out(sizes, list(edges.values()), states, mirror, root, tags)
        template.junctions = {
            node.key for node in self.model.nodes if node.layer == layer and node.role == "junction"
        }
        route(template, LABEL if self.numbers else None)
        return template

    # Putting the pieces together.

    def run(self) -> None:
        model = self.model
        names = [layer.name for layer in model.layers]
        used = {node.layer for node in model.nodes}
        pieces: dict[str, Piece] = {}
        y = 0.0
        for name in names:
            template = self._template(name)
            pieces[name] = Piece(template, y)
            y += template.height + LAYER_GAP + (HEADER if name != OUT else 0)
        width = max((piece.template.width for piece in pieces.values()), default=0.0)
        head = self._template(BEFORE) if BEFORE in used else None
        x = self._place_columns(width, head.width + STEP_GAP if head else 0.0)
        for name, piece in pieces.items():
            self._stamp(name, piece)
        if head is not None:
            self._place_head(head, pieces)
        if AFTER in used:
            self._place_tail(pieces, x)
        self._cross(pieces)
        self._frame(pieces)

    def _place_columns(self, width: float, x: float) -> float:
        shown = self.model.shown
        places = [(step, None) for step in shown] + [(box.first, box) for box in self.model.omitted]
        for step, box in sorted(places, key=lambda place: place[0]):
            if box is None:
                self.left[step] = x
                x += width + STEP_GAP
            else:
                box.width, box.x = float(round(text_width(box.text(), FONT) + 10)), x
                x += box.width + STEP_GAP
        return x

    def _stamp(self, layer: str, piece: Piece) -> None:
        template = piece.template
        for node in self.model.nodes:
            if node.layer == layer:
                box = template.boxes[node.key]
                node.x, node.y = self.left[node.step or 0] + box.x, piece.y + box.y
        for edge in self.model.edges:
            line = self.lines[edge.id]
            if line is not None and (target := self.nodes[edge.target]).layer == layer:
                self._draw(edge, template, line[0], self.left[target.step or 0], piece.y)

    def _draw(self, edge: Edge, template: Template, line: str, x: float, y: float) -> None:
        edge.points = [(x + a, y + b) for a, b in template.lines[line].points]
        if line in template.labels:
            a, b = template.labels[line]
            edge.label = (x + a, y + b)

    def _place_head(self, template: Template, pieces: dict[str, Piece]) -> None:
        """Initial states stand at the start of their rails; the rest beside the first step."""
        for node in self.model.nodes:
            if node.layer == BEFORE:
                box = template.boxes[node.key]
                node.x, node.y = box.x, box.y
        for edge in self.model.edges:
            source, line = self.nodes.get(edge.source), self.lines[edge.id]
            if source is None or source.layer != BEFORE:
                continue
            target = self.nodes[edge.target]
            if line is not None and target.layer == BEFORE:
                self._draw(edge, template, line[0], 0.0, 0.0)
            elif source.role == "initial" and edge.port[:1] == "<" and target.layer in pieces:
                piece = pieces[target.layer]
                source.y = piece.y + piece.template.boxes[edge.port].y
                source.x = template.width - PAD - source.width / 2

    def _place_tail(self, pieces: dict[str, Piece], x: float) -> None:
        """What follows the last step, level with the rail that leads to it.

        Beside a tall step it climbs, or descends from a rail on top; beside a low one it goes on
        to the right.
        """
        start, port = self._last_rail()
        tall = max((piece.template.height for piece in pieces.values()), default=0.0)
        length = sum(n.layer == AFTER and n.role not in TAGS for n in self.model.nodes)
        climb = tall > CLIMB * length
        template = self._template(AFTER, climb)
        if climb and start > tall * 0.6 and len(pieces) == 1:
            turn_over(template)
        y = start - template.boxes[port].y if port else 0.0
        for node in self.model.nodes:
            if node.layer == AFTER:
                box = template.boxes[node.key]
                node.x, node.y = x + box.x, y + box.y
        for edge in self.model.edges:
            line = self.lines[edge.id]
            if line is not None and self.nodes[edge.target].layer == AFTER:
                self._draw(edge, template, line[0], x, y)

    def _last_rail(self) -> tuple[float, str]:
        """Height and port of the rail that leads from the last step drawn to what follows."""
        for edge in self.model.edges:
            source, target = self.nodes.get(edge.source), self.nodes.get(edge.target)
            if source is None or target is None or [source.step] != self.model.shown[-1:]:
                continue
            if target.layer == AFTER and edge.port[:1] == "<":
                return source.y, edge.port
        return 0.0, ""

    # Edges between blocks.

    def _cross(self, pieces: dict[str, Piece]) -> None:
        """Lead every line that enters a block back to where it really starts."""
        for edge in self.model.edges:
            if edge.source in self.gaps or edge.target in self.gaps:
                self._meet(edge)
                continue
            source, target = self.nodes[edge.source], self.nodes[edge.target]
            if source.block == target.block or edge.via:
                continue
            if target.role == "junction":
                self._rail(edge, source.x, source.width, source.y, target)
            elif not edge.points:
                edge.points = _between(source, target)
            else:
                self._lead(edge, source)

    def _lead(self, edge: Edge, source: Node) -> None:
        """From the source to the port where the template takes over."""
        port = edge.points[0]
        side = math.copysign(0.5, port[0] - source.x)
        start = (source.x + side * source.width, source.y)
        if abs(port[1] - start[1]) < 0.5:
            edge.points = [start, *_straight(start, port), *edge.points[1:]]
        else:
            top = (source.x, source.y + source.height / 2)
            middle = (top[1] + port[1]) / 2
            lead = [(top[0], middle), (port[0], middle), port]
            edge.points = [top, *lead, *edge.points[1:]]

    def _meet(self, edge: Edge) -> None:
        """A rail that runs into or out of the box for steps that are left out."""
        if edge.target in self.gaps:
            source, gap = self.nodes[edge.source], self.gaps[edge.target]
            backwards = gap.x < source.x
            side = -0.5 if backwards else 0.5
            start = (source.x + side * source.width, source.y)
            end = (gap.x + (gap.width + ARROW if backwards else -ARROW), source.y)
            edge.points = [start, *_straight(start, end)]
            if self.numbers:
                edge.label = end[0] - side * STEP_GAP + side * 2 * ARROW, end[1] + LABEL[1] / 2 + 4
            return
        gap, target = self.gaps[edge.source], self.nodes[edge.target]
        middle = gap.x + gap.width / 2
        if target.role == "junction":
            self._rail(edge, middle, gap.width, target.y, target)
        elif edge.points and not edge.via:
            port = edge.points[0]
            start = (middle + math.copysign(gap.width / 2, port[0] - middle), port[1])
            edge.points = [start, *_straight(start, port), *edge.points[1:]]

    def _rail(self, edge: Edge, x: float, width: float, y: float, target: Node) -> None:
        """The line to a junction, level with it where its state is."""
        side = math.copysign(0.5, target.x - x)
        start, end = (x + side * width, y), (target.x, target.y)
        edge.points = [start, *_straight(start, end)]
        if self.numbers:
            edge.label = end[0] - side * STEP_GAP, end[1] + LABEL[1] / 2 + 4

    # Frames and what lies around.

    def _frame(self, pieces: dict[str, Piece]) -> None:
        model = self.model
        for name, piece in pieces.items():
            for step in model.shown:
                if name != OUT and step in self.layers[name].steps:
                    label = f"t = {step}" if not name else f"{name},  t = {step}"
                    box = Cluster(
                        f"{len(model.clusters)}", label, name, step, "",
                        self.left[step], piece.y, piece.template.width,
                        piece.template.height + HEADER,
                    )  # fmt: skip
                    model.clusters.append(box)
        low, high, right = self._extent()
        for gap in model.omitted:
            gap.y = min((c.y for c in model.clusters), default=low)
            gap.height = max((c.y + c.height for c in model.clusters), default=high) - gap.y
        low = self._place_sums(low - 28) if model.has_flow else low
        low = self._place_strips(low, right)
        self._shift(low - MARGIN - 40)
        model.width, model.height = right + 2 * MARGIN, high - low + 2 * MARGIN + 40 + 20

    def _extent(self) -> tuple[float, float, float]:
        boxes = [
            (n.y - n.height / 2, n.y + n.height / 2, n.x + n.width / 2) for n in self.model.nodes
        ] + [(c.y, c.y + c.height, c.x + c.width) for c in self.model.clusters]
        lows, highs, rights = zip(*boxes, strict=True)
        return min(lows), max(highs), max(max(rights), 560.0)

    def _place_sums(self, y: float) -> float:
        x = text_width("sum over time", SMALL) + 16
        for parameter in self.model.parameters:
            parameter.width = (
                max(text_width(parameter.name, FONT), text_width("0.0e-00", FONT)) + 12
            )
            parameter.height = 30.0
            parameter.x, parameter.y = x + parameter.width / 2, y
            x += parameter.width + 12
        return y - 34 if self.model.parameters else y

    def _place_strips(self, y: float, right: float) -> float:
        """Below the frames of the steps where all are drawn, else side by side."""
        model = self.model
        aligned = not model.omitted and len(self.left) <= 12 and bool(model.clusters)
        columns = 1 if aligned else min(len(model.strips), 2)
        room = (right - MARGIN) / max(columns, 1)
        for i, strip in enumerate(model.strips):
            if i % columns == 0:
                y -= BAR_HEIGHT + 44
            strip.y, strip.height = y, BAR_HEIGHT
            if aligned:
                width = model.clusters[0].width
                strip.places = [self.left[step] + width / 2 for step in strip.steps]
            else:
                each = (room - 64) / len(strip.steps)
                left = 40 + i % columns * room
                strip.places = [left + each * (k + 0.5) for k in range(len(strip.steps))]
            rails = [n.y for n in model.nodes if n.role == "state" and n.layer == strip.layer
                     and n.name == strip.state]  # fmt: skip
            strip.rail = rails[0] if rails else None
        return y - 16 if model.strips else y

    def _shift(self, low: float) -> None:
        """Move everything into the positive quadrant and round: the same bytes everywhere."""
        model = self.model

        def at(point: Point) -> Point:
            return round(point[0] + MARGIN, 2), round(point[1] - low, 2)

        boxes: list[Node | Cluster | Parameter | Omitted] = [*model.nodes, *model.clusters]
        for box in [*boxes, *model.parameters, *model.omitted]:
            box.x, box.y = at((box.x, box.y))
            box.width, box.height = round(box.width, 2), round(box.height, 2)
        for edge in model.edges:
            edge.points = [at(point) for point in edge.points]
            edge.label = at(edge.label) if edge.label else None
        for strip in model.strips:
            strip.places = [round(x + MARGIN, 2) for x in strip.places]
            strip.y = round(strip.y - low, 2)
            strip.rail = None if strip.rail is None else round(strip.rail - low, 2)


def _straight(start: Point, end: Point) -> list[Point]:
    third = ((end[0] - start[0]) / 3, (end[1] - start[1]) / 3)
    return [
        (start[0] + third[0], start[1] + third[1]),
        (end[0] - third[0], end[1] - third[1]),
        end,
    ]


def _between(source: Node, target: Node) -> list[Point]:
    """A plain curve between two nodes that no template connects."""
    start = (source.x + source.width / 2, source.y)
    end = (target.x - target.width / 2 - ARROW, target.y)
    reach = max(abs(end[0] - start[0]) / 2, 20.0)
    return [start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end]
