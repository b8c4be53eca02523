"""Frames, sums over time, strips and the legend placed around the steps.

One idea: once the steps stand, all else goes around them, and then everything is moved so that
(0, 0) is the lower left corner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from viz.metrics import BAR_HEIGHT, FONT, SMALL, text_width
from viz.model import OUT, Cluster, Model, Node, Omitted, Parameter, Point

HEADER = 16.0  # a cluster's own label


MARGIN = 14.0


FOOT = MARGIN + 40.0  # room for the legend


SIDE, CLEAR = 10.0, 8.0  # least room between a frame's label and its side, and a line


def frame(
    model: Model,
    left: dict[int, float],
    spans: dict[str, tuple[float, float, float]],
    ways: Mapping[str, Sequence[float]] | None = None,
    framed: Sequence[int] | None = None,
) -> None:
    """Frame every step, place what lies below, and move all into the positive quadrant.

    Args:
        left: x of each step that is drawn.
        spans: bottom, width and height of each layer's steps.
        ways: x, from a step's left, of the lines that leave a layer's steps upwards.
        framed: the steps that get a frame; all that are drawn by default.
    """
    steps = {layer.name: set(layer.steps) for layer in model.layers}
    for name, (bottom, width, height) in spans.items():
        for step in model.shown if framed is None else framed:
            if name != OUT and step in steps[name]:
                label = frame_label(name, step)
                box = Cluster(
                    f"{len(model.clusters)}", label, name, step, "",
                    left[step], bottom, width, height + HEADER,
                )  # fmt: skip
                box.aside = _aside(text_width(label, FONT), width, (ways or {}).get(name, ()))
                model.clusters.append(box)
    low, high, right = _extent(model)
    for gap in model.omitted:
        gap.y = min((c.y for c in model.clusters), default=low)
        gap.height = max((c.y + c.height for c in model.clusters), default=high) - gap.y
    low = _place_sums(model, low - 28) if model.parameters else low
    low = _place_strips(model, left, low, right)
    _shift(model, left, low - FOOT)
    model.width, model.height = right + 2 * MARGIN, high - low + MARGIN + FOOT + 20


def _aside(label: float, width: float, ways: Sequence[float]) -> float:
    """How far from the middle of a frame its label stands, so that no line runs over it."""
    most = max((width - label) / 2 - SIDE, 0.0)

    def room(aside: float) -> float:
        return min((abs(way - width / 2 - aside) for way in ways), default=width) - label / 2

    return next((at for at in (0.0, -most, most) if room(at) > CLEAR), max(-most, most, key=room))


def frame_label(layer: str, step: int) -> str:
    """What a step's frame is called."""
    return f"{layer},  t = {step}" if layer else f"t = {step}"


def _extent(model: Model) -> tuple[float, float, float]:
    boxes = [(n.y - n.height / 2, n.y + n.height / 2, n.x + n.width / 2) for n in model.nodes] + [
        (c.y, c.y + c.height, c.x + c.width) for c in model.clusters
    ]
    lows, highs, rights = zip(*boxes, strict=True)
    return min(lows), max(highs), max(max(rights), 560.0)


def _place_sums(model: Model, y: float) -> float:
    x = text_width("sum over time", SMALL) + 16
    for parameter in model.parameters:
        parameter.width = max(text_width(parameter.name, FONT), text_width("0.0e-00", FONT)) + 12
        parameter.height = 30.0
        parameter.x, parameter.y = x + parameter.width / 2, y
        x += parameter.width + 12
    return y - 34 if model.parameters else y


def _place_strips(model: Model, columns_at: dict[int, float], y: float, right: float) -> float:
    """Below the frames of the steps where all are drawn, else side by side."""
    aligned = not model.omitted and len(columns_at) <= 12 and bool(model.clusters)
    columns = 1 if aligned else min(len(model.strips), 2)
    room = (right - MARGIN) / max(columns, 1)
    for i, strip in enumerate(model.strips):
        if i % columns == 0:
            y -= BAR_HEIGHT + 44
        strip.y, strip.height = y, BAR_HEIGHT
        if aligned:
            width = model.clusters[0].width
            strip.places = [columns_at[step] + width / 2 for step in strip.steps]
        else:
            each = (room - 64) / len(strip.steps)
            left = 40 + i % columns * room
            strip.places = [left + each * (k + 0.5) for k in range(len(strip.steps))]
        rails = [n.y for n in model.nodes if n.role == "state" and n.layer == strip.layer
                 and n.name == strip.state]  # fmt: skip
        strip.rail = rails[0] if rails else None
    return y - 16 if model.strips else y


def _shift(model: Model, left: dict[int, float], low: float) -> None:
    """Move everything into the positive quadrant and round: the same bytes everywhere."""

    def at(point: Point) -> Point:
        return round(point[0] + MARGIN, 2), round(point[1] - low, 2)

    boxes: list[Node | Cluster | Parameter | Omitted] = [*model.nodes, *model.clusters]
    for box in [*boxes, *model.parameters, *model.omitted]:
        box.x, box.y = at((box.x, box.y))
        box.width, box.height = round(box.width, 2), round(box.height, 2)
    for edge in model.edges:
        edge.points = [at(point) for point in edge.points]
        edge.label = at(edge.label) if edge.label else None
    model.columns = {step: round(x + MARGIN, 2) for step, x in left.items()}
    for strip in model.strips:
        strip.places = [round(x + MARGIN, 2) for x in strip.places]
        strip.y = round(strip.y - low, 2)
        strip.rail = None if strip.rail is None else round(strip.rail - low, 2)
