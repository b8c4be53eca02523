"""One time step laid out, so that it can be stamped T times.

One idea: time runs left to right *between* steps, computation runs upwards *within* one, and the
states run straight through on *rails*. A rail is the row that holds the shortest path from a
state's arrival to its new value: a long path (an RNN's h, an LSTM's h through the output gate)
lies at the bottom and the rest of the step grows from it; short ones (an LSTM's c, a GRU's h) lie
on top as a conveyor. Everything else is placed in rows by its longest path, ordered to avoid
crossings, and spaced by exact least squares under the order (pool adjacent violators), the usual
layered drawing.

Ports are where edges enter and leave a step: `<key` and `>key` at the left and right end of the
rail of state `key`, `_key` below and `^key` above.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from viz.layout.coordinates import space
from viz.layout.ordering import order_rows
from viz.layout.ranks import assign_rows, find_rails, gather_rows, rail_through
from viz.layout.template import ENDS, PAD, ROW_GAP, SIDE_GAP, Box, LayoutEdge, Template, is_port
from viz.model import port_side

BORDER, WAY_GAP = 14.0, 8.0  # of a way up past a label from the side, and between two


def lay_out(
    sizes: dict[str, tuple[float, float]],
    edges: Sequence[tuple[str, str, str]],
    states: Sequence[str] = (),
    mirror: bool = False,
    end: str = "",
    tags: Collection[str] = (),
    junctions: Collection[str] = (),
    ties: Sequence[tuple[str, str]] = (),
    cuts: Collection[str] = (),
) -> Template:
    """Place one step.

    Args:
        sizes: width and height in points of each node, by key.
        edges: (key, source, target); sources and targets are node keys or ports.
        states: keys of the nodes that carry a state to the next step, the hidden state first.
        mirror: states run right to left.
        tags: the nodes that may stand close together.
        cuts: the nodes that stop a gradient.
        ties: pairs of nodes that stand above one another, though no line joins them.
        junctions: ports from which several lines part, so that room for numbers is needed.
        end: where there are no states, the node that the way from the first port leads to.
    """
    boxes = {key: Box(key, *size, tag=key in tags) for key, size in sizes.items()}
    for _, source, target in edges:
        for key in (source, target):
            if is_port(key):
                boxes.setdefault(key, Box(key, 2.0, 2.0))
    lines = {key: LayoutEdge(key, source, target) for key, source, target in edges}
    rails = find_rails(edges, [state for state in states if state in sizes], cuts)
    if not rails:
        rails = rail_through(edges, end)
    assign_rows(boxes, edges, rails)
    rows = gather_rows(boxes, lines, rails)
    order_rows(rows, lines, rails)
    space(rows, boxes, lines, rails, ties)
    template = Template(boxes, lines, junctions=set(junctions))
    _finish(template, rows, rails, mirror)
    return template


def widen(template: Template, width: float) -> None:
    """Give a step that is narrower this width, with its boxes in the middle."""
    extra = float(round(width)) - template.width
    if extra <= 0:
        return
    for box in template.boxes.values():
        at_side = port_side(box.key) in ENDS
        box.x += extra * (box.x > 0) if at_side else float(round(extra / 2))
    template.width += extra


def clear_way(template: Template, label: float, mirror: bool) -> None:
    """Lead the ways up past the side of a frame's label, where it leaves them no room elsewhere.

    Args:
        label: its width.
        mirror: past its left side.
    """
    ways = [box for key, box in template.boxes.items() if port_side(key) == "^"]
    free = template.width - label - 2 * BORDER  # beside a label that is set to one side
    if any(free < box.x < template.width - free for box in ways):
        for serial, box in enumerate(ways):
            aside = BORDER + WAY_GAP * serial
            box.x = aside if mirror else template.width - aside


def turn_over(template: Template) -> None:
    """Make what climbs descend."""
    for box in template.boxes.values():
        box.y = template.height - box.y
    for line in template.lines.values():
        line.points = [(x, template.height - y) for x, y in line.points]
    template.labels = {key: (x, template.height - y) for key, (x, y) in template.labels.items()}


def _finish(
    template: Template, rows: list[list[str]], rails: dict[str, list[str]], mirror: bool
) -> None:
    """Rows to y, ports to the borders, everything into the positive quadrant."""
    boxes = template.boxes
    y = 0.0
    for keys in rows:
        height = max(boxes[key].height for key in keys)
        for key in keys:
            boxes[key].y = y + height / 2
        y += height + ROW_GAP
    inner = [box for box in boxes.values() if not is_port(box.key)]
    left = min((b.x - b.width / 2 for b in inner), default=0.0) - PAD
    for port in template.junctions:
        first = boxes[rails.get(port[1:], [port])[0]]
        left = min(left, first.x - first.width / 2 - SIDE_GAP)
    right = max((b.x + b.width / 2 for b in inner), default=0.0) + PAD
    bottom = min((b.y - b.height / 2 for b in inner), default=0.0) - PAD
    top = max((b.y + b.height / 2 for b in inner), default=0.0) + PAD
    template.width, template.height = float(round(right - left)), float(round(top - bottom))
    for box in boxes.values():
        box.x = {"<": left, ">": right}.get(port_side(box.key), box.x) - left
        box.y = {"_": bottom, "^": top}.get(port_side(box.key), box.y) - bottom
        if mirror:
            box.x = template.width - box.x
        # Whole points, so that a stamped step is the same to the last digit wherever it stands.
        box.x, box.y = float(round(box.x)), float(round(box.y))
