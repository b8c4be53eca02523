"""Several drawings stacked as one, so that one scale and one legend hold for all.

One idea: a comparison is a model like any other. Ids get a prefix for their part, heights are
added up, and every output works on it unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from viz.layout.frames import FOOT
from viz.model import Caption, Model, Point

PART_GAP = 12.0


HEADLINE = 26.0


def together(parts: Mapping[str, Model], title: str = "") -> Model:
    """One model that holds placed models, the first on top; ids get a letter for their part.

    Args:
        parts: placed models of one detail and norm, by name.
        title: stands above them all.
    """
    y = 0.0
    moved: list[Model] = []
    for serial, (name, part) in reversed(list(enumerate(parts.items()))):
        moved.append(_moved(part, f"{chr(97 + serial % 26)}{serial // 26 or ''}_", name, y))
        y += part.height - FOOT + PART_GAP
    moved.reverse()
    height = y + FOOT - PART_GAP + (HEADLINE if title else 0.0)
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
        has_flow=any(part.has_flow for part in moved),
        notes=list(dict.fromkeys(note for part in moved for note in part.notes)),
        width=max(part.width for part in moved),
        height=round(height, 2),
    )


def _moved(part: Model, prefix: str, name: str, dy: float) -> Model:
    def up(point: Point) -> Point:
        return point[0], round(point[1] + dy, 2)

    def other(id: str) -> str:
        return prefix + id if id else ""

    caption = Caption(other("caption"), name, 14.0, round(part.height - 14 + dy, 2))
    return replace(
        part,
        root=other(part.root),
        nodes=[replace(n, id=other(n.id), part=name, y=round(n.y + dy, 2)) for n in part.nodes],
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
        parameters=[replace(p, id=other(p.id), y=round(p.y + dy, 2)) for p in part.parameters],
        strips=[
            replace(
                s,
                part=name,
                y=round(s.y + dy, 2),
                rail=None if s.rail is None else round(s.rail + dy, 2),
            )
            for s in part.strips
        ],
        clusters=[
            replace(c, id=other(c.id), part=name, y=round(c.y + dy, 2)) for c in part.clusters
        ],
        omitted=[replace(o, id=other(o.id), y=round(o.y + dy, 2)) for o in part.omitted],
        captions=[caption],
    )
