"""Frames, sums over time, strips and the legend placed around the steps.

One idea: once the steps stand, all else goes around them: what is of a time step stands below its
column. Then everything is moved so that (0, 0) is the lower left corner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from viz.layout.axis import places, ticks
from viz.layout.between_steps import HEADER
from viz.layout.template import sample
from viz.metrics import BAR_HEIGHT, FONT, LABEL, LINE_HEIGHT, SMALL, short, text_width, wrapped
from viz.model import OUT, Cluster, Model, ModelNode, Omitted, ParameterShares, Point, Tick

MARGIN = 14.0


MIN_WIDTH = 300.0  # width of a picture with a legend


TITLE, HEADLINE = 14.0, 11.0  # sizes of the font


RULER = 40.0  # room for the numbers of a strip's ruler


SHARE, SHARES = 3.0, 78.0  # width of a step's bar in a sum, and of all of them at the most


SHARE_HEIGHT = 12.0


SIDE, CLEAR = 10.0, 8.0  # least room between a frame's label and its side, and a line


LEGEND = "line: {norm} norm of the gradient sent along it; node: {norm} norm of their sum"
SPECIAL = "dashed: 0, or below the scale; dotted: no gradient flows; red: NaN or Inf"


LEGEND_LINE = 11.0


LABEL_ROOM = 60.0  # for what was read at a step, on the axis


KEY_WIDTH = 270.0  # width of the colours' key with its numbers


def frame(
    model: Model,
    left: dict[int, float],
    spans: dict[str, tuple[float, float, float]],
    framed: Sequence[int] | None = None,
) -> None:
    """Frame every step, place what lies below, and move all into the positive quadrant.

    Args:
        left: x of each step that is drawn.
        spans: bottom, width and height of each layer's steps.
        framed: the steps that get a frame; all that are drawn by default.
    """
    steps = {layer.name: set(layer.steps) for layer in model.layers}
    for name, (bottom, width, height) in spans.items():
        if name == OUT or not left:
            continue
        ways = _passing(model, left, bottom + height, width)
        for step in model.shown if framed is None else framed:
            if step in steps[name]:
                label = short(frame_label(name, step, model.labels), width - 8)
                box = Cluster(
                    f"{len(model.clusters)}", label, name, step, "",
                    left[step], bottom, width, height + HEADER,
                )  # fmt: skip
                box.aside = _aside(text_width(label, FONT), width, ways)
                model.clusters.append(box)
    start, low, high, end = _extent(model)
    graph, least = end - start, MIN_WIDTH if model.has_flow else 0.0
    start -= max(least - graph, 0.0) / 2  # what is small stands in the middle
    end = start + max(graph, least)
    for gap in model.omitted:
        gap.y = min((c.y for c in model.clusters), default=low)
        gap.height = max((c.y + c.height for c in model.clusters), default=high) - gap.y
    if model.has_flow:
        low = _place_sums(model, start, end, low - 32) if model.parameters else low
        start, low = _place_strips(model, left, start, low, end)
    width = end - start
    model.heading = heading(model.title, model.headline, width)
    foot = legend_height(model, width + 2 * MARGIN)
    _shift(model, left, start - MARGIN, low - foot)
    model.width = round(width + 2 * MARGIN, 2)
    model.height = round(high - low + foot + MARGIN + heading_height(model.heading), 2)


def legend_height(model: Model, width: float) -> float:
    """Of what stands below everything: the key, its words and the notes."""
    return 2 * MARGIN + LEGEND_LINE * len(legend_lines(model, width)) if model.has_flow else MARGIN


def legend_lines(model: Model, width: float) -> list[str]:
    """The words beside the key, or below it where the picture is narrow."""
    room = width - 2 * MARGIN
    beside = room - KEY_WIDTH >= text_width(SPECIAL, SMALL)
    texts = [LEGEND.format(norm=model.norm), SPECIAL, *model.notes]
    lines = [line for text in texts for line in wrapped(text, room - KEY_WIDTH * beside, SMALL, 9)]
    return lines if beside else ["", "", *lines]


def heading(title: str, headline: str, width: float) -> list[tuple[str, float]]:
    """The lines of a title and of a headline below it, each with the size of its font."""
    return [
        (line, size)
        for text, size in ((title, TITLE), (headline, HEADLINE))
        for line in (wrapped(text, width, size) if text else ())
    ]


def heading_height(lines: Sequence[tuple[str, float]]) -> float:
    """Of the lines above a graph, with the room below them."""
    return LINE_HEIGHT * sum(size for _, size in lines) + (6.0 if lines else 0.0)


def _aside(label: float, width: float, ways: Sequence[float]) -> float:
    """How far from the middle of a frame its label stands, so that no line runs over it."""
    most = max((width - label) / 2 - SIDE, 0.0)
    places = [0.0, *(side * share * most for share in (0.25, 0.5, 0.75, 1.0) for side in (-1, 1))]

    def room(aside: float) -> float:
        return min((abs(way - width / 2 - aside) for way in ways), default=width) - label / 2

    return next((at for at in places if room(at) > CLEAR), max(places, key=room))


def _passing(model: Model, left: dict[int, float], bottom: float, width: float) -> list[float]:
    """x, from their step's left, of the lines that run through the labels of a layer's frames."""
    starts = np.array(sorted(left.values()))
    found: set[float] = set()
    for edge in model.edges:
        heights = [y for _, y in edge.points]
        if edge.points and min(heights) < bottom + HEADER and max(heights) > bottom:
            x, y = sample(edge.points, 40).T
            inside = x[(y > bottom) & (y < bottom + HEADER)]
            which = np.searchsorted(starts, inside) - 1
            offsets = inside[which >= 0] - starts[which[which >= 0]]
            found.update(np.round(offsets[offsets <= width]).tolist())
    return sorted(found)


def frame_label(layer: str, step: int, labels: Mapping[int, str] | None = None) -> str:
    """What a step's frame is called: what was read there, if that is known."""
    name = f"t = {step}"
    if labels and step in labels:
        name = f"t = {step}: {seen(labels[step])}"
    return f"{layer}, {name}" if layer else name


def seen(label: str) -> str:
    """What was read, also where it is a space."""
    return SEEN.get(label, label)


SEEN = {" ": "\N{OPEN BOX}", "\n": "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}", "\t": "\\t"}


def _extent(model: Model) -> tuple[float, float, float, float]:
    """Left, bottom, top and right of the graph."""
    boxes = [
        (n.x - n.width / 2, n.y - n.height / 2, n.y + n.height / 2, n.x + n.width / 2)
        for n in model.nodes
    ] + [(c.x, c.y, c.y + c.height, c.x + c.width) for c in model.clusters]
    boxes += [(o.x, c.y, c.y, o.x + o.width) for o in model.omitted for c in model.clusters[:1]]
    for edge in model.edges:
        spots = [*edge.points]
        if edge.label:
            (x, y), (w, h) = edge.label, LABEL
            spots += [(x - w / 2, y - h / 2), (x + w / 2, y + h / 2)]
        boxes += [(x, y, y, x) for x, y in spots]
    lefts, lows, highs, rights = zip(*boxes, strict=True)
    return min(lefts), min(lows), max(highs), max(rights)


def _place_sums(model: Model, start: float, end: float, y: float) -> float:
    """In rows as wide as the picture, each with room for a bar for every step."""
    x = left = start + text_width("sum over time", SMALL) + 12
    for parameter in model.parameters:
        bars = min(SHARE * len(parameter.shares), SHARES)
        name = short(parameter.name, max(end - left - 16, 60.0))
        parameter.width = max(text_width(name, FONT), LABEL[0] * FONT / SMALL, bars) + 12
        parameter.height = 28.0 + SHARE_HEIGHT
        if x > left and x + parameter.width > end:
            x, y = left, y - 50
        parameter.x, parameter.y = x + parameter.width / 2, y
        x += parameter.width + 12
    return y - 26


def _place_strips(
    model: Model, columns: dict[int, float], start: float, y: float, end: float
) -> tuple[float, float]:
    """Below one another, each bar below its step, with one row of ticks; the left and the foot."""
    if not model.strips:
        return start, y - 4
    at = places(model, columns)
    first = min(at.values())
    start = min(start, first - RULER - 26)
    for strip in model.strips:
        strip.title = wrapped(strip.says(model.norm), max(end - first + 20, 120.0), FONT, 4)
        y -= BAR_HEIGHT + 22 + FONT * LINE_HEIGHT * len(strip.title)
        strip.y, strip.height = y, BAR_HEIGHT
        strip.places = [at[step] for step in strip.steps]
        rails = [n.y for n in model.nodes if n.role == "state" and n.layer == strip.layer
                 and n.name == strip.state]  # fmt: skip
        strip.rail = rails[0] if rails else None
    marked = ticks(at, set(model.shown))
    model.ticks = [Tick(str(step), at[step], y - 8) for step in marked]
    if not model.labels:
        return start, y - 20
    model.ticks += [Tick(text, at[step], y - 19) for step, text in _read(model, at)]
    return start, y - 31


def _read(model: Model, at: Mapping[int, float]) -> list[tuple[int, str]]:
    """What was read at the steps drawn, and at omitted ones where all of them have room."""
    texts = {s: short(seen(read), LABEL_ROOM, SMALL) for s, read in model.labels.items()}
    wide = {step: text_width(text, SMALL) for step, text in texts.items()}
    kept = set(model.shown)
    for box in model.omitted:
        inside = [step for step in texts if box.first <= step <= box.last]
        if box.width / max(len(inside), 1) > max((wide[step] for step in inside), default=0) + 1:
            kept.update(inside)
    return [(step, text) for step, text in texts.items() if step in kept and step in at and text]


def _shift(model: Model, columns: dict[int, float], left: float, low: float) -> None:
    """Move everything into the positive quadrant and round: the same bytes everywhere."""

    def at(point: Point) -> Point:
        return round(point[0] - left, 2), round(point[1] - low, 2)

    boxes: list[ModelNode | Cluster | ParameterShares | Omitted] = [*model.nodes, *model.clusters]
    for tick in model.ticks:
        tick.x, tick.y = at((tick.x, tick.y))
    for box in [*boxes, *model.parameters, *model.omitted]:
        box.x, box.y = at((box.x, box.y))
        box.width, box.height = round(box.width, 2), round(box.height, 2)
    for edge in model.edges:
        edge.points = [at(point) for point in edge.points]
        edge.label = at(edge.label) if edge.label else None
    model.columns = {step: round(x - left, 2) for step, x in columns.items()}
    for strip in model.strips:
        strip.places = [round(x - left, 2) for x in strip.places]
        strip.y = round(strip.y - low, 2)
        strip.rail = None if strip.rail is None else round(strip.rail - low, 2)
