"""Additions to Graphviz's SVG: a title, a description, a role, and the reader's dark mode.

One idea: every painted thing carries a class that names its role and its colour level, so a short
style sheet can turn the light picture dark where the reader prefers it.
"""

from __future__ import annotations

import re
from html import escape

from viz.style import DARK, STEPS_PER_SIDE, Theme
from viz.text import clean

_HEADER = re.compile(
    rb"(?s).*?<svg (.*?)>\s*<g id=\"graph0\" class=\"graph\"(.*?)>\s*<title>.*?</title>"
)


def finish(
    svg: bytes, title: str, description: str, dark: bool, shown: float | None = None
) -> bytes:
    """Make Graphviz's SVG accessible and the same from every version of Graphviz that paints alike.

    Args:
        svg: what Graphviz painted with the light theme, or with another one if `dark` is False.
        title: the picture's name.
        description: what it shows, for those who cannot see it.
        dark: follow the reader's preference for dark.
        shown: pixels to a point, of a picture that is made for a size.
    """
    style = f"<style>{_dark_rules(DARK)}</style>\n" if dark else ""
    head = (
        f'<title id="title">{escape(clean(title))}</title>\n'
        f'<desc id="description">{escape(clean(description))}</desc>\n{style}'
    )

    def length(found: re.Match[bytes]) -> bytes:
        return b'="%.0fpx"' % (float(found[1]) * (shown or 1.0))

    def header(found: re.Match[bytes]) -> bytes:
        opening = b" ".join(found[1].split())
        if shown is not None:
            opening = re.sub(rb'="([\d.]+)pt"', length, opening)
        return (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<svg role="img" '
            b'aria-labelledby="title description" ' + opening + b">\n"
            + head.encode() + b'<g id="graph0" class="graph"' + found[2] + b">"
        )  # fmt: skip

    return _HEADER.sub(header, svg, count=1)


def _dark_rules(theme: Theme) -> str:
    """The style sheet of the dark theme: roles first, then the colour levels."""
    rules = [
        f".graph>polygon{{fill:{theme.background}}}",
        f"text{{fill:{theme.text}}}",
        f".muted text{{fill:{theme.muted}}}",
        f".step>path{{fill:{theme.cluster};stroke:{theme.cluster_line}}}",
        f".rule polygon{{fill:{theme.cluster_line}}}",
        f".gate>path{{fill:{theme.gate};stroke:{theme.cluster_line}}}",
    ]
    shapes = ("path", "polygon", "ellipse")
    fills = [("node", theme.node), ("state", theme.state), ("initial", theme.state),
             ("parameter", theme.parameter), ("input", theme.parameter),
             ("sum", theme.parameter)]  # fmt: skip
    for role, fill in fills:
        rules.append(",".join(f".{role} {shape}" for shape in shapes) + f"{{fill:{fill}}}")
    rules.append(".edge path{fill:none}")
    levels = [(f"g{i}", theme.colour(i)) for i in range(-STEPS_PER_SIDE, STEPS_PER_SIDE + 1)]
    levels += [("forward", theme.forward), ("silent", theme.muted), ("alarm", theme.alarm)]
    for level, colour in levels:
        rules.append(",".join(f".{level} {shape}" for shape in shapes) + f"{{stroke:{colour}}}")
        solid = (f".edge.{level} polygon", f".bar.{level} polygon", f".junction.{level} ellipse")
        rules.append(",".join(solid) + f"{{fill:{colour}}}")
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"
