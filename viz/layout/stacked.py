"""Several drawings stacked as one, so that one scale and one legend hold for all.

One idea: a comparison is a model like any other. Ids get a prefix for their part, heights are
added up, and every output works on it unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from viz.layout.frames import MARGIN, heading, heading_height, legend_height
from viz.metrics import LINE_HEIGHT, short
from viz.model import Caption, Model, Point

PART_GAP = 12.0


CAPTION = 13.0  # size of a name's font


def together(parts: Mapping[str, Model], title: str = "", headline: str = "") -> Model:
    """One model that holds placed models, the first on top; ids get a letter for their part.

    Args:
        parts: placed models of one detail and norm, by name.
        title: stands above them all.
        headline: stands below it.
    """
    starts = {name: min((c.x for c in part.clusters), default=0.0) for name, part in parts.items()}
    shift = {name: round(max(starts.values()) - x, 2) for name, x in starts.items()}
    width = max(part.width + shift[name] for name, part in parts.items())
    whole = next(iter(parts.values()))
    notes = list(dict.fromkeys(note for part in parts.values() for note in part.notes))
    foot = legend_height(replace(whole, notes=notes), width)
    y = foot
    moved: list[Model] = []
    for serial, (name, part) in reversed(list(enumerate(parts.items()))):
        own = legend_height(part, part.width)
        shown = short(name, width - 2 * MARGIN, CAPTION)
        prefix = f"{chr(97 + serial % 26)}{serial // 26 or ''}_"
        moved.append(_shifted(part, prefix, name, shown, shift[name], y - own))
        y += part.height - own - MARGIN + CAPTION * LINE_HEIGHT + PART_GAP
    moved.reverse()
    lines = heading(title, headline, width - 2 * MARGIN)
    height = y + MARGIN + heading_height(lines)
    first = moved[0]
    return Model(
        title=title,
        norm=first.norm,
        detail=first.detail,
        root=first.root,
        nodes=[node for part in moved for node in part.nodes],
        edges=[edge for part in moved for edge in part.edges],
        layers=[layer for part in moved for layer in part.layers],
        steps=first.steps,
        shown=first.shown,
        parameters=[parameter for part in moved for parameter in part.parameters],
        strips=[strip for part in moved for strip in part.strips],
        clusters=[cluster for part in moved for cluster in part.clusters],
        omitted=[box for part in moved for box in part.omitted],
        captions=[caption for part in moved for caption in part.captions],
        ticks=[tick for part in moved for tick in part.ticks],
        headline=headline,
        heading=lines,
        has_flow=any(part.has_flow for part in moved),
        notes=notes,
        width=width,
        height=round(height, 2),
    )


def _shifted(part: Model, prefix: str, name: str, shown: str, dx: float, dy: float) -> Model:
    def up(point: Point) -> Point:
        return round(point[0] + dx, 2), round(point[1] + dy, 2)

    def x(place: float) -> float:
        return round(place + dx, 2)

    def other(id: str) -> str:
        return prefix + id if id else ""

    above = part.height - MARGIN + CAPTION * LINE_HEIGHT / 2
    caption = Caption(other("caption"), shown, MARGIN, round(above + dy, 2))
    return replace(
        part,
        root=other(part.root),
        nodes=[
            replace(n, id=other(n.id), part=name, x=x(n.x), y=round(n.y + dy, 2))
            for n in part.nodes
        ],
        edges=[
            replace(
                e,
                id=other(e.id),
                source=other(e.source),
                target=other(e.target),
                via=other(e.via),
                points=[up(point) for point in e.points],
                label=up(e.label) if e.label else None,
            )
            for e in part.edges
        ],
        layers=[replace(layer, part=name) for layer in part.layers],
        parameters=[
            replace(p, id=other(p.id), x=x(p.x), y=round(p.y + dy, 2)) for p in part.parameters
        ],
        strips=[
            replace(
                s,
                part=name,
                places=[x(place) for place in s.places],
                y=round(s.y + dy, 2),
                rail=None if s.rail is None else round(s.rail + dy, 2),
            )
            for s in part.strips
        ],
        clusters=[
            replace(c, id=other(c.id), part=name, x=x(c.x), y=round(c.y + dy, 2))
            for c in part.clusters
        ],
        omitted=[replace(o, id=other(o.id), x=x(o.x), y=round(o.y + dy, 2)) for o in part.omitted],
        captions=[caption],
        ticks=[replace(tick, x=x(tick.x), y=round(tick.y + dy, 2)) for tick in part.ticks],
    )
