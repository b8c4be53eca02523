"""Sizes that a picture is made for: a README's column, a slide, a column of print.

One idea: a size says how many pixels there are; text is to be at least nine of them high. What does
not fit then is left out, steps first and detail next, rather than drawn smaller.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

from viz.errors import VizError, VizWarning
from viz.metrics import SMALL
from viz.model import Model

LEAST_TEXT = 9.0  # pixels
DOUBLED = 2.0  # pixels to a point at the most: what is small is not blown up


class Canvas(NamedTuple):
    """The room that a picture is made for, in pixels.

    Args:
        width: in pixels; a picture has no more.
        height: in pixels; of a page that scrolls, no limit.
    """

    width: float
    height: float = math.inf

    def pixels_to_a_point(self, model: Model) -> float:
        """How large a placed picture is shown there."""
        return min(self.width / model.width, self.height / model.height, DOUBLED)

    def fits(self, model: Model) -> bool:
        """Whether the smallest text of a placed picture is legible there."""
        return SMALL * self.pixels_to_a_point(model) >= LEAST_TEXT


CANVASES = {"readme": Canvas(800.0), "slide": Canvas(1280.0, 720.0), "column": Canvas(3.4 * 96)}


def canvas_of(size: str | None) -> Canvas | None:
    """The room that a size names; None for none.

    Raises:
        VizError: an unknown name.

    >>> canvas_of("slide")
    Canvas(width=1280.0, height=720.0)
    """
    if size is None:
        return None
    if size not in CANVASES:
        raise VizError(f"unknown size {size!r}: choose one of {', '.join(CANVASES)}")
    return CANVASES[size]


def fitted(
    canvas: Canvas, levels: list[str], kept: int, draw: Callable[[str, int], Model]
) -> Model:
    """The picture with the most that is legible: as many steps at either end, else less detail.

    Args:
        canvas: the room.
        levels: of detail, the one that is wanted first.
        kept: steps at either end, where all would fit.
        draw: makes a placed picture of a level with so many steps at either end.
    """
    for level in levels:
        for steps in range(kept, 0, -1):
            model = draw(level, steps)
            if canvas.fits(model):
                return model
    text = SMALL * canvas.pixels_to_a_point(model)
    note = f"even two steps leave text of {text:.1f} pixels: draw less, or choose a larger size"
    warnings.warn(note, VizWarning, stacklevel=4)
    return model
