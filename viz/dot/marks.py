"""The small parts of DOT that every picture is written with: colours, rectangles, texts.

One idea: DOT reads escapes, HTML and ports into what looks like plain text; here is where that is
prevented, and where a length gets its digits.
"""

from __future__ import annotations

from viz.metrics import FONT, text_width
from viz.model import Size
from viz.style import Scale, Theme, settled
from viz.text import clean

HINTED = 1.06  # Graphviz takes a text for so much wider where its font is hinted


def tint(size: Size | None, norm: str, scale: Scale, theme: Theme) -> tuple[str, str]:
    """The colour of a gradient and its class, which names the colour's level."""
    if size is None:
        return theme.muted, "silent"
    if not size.finite:
        return theme.alarm, "alarm"
    level = scale.level(size.get(norm))
    return theme.colour(level), f"g{level}"


def bar(
    name: str,
    x: float,
    y: float,
    width: float,
    height: float,
    colour: str,
    classes: str,
    tip: str = "",
) -> str:
    """A filled rectangle around (x, y)."""
    tooltip = f", tooltip={quote(tip)}" if tip else ""
    return (
        f'{name} [pos="{points(x)},{points(y)}", width="{inches(width)}", '
        f'height="{inches(height)}", style=filled, color="{colour}", fillcolor="{colour}", '
        f'penwidth=0, class="{classes}"{tooltip}]'
    )


def quote(text: str) -> str:
    """A DOT string that says exactly this: no escape, no HTML, no port is read into it.

    >>> print(quote('say "<b>"'))
    "say \\"<b>\\""
    """
    plain = clean(text).replace("\t", " ").replace("\r", "")
    plain = plain.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain.replace(chr(10), chr(92) + "n")}"'


def points(value: float) -> str:
    """A coordinate or a length, to a hundredth of a point."""
    return f"{settled(value):.2f}".rstrip("0").rstrip(".")


def inches(value: float) -> str:
    """A length in points as Graphviz takes widths and heights, in inches."""
    return f"{settled(value) / 72:.4f}"


def line_of_text(
    name: str, x: float, y: float, text: str, colour: str, align: str = "l", size: float = FONT
) -> str:
    """A line of text, "l": beginning at x, "c": around it, "r": ending there."""
    # An unseen node as wide as the text at least: then its side, and no font's metrics, aligns it.
    wide = text_width(text, size) * HINTED + 4
    middle = x + {"l": wide / 2, "c": 0.0, "r": -wide / 2}[align]
    label = quote(text) if align == "c" else f'{quote(text)[:-1]}\\{align}"'
    return (
        f'{name} [pos="{points(middle)},{points(y)}", shape=none, style="", '
        f'width="{wide / 72:.4f}", height="{1.5 * size / 72:.4f}", '
        f'fontsize={size:g}, fontcolor="{colour}", '
        f'label={label}, class="{"muted" if size < FONT else "text"}"]'
    )
