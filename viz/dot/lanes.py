"""The two lanes of an edge: forward a thin line, and beside it the gradient, which runs back.

One idea: the layout gives one curve for each edge, in the direction of the data. Forward is drawn
a little to its right, with a head at the target; the gradient a little to its left, as wide as
it is large, with its head at the source. A head grows with its line, to 2.2 times its width.
"""

from __future__ import annotations

import math

from viz.dot.marks import points
from viz.metrics import (
    ARROW,
    FORWARD,
    FORWARD_RIGHT,
    HEAD_IN_WIDTHS,
    HEAD_SPREAD,
    LANES_APART,
    SPREADS_FROM,
    head_length,
)
from viz.model import Point

BENT = 3.0  # points that a control stands off a straight line


def arrow(width: float) -> tuple[float, float]:
    """Graphviz's `arrowsize` for a line of this width, and the length of the head as it is seen.

    Graphviz draws a triangle with the line's own pen, which adds half a pen on every side.
    """
    spread = HEAD_SPREAD * max(width / SPREADS_FROM, 1.0)  # half the base in lengths
    slope = math.hypot(1.0, spread)
    half = (
        width * (HEAD_IN_WIDTHS - (slope + spread)) / 2
    )  # what is left of the base without the pen
    return half / spread / 10, head_length(width)


def forward_lane(curve: list[Point], head: bool) -> str:
    """The `pos` of the forward lane: from the source to the target."""
    return _pos(_beside(_reaching(curve) if head else curve, -FORWARD_RIGHT), FORWARD, head)


def backward_lane(curve: list[Point], width: float, head: bool, reaches: bool = True) -> str:
    """The `pos` of the gradient's lane: from the target to the source.

    Args:
        curve: of the edge, to where an arrow's head began when there was one.
        width: of the line, in points.
        head: whether the lane has one: not where it joins others in front of a state.
        reaches: whether the target's outline lies an arrow's length beyond the curve.
    """
    aside = LANES_APART - FORWARD_RIGHT + (width + FORWARD) / 2
    lane = _beside(_reaching(curve) if reaches else curve, aside)
    return _pos(lane[::-1], width, head)


def tip(curve: list[Point]) -> Point:
    """Where the head of a curve that an arrow is to end has its tip."""
    (x0, y0), (x1, y1) = curve[-2:]
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    return x1 + (x1 - x0) / length * ARROW, y1 + (y1 - y0) / length * ARROW


def _reaching(curve: list[Point]) -> list[Point]:
    """The curve as far as the target's outline."""
    (x0, y0), (x1, y1) = curve[-1], tip(curve)
    thirds = [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in (1 / 3, 2 / 3)]
    return [*curve, *thirds, (x1, y1)]


def _beside(curve: list[Point], left: float) -> list[Point]:
    """The curve moved to its left, in the direction in which it runs."""
    curve = _halved(curve)
    found = []
    for i, (x, y) in enumerate(curve):
        joint = i - (i + 1) % 3 + 1 if i % 3 else i  # the end that this control point belongs to
        before, after = _way(curve, joint, -1), _way(curve, joint, 1)
        across = before[0] + after[0], before[1] + after[1]
        length = math.hypot(*across) or 1.0
        found.append((x - across[1] / length * left, y + across[0] / length * left))
    return found


def _halved(curve: list[Point]) -> list[Point]:
    """The same curve, with its bent pieces in two: then moving their ends moves all of them."""
    found = curve[:1]
    for i in range(0, len(curve) - 1, 3):
        a, b, c, d = curve[i : i + 4]
        bent = any(abs(_turn(a, d, p)) > BENT for p in (b, c))
        if bent:
            found += _first(a, b, c, d, 0.5)
            found += [*_first(d, c, b, a, 0.5)[1::-1], d]
        else:
            found += [b, c, d]
    return found


def _turn(a: Point, d: Point, p: Point) -> float:
    """How far a point is from the line through two others."""
    length = math.dist(a, d) or 1.0
    return ((d[0] - a[0]) * (p[1] - a[1]) - (d[1] - a[1]) * (p[0] - a[0])) / length


def _way(curve: list[Point], joint: int, side: int) -> Point:
    """The direction in which the curve comes to a joint (side -1) or leaves it (side 1)."""
    x, y = curve[joint]
    for i in range(joint + side, joint + 4 * side, side):
        if 0 <= i < len(curve):
            dx, dy = (curve[i][0] - x) * side, (curve[i][1] - y) * side
            length = math.hypot(dx, dy)
            if length > 0.01:
                return dx / length, dy / length
    return 0.0, 0.0


def _pos(lane: list[Point], width: float, head: bool) -> str:
    if not head:
        return _written(lane)
    end = lane[-1]
    return (
        f"e,{points(end[0])},{points(end[1])} {_written(_shortened(lane, arrow(width)[1] - 0.3))}"
    )


def _written(lane: list[Point]) -> str:
    return " ".join(f"{points(x)},{points(y)}" for x, y in lane)


def _shortened(lane: list[Point], short: float) -> list[Point]:
    """The lane without its last `short` points, which its head covers; never all of it."""
    lane = list(lane)
    end = lane[-1]
    while len(lane) > 4 and math.dist(lane[-4], end) <= short:
        del lane[-3:]
    a, b, c, d = lane[-4:]
    low, high = 0.05, 1.0
    for _ in range(20):  # the share of the last piece at which it is so far from the end
        share = (low + high) / 2
        if math.dist(_at(a, b, c, d, share), end) > short:
            low = share
        else:
            high = share
    return [*lane[:-3], *_first(a, b, c, d, low)]


def _at(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    return _first(a, b, c, d, t)[-1]


def _first(a: Point, b: Point, c: Point, d: Point, t: float) -> list[Point]:
    """The first part of a cubic, as far as t: de Casteljau's controls and end."""
    ab, bc, cd = _between(a, b, t), _between(b, c, t), _between(c, d, t)
    abc, bcd = _between(ab, bc, t), _between(bc, cd, t)
    return [ab, abc, _between(abc, bcd, t)]


def _between(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
