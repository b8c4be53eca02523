"""Positions for a whole drawing: one step laid out, then stamped T times.

One idea: x is time, y is role. Each layer has one template (`viz.template`), so every step of a
cell looks the same and its states run on straight rails; layers stand above one another; what
comes before and after the steps stands at the left and right end; sums over time, the strip for
all steps and the legend lie below.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple

from viz.layout.between_steps import HEADER, Lines
from viz.layout.frames import frame, frame_label
from viz.layout.routing import route
from viz.layout.step import clear_way, lay_out, turn_over, widen
from viz.layout.template import NODE_GAP, PAD, STEP_GAP, Template
from viz.metrics import FONT, LABEL, TAGS, fit, text_width
from viz.model import AFTER, BEFORE, OUT, Model, ModelEdge, ModelNode, Point, Port, port_side

LAYER_GAP = 34.0


CELL_PAD = 16.0  # between a cell's side and its states


CELL_EDGE = 7.0


OMITTED, MOST_OMITTED = 3.0, 120.0  # width of an omitted step, and of all in one box at the most


BESIDE = 14.0  # room for the lines that pass a frame's label


CLIMB = 38.0  # height that each operation after the steps takes if they stand upright


class PlacedTemplate(NamedTuple):
    """A laid-out template and where its lower left corner goes for each of its steps."""

    template: Template
    y: float


def place(
    model: Model,
    numbers: bool = True,
    framed: Sequence[int] | None = None,
    column: float = 0.0,
    gap: float = 0.0,
) -> Model:
    """Fill in all positions of the model, in points, in place, and return it.

    Args:
        numbers: make room for numbers on the edges and set them; else they are in tooltips only.
        framed: the steps that get a frame; all that are drawn by default.
        column, gap: least width of a step, and of a box for omitted ones, so that the steps of
            several drawings stand below one another.
    """
    _Layout(model, numbers).run(framed, column, gap)
    return model


@lru_cache(maxsize=64)  # as a picture is fitted to its width, and put on a page, steps come again
def _routed(
    sizes: tuple[tuple[str, tuple[float, float]], ...],
    edges: tuple[tuple[str, str, str], ...],
    states: tuple[str, ...],
    mirror: bool,
    end: str,
    tags: frozenset[str],
    junctions: frozenset[str],
    ties: tuple[tuple[str, str], ...],
    cuts: frozenset[str],
    least: float,
    label: float,
    numbers: bool,
) -> Template:
    """One step laid out, at least so wide, with its lines; whoever moves it takes a copy."""
    template = lay_out(dict(sizes), edges, states, mirror, end, tags, junctions, ties, cuts)
    widen(template, least)
    if label:
        clear_way(template, label, mirror)
    route(template, LABEL if numbers else None)
    return template


class _Layout:
    def __init__(self, model: Model, numbers: bool) -> None:
        self.model, self.numbers = model, numbers
        model.clusters = []
        for edge in model.edges:
            edge.points, edge.label = [], None
        self.nodes = {node.id: node for node in model.nodes}
        self.gaps = {box.id: box for box in model.omitted}
        for node in model.nodes:
            node.width, node.height = fit(node)
            if numbers and model.has_flow and node.role == "parameter":  # its number stands inside
                node.width, node.height = max(node.width, LABEL[0] + 7), 25.0
        self.layers = {layer.name: layer for layer in model.layers}
        self.cells = {node.block: node for node in model.nodes if node.role == "cell"}
        self.lines = {edge.id: self._line(edge) for edge in model.edges}
        self.exits: dict[str, list[Point]] = {}  # ways up to the next layer, by node
        self.left: dict[int, float] = {}  # of each column of steps
        self.ends: dict[str, float] = {}  # x of initial states after the last step

    # What each edge is in its template.

    def _line(self, edge: ModelEdge) -> tuple[str, str, str] | None:
        """(key, source, target) in the target's template; None for what no template holds."""
        if edge.target in self.gaps or self.nodes[edge.target].role == "junction":
            return None
        target = self.nodes[edge.target]
        key = target.key if target.role != "cell" else self._entrance(target, edge.port[1:])
        if edge.port:
            return f"{edge.port}>{target.key}>{edge.slot}", edge.port, key
        source = self.nodes.get(edge.source)
        return (edge.key, source.key, key) if source and source.block == target.block else None

    def _entrance(self, cell: ModelNode, state: str) -> str:
        """Where a line enters a cell: level with its state, else from below."""
        states = self.layers[cell.layer].states
        return state if state in states else states[0]

    def _exit(self, source: ModelNode) -> str:
        """Where a line leaves upwards: of a whole cell, from its uppermost state."""
        states = self.layers[source.layer].states if source.block in self.cells else []
        return states[-1] if source.key in states or source.role == "cell" else source.key

    def _template(self, layer: str, climb: bool = True, least: float = 0.0) -> Template:
        """One layout for all steps of a layer, at least so wide: the union of what they hold."""
        sizes: dict[str, tuple[float, float]] = {}
        for node in self.model.nodes:
            if node.layer == layer and node.role not in ("junction", "cell"):
                width, height = sizes.get(node.key, (0.0, 0.0))
                wide, tall = node.width, node.height
                if node.block in self.cells and node.role == "state":
                    wide, tall = wide + 2 * CELL_PAD, tall + 2 * CELL_EDGE
                sizes[node.key] = max(width, wide), max(height, tall)
        edges: dict[str, tuple[str, str, str]] = {}
        for edge in self.model.edges:
            line = self.lines[edge.id]
            if line is not None and self.nodes[edge.target].layer == layer:
                edges.setdefault(line[0], line)
            source = self.nodes.get(edge.source)
            if source is not None and source.layer == layer and port_side(edge.port) == "_":
                way = Port(f"^{source.key}")
                edges.setdefault(way, (way, self._exit(source), way))
        spec = self.layers.get(layer)
        states = spec.states if spec is not None else []
        root = "" if climb else self.nodes[self.model.root].key
        mirror = bool(spec and spec.reverse)
        tags = {node.key for node in self.model.nodes if node.role in TAGS}
        junctions = {n.key for n in self.model.nodes if n.layer == layer and n.role == "junction"}
        junctions &= {source for _, source, _ in edges.values()}
        cuts = frozenset(n.key for n in self.model.nodes if n.layer == layer and n.role == "cut")
        parts = list(edges.values())
        cell = any(node.layer == layer for node in self.cells.values())
        ties = list(itertools.pairwise(states)) if cell else []
        label = 0.0
        if layer not in self.layers:
            least = 0.0
        elif layer != OUT:
            plain = text_width(frame_label(layer, self.model.shown[-1]), FONT)
            read = [frame_label(layer, t, self.model.labels) for t in self.model.labels]
            label = max([plain, *(min(text_width(name, FONT), plain + 60) for name in read)])
            beside = 2 * BESIDE if len(self.layers) > 1 else 0.0  # room for lines past the label
            least = max(least, label + beside + 12)
        return _routed(
            tuple(sizes.items()), tuple(parts), tuple(states), mirror, root,
            frozenset(tags & sizes.keys()), frozenset(junctions), tuple(ties), cuts, least, label,
            self.numbers,
        )  # fmt: skip

    # Putting the pieces together.

    def run(self, framed: Sequence[int] | None, column: float, gap: float) -> None:
        model = self.model
        names = [layer.name for layer in model.layers]
        used = {node.layer for node in model.nodes}
        pieces: dict[str, PlacedTemplate] = {}
        y = width = 0.0
        for name in names:  # what recurs outside the cells comes last, and stands in their middle
            template = self._template(name, least=width)
            pieces[name] = PlacedTemplate(template, y)
            y += template.height + LAYER_GAP + (HEADER if name != OUT else 0)
            width = max(width, template.width)
        head = self._template(BEFORE) if BEFORE in used else None
        width = max(width, column)
        for name, piece in pieces.items():
            if piece.template.width < width:
                pieces[name] = PlacedTemplate(self._template(name, least=width), piece.y)
        x = self._place_columns(width, head.width + STEP_GAP if head else 0.0, gap)
        x = self._place_last(x)
        for name, piece in pieces.items():
            self._stamp(name, piece)
        if head is not None:
            self._place_head(head, pieces)
        if AFTER in used:
            self._place_tail(pieces, x)
        columns = {step: (left, left + width) for step, left in self.left.items()}
        spans = {
            name: (piece.y, piece.template.width, piece.template.height)
            for name, piece in pieces.items()
        }
        Lines(model, self.numbers, self.exits, columns, spans).draw()
        frame(model, self.left, spans, framed)

    def _place_columns(self, width: float, x: float, gap: float) -> float:
        shown = self.model.shown
        places = [(step, None) for step in shown] + [(box.first, box) for box in self.model.omitted]
        for step, box in sorted(places, key=lambda place: place[0]):
            if box is None:
                self.left[step] = x
                x += width + STEP_GAP
            else:
                room = min(OMITTED * (box.last - box.first + 1), MOST_OMITTED)
                box.width = float(round(max(text_width(box.text(), FONT) + 10, room, gap)))
                box.x = x
                x += box.width + STEP_GAP
        return x

    def _place_last(self, x: float) -> float:
        """Initial states of what runs backwards, after the last step; return where that ends."""
        last = {
            edge.source: self.nodes[edge.source]
            for edge in self.model.edges
            if port_side(edge.port) == "<"
            and edge.source in self.nodes
            and self.nodes[edge.source].role == "initial"
            and self.layers[self._layer_entered(edge)].reverse
        }
        for node in last.values():
            self.ends[node.id] = x + node.width / 2
        return x + max((node.width + STEP_GAP for node in last.values()), default=0.0)

    def _layer_entered(self, edge: ModelEdge) -> str:
        """The layer that an edge leads to, also where it leads to the box of its hidden steps."""
        target = self.nodes.get(edge.target)
        if target is not None:
            return target.layer
        entered = (name for name, of in self.layers.items() if edge.port[1:] in of.states)
        return next(entered, "")

    def _stamp(self, layer: str, piece: PlacedTemplate) -> None:
        template = piece.template
        for node in self.model.nodes:
            if node.layer == layer:
                x = self.left[node.step or 0]
                if node.role == "cell":
                    self._enclose(node, template, x, piece.y)
                    continue
                box = template.boxes[node.key]
                node.x, node.y = x + box.x, piece.y + box.y
                if (way := template.lines.get(f"^{node.key}")) is not None:
                    self.exits[node.id] = [(x + a, piece.y + b) for a, b in way.points]
        for edge in self.model.edges:
            line = self.lines[edge.id]
            if line is not None and (target := self.nodes[edge.target]).layer == layer:
                self._draw(edge, template, line[0], self.left[target.step or 0], piece.y)

    def _enclose(self, cell: ModelNode, template: Template, x: float, y: float) -> None:
        """A cell stands around its states."""
        pads = [template.boxes[key] for key in self.layers[cell.layer].states]
        low = min(pad.y - pad.height / 2 for pad in pads)
        high = max(pad.y + pad.height / 2 for pad in pads)
        cell.x, cell.width = x + pads[0].x, pads[0].width
        cell.y, cell.height = y + (low + high) / 2, high - low

    def _draw(self, edge: ModelEdge, template: Template, line: str, x: float, y: float) -> None:
        edge.points = [(x + a, y + b) for a, b in template.lines[line].points]
        if line in template.labels:
            a, b = template.labels[line]
            edge.label = (x + a, y + b)

    def _place_head(self, template: Template, pieces: dict[str, PlacedTemplate]) -> None:
        """Initial states stand where their rails start; the rest beside the first step."""
        for node in self.model.nodes:
            if node.layer == BEFORE:
                box = template.boxes[node.key]
                node.x, node.y = box.x, box.y
        on_rails: dict[str, ModelNode] = {}
        for edge in self.model.edges:
            source, line = self.nodes.get(edge.source), self.lines[edge.id]
            if source is None or source.layer != BEFORE:
                continue
            entered = self._layer_entered(edge)
            if line is not None and entered == BEFORE:
                self._draw(edge, template, line[0], 0.0, 0.0)
            elif source.role == "initial" and port_side(edge.port) == "<" and entered in pieces:
                source.y = _level(pieces[entered], edge.port)
                source.x = self.ends.get(source.id, template.width - PAD - source.width / 2)
                on_rails[source.id] = source
        self._clear(on_rails)

    def _clear(self, on_rails: dict[str, ModelNode]) -> None:
        """Move what else stands before the first step below the initial states, if it meets one."""
        rest = [n for n in self.model.nodes if n.layer == BEFORE and n.id not in on_rails]
        if any(_overlap(a, b) for a in rest for b in on_rails.values()):
            low = min(node.y - node.height / 2 for node in on_rails.values()) - NODE_GAP
            down = max(node.y + node.height / 2 for node in rest) - low
            moved = {node.id for node in rest}
            for node in rest:
                node.y -= down
            for edge in self.model.edges:
                if edge.source in moved and edge.target in moved:
                    edge.points = [(x, y - down) for x, y in edge.points]
                    edge.label = edge.label and (edge.label[0], edge.label[1] - down)

    def _place_tail(self, pieces: dict[str, PlacedTemplate], x: float) -> None:
        """What follows the last step, level with the rail that leads to it.

        Beside a tall step it climbs, or descends from a rail on top; beside a low one it goes on
        to the right.
        """
        start, port = self._last_rail(pieces)
        tall = max((piece.template.height for piece in pieces.values()), default=0.0)
        length = sum(n.layer == AFTER and n.role not in TAGS for n in self.model.nodes)
        climb = tall > CLIMB * length
        template = self._template(AFTER, climb)
        if climb and start > tall * 0.6 and len(pieces) == 1:
            template = deepcopy(template)
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

    def _last_rail(self, pieces: dict[str, PlacedTemplate]) -> tuple[float, str]:
        """Height and port of the rail that leads from the last step drawn to what follows."""
        for edge in self.model.edges:
            source, target = self.nodes.get(edge.source), self.nodes.get(edge.target)
            if target is None or target.layer != AFTER or port_side(edge.port) != "<":
                continue
            if source is None:  # the last step is not drawn
                piece = next(p for p in pieces.values() if edge.port[1:] in p.template.boxes)
                return _level(piece, edge.port), edge.port
            if [source.step] == self.model.shown[-1:]:
                return source.y, edge.port
        return 0.0, ""


def _level(piece: PlacedTemplate, port: str) -> float:
    """The height of a rail: of its port, or where none enters a drawn step, of its state."""
    boxes = piece.template.boxes
    return piece.y + boxes[port if port in boxes else port[1:]].y


def _overlap(a: ModelNode, b: ModelNode) -> bool:
    """Whether two nodes meet."""
    beside = abs(a.x - b.x) - (a.width + b.width) / 2
    above = abs(a.y - b.y) - (a.height + b.height) / 2
    return beside < 0 and above < 0
