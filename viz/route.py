"""The lines of one step and the places of their numbers.

One idea: a line leaves a node upwards, downwards or sideways, passes through the bends that the
template reserved for it, and arrives likewise, as a smooth curve with upright tangents. Numbers
are then set one by one at the first place along their line that is free of nodes, lines and
numbers.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from viz.boxes import RAISED, STEP_GAP, Box, Line, Point, Template, is_port

PLACES = (0.5, 0.4, 0.6, 0.7, 0.3, 0.2, 0.8, 0.12, 0.88)  # shares of a line, the best first
MORE_PLACES = (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.7, 0.3, 0.25, 0.75, 0.2, 0.8, 0.15, 0.85)
ARROW = 6.0  # points from a curve's end to the arrow's tip


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
    sides: dict[tuple[str, int], list[tuple[float, Line, bool]]] = defaultdict(list)
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
    line: Line, boxes: dict[str, Box], bands: dict[int, float], start: Point, end: Point
) -> list[Point]:
    ahead = [boxes[key] for key in line.path]
    points = [start]
    for a, b in itertools.pairwise(ahead):
        p, overhung = points[-1], b is ahead[-1] and _overhung(a, b, boxes)
        upright = b.row != a.row and not overhung
        up = 1 if b.row > a.row else -1
        if b is not ahead[-1]:  # a bend: straight through the row, so that no neighbour is touched
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
    if a.key[0] in "<>":
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
    if a.key[0] not in "<>" or a.row == b.row or b.bend or is_port(b.key):
        return False
    real = [box for box in boxes.values() if not box.bend and not is_port(box.key)]
    under = any(box.row == a.row and abs(box.x - b.x) < box.width / 2 for box in real)
    return under and not _blocked(Box("", 0.0, 0.0, b.row, a.x), b, boxes)


def _blocked(a: Box, b: Box, boxes: dict[str, Box]) -> bool:
    low, high = sorted((a.x, b.x))
    return any(
        box.row == a.row and low < box.x < high and not box.bend and not is_port(box.key)
        for box in boxes.values()
    )


def _arc(p: Point, q: Point) -> list[Point]:
    """Over the heads of what stands between two nodes of one row."""
    return [(p[0] + (q[0] - p[0]) * 0.2, p[1] + 30), (p[0] + (q[0] - p[0]) * 0.8, p[1] + 30), q]


def sample(points: list[Point], count: int = 12) -> np.ndarray:
    """Points along a piecewise cubic, `count` to a piece, shape (n, 2)."""
    t = np.linspace(0, 1, count)[:, None]
    control = np.asarray(points)
    pieces = [
        (1 - t) ** 3 * control[i] + 3 * (1 - t) ** 2 * t * control[i + 1]
        + 3 * (1 - t) * t**2 * control[i + 2] + t**3 * control[i + 3]
        for i in range(0, len(control) - 1, 3)
    ]  # fmt: skip
    return np.concatenate(pieces)


def _place_labels(template: Template, width: float, height: float) -> None:
    curves = {key: sample(line.points) for key, line in template.lines.items()}
    drawn = np.concatenate(list(curves.values())) if curves else np.zeros((0, 2))
    owner = np.repeat(np.arange(len(curves)), [len(curve) for curve in curves.values()])
    taken = [
        (b.x - b.width / 2, b.y - b.height / 2, b.x + b.width / 2, b.y + b.height / 2)
        for b in template.boxes.values()
        if not b.bend and not is_port(b.key)
    ]
    taken += template.reserved
    for index, (key, curve) in enumerate(curves.items()):
        port = template.lines[key].source
        if port[0] == "<" and port not in template.junctions:  # between two steps, above the rail
            side = template.boxes[port].x
            x = side + STEP_GAP / 2 if side > template.width / 2 else side - STEP_GAP / 2
            template.labels[key] = x, curve[0][1] + height / 2 + RAISED
            continue
        start = template.boxes[port]
        if start.tag and start.height > 20:  # the number stands in the tag
            continue
        others = drawn[owner != index]
        best = math.inf
        for penalty, spot in _spots(curve, width, height):
            if penalty >= best:
                break
            cost = _cost(spot, width, height, taken, others, curve, template.width) + penalty
            if penalty >= 1 and _distance(spot, others) < _distance(spot, curve):
                cost += 4.0  # it would be read as another line's
            if cost < best:
                best, template.labels[key] = cost, spot
        x, y = template.labels[key]
        taken.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def _spots(curve: np.ndarray, width: float, height: float) -> Iterator[tuple[float, Point]]:
    """Places for a number, the best first, each with what it costs by itself.

    Those close beside the line come first, the nearer to its middle the better. Further off, and
    across its corners, it is told less well whose number it is.
    """
    for places, off in ((PLACES, 0.0), (MORE_PLACES, 6.0)):
        for at in places:
            i = min(int(at * len(curve)), len(curve) - 2)
            (x, y), (u, v) = curve[i], curve[i + 1] - curve[i]
            across, along = width / 2 + 6 + off, height / 2 + 4 + off
            beside = [(0.0, along), (0.0, -along)] if abs(u) > 2 * abs(v) else [
                (across, 0.0), (-across, 0.0)
            ]  # fmt: skip
            if off:
                corner = width / 2 + 4, height / 2 + 4
                beside += [(a * corner[0], b * corner[1]) for a in (1, -1) for b in (1, -1)]
            for dx, dy in beside:
                yield abs(at - 0.5) + (1.0 if off else 0.0), (float(x + dx), float(y + dy))


def _distance(spot: Point, line: np.ndarray) -> float:
    """How far a place is from the nearest of some points."""
    return float(np.hypot(*(line - spot).T).min(initial=math.inf))


def _cost(
    spot: Point,
    width: float,
    height: float,
    taken: list[tuple[float, float, float, float]],
    others: np.ndarray,
    own: np.ndarray,
    right: float,
) -> float:
    """What a number would cover at this spot; 0 is free."""
    x0, x1 = spot[0] - width / 2, spot[0] + width / 2
    y0, y1 = spot[1] - height / 2, spot[1] + height / 2
    cost = 40.0 * (x0 < 2 or x1 > right - 2)
    for a0, b0, a1, b1 in taken:
        across, along = min(x1, a1) - max(x0, a0), min(y1, b1) - max(y0, b0)
        if across > 0 and along > 0:
            cost += 4.0 + across * along
    for line, price in ((others, 3.0), (own, 2.0)):
        if len(line):
            x, y = line[:, 0], line[:, 1]
            cost += price * int(((x > x0 - 4) & (x < x1 + 4) & (y > y0 - 1) & (y < y1 + 1)).sum())
    return cost
