"""Edge routing within one step, and the places of the edges' numbers.

One idea: a line leaves a node upwards, downwards or sideways, passes through the dummies that the
template reserved for it, and arrives likewise, as a smooth curve with upright tangents. Numbers
are then set one by one at the first place along their line that is free of nodes, lines and
numbers.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

from viz.layout.edge_labels import _place_labels
from viz.layout.template import ENDS, Box, LayoutEdge, Template, is_port
from viz.metrics import ARROW
from viz.model import Point, port_side


def route(template: Template, label: tuple[float, float] | None) -> None:
    """Fill in `points` of every line and, given a number's width and height, `labels`.

    Args:
        template: a step whose boxes stand.
        label: width and height of a number, in points; None if none are to be set.
    """
    starts, ends = _attach(template)
    bands: dict[int, float] = {}  # half the height of each row
    for box in template.boxes.values():
        bands[box.row] = max(bands.get(box.row, 0.0), box.height / 2)
    for line in template.lines.values():
        line.points = _curve(line, template.boxes, bands, starts[line.key], ends[line.key])
    if label is not None:
        _place_labels(template, *label)


def _attach(template: Template) -> tuple[dict[str, Point], dict[str, Point]]:
    """Where each line leaves and arrives, spread along the side of the node that it uses."""
    boxes = template.boxes
    sides: dict[tuple[str, int], list[tuple[float, LayoutEdge, bool]]] = defaultdict(list)
    for line in template.lines.values():
        for end, (here, there) in enumerate(((0, 1), (-1, -2))):
            a, b = boxes[line.path[here]], boxes[line.path[there]]
            side = (b.row > a.row) - (b.row < a.row) if not _overhung(b, a, boxes) else 0
            sides[(a.key, side)].append((b.x, line, end == 0))
    starts: dict[str, Point] = {}
    ends: dict[str, Point] = {}
    for (key, side), users in sides.items():
        box = boxes[key]
        users.sort(key=lambda user: (user[0], user[1].key))
        step = min(8.0, box.width * 0.7 / len(users))
        for place, (x, line, leaving) in enumerate(users):
            shift = (place - (len(users) - 1) / 2) * step
            if is_port(key):
                point = (box.x, box.y)
            elif side == 0:
                point = (box.x + math.copysign(box.width / 2, x - box.x), box.y)
            else:
                point = (box.x + shift, box.y + side * _reach(box, shift))
            (starts if leaving else ends)[line.key] = point
    return starts, ends


def _reach(box: Box, shift: float) -> float:
    """Height of a node's outline above its middle, `shift` beside it: round ones curve away."""
    half = box.height / 2
    if abs(box.width - box.height) > 1:
        return half
    return half * math.sqrt(max(0.0, 1 - (shift / (box.width / 2)) ** 2))


def _curve(
    line: LayoutEdge, boxes: dict[str, Box], bands: dict[int, float], start: Point, end: Point
) -> list[Point]:
    ahead = [boxes[key] for key in line.path]
    points = [start]
    for a, b in itertools.pairwise(ahead):
        p, overhung = points[-1], b is ahead[-1] and _overhung(a, b, boxes)
        upright = b.row != a.row and not overhung
        up = 1 if b.row > a.row else -1
        if b is not ahead[-1]:  # a dummy: straight through the row, so that no neighbour is touched
            band = bands[b.row]
            points += _swing(a, p, (b.x, b.y - up * band))
            points += _thirds(points[-1], (b.x, b.y + up * band))
            continue
        base = end if is_port(b.key) else _short_of(p, end, upright)
        if upright:
            points += _swing(a, p, base)
        elif overhung:
            middle = (p[0] + base[0]) / 2
            points += [(middle, p[1]), (middle, base[1]), base]
        elif len(line.path) == 2 and not is_port(a.key) and _blocked(a, b, boxes):
            points += _arc(p, base)
        else:
            points += _thirds(p, base)
    return points


def _swing(a: Box, p: Point, q: Point) -> list[Point]:
    """From p to q with upright ends; out of a rail, sideways."""
    rise = (q[1] - p[1]) * 0.5
    leave = (p[0], p[1] + rise)
    if port_side(a.key) in ENDS:
        reach = math.copysign(max(abs(q[0] - p[0]), 14.0), q[0] - p[0]) * 0.8
        leave = (p[0] + reach, p[1])
    return [leave, (q[0], q[1] - rise), q]


def _short_of(p: Point, q: Point, upright: bool) -> Point:
    """The foot of the arrow whose tip is q."""
    if upright:
        return q[0], q[1] - math.copysign(ARROW, q[1] - p[1])
    return q[0] - math.copysign(ARROW, q[0] - p[0]), q[1]


def _thirds(p: Point, q: Point) -> list[Point]:
    return [
        (p[0] + (q[0] - p[0]) / 3, p[1] + (q[1] - p[1]) / 3),
        (p[0] + (q[0] - p[0]) * 2 / 3, p[1] + (q[1] - p[1]) * 2 / 3),
        q,
    ]


def _overhung(a: Box, b: Box, boxes: dict[str, Box]) -> bool:
    """Whether a line out of a rail leads under a box of that rail, but could come in sideways."""
    if port_side(a.key) not in ENDS or a.row == b.row or b.dummy or is_port(b.key):
        return False
    real = [box for box in boxes.values() if not box.dummy and not is_port(box.key)]
    under = any(box.row == a.row and abs(box.x - b.x) < box.width / 2 for box in real)
    return under and not _blocked(Box("", 0.0, 0.0, b.row, a.x), b, boxes)


def _blocked(a: Box, b: Box, boxes: dict[str, Box]) -> bool:
    low, high = sorted((a.x, b.x))
    return any(
        box.row == a.row and low < box.x < high and not box.dummy and not is_port(box.key)
        for box in boxes.values()
    )


def _arc(p: Point, q: Point) -> list[Point]:
    """Over the heads of what stands between two nodes of one row."""
    return [(p[0] + (q[0] - p[0]) * 0.2, p[1] + 30), (p[0] + (q[0] - p[0]) * 0.8, p[1] + 30), q]
