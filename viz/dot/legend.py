"""The surroundings of a graph in DOT: title, sums over time, the strip for all steps, legend.

One idea: a picture answers without a caption. The legend says what colour, width and a node's
number mean; the strip has every step, on the edges' own scale, whatever the graph leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from viz.dot.marks import bar, line_of_text, points, quote, tint
from viz.metrics import BAR_HEIGHT, SMALL
from viz.model import Model, Parameter, Size, Strip
from viz.style import STEPS_PER_SIDE, THICK, THIN, Scale, Theme, number

TINY = 7.0


SPECIAL = "dashed: 0, or below the scale     dotted: no gradient flows     red: NaN or Inf"


def below(model: Model, scale: Scale, theme: Theme) -> Iterator[str]:
    """All of it, as lines of DOT."""
    for caption in model.captions:
        yield line_of_text(caption.id, caption.x, caption.y, caption.text, theme.text, size=13)
    if model.title:
        yield line_of_text("title", 14, model.height - 14, model.title, theme.text, size=14)
    if model.has_flow:
        yield from _sums(model, scale, theme)
        for serial, strip in enumerate(model.strips):
            yield from _strip(serial, strip, model, scale, theme)
        yield from _legend(model, scale, theme)
    for i, note in enumerate(model.notes):
        yield line_of_text(f"note{i}", 14, 4, note, theme.muted, size=SMALL)


def _sums(model: Model, scale: Scale, theme: Theme) -> Iterator[str]:
    what = "sum over time" if model.steps else "sum over uses"
    height = None
    for parameter in model.parameters:
        if parameter.y != height:  # the first of a row
            height = parameter.y
            left = parameter.x - parameter.width / 2 - 8
            name = f"sums-{parameter.id}"
            yield line_of_text(quote(name), left, height, what, theme.muted, "r", SMALL)
        yield _sum(parameter, model, scale, theme)


def _sum(parameter: Parameter, model: Model, scale: Scale, theme: Theme) -> str:
    colour, level = tint(parameter.total, model.norm, scale, theme)
    total = number(parameter.total.get(model.norm)) if parameter.total else "none"
    return (
        f'{quote(parameter.id)} [pos="{points(parameter.x)},{points(parameter.y)}", '
        f'width="{parameter.width / 72:.4f}", height="{parameter.height / 72:.4f}", '
        f"label={quote(parameter.name + chr(10) + total)}, shape=box, style=filled, "
        f'color="{colour}", fillcolor="{theme.parameter}", penwidth=1.8, class="sum {level}"]'
    )


def _strip(serial: int, strip: Strip, model: Model, scale: Scale, theme: Theme) -> Iterator[str]:
    left, right = strip.places[0], strip.places[-1]
    gap = (right - left) / max(len(strip.places) - 1, 1) if right > left else 40.0
    wide = max(min(gap * 0.8, 46.0), 0.4)
    left, right = left - wide / 2 - 3, right + wide / 2 + 3
    yield line_of_text(
        f"strip{serial}", left, strip.y + strip.height + 17, _says(strip, model), theme.text
    )
    few = len(strip.steps) <= 12  # then each bar has its number, and needs no ruler
    for name, decades in (("foot", scale.low),) if few else (("foot", scale.low), ("top", 0.0)):
        at = scale.reference * 10**decades
        y = strip.y + _height(at, scale)
        middle, ruler = (left + right) / 2, right - left
        yield bar(f"{name}{serial}", middle, y, ruler, 0.5, theme.cluster_line, "rule")
        yield line_of_text(f"{name}{serial}n", left - 2, y, number(at), theme.muted, "r", TINY)
    every = max(1, math.ceil(len(strip.steps) / 12))
    for i, (step, x, value) in enumerate(zip(strip.steps, strip.places, strip.values, strict=True)):
        size = Size(value, value, value, math.isfinite(value))
        tall = _height(value, scale)
        colour, level = tint(size, model.norm, scale, theme)
        name, tip = f"bar{serial}_{step}", f"{strip.state}_{step}: {number(value)}"
        yield bar(name, x, strip.y + tall / 2, wide, tall, colour, f"bar {level}", tip)
        if few or not math.isfinite(value):
            y = strip.y + tall + 6
            yield line_of_text(f"{name}n", x, y, number(value), theme.text, "c", SMALL)
        ahead = len(strip.steps) - 1 - i
        if ahead == 0 or (i % every == 0 and ahead > every / 2):
            y = strip.y - 8
            yield line_of_text(f"t{serial}_{step}", x, y, str(step), theme.muted, "c", TINY)


def _says(strip: Strip, model: Model) -> str:
    text = f"{model.norm} norm of dL/d{strip.state}_t for all {len(strip.steps)} steps"
    if strip.layer:
        text = f"{strip.layer}: {text}"
    return f"{text}: {strip.said}" if strip.said else text


def _height(value: float, scale: Scale) -> float:
    """Of a bar: the logarithm, as the width of an edge is; 0 is a line at the foot."""
    if value == 0:
        return 0.5
    return 1.5 + (scale.width(value) - THIN) / (THICK - THIN) * (BAR_HEIGHT - 1.5)


def _legend(model: Model, scale: Scale, theme: Theme) -> Iterator[str]:
    y, x, wide = 26.0, 24.0, 10.0
    for level in range(-STEPS_PER_SIDE, STEPS_PER_SIDE + 1):
        side = -scale.low if level < 0 else scale.high
        value = scale.reference * 10 ** (level / STEPS_PER_SIDE * side)
        colour, name = theme.colour(level), f"key{level + STEPS_PER_SIDE}"
        yield bar(name, x, y, wide, scale.width(value), colour, f"bar g{level}")
        if level in (-STEPS_PER_SIDE, 0, STEPS_PER_SIDE):
            yield line_of_text(f"{name}n", x, y - 10, number(value), theme.muted, "c", TINY)
        x += wide
    norm = model.norm
    says = f"line: {norm} norm of the gradient sent along it     node: {norm} norm of their sum"
    yield line_of_text("says", x + 22, y + 5, says, theme.text, size=SMALL)
    yield line_of_text("special", x + 22, y - 7, SPECIAL, theme.muted, size=SMALL)
