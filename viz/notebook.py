"""Pictures in a notebook: the page in a sandboxed frame, an SVG, or a line of text.

One idea: showing must never fail. Each form is tried on its own; what cannot be made here, for want
of Graphviz or for any other reason, is left out, and the text is always there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from itertools import chain

from viz.model import Strip
from viz.style import number

BARS = "▁▂▃▄▅▆▇█"


FRAME = (
    '<iframe sandbox="allow-scripts" title="{title}" srcdoc="{page}" '
    'style="width: 100%; height: 720px; border: 0"></iframe>'
)


def bundle(
    title: str,
    page: Callable[[], str],
    svg: Callable[[], bytes],
    text: Callable[[], str],
) -> dict[str, str]:
    """The forms of a picture by MIME type, for `_repr_mimebundle_`; never raises.

    Args:
        title: what a screen reader calls the frame.
        page: makes the interactive page. It runs in a frame of its own, without access to the
            notebook.
        svg: makes the SVG.
        text: makes the plain text.
    """
    makers: dict[str, Callable[[], str]] = {
        "text/html": lambda: FRAME.format(title=escape(title), page=escape(page())),
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


def strip_text(strips: list[Strip], width: int = 60) -> str:
    """The gradient at each state through time as one line of bars, on one logarithmic scale.

    Args:
        strips: the gradients; see `viz.model.Strip`.
        width: the most characters that a line of bars may take; more steps are thinned out evenly.

    >>> strip = Strip("", "h", [0, 1, 2], [1e-04, 0.01, 1.0], "times 0.010 a step back")
    >>> print(strip_text([strip]))
    h_t  1.0e-04 ▁▅█ 1.0e+00  t = 0 .. 2, times 0.010 a step back
    """
    logs = [math.log10(v) for v in chain(*(strip.values for strip in strips)) if 0 < v < math.inf]
    low, high = min(logs, default=0.0), max(logs, default=0.0)
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
    share = (math.log10(value) - low) / (high - low) if high > low else 1.0
    return BARS[round(share * (len(BARS) - 1))]
