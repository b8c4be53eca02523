"""Pictures in a notebook: the page in a sandboxed frame, a still one, an SVG, or text.

One idea: showing must never fail. Each form is tried on its own; what cannot be made here, for want
of Graphviz or for any other reason, is left out, and the text is always there.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from html import escape
from itertools import chain

from viz.model import Strip
from viz.style import LIGHT, Scale, number

BARS = "▁▂▃▄▅▆▇█"


FRAME = (
    '<iframe sandbox="allow-scripts" title="{title}" srcdoc="{page}" '
    'style="width: 100%; height: 720px; border: 0">{still}</iframe>'
)
# A frame's content is seen only where frames are not: a notebook that is not trusted takes it out
# and leaves the picture, which holds no script.
STILL = '<img alt="{title}" src="data:image/svg+xml;base64,{data}">'
WIDTH, HEIGHT, LINE = (
    760,
    60,
    18,
)  # of the still picture, in pixels: its strips and lines of text
MOST_BARS = 380


def bundle(
    title: str,
    page: Callable[[], str],
    svg: Callable[[], bytes],
    text: Callable[[], str],
    still: Callable[[], str] = str,
) -> dict[str, str]:
    """The forms of a picture by MIME type, for `_repr_mimebundle_`; never raises.

    Args:
        title: what a screen reader calls the frame.
        page: makes the interactive page. It runs in a frame of its own, without access to the
            notebook.
        svg: makes the SVG.
        text: makes the plain text.
        still: makes an SVG that is seen where the page may not run; "" for none.
    """

    def html() -> str:
        svg = base64.b64encode(still().encode()).decode("ascii")
        picture = STILL.format(title=escape(title), data=svg) if svg else ""
        return FRAME.format(title=escape(title), page=escape(page()), still=picture)

    makers: dict[str, Callable[[], str]] = {
        "text/html": html,
        "image/svg+xml": lambda: svg().decode(),
        "text/plain": text,
    }
    made = {}
    for kind, make in makers.items():
        try:
            made[kind] = make()
        except Exception as error:  # a broken display must not break the cell that computed it
            made["text/plain"] = f"{title} (cannot be shown as {kind}: {error})"
    return made


def strip_svg(strips: list[Strip], scale: Scale, headline: str = "") -> str:
    """The gradient at each state through time as bars, which needs neither script nor Graphviz.

    Args:
        strips: the gradients; see `viz.model.Strip`.
        scale: gives the bars' colours, as in the page; their heights are on one logarithmic scale.
        headline: a line of text above them.

    >>> strip = Strip("", "h", [0, 1, 2], [1e-04, 0.01, 1.0])
    >>> strip_svg([strip], Scale(1.0, -4.0, 0.0, "l2")).count("<rect")
    4
    """
    low, high = _decades(strips)
    parts, top = [], LINE
    if headline:
        parts.append(_text_line(headline, top, 14))
        top += LINE
    for strip in strips:
        title = f"{strip.part}: " if strip.part else ""
        parts.append(_text_line(title + strip.says(scale.norm), top, 12))
        foot = top + HEIGHT
        every = max(1, math.ceil(len(strip.values) / MOST_BARS))
        values, steps = strip.values[::-every][::-1], strip.steps[::-every][::-1]
        room = (WIDTH - 20) / len(values)
        for i, value in enumerate(values):
            bad = not math.isfinite(value)
            share = 1.0 if bad else _share(value, low, high)
            tall = 1.0 if value == 0 else 3 + share * (HEIGHT - 12)
            colour = LIGHT.alarm if bad else LIGHT.colour(scale.level(value))
            parts.append(
                f'<rect x="{10 + i * room:.1f}" y="{foot - tall:.1f}" width="{room * 0.85:.1f}" '
                f'height="{tall:.1f}" fill="{colour}"/>'
            )
        ends = (
            f"t = {steps[0]}: {number(values[0])}",
            f"t = {steps[-1]}: {number(values[-1])}",
        )
        parts.append(_text_line(ends[0], foot + 13, 11))
        parts.append(_text_line(ends[1], foot + 13, 11, last=True))
        top = foot + 2 * LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'height="{top}" font-family="Helvetica, Arial, sans-serif">'
        f'<rect width="100%" height="100%" fill="{LIGHT.background}"/>{"".join(parts)}</svg>'
    )


def _text_line(text: str, y: float, size: int, last: bool = False) -> str:
    x, anchor = (WIDTH - 10, "end") if last else (10, "start")
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{LIGHT.text}">'
        f"{escape(text)}</text>"
    )


def _decades(strips: list[Strip]) -> tuple[float, float]:
    """The smallest and the largest gradient, as decimal logarithms."""
    logs = [math.log10(v) for v in chain(*(strip.values for strip in strips)) if 0 < v < math.inf]
    return min(logs, default=0.0), max(logs, default=0.0)


def _share(value: float, low: float, high: float) -> float:
    """How high between the two a gradient stands, from 0 to 1."""
    if value <= 0:
        return 0.0
    return (math.log10(value) - low) / (high - low) if high > low else 1.0


def strip_text(strips: list[Strip], width: int = 60) -> str:
    """The gradient at each state through time as one line of bars, on one logarithmic scale.

    Args:
        strips: the gradients; see `viz.model.Strip`.
        width: the most characters that a line of bars may take; more steps are thinned out evenly.

    >>> strip = Strip("", "h", [0, 1, 2], [1e-04, 0.01, 1.0], "times 0.010 a step back")
    >>> print(strip_text([strip]))
    h_t  1.0e-04 ▁▅█ 1.0  t = 0 .. 2, times 0.010 a step back
    """
    low, high = _decades(strips)
    names = [
        ", ".join(part for part in (strip.part, strip.layer, f"{strip.state}_t") if part)
        for strip in strips
    ]
    widest = max(map(len, names), default=0)
    lines = []
    for name, strip in zip(names, strips, strict=True):
        every = max(1, math.ceil(len(strip.values) / width))
        bars = "".join(_bar(value, low, high) for value in strip.values[::-every][::-1])
        fitted = f", {strip.said}" if strip.said else ""
        first, last = number(strip.values[0]), number(strip.values[-1])
        span = f"t = {strip.steps[0]} .. {strip.steps[-1]}"
        lines.append(f"{name:<{widest}}  {first} {bars} {last}  {span}{fitted}")
    return "\n".join(lines)


def _bar(value: float, low: float, high: float) -> str:
    """One bar; a blank for 0 and an exclamation mark for NaN and Inf."""
    if not math.isfinite(value):
        return "!"
    if value <= 0:
        return " "
    return BARS[round(_share(value, low, high) * (len(BARS) - 1))]
