"""A placed drawing model written down as DOT: a `graphviz.Digraph` with every position given.

One idea: DOT is only the paper. Nothing is decided here but how each part of the model looks; the
text needs `neato -n2` (or the wheel's `nop2`), which paints without laying out anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import graphviz

from viz.dot.edges import edges
from viz.dot.legend import below
from viz.dot.marks import bar, line_of_text, points, quote, tint
from viz.metrics import FONT, SMALL, is_small
from viz.model import Model, ModelNode, Omitted, Size
from viz.style import Scale, Theme, number

FACE = "Helvetica,Arial,DejaVu Sans,sans-serif"


SHAPES = {  # where they differ from a rounded box
    "initial": 'style="rounded,filled,dashed", ',
    "parameter": "style=filled, ",
    "shared": "style=filled, ",
    "input": "style=filled, ",
    "constant": 'style="filled,dashed", ',
    "junction": "shape=circle, style=filled, ",
    "cut": 'style="filled,dotted", ',
}


def digraph(model: Model, scale: Scale, theme: Theme) -> graphviz.Digraph:
    """Write a placed model as a Digraph with full positions, in the colours of a scale and theme.

    >>> import tinygrad_rnn as tr, viz
    >>> from viz.style import LIGHT
    >>> loss = (tr.Tensor([1.0, 2.0], requires_grad=True, name="x") ** 2).sum()
    >>> digraph(viz.draw(loss).model, Scale(1.0, -1.0, 1.0), LIGHT).source[:14]
    'digraph bptt {'
    """
    graph = graphviz.Digraph("bptt", engine="neato")
    box = f"0,0,{points(model.width)},{points(model.height)}"
    graph.body += [
        f'\tgraph [bb="{box}", bgcolor="{theme.background}", fontname="{FACE}", '
        f"fontsize={FONT:g}, outputorder=edgesfirst, pad=0.1, splines=true]\n",
        f'\tnode [color="{theme.muted}", fillcolor="{theme.node}", fixedsize=true, '
        f'fontcolor="{theme.text}", fontname="{FACE}", fontsize={FONT:g}, label="", margin=0, '
        f'penwidth=1.2, shape=box, style="rounded,filled"]\n',
        f'\tedge [color="{theme.muted}", fontcolor="{theme.text}", fontname="{FACE}", '
        f"fontsize={SMALL:g}]\n",
    ]
    pen = _Pen(model, scale, theme)
    lines = edges(model, scale, theme, pen.numbered)
    for part in (pen.clusters(), pen.nodes(), lines, below(model, scale, theme)):
        graph.body += [f"\t{line}\n" for line in part]
    return graph


class _Pen:
    """Lines of DOT for one model, scale and theme."""

    def __init__(self, model: Model, scale: Scale, theme: Theme) -> None:
        self.model, self.scale, self.theme = model, scale, theme
        self.numbered = {n.id for n in model.nodes if n.role == "parameter" and n.height > 20}

    def clusters(self) -> Iterator[str]:
        theme = self.theme
        inside: dict[tuple[str, str, int | None], list[str]] = {}
        for node in self.model.nodes:
            inside.setdefault((node.part, *node.block), []).append(node.id)
        for box in self.model.clusters:
            right, top = box.x + box.width, box.y + box.height
            yield f"subgraph {quote(f'cluster_{box.id}')} {{"
            yield (
                f'graph [bb="{points(box.x)},{points(box.y)},{points(right)},{points(top)}", '
                f"label={quote(box.label)}, "
                f'lp="{points(box.x + box.width / 2 + box.aside)},{points(top - 9)}", '
                f'style="rounded,filled", '
                f'color="{theme.cluster_line}", fillcolor="{theme.cluster}", '
                f'fontcolor="{theme.text}", class="step"]'
            )
            yield from (f"{id};" for id in inside.get((box.part, box.layer, box.step), ()))
            yield "}"

    def nodes(self) -> Iterator[str]:
        for node in self.model.nodes:
            yield self._node(node)
        for box in self.model.omitted:
            x, y = box.x + box.width / 2, box.y + box.height / 2
            yield (
                f'{box.id} [pos="{points(x)},{points(y)}", '
                f'width="{box.width / 72:.4f}", height="{box.height / 72:.4f}", '
                f'style="rounded,dashed", class="omitted"]'
            )
            yield from self._fading(box)

    def _fading(self, box: Omitted) -> Iterator[str]:
        """What the box says, and its rails: a piece for each step, in that step's colour."""
        rails = [s for s in self.model.strips if s.rail and box.y <= s.rail <= box.y + box.height]
        for serial, strip in enumerate(rails):
            hidden = [
                (step, value)
                for step, value in zip(strip.steps, strip.values, strict=True)
                if box.first <= step <= box.last
            ]
            wide = box.width / max(len(hidden), 1)
            for i, (step, value) in enumerate(hidden):
                size = Size(value, value, value, math.isfinite(value))
                colour, level = self._tint(size)
                x, thick = box.x + (i + 0.5) * wide, self.scale.width(value)
                tip = f"{strip.state}_{step}: {number(value)}"
                name = f"{box.id}_{serial}_{step}"
                y = strip.rail or 0.0
                yield bar(name, x, y, wide + 0.4, thick, colour, f"bar {level}", tip)
        places = [box.y + box.height * share for share in (0.5, 0.25, 0.75)]
        heights = [strip.rail or 0.0 for strip in rails]
        y = max(places, key=lambda y: all(abs(y - rail) > 25 for rail in heights))
        x, colour = box.x + box.width / 2, self.theme.text
        for i, text in enumerate(box.text().split("\n")):
            font = SMALL if i else FONT
            yield line_of_text(f"{box.id}n{i}", x, y + 7 - 14 * i, text, colour, "c", font)

    def _node(self, node: ModelNode) -> str:
        theme = self.theme
        fill = {"state": theme.state, "initial": theme.state, "parameter": theme.parameter,
                "input": theme.parameter}.get(node.role, theme.node)  # fmt: skip
        colour, level = self._tint(node.gradient)
        label = node.label
        if node.role == "parameter" and node.height > 20:
            label += "\n" + (number(node.gradient.get(self.model.norm)) if node.gradient else "")
        if node.role == "state" and self.model.has_flow:
            label += "\n" + number(node.gradient.get(self.model.norm) if node.gradient else 0.0)
        size = SMALL if is_small(node) else FONT
        round_one = node.role == "op" and node.width == node.height
        shape = "shape=ellipse, style=filled, " if round_one else SHAPES.get(node.role, "")
        if node.role == "junction":
            fill, label = colour, ""
        return (
            f'{node.id} [pos="{points(node.x)},{points(node.y)}", width="{node.width / 72:.4f}", '
            f'height="{node.height / 72:.4f}", label={quote(label)}, {shape}'
            f'color="{colour}", fillcolor="{fill}", '
            f"{f'fontsize={size:g}, ' if size != FONT else ''}"
            f'class="{node.role} {level}", tooltip={quote(node.tooltip())}]'
        )

    def _tint(self, size: Size | None) -> tuple[str, str]:
        return tint(size, self.model.norm, self.scale, self.theme)
