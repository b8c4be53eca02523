"""Places for the numbers of one step's edges: beside the curve, where they cover least."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from viz.layout.template import RAISED, STEP_GAP, Point, Template, is_port, sample

PLACES = (0.5, 0.4, 0.6, 0.7, 0.3, 0.2, 0.8, 0.12, 0.88)  # shares of a line, the best first


MORE_PLACES = (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.7, 0.3, 0.25, 0.75, 0.2, 0.8, 0.15, 0.85)


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
