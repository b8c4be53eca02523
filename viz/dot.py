"""A placed drawing model written down as DOT: a `graphviz.Digraph` with every position given.

One idea: DOT is only the paper. Nothing is decided here but how each part of the model looks; the
text needs `neato -n2` (or the wheel's `nop2`), which paints without laying out anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import graphviz

from viz.layout import BAR_HEIGHT, FONT, SMALL, text_width
from viz.model import Edge, Model, Node, Parameter, Point, Size, Strip
from viz.route import ARROW
from viz.style import STEPS_PER_SIDE, THICK, THIN, Scale, Theme, number

FACE = "Helvetica,Arial,DejaVu Sans,sans-serif"
SHAPES = {
    "state": 'shape=box, style="rounded,filled"',
    "initial": 'shape=box, style="rounded,filled,dashed"',
    "parameter": 'shape=box, style="filled"',
    "shared": 'shape=box, style="filled"',
    "input": 'shape=box, style="filled"',
    "constant": 'shape=box, style="filled,dashed"',
    "junction": 'shape=circle, style="filled"',
    "gate": 'shape=box, style="rounded,filled"',
    "cell": 'shape=box, style="rounded,filled"',
    "cut": 'shape=box, style="filled,dotted"',
}
EDGE_TITLE = "each line: {norm} norm of its own contribution; each node: {norm} norm of their sum"


def digraph(model: Model, scale: Scale, theme: Theme) -> graphviz.Digraph:
    """Write a placed model as a Digraph with full positions."""
    graph = graphviz.Digraph("bptt", engine="neato")
    graph.neato_no_op = 2
    box = f"0,0,{_n(model.width)},{_n(model.height)}"
    graph.body += [
        f'\tgraph [bb="{box}", bgcolor="{theme.background}", fontname="{FACE}", '
        f"fontsize={FONT:g}, outputorder=edgesfirst, pad=0, splines=true]\n",
        f'\tnode [color="{theme.muted}", fillcolor="{theme.node}", fixedsize=true, '
        f'fontcolor="{theme.text}", fontname="{FACE}", fontsize={FONT:g}, label="", margin=0]\n',
        f'\tedge [arrowsize={ARROW / 10:g}, color="{theme.muted}", fontcolor="{theme.text}", '
        f'fontname="{FACE}", fontsize={SMALL:g}]\n',
    ]
    pen = _Pen(model, scale, theme)
    for part in (pen.clusters, pen.nodes, pen.edges, pen.sums, pen.strips, pen.legend):
        graph.body += [f"\t{line}\n" for line in part()]
    return graph


class _Pen:
    """Lines of DOT for one model, scale and theme."""

    def __init__(self, model: Model, scale: Scale, theme: Theme) -> None:
        self.model, self.scale, self.theme = model, scale, theme

    def clusters(self) -> Iterator[str]:
        theme = self.theme
        for box in self.model.clusters:
            right, top = box.x + box.width, box.y + box.height
            yield f"subgraph {quote(f'cluster_{box.id}')} {{"
            yield (
                f'graph [bb="{_n(box.x)},{_n(box.y)},{_n(right)},{_n(top)}", '
                f"label={quote(box.label)}, "
                f'lp="{_n(box.x + box.width / 2)},{_n(top - 9)}", style="rounded,filled", '
                f'color="{theme.cluster_line}", fillcolor="{theme.cluster}", '
                f'fontcolor="{theme.text}", class="step"]'
            )
            for node in self.model.nodes:
                if node.block == (box.layer, box.step):
                    yield f"{node.id};"
            yield "}"

    def nodes(self) -> Iterator[str]:
        for node in self.model.nodes:
            yield self._node(node)
        for box in self.model.omitted:
            yield _text_box(
                box.id, box.x + box.width / 2, box.y + box.height / 2, box.text(),
                f'shape=box, style="rounded,dashed", class="omitted", '
                f'width="{box.width / 72:.4f}", height="{box.height / 72:.4f}"',
            )  # fmt: skip

    def _node(self, node: Node) -> str:
        theme = self.theme
        fill = {"state": theme.state, "initial": theme.state, "parameter": theme.parameter,
                "input": theme.parameter}.get(node.role, theme.node)  # fmt: skip
        colour, level = self._tint(node.gradient)
        label = node.label
        if node.role == "state" and self.model.has_flow:
            label += "\n" + number(node.gradient.get(self.model.norm) if node.gradient else 0.0)
        small = node.role in ("parameter", "shared", "input", "constant")
        shape = SHAPES.get(node.role) or (
            "shape=ellipse, style=filled" if node.width == node.height
            else 'shape=box, style="rounded,filled"'
        )  # fmt: skip
        if node.role == "junction":
            fill, label = colour, ""
        return (
            f'{node.id} [pos="{_n(node.x)},{_n(node.y)}", width="{node.width / 72:.4f}", '
            f'height="{node.height / 72:.4f}", label={quote(label)}, {shape}, '
            f'color="{colour}", fillcolor="{fill}", penwidth=1.2, '
            f"{f'fontsize={SMALL:g}, ' if small else ''}"
            f'class="{node.role} {level}", tooltip={quote(node.tooltip())}]'
        )

    def _tint(self, size: Size | None) -> tuple[str, str]:
        """A node's or an edge's colour and its class, which names the colour level."""
        if size is None:
            return self.theme.muted, "silent"
        if not size.finite:
            return self.theme.alarm, "alarm"
        level = self.scale.level(size.get(self.model.norm))
        return self.theme.colour(level), f"g{level}"

    def edges(self) -> Iterator[str]:
        for edge in self.model.edges:
            yield self._edge(edge)

    def _edge(self, edge: Edge) -> str:
        colour, level = self._tint(edge.gradient)
        value = edge.gradient.get(self.model.norm) if edge.gradient else 0.0
        dashed = edge.flow == "zero" or (edge.flow == "flows" and self.scale.below(value))
        style = "dotted" if edge.flow in ("none", "cut") else "dashed" if dashed else "solid"
        width = self.scale.width(value) if edge.gradient else 1.0
        text = ""
        if (edge.label and edge.flow in ("flows", "zero", "nonfinite")) or edge.flow == "nonfinite":
            text = number(value)
        elif edge.flow == "cut":
            text = "cut"
        at = edge.label or _middle(edge.points)
        label = f'label="{text}", lp="{_n(at[0])},{_n(at[1])}", ' if text else ""
        return (
            f'{edge.via or edge.source} -> {edge.target} [id="{edge.id}", '
            f'pos="{_spline(edge)}", {label}color="{colour}", '
            f"penwidth={width:g}, style={style}, "
            f"{'dir=none, ' if edge.rail else ''}"
            f'class="{edge.flow} {level}", tooltip={quote(edge.tooltip())}]'
        )

    # Below the graph.

    def sums(self) -> Iterator[str]:
        for i, parameter in enumerate(self.model.parameters):
            if i == 0:
                yield _text(
                    "sums", parameter.x - parameter.width / 2 - 8, parameter.y, "sum over time",
                    "r", self.theme.muted,
                )  # fmt: skip
            yield self._sum(parameter)

    def _sum(self, parameter: Parameter) -> str:
        colour, level = self._tint(parameter.total)
        total = number(parameter.total.get(self.model.norm)) if parameter.total else "none"
        text = f"{parameter.name}\n{total}"
        return (
            f'{quote(parameter.id)} [pos="{_n(parameter.x)},{_n(parameter.y)}", '
            f'width="{parameter.width / 72:.4f}", height="{parameter.height / 72:.4f}", '
            f"label={quote(text)}, shape=box, style=filled, "
            f'color="{colour}", fillcolor="{self.theme.parameter}", penwidth=1.8, '
            f'class="sum {level}"]'
        )

    def strips(self) -> Iterator[str]:
        for i, strip in enumerate(self.model.strips):
            yield from self._strip(i, strip)

    def _strip(self, serial: int, strip: Strip) -> Iterator[str]:
        theme, scale = self.theme, self.scale
        rate = strip.decades_per_step
        fitted = (
            ""
            if rate is None
            else f": {abs(rate):.2f} decades per step "
            + ("lost on the way back" if rate >= 0 else "gained on the way back")
        )
        name = f"gradient at {strip.state}_t, all {len(strip.steps)} steps{fitted}"
        if strip.layer:
            name = f"{strip.layer}, {name}"
        left = strip.places[0] - 24
        yield _text(f"strip{serial}", left, strip.y + strip.height + 14, name, "l", theme.text)
        gap = min(
            (b - a for a, b in zip(strip.places, strip.places[1:], strict=False)), default=40.0
        )
        wide = max(min(gap * 0.8, 40.0), 0.4)
        for step, x, value in zip(strip.steps, strip.places, strip.values, strict=True):
            width = scale.width(value)
            tall = (width - THIN) / (THICK - THIN) * (BAR_HEIGHT - 2) + 2
            finite = math.isfinite(value)
            colour, level = self._tint(Size(value, value, value, finite))
            if value == 0:
                tall = 1.0
            yield (
                f'bar{serial}_{step} [pos="{_n(x)},{_n(strip.y + tall / 2)}", shape=box, '
                f'width="{wide / 72:.4f}", height="{tall / 72:.4f}", style=filled, '
                f'color="{colour}", fillcolor="{colour}", penwidth=0, class="bar {level}", '
                f"tooltip={quote(f'{strip.state}_{step}: {number(value)}')}]"
            )
        every = max(1, round(len(strip.steps) / 10))
        for i, step in enumerate(strip.steps):
            if i % every == 0 or i == len(strip.steps) - 1:
                yield _text(
                    f"tick{serial}_{step}", strip.places[i], strip.y - 7, str(step), "c",
                    theme.muted, size=7,
                )  # fmt: skip

    def legend(self) -> Iterator[str]:
        model, scale, theme = self.model, self.scale, self.theme
        if model.title:
            yield _text("title", 14, model.height - 14, model.title, "l", theme.text, size=14)
        if not model.has_flow:
            return
        y, x, wide = 26.0, 20.0, 11.0
        for level in range(-STEPS_PER_SIDE, STEPS_PER_SIDE + 1):
            side = -scale.low if level < 0 else scale.high
            value = scale.reference * 10 ** (level / STEPS_PER_SIDE * side)
            width = scale.width(value)
            yield (
                f'key{level + STEPS_PER_SIDE} [pos="{_n(x)},{_n(y)}", shape=box, '
                f'width="{wide / 72:.4f}", height="{width / 72:.4f}", style=filled, penwidth=0, '
                f'color="{theme.colour(level)}", fillcolor="{theme.colour(level)}", '
                f'class="bar g{level}"]'
            )
            if level in (-STEPS_PER_SIDE, 0, STEPS_PER_SIDE):
                yield _text(f"at{level + STEPS_PER_SIDE}", x, y - 11, number(value), "c",
                            theme.muted, size=7)  # fmt: skip
            x += wide
        said = EDGE_TITLE.format(norm=model.norm)
        yield _text("says", x + 18, y + 4, said, "l", theme.text, size=SMALL)
        special = "dashed: 0, or below the scale    dotted: no gradient flows    red: NaN or Inf"
        yield _text("special", x + 18, y - 8, special, "l", theme.muted, size=SMALL)


def quote(text: str) -> str:
    """A DOT string that says exactly this: no escape, no HTML, no port is read into it.

    >>> print(quote('say "<b>"'))
    "say \\"<b>\\""
    """
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(c for c in plain if c >= " ") + '"'


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _spline(edge: Edge) -> str:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in edge.points)
    if edge.rail:
        return points
    (x0, y0), (x1, y1) = edge.points[-2:]
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    tip = x1 + (x1 - x0) / length * ARROW, y1 + (y1 - y0) / length * ARROW
    return f"e,{_n(tip[0])},{_n(tip[1])} {points}"


def _middle(points: list[Point]) -> Point:
    return points[len(points) // 2]


def _text(
    name: str, x: float, y: float, text: str, align: str, colour: str, size: float = FONT
) -> str:
    """A line of text: left ("l"), centre ("c") or right ("r") of a point."""
    # An unseen node as wide as the text at least: then its side, and no font's metrics, aligns it.
    if align == "c":
        return _text_box(
            name, x, y, text,
            f'shape=none, width=0.01, height=0.01, fontsize={size:g}, fontcolor="{colour}", '
            f'class="text"',
        )  # fmt: skip
    mark = "\\l" if align == "l" else "\\r"
    wide = text_width(text, size)
    middle = x + wide / 2 if align == "l" else x - wide / 2
    label = quote(text)[:-1] + mark + '"'
    return (
        f'{name} [pos="{_n(middle)},{_n(y)}", shape=none, width="{wide / 72:.4f}", '
        f'height=0.1, fontsize={size:g}, fontcolor="{colour}", label={label}, class="text"]'
    )


def _text_box(name: str, x: float, y: float, text: str, more: str) -> str:
    return f'{name} [pos="{_n(x)},{_n(y)}", label={quote(text)}, {more}]'
