"""The surroundings of a graph in DOT: title, sums over time, the strips for all steps, legend.

One idea: a picture answers without a caption. The legend says what colour, width and a node's
number mean; a strip has every step, below its column, whatever the graph leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from viz.dot.marks import bar, line_of_text, points, quote, tint
from viz.layout.frames import (
    KEY_WIDTH,
    LEGEND_LINE,
    MARGIN,
    SHARE,
    SHARE_HEIGHT,
    SHARES,
    legend_lines,
)
from viz.metrics import BAR_HEIGHT, FONT, LABEL, LINE_HEIGHT, SMALL, short
from viz.model import Model, ParameterShares, Size, Strip
from viz.style import STEPS_PER_SIDE, Scale, Theme, number, plain


def below(model: Model, scale: Scale, theme: Theme) -> Iterator[str]:
    """All of it, as lines of DOT."""
    for caption in model.captions:
        yield line_of_text(caption.id, caption.x, caption.y, caption.text, theme.text, size=13)
    yield from _heading(model, theme)
    if not model.has_flow:
        return
    yield from _sums(model, scale, theme)
    low, high = decades(model)
    for serial, strip in enumerate(model.strips):
        yield from _strip(serial, strip, model, scale, theme, low, high)
    for serial, tick in enumerate(model.ticks):
        yield line_of_text(f"tick{serial}", tick.x, tick.y, tick.text, theme.muted, "c", SMALL)
    yield from _legend(model, scale, theme)


def _heading(model: Model, theme: Theme) -> Iterator[str]:
    """The title, then the headline, in the lines that the layout broke them into."""
    y = model.height - MARGIN + 2
    for i, (text, size) in enumerate(model.heading):
        y -= size * LINE_HEIGHT / 2
        yield line_of_text(f"title{i or ''}", MARGIN, y, text, theme.text, size=size)
        y -= size * LINE_HEIGHT / 2


def _sums(model: Model, scale: Scale, theme: Theme) -> Iterator[str]:
    what = "sum over time" if model.steps else "sum over uses"
    height = None
    for parameter in model.parameters:
        if parameter.y != height:  # the first of a row
            height = parameter.y
            left = parameter.x - parameter.width / 2 - 6
            name = f"sums-{parameter.id}"
            yield line_of_text(quote(name), left, height, what, theme.muted, "r", SMALL)
        yield from _sum_box(parameter, model, scale, theme)


def _sum_box(parameter: ParameterShares, model: Model, scale: Scale, theme: Theme) -> Iterator[str]:
    """A box with the name, the total, and a bar for what each step adds to it."""
    colour, level = tint(parameter.total, model.norm, scale, theme)
    total = number(parameter.total.get(model.norm)) if parameter.total else "none"
    x, y, wide = parameter.x, parameter.y, parameter.width
    label = f"{short(parameter.name, wide - 10)}\n{total}\n "
    yield (
        f'{quote(parameter.id)} [pos="{points(x)},{points(y)}", '
        f'width="{wide / 72:.4f}", height="{parameter.height / 72:.4f}", label={quote(label)}, '
        f"shape=box, style=filled, tooltip={quote(f'{parameter.name}: {total}')}, "
        f'color="{colour}", fillcolor="{theme.parameter}", penwidth=1.8, class="sum {level}"]'
    )
    sizes = sorted(parameter.shares.items())
    known = [v for _, size in sizes if 0 < (v := size.get(model.norm)) < math.inf]
    each = min(SHARE, SHARES / max(len(sizes), 1))
    foot, left = y - parameter.height / 2 + 3, x - each * len(sizes) / 2
    for i, (step, size) in enumerate(sizes):
        value = size.get(model.norm)
        share = value / max(known) if 0 < value < math.inf else float(value != 0)
        tall = max(SHARE_HEIGHT * share, 0.4)
        colour, level = tint(size, model.norm, scale, theme)
        tip = f"{parameter.name}, t = {step}: {number(value)}"
        at, middle = quote(f"{parameter.id}-{step}"), left + each * (i + 0.5)
        yield bar(at, middle, foot + tall / 2, each * 0.8, tall, colour, f"bar {level}", tip)


def decades(model: Model) -> tuple[int, int]:
    """The range of the strips, as whole decades: of all of them, 16 at the most."""
    found = [
        math.log10(value)
        for strip in model.strips
        for value in strip.values
        if 0 < value < math.inf
    ]
    if not found:
        return -1, 0
    high = math.ceil(max(found) - 1e-9)
    low = min(math.floor(min(found) + 1e-9), high - 1)
    return max(low, high - 16), high


def _strip(
    serial: int, strip: Strip, model: Model, scale: Scale, theme: Theme, low: int, high: int
) -> Iterator[str]:
    left, right = min(strip.places), max(strip.places)
    gaps = [abs(b - a) for a, b in zip(strip.places, strip.places[1:], strict=False)]
    for i, line in enumerate(strip.title):
        y = strip.y + strip.height + 14 + FONT * LINE_HEIGHT * (len(strip.title) - i - 0.5)
        name = f"strip{serial}_{i}" if i else f"strip{serial}"
        yield line_of_text(name, left - 23, y, line, theme.text)
    for name, y, decade in (("foot", strip.y, low), ("top", strip.y + BAR_HEIGHT, high)):
        middle, ruler = (left + right) / 2, right - left + 46
        if name == "top":  # a tick alone: a line would run through the bars' numbers
            middle, ruler = left - 20, 6.0
        yield bar(f"{name}{serial}", middle, y, ruler, 0.5, theme.cluster_line, "rule")
        text = plain(10.0**decade)
        yield line_of_text(f"{name}{serial}n", left - 25, y, text, theme.muted, "r", SMALL)
    for i, (step, x, value) in enumerate(zip(strip.steps, strip.places, strip.values, strict=True)):
        size = Size(value, value, value, math.isfinite(value))
        room = min(gaps[max(i - 1, 0) : i + 1], default=60.0)
        wide = max(min(room * 0.8, 34.0), 0.4)
        tall = _height(value, low, high)
        colour, level = tint(size, model.norm, scale, theme)
        name, tip = f"bar{serial}_{step}", f"{strip.state}_{step}: {number(value)}"
        if value != 0:
            yield bar(name, x, strip.y + tall / 2, wide, tall, colour, f"bar {level}", tip)
        beyond = "< " if 0 < value < 10.0**low and room > LABEL[0] + 14 else ""
        broke = not math.isfinite(value) and (
            i + 1 == len(gaps) + 1 or math.isfinite(strip.values[i + 1])
        )
        if room > LABEL[0] + 2 or broke:  # of a run that is not finite, where the sweep met it
            y, text = strip.y + tall + 6, beyond + number(value)
            yield line_of_text(f"{name}n", x, y, text, theme.text, "c", SMALL)


def _height(value: float, low: int, high: int) -> float:
    """Of a bar: the logarithm in the strips' range; what is not finite is as high as it."""
    if not math.isfinite(value):
        return BAR_HEIGHT
    if value <= 0:
        return 0.5
    share = (math.log10(value) - low) / (high - low)
    return max(1.0, min(share, 1.0) * BAR_HEIGHT)


def _legend(model: Model, scale: Scale, theme: Theme) -> Iterator[str]:
    """The colours' key, with caps where something lies beyond its ends, and the words."""
    lines = legend_lines(model, model.width)
    beside = bool(lines[0])
    top = MARGIN + LEGEND_LINE * len(lines)
    y, left, right = top - 7, MARGIN + 24.0, MARGIN + KEY_WIDTH - 44
    ends = range(-STEPS_PER_SIDE, (STEPS_PER_SIDE if scale.high > 0 else 0) + 1)
    wide = (right - left) / len(ends)
    for i, level in enumerate(ends):
        side = -scale.low if level < 0 else scale.high
        value = scale.reference * 10 ** (level / STEPS_PER_SIDE * side)
        x, name = left + wide * (i + 0.5), f"key{level + STEPS_PER_SIDE}"
        yield bar(name, x, y, wide, scale.width(value), theme.colour(level), f"bar g{level}")
        if level in (ends[0], 0, ends[-1]):
            text = plain(value / scale.reference)
            text = f"{text} = {number(scale.reference)}" if level == 0 else text
            yield line_of_text(f"{name}n", x, y - 11, text, theme.muted, "c", SMALL)
    beyond = _beyond(model, scale)
    for name, x, mark, shown in (
        ("less", left - 8, "<", beyond[0]),
        ("more", right + 8, ">", beyond[1]),
    ):
        if shown:
            yield line_of_text(name, x, y, mark, theme.text, "c", FONT)
    x = MARGIN + KEY_WIDTH if beside else MARGIN
    for i, line in enumerate(lines):
        if line:
            y = top - LEGEND_LINE * (i + 0.5)
            colour = theme.text if i == 0 else theme.muted
            yield line_of_text(f"says{i or ''}", x, y, line, colour, size=SMALL)


def _beyond(model: Model, scale: Scale) -> tuple[bool, bool]:
    """Whether some edge is smaller, or larger, than the scale shows."""
    sizes = [e.gradient.get(scale.norm) for e in model.edges if e.gradient and e.gradient.finite]
    found = [scale.decades(value) for value in sizes if value > 0]
    return any(d < scale.low for d in found), any(d > scale.high + 1e-9 for d in found)
