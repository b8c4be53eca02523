"""Edges in DOT: forward a thin line, and beside it the gradient that ran back, with its number.

One idea: each edge of the model is one edge of DOT with the model's id, which is the gradient's
lane, and one of class "forward" before it. Where nothing flows back there is the forward lane
alone. Heads that would cover one another are drawn once: the lines have joined there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

from viz.dot import lanes
from viz.dot.marks import points, quote, tint
from viz.metrics import FORWARD, HEAD_IN_WIDTHS
from viz.model import Model, ModelEdge, Point
from viz.style import Scale, Theme, number

APART = 3.0  # forward heads nearer than this are one
OVERLAP = 0.1  # the share of two gradients' heads up to which both are drawn

Head = tuple[str, str, Point, float]  # the edge, the node that it points at, its tip, its width


def edges(model: Model, scale: Scale, theme: Theme, numbered: Iterable[str] = ()) -> Iterator[str]:
    """Every edge as one or two lines of DOT.

    Args:
        model: with all positions.
        scale: of the gradients' widths and colours.
        theme: the colours.
        numbered: ids of the nodes that hold the number of the edge that leaves them.
    """
    pen = _Edges(model, scale, theme, set(numbered))
    for edge in model.edges:
        yield from pen.lines(edge)


class _Edges:
    """Lines of DOT for the edges of one model, and which of them have heads."""

    def __init__(self, model: Model, scale: Scale, theme: Theme, numbered: set[str]) -> None:
        self.model, self.scale, self.theme, self.numbered = model, scale, theme, numbered
        returning = [
            (
                edge.id,
                edge.source,
                edge.points[0],
                HEAD_IN_WIDTHS * self.width(edge) * (1 - OVERLAP),
            )
            for edge in model.edges
            if edge.gradient and not edge.via
        ]
        self.returning = _heads(returning)
        drawn = [head for head in returning if head[0] in self.returning]
        self.reaching = _heads(
            (
                (edge.id, edge.target, lanes.tip(edge.points), APART)
                for edge in model.edges
                if not edge.rail
            ),
            drawn,
        )

    def width(self, edge: ModelEdge) -> float:
        """Of the gradient's lane, in points."""
        return self.scale.width(edge.gradient.get(self.model.norm)) if edge.gradient else FORWARD

    def lines(self, edge: ModelEdge) -> Iterator[str]:
        """The forward lane, then the gradient's, which carries the edge's id and number."""
        name = f"{edge.via or edge.source} -> {edge.target}"
        head = edge.id in self.reaching
        size, way = f"{lanes.arrow(FORWARD)[0]:.3f}", lanes.forward_lane(edge.points, head)
        tip = f"tooltip={quote(edge.tooltip())}"
        if edge.gradient is None:
            dotted = "" if edge.flow == "unknown" else "style=dotted, "
            yield (
                f'{name} [id="{edge.id}", pos="{way}", color="{self.theme.muted}", '
                f"penwidth={FORWARD:g}, arrowsize={size}, {dotted}"
                f'class="{edge.flow} silent", {tip}]'
            )
            return
        yield (
            f'{name} [pos="{way}", color="{self.theme.forward}", penwidth={FORWARD:g}, '
            f'arrowsize={size}, class="forward"]'
        )
        value = edge.gradient.get(self.model.norm)
        colour, level = tint(edge.gradient, self.model.norm, self.scale, self.theme)
        if edge.flow == "departs":
            colour, level = self.theme.alarm, "alarm"
        dashed = edge.flow == "zero" or (edge.flow == "flows" and self.scale.below(value))
        width = self.width(edge)
        text = ""
        if edge.label and edge.source not in self.numbered:
            text = (
                f'label="{number(value)}", lp="{points(edge.label[0])},{points(edge.label[1])}", '
            )
        back = lanes.backward_lane(edge.points, width, edge.id in self.returning, not edge.rail)
        yield (
            f'{name} [id="{edge.id}", pos="{back}", {text}color="{colour}", '
            f"penwidth={width:g}, arrowsize={lanes.arrow(width)[0]:.3f}, "
            f"{'style=dashed, ' if dashed else ''}"
            f'class="{edge.flow} {level}", {tip}]'
        )


def _heads(wanted: Iterable[Head], drawn: Iterable[Head] = ()) -> set[str]:
    """The edges whose heads are drawn: of those that cover one another, the widest.

    Args:
        wanted: heads that would be drawn.
        drawn: heads that are, of the other direction.
    """
    kept: dict[str, list[tuple[Point, float]]] = defaultdict(list)
    for _, node, at, wide in drawn:
        kept[node].append((at, wide))
    found = set()
    for id_, node, at, wide in sorted(wanted, key=lambda head: (-head[3], head[0])):
        others = kept[node]
        if all(math.dist(at, other) >= (wide + room) / 2 for other, room in others):
            others.append((at, wide))
            found.add(id_)
    return found
