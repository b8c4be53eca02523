"""Room for texts and nodes, measured without asking a font.

One idea: which font paints is known only where the picture is looked at. The widest of those that
a picture names (Helvetica, Arial, DejaVu Sans) is assumed for each character, so that the same
positions are right everywhere.
"""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache

from viz.model import ModelNode
from viz.text import clean

FONT, SMALL = 10.0, 8.0


LINE_HEIGHT = 1.28  # height of a line of text in font sizes


WIDTHS = {  # advance widths in ems, the widest of the faces, rounded up
    0.28: "ijl'", 0.32: "I ,.", 0.34: "/:;\\|", 0.36: "f", 0.37: "-", 0.4: "()[]t", 0.41: "!",
    0.42: "r", 0.46: '"', 0.5: "*`J", 0.53: "sz", 0.55: "c", 0.56: "?_L", 0.58: "k",
    0.6: "vxy", 0.62: "Taeo\u2026F", 0.64: "$0123456789bdghnpqu{}", 0.67: "EKPSY", 0.69: "ABVXZ",
    0.73: "CR", 0.74: "U", 0.75: "N", 0.76: "H", 0.78: "&DG", 0.79: "OQ", 0.82: "w",
    0.84: "#+<=>^~\N{MULTIPLICATION SIGN}\N{MINUS SIGN}", 0.87: "M", 0.96: "%", 0.98: "m",
    0.99: "W", 1.0: "\N{HORIZONTAL ELLIPSIS}", 1.02: "@",
}  # fmt: skip


EMS = {character: ems for ems, characters in WIDTHS.items() for character in characters}


TAGS = ("parameter", "shared", "input", "constant")


@lru_cache(maxsize=1 << 14)  # the numbers of steps are measured over and over
def text_width(text: str, size: float) -> float:
    """Room for the longest line of a text, in points, whichever of the faces draws it.

    Args:
        text: one line or several.
        size: of the font, in points.

    >>> round(text_width("h_0 = 0.15", 10.0), 1)
    55.6
    """
    return max(math.fsum(map(_em, line)) for line in text.split("\n")) * size


@lru_cache(maxsize=4096)
def _em(character: str) -> float:
    """Width of a character in ems; of one that the table lacks, what its kind takes at most."""
    if character in EMS:
        return EMS[character]
    plain = unicodedata.normalize("NFKD", character)
    if plain != character:  # an accented letter, a ligature: as wide as its parts
        return math.fsum(map(_em, plain))
    kind = unicodedata.category(character)
    if kind in ("Mn", "Me", "Cf", "Cc"):
        return 0.0
    if ord(character) >= 0x1F000 or character in "\u2030\u2031":
        return 1.4 if character != "\u2031" else 1.8  # emoji
    wide = unicodedata.east_asian_width(character) in "WF"
    return 1.02 if wide else 0.95 if kind == "Ll" else 1.2


def short(name: str, most: float, size: float = FONT) -> str:
    """A name on one line, cut in its middle where it is wider than `most` points.

    >>> short("encoder.layers.0.attention.weight", 80.0)
    'encoder.l…ight'
    """
    name = " ".join(clean(name).split())
    if text_width(name, size) <= most:
        return name
    low, high = 1, len(name)  # how many characters may stay
    while low < high:
        kept = (low + high + 1) // 2
        if text_width(_without_middle(name, kept), size) <= most:
            low = kept
        else:
            high = kept - 1
    return _without_middle(name, low)


def _without_middle(name: str, kept: int) -> str:
    """The first two thirds of the characters that are kept, and the last third."""
    tail = kept // 3
    return f"{name[: kept - tail].rstrip()}\u2026{name[len(name) - tail :].lstrip()}"


def wrapped(text: str, most: float, size: float = FONT, lines: int = 3) -> list[str]:
    """A text in lines of at most `most` points; what is beyond the last of them is cut.

    >>> wrapped("The gradient falls by half", 80.0)
    ['The gradient', 'falls by half']
    """
    found: list[str] = []
    for paragraph in clean(text).split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and text_width(longer, size) > most:
                found.append(line)
                longer = word
            line = longer
        found.append(line)
    if len(found) > lines:
        found[lines - 1 :] = [" ".join(found[lines - 1 :])]
    return [short(line, most, size) for line in found]


LABEL = (text_width("3.2e-05", SMALL), SMALL)  # an edge's number


def fit(node: ModelNode) -> tuple[float, float]:
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


def is_small(node: ModelNode) -> bool:
    """Whether a node's text is set small: tags, and what also names its gate."""
    return node.role in TAGS or (node.role == "op" and "\n" in node.label)


ARROW = 6.0  # points from a curve's end to the target's outline


FORWARD = 1.0  # width of a forward line


FORWARD_RIGHT, LANES_APART = 2.2, 0.9  # of a forward line's middle from its curve; between lanes


HEAD_IN_WIDTHS = 2.2  # a head's width in widths of its line


HEAD_SPREAD, SPREADS_FROM = 0.35, 4.0  # half a head's width in lengths; wider lines spread it


def head_length(width: float) -> float:
    """How long the head of a line of this width is seen to be."""
    return HEAD_IN_WIDTHS * width / 2 / (HEAD_SPREAD * max(width / SPREADS_FROM, 1.0))


BAR_HEIGHT = 48.0
