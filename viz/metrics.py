"""Room for texts and nodes, measured without asking a font.

One idea: which font paints is known only where the picture is looked at. Rough widths that are
never too small give the same positions everywhere.
"""

from __future__ import annotations

import math

from viz.model import Node

FONT, SMALL = 10.0, 8.0


LABEL = (7 * SMALL * 0.54, SMALL)  # an edge's number: "3.2e-05"


TAGS = ("parameter", "shared", "input", "constant")


def text_width(text: str, size: float) -> float:
    """Room for the longest line of a text, in points, whatever sans-serif face draws it.

    Args:
        text: one line or several.
        size: of the font, in points.
    """
    return max(math.fsum(map(_em, line)) for line in text.split("\n")) * size


def _em(character: str) -> float:
    """Rough width of a character in ems."""
    if character in "iljtfr.,:;|!'()[]I /":
        return 0.33
    return 0.85 if character in "mwMW@%" else 0.6


def fit(node: Node) -> tuple[float, float]:
    """Width and height of a node for what stands in it."""
    if node.role == "junction":
        return 5.0, 5.0
    if node.role in ("state", "initial"):
        return max(46.0, text_width(node.label, FONT) + 10), 31.0
    if node.role in TAGS:
        return max(text_width(node.label, SMALL) + 7, 22.0), 15.0
    if is_small(node):
        return text_width(node.label, SMALL) + 10, 26.0
    if node.role in ("gate", "cell"):
        return text_width(node.label, FONT) + 14, 30.0
    lines = node.label.count("\n") + 1
    if lines == 1 and len(node.label) <= 2:
        return 22.0, 22.0
    return text_width(node.label, FONT) + 8, 10.0 + 12.0 * lines


def is_small(node: Node) -> bool:
    """Whether a node's text is set small: tags, and what also names its gate."""
    return node.role in TAGS or (node.role == "op" and "\n" in node.label)


ARROW = 6.0  # points from a curve's end to the arrow's tip


BAR_HEIGHT = 48.0
