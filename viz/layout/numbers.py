"""The last word on the numbers beside edges: each where nothing is in its way, or in none.

One idea: a template knows its own step alone. Once all lines stand and the scale says how wide each
is, every number is looked at again: what touches a node, a text, a frame or a line moves along its
own edge, on the gradient's side, to the first free place; without one it is in the tooltip only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from viz.layout.template import sample
from viz.metrics import (
    ARROW,
    FONT,
    FORWARD,
    FORWARD_RIGHT,
    HEAD_IN_WIDTHS,
    LANES_APART,
    LINE_HEIGHT,
    SMALL,
    head_length,
    text_width,
)
from viz.model import Model, ModelEdge, Point
from viz.style import Scale, number

PLACES = np.linspace(0.06, 0.94, 23)  # shares of an edge's length
OFFSETS = (1.4, 3.0, 5.5)  # from the lane that a number stands beside
MARGIN = 1.1  # least room around a number, beside a line less
CLOSE = 0.5
HEADING_FOOT = 12.0  # of the first line of a heading, from the picture's top
DIGITS = -2.7, 3.5  # foot and head of a number, from its middle

Circles = np.ndarray  # (n, 4): x, y, radius, and the number of the edge that they cover


def settle(model: Model, scale: Scale) -> None:
    """Move the numbers of a placed model to where they touch nothing; what has no room goes.

    Args:
        model: placed, with a number's place at every edge that is to have one.
        scale: of the widths of the lines.
    """
    inside = {n.id for n in model.nodes if n.role == "parameter" and n.height > 20}
    wanted = [
        (i, edge)
        for i, edge in enumerate(model.edges)
        if edge.label and edge.gradient and edge.source not in inside
    ]
    if not wanted:
        return
    numbers = _Numbers(model, scale)
    waiting = [(i, edge) for i, edge in wanted if not numbers.keeps(i, edge)]
    for i, edge in waiting:
        edge.label = numbers.moved(i, edge)


class _Numbers:
    """What a number may stand in the way of, and those that have their place."""

    def __init__(self, model: Model, scale: Scale) -> None:
        self.model, self.scale = model, scale
        lanes = [self._lanes(i, edge) for i, edge in enumerate(model.edges) if edge.points]
        covered = np.concatenate([lane for pair in lanes for lane in pair])
        self.circles = covered[np.argsort(covered[:, 0], kind="stable")]
        self.reach = float(self.circles[:, 2].max(initial=0.0)) + 8
        self.own = {int(back[0, 3]): back for back, _ in lanes if len(back)}
        known = _boxes(model)
        self.count = len(known)  # of the boxes that are filled in
        self.boxes = np.concatenate(
            [np.array(known).reshape(-1, 4), np.zeros((len(model.edges), 4))]
        )

    def _lanes(self, i: int, edge: ModelEdge) -> tuple[Circles, Circles]:
        """Circles over the gradient's lane with its head, and over the forward lane."""
        curve = sample([*edge.points, *_onwards(edge)])
        curve = _evenly(curve)
        way = np.gradient(curve, axis=0)
        way /= np.maximum(np.hypot(*way.T), 1e-9)[:, None]
        left = np.stack([-way[:, 1], way[:, 0]], axis=1)
        rows = np.full(len(curve), float(i))
        wide = np.full(len(curve), FORWARD / 2)
        if not edge.rail:
            wide[-4:] = 1.5
        there = np.column_stack([curve - left * FORWARD_RIGHT, wide, -1 - rows])
        if edge.gradient is None:
            return np.zeros((0, 4)), there
        width = self.scale.width(edge.gradient.get(self.model.norm))
        aside = LANES_APART - FORWARD_RIGHT + (width + FORWARD) / 2
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
        length = head_length(width)
        headed = (along < length) & (not edge.via)
        half = np.where(headed, HEAD_IN_WIDTHS / 2 * along / length, 0.5) * width
        half = np.maximum(half, width / 2)
        return np.column_stack([curve + left * aside, half, rows]), there

    def keeps(self, i: int, edge: ModelEdge) -> bool:
        """Whether a number may stay where its step's template has it; then its place is taken."""
        assert edge.label is not None
        if self._cost(i, edge, edge.label) >= 0.5:
            return False
        self._take(edge, edge.label)
        return True

    def moved(self, i: int, edge: ModelEdge) -> Point | None:
        """The best place for a number beside its own edge; None if something is in each."""
        assert edge.label is not None
        best, found = math.inf, None
        for price, spot in sorted([(0.15, edge.label), *self._spots(i, edge)]):
            if price >= best:
                break
            cost = price + self._cost(i, edge, spot)
            if cost < best:
                best, found = cost, (round(spot[0], 2), round(spot[1], 2))
        if found is not None:
            self._take(edge, found)
        return found

    def _take(self, edge: ModelEdge, at: Point) -> None:
        half = self._half(edge)
        self.boxes[self.count] = at[0] - half, at[1] + DIGITS[0], at[0] + half, at[1] + DIGITS[1]
        self.count += 1

    def _half(self, edge: ModelEdge) -> float:
        assert edge.gradient is not None
        return text_width(number(edge.gradient.get(self.model.norm)), SMALL) / 2

    def _spots(self, i: int, edge: ModelEdge) -> list[tuple[float, Point]]:
        """Places beside an edge, on the gradient's side first, and what each costs by itself."""
        back = self.own[i]
        half, tall = self._half(edge), (DIGITS[1] - DIGITS[0]) / 2
        at = np.minimum((PLACES * len(back)).astype(int), len(back) - 2)
        way = back[at + 1, :2] - back[at, :2]
        way /= np.maximum(np.hypot(*way.T), 1e-9)[:, None]
        across = np.stack([-way[:, 1], way[:, 0]], axis=1)
        found: list[tuple[float, Point]] = []
        for side, price in ((1.0, 0.0), (-1.0, 0.3)):
            lane = back[at, 2] + (0.0 if side > 0 else LANES_APART + FORWARD)
            for off in OFFSETS:
                reach = lane + off + np.abs(across[:, 0]) * half + np.abs(across[:, 1]) * tall
                spots = back[at, :2] + across * (side * reach)[:, None]
                spots[:, 1] -= sum(DIGITS) / 2
                prices = np.abs(PLACES - 0.5) + off / 10 + price
                found += zip(prices.tolist(), map(tuple, spots.tolist()), strict=True)
        return found

    def _cost(self, i: int, edge: ModelEdge, spot: Point) -> float:
        """What it costs to set a number there: without end where something is in its way."""
        half = self._half(edge)
        x0, x1 = spot[0] - half, spot[0] + half
        y0, y1 = spot[1] + DIGITS[0], spot[1] + DIGITS[1]
        if x0 < 2 or y0 < 2 or x1 > self.model.width - 2 or y1 > self.model.height - 2:
            return math.inf
        a0, b0, a1, b1 = self.boxes[: self.count].T
        beside = (a0 < x1 + MARGIN) & (a1 > x0 - MARGIN)
        if (beside & (b0 < y1 + MARGIN) & (b1 > y0 - MARGIN)).any():
            return math.inf
        low, high = np.searchsorted(self.circles[:, 0], (x0 - self.reach, x1 + self.reach))
        near = self.circles[low:high]
        near = near[(near[:, 1] > y0 - self.reach) & (near[:, 1] < y1 + self.reach)]
        x, y, room, whose = near.T
        dx = np.maximum(np.maximum(x0 - x, x - x1), 0.0)
        dy = np.maximum(np.maximum(y0 - y, y - y1), 0.0)
        apart = np.hypot(dx, dy) - room
        if (apart < CLOSE).any():
            return math.inf
        mine = apart[whose == i].min(initial=math.inf)
        others = apart[whose != i].min(initial=math.inf)
        return 0.7 * bool(others < mine - 0.3) + 0.6 * bool(mine > 7.5)


def _onwards(edge: ModelEdge) -> Sequence[Point]:
    """From where a curve ends to its target's outline: a rail ends there already."""
    if edge.rail:
        return ()
    (x0, y0), (x1, y1) = edge.points[-2:]
    length = float(np.hypot(x1 - x0, y1 - y0)) or 1.0
    dx, dy = (x1 - x0) / length * ARROW, (y1 - y0) / length * ARROW
    return [(x1 + dx * share, y1 + dy * share) for share in (1 / 3, 2 / 3, 1.0)]


def _evenly(curve: np.ndarray, step: float = 2.0) -> np.ndarray:
    """Points along a curve at even distances."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    at = np.linspace(0.0, along[-1], max(int(along[-1] / step), 4) + 1)
    return np.column_stack([np.interp(at, along, curve[:, 0]), np.interp(at, along, curve[:, 1])])


def _boxes(model: Model) -> Sequence[tuple[float, float, float, float]]:
    """Nodes, the outlines and labels of frames, the boxes of omitted steps."""
    found = [
        (n.x - n.width / 2, n.y - n.height / 2, n.x + n.width / 2, n.y + n.height / 2)
        for n in model.nodes
        if n.role != "cell"
    ]
    found += [(o.x, o.y, o.x + o.width, o.y + o.height) for o in model.omitted]
    above = model.height - HEADING_FOOT
    for text, size in model.heading:
        found.append(
            (0.0, above - LINE_HEIGHT * size, text_width(text, size) + HEADING_FOOT, above)
        )
        above -= LINE_HEIGHT * size
    outlined = [(c.x, c.y, c.x + c.width, c.y + c.height) for c in model.clusters]
    outlined += [
        (n.x - n.width / 2, n.y - n.height / 2, n.x + n.width / 2, n.y + n.height / 2)
        for n in model.nodes
        if n.role == "cell"
    ]
    for x0, y0, x1, y1 in outlined:
        found += [(x0, y0, x0, y1), (x1, y0, x1, y1), (x0, y0, x1, y0), (x0, y1, x1, y1)]
    for frame in model.clusters:
        half = text_width(frame.label, FONT) / 2
        x, y = frame.x + frame.width / 2 + frame.aside, frame.y + frame.height - 9
        found.append((x - half, y - 4.5, x + half, y + 5))
    return found
