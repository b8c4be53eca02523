"""Places for the numbers of one step's edges: beside the curve, where they cover least."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from viz.layout.template import RAISED, STEP_GAP, Template, is_port, sample
from viz.model import Point, port_side

PLACES = (0.5, 0.4, 0.6, 0.7, 0.3, 0.2, 0.8, 0.12, 0.88)  # shares of a line, the best first


OFFSETS = (2.0, 5.0, 9.0)  # of a number's side from the middle of its line


LANE = 5.4  # what the gradient's lane may take to the left of a line's middle; forward takes less


HEAD_LENGTH, HEAD_HALF = (
    13.0,
    7.0,
)  # a gradient's head at its largest: its length, and half its width


OWN, OTHER = 3.0, 4.0  # the price of covering a point of a line


def _place_labels(template: Template, width: float, height: float) -> None:
    curves = {key: sample(line.points) for key, line in template.lines.items()}
    bands = [_band(curve) for curve in curves.values()]
    drawn = np.concatenate(bands) if bands else np.zeros((0, 3))
    owner = np.repeat(np.arange(len(bands)), [len(band) for band in bands])
    known = [
        (b.x - b.width / 2, b.y - b.height / 2, b.x + b.width / 2, b.y + b.height / 2)
        for b in template.boxes.values()
        if not b.dummy and not is_port(b.key)
    ]
    known += template.reserved
    filled = len(known)
    taken = np.concatenate([np.array(known).reshape(-1, 4), np.zeros((len(curves), 4))])
    for index, (key, curve) in enumerate(curves.items()):
        port = template.lines[key].source
        if port_side(port) == "<" and port not in template.junctions:
            # between two steps, above the rail
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
            cost = penalty + _cost(spot, width, height, taken[:filled], template.width)
            if cost < best:
                cost += OWN * _covered(spot, width, height, bands[index])
            if cost < best:
                cost += OTHER * _covered(spot, width, height, others)
                if _distance(spot, others) < _distance(spot, curve):
                    cost += 0.5  # it would be read as another line's
            if cost < best:
                best, template.labels[key] = cost, spot
        x, y = template.labels[key]
        taken[filled] = x - width / 2, y - height / 2, x + width / 2, y + height / 2
        filled += 1


def _band(curve: np.ndarray) -> np.ndarray:
    """Circles that cover both lanes of a line and the gradient's head: x, y and radius, (n, 3)."""
    way = np.gradient(curve, axis=0)
    way /= np.maximum(np.hypot(*way.T), 1e-9)[:, None]
    left = np.stack([-way[:, 1], way[:, 0]], axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    wide = np.where(along < HEAD_LENGTH, HEAD_HALF * np.clip(along / HEAD_LENGTH, 0.4, 1.0), 3.2)
    back = np.column_stack([curve + left * 2.1, wide])
    there = np.column_stack([curve - left * 2.2, np.full(len(curve), 1.2)])
    return np.concatenate([back, there])


def _spots(curve: np.ndarray, width: float, height: float) -> Iterator[tuple[float, Point]]:
    """Places for a number, the best first, each with what it costs by itself.

    Those close beside the line come first, the nearer to its middle the better. Further off, and
    across its corners, it is told less well whose number it is.
    """
    for off in OFFSETS:
        for at in PLACES:
            i = min(int(at * len(curve)), len(curve) - 2)
            (x, y), (u, v) = curve[i], curve[i + 1] - curve[i]
            length = math.hypot(u, v) or 1.0
            for side in (1, -1):
                a, b = -v / length * side, u / length * side
                lane = LANE if side > 0 else 3.4
                reach = lane + off - 1.0 + (abs(a) * width + abs(b) * height) / 2
                yield (
                    abs(at - 0.5) + off / 10,
                    (float(x + a * reach), float(y + b * reach)),
                )


def _distance(spot: Point, line: np.ndarray) -> float:
    """How far a place is from the nearest of some points."""
    return float(np.hypot(line[:, 0] - spot[0], line[:, 1] - spot[1]).min(initial=math.inf))


def _covered(spot: Point, width: float, height: float, circles: np.ndarray) -> int:
    """How many of the circles a number at this spot would touch."""
    x, y, room = circles.T
    dx = np.maximum(np.abs(x - spot[0]) - width / 2, 0.0)
    dy = np.maximum(np.abs(y - spot[1]) - height / 2 + 0.6, 0.0)
    return int((dx * dx + dy * dy < (room + 0.3) ** 2).sum())


def _cost(
    spot: Point,
    width: float,
    height: float,
    taken: np.ndarray,
    right: float,
) -> float:
    """What a number would cover of nodes and other numbers at this spot; 0 is free."""
    x0, x1 = spot[0] - width / 2, spot[0] + width / 2
    y0, y1 = spot[1] - height / 2, spot[1] + height / 2
    a0, b0, a1, b1 = taken.T
    across = np.minimum(x1, a1 + 1) - np.maximum(x0, a0 - 1)
    along = np.minimum(y1, b1 + 1) - np.maximum(y0, b0 - 1)
    hit = (across > 0) & (along > 0)
    covered = math.fsum((40.0 + across[hit] * along[hit]).tolist())
    return 400.0 * (x0 < 2 or x1 > right - 2) + covered
