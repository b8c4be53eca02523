"""Text that every format and a terminal can hold: control characters, and halves of characters,
replaced alike.

One idea: a name comes from anywhere, and goes into SVG, HTML, JSON and DOT; it is cleaned once,
where it is read.
"""

from __future__ import annotations

import re

# Char in XML 1.0, section 2.2, without the controls from 7F to 9F, one of which begins a terminal's
# commands; the surrogates between the ranges are no characters either.
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    r"""A text with a replacement character for what XML cannot hold, or what controls a terminal.

    Args:
        text: a name, a title, whatever is to be shown.

    >>> clean("a\x0bb") == "a\N{REPLACEMENT CHARACTER}b", clean("a\tb")
    (True, 'a\tb')
    """
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
