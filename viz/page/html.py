"""The interactive page: drawings, style and script in one HTML file that loads nothing.

One idea: the assets are ordinary files, put together here as they are. Two scripts may run, the
program and what unpacks it; every name in a drawing travels as data and is only ever set as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from typing import Any

from viz.errors import VizError
from viz.page.pack import pack, pack_text
from viz.page.self_contained import asset, embedded, policy
from viz.reading.folding import Folded
from viz.style import STEPS_PER_SIDE, THEMES, THICK, THIN, Scale, Theme
from viz.text import clean

SCRIPTS = (
    "numbers.js", "words.js", "drawing.js", "view.js", "nodes.js", "canvas.js", "bars.js",
    "strips.js", "triangle.js", "levels.js", "units.js", "cell.js", "live.js", "sweep.js",
    "panels.js", "accessibility.js", "input.js", "address.js", "page.js",
)  # fmt: skip


def render(
    pictures: Mapping[str, Mapping[str, Folded]],
    scale: Scale,
    title: str = "",
    detail: str = "",
) -> str:
    """Write a page in which the reader can play, zoom and question one or more drawings.

    Args:
        pictures: for each name, such as "LSTM", its placed drawings by level of detail, of
            `levels`; the first name is shown first.
        scale: the scale that all of them share.
        title: heading of the page.
        detail: the level shown; by default the finest at which the steps in view can be read, so
            that zooming opens a step into its gates, and these into operations.

    Returns:
        The whole HTML text; the same models give the same text.

    Raises:
        VizError: there is nothing to show, or it is too long for a page.

    >>> import tinygrad_rnn as tr
    >>> from viz.page import levels, render
    >>> from viz.style import Scale
    >>> loss = (tr.Tensor([1.0, 2.0], requires_grad=True, name="x") ** 2).sum()
    >>> flow = tr.trace(loss)
    >>> render({"squares": levels(loss, flow)}, Scale.fit([flow]), "Squares")[:15]
    '<!doctype html>'
    """
    if not pictures or not all(pictures.values()):
        raise VizError("a page needs at least one drawing: give a model for each name")
    title = clean(title) or "Backpropagation through time"
    pictures = {clean(name): levels for name, levels in pictures.items()}
    style = _themes() + _lean(asset("page.css"))
    program = "".join(f"{_lean(asset(name))}\n" for name in SCRIPTS)
    script = _lean(asset("load.js")) + '\nrun(JSON.parse($("data").textContent)).catch(fail);\n'
    parts = {
        "TITLE": escape(title),
        "POLICY": policy([script, program], [style]),
        "STYLE": style,
        "SCRIPT": script,
        "DATA": _page_data(pictures, scale, detail, program),
    }
    return re.sub(r"<!--([A-Z]+)-->", lambda found: parts[found[1]], asset("page.html"))


def _page_data(
    pictures: Mapping[str, Mapping[str, Folded]], scale: Scale, detail: str, program: str
) -> str:
    return embedded(
        {
            "format": "tinygrad-rnn page",
            "version": 1,
            "detail": clean(detail),
            "scale": {**asdict(scale), "levels": STEPS_PER_SIDE, "thin": THIN, "thick": THICK},
            "themes": {name: _colours(theme) for name, theme in THEMES.items()},
            "program": pack_text(program),
            **pack(pictures),
        }
    )


def _colours(theme: Theme) -> dict[str, Any]:
    levels = range(-STEPS_PER_SIDE, STEPS_PER_SIDE + 1)
    ramp = [theme.colour(level) for level in levels]
    return {**asdict(theme), "ramp": ramp, "focus": ramp[0]}


def _themes() -> str:
    """Both themes as custom properties, of which `color-scheme` picks."""
    light, dark = (_colours(THEMES[name]) for name in ("light", "dark"))
    pairs = (
        f"  --{key.replace('_', '-')}: light-dark({colour}, {dark[key]});\n"
        for key, colour in light.items()
        if str(colour).startswith("#")
    )
    return f":root {{\n{''.join(pairs)}}}\n"


def _lean(text: str) -> str:
    """Without indentation and whole-line comments, which the page's reader does not need."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))
