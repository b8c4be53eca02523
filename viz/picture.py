"""`draw`: a recorded graph and its flow to a picture that can be saved.

One idea: a `Picture` is a placed drawing model, a scale and a theme. Each output format is a way
of writing these down; nothing is computed anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import graphviz

from viz import dot, page
from viz.boxes import STEP_GAP
from viz.detail import KEPT, choose_steps, leave_out
from viz.errors import VizError
from viz.layout import place
from viz.model import Model
from viz.notebook import bundle, strip_text
from viz.page import levels
from viz.read import read
from viz.render import TIME_LIMIT, render, write
from viz.style import THEMES, Scale, number
from viz.svg import finish

if TYPE_CHECKING:
    from tinygrad_rnn import GradientFlow, Tensor

WIDE, FEWEST = 2000.0, 2  # "auto" leaves out steps beyond this width in points, but not below two
NUMBERED = 6  # with more steps than this drawn, numbers are in tooltips only
PNG_DPI, PNG_LIMIT = 144, 16000  # a png is at most so many pixels wide or high


def draw(
    loss: Tensor,
    flow: GradientFlow | None = None,
    detail: str = "op",
    steps: Any = "auto",
    norm: str = "l2",
    scale: Scale | None = None,
    title: str | None = None,
    theme: str = "auto",
    numbers: bool | None = None,
) -> Picture:
    """Draw the graph under `loss`, one frame per time step, with the gradient on every edge.

    Args:
        loss: the tensor that the picture ends in.
        flow: what a sweep from it recorded (`tinygrad_rnn.trace(loss)`); None draws no gradients.
        detail: "op", every primitive; "gate", one node per gate and state; "cell", one per cell;
            "step", only the states.
        steps: "auto" leaves out middle steps where not all fit, "all" draws every one; or the
            step numbers to draw.
        norm: "l2", "rms" or "max".
        scale: a `Scale` shared with other pictures; fitted to this flow by default.
        title: stands above the graph and names the SVG.
        theme: "light", "dark", or "auto": light, and dark in an SVG where the reader prefers it.
        numbers: print each edge's gradient beside it; by default for up to 6 steps.

    Raises:
        VizError: something was asked for that there is not.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> loss = run.final.sum()
    >>> picture = viz.draw(loss, tr.trace(loss), title="RNN")
    >>> picture.model.steps, len(picture.model.strips[0].values)
    ([0, 1, 2, 3], 4)
    """
    if theme not in (*THEMES, "auto"):
        raise VizError(f"unknown theme {theme!r}: choose light, dark or auto")
    whole = read(loss, flow, norm, title or "", detail)
    if scale is None:
        scale = Scale.fit([flow], norm) if flow is not None else Scale(1.0, -1.0, 1.0, norm)
    elif scale.norm != norm:
        raise VizError(f"the scale is of norm {scale.norm!r}, the picture of norm {norm!r}")
    model = _placed(whole, steps, numbers)
    return Picture(model, scale, theme, lambda: {"": levels(loss, flow, norm)})


def _placed(whole: Model, steps: Any, numbers: bool | None) -> Model:
    """The model with the steps asked for, placed; "auto" takes as many as fit the width."""
    kept = KEPT[whole.detail]
    while True:
        model = leave_out(whole, choose_steps(steps, whole, kept))
        place(model, len(model.shown) <= NUMBERED if numbers is None else numbers)
        if steps != "auto" or model.width <= WIDE or not model.omitted or kept <= FEWEST:
            return model
        each = model.clusters[0].width + STEP_GAP
        kept = max(FEWEST, kept - math.ceil((model.width - WIDE) / each / 2))


class Picture:
    """A drawing that is ready to be written: `save` it, or take its `digraph`.

    `drawings` makes what the interactive page holds: for each name its models, whole, by level.
    """

    def __init__(
        self,
        model: Model,
        scale: Scale,
        theme: str,
        drawings: Callable[[], dict[str, dict[str, Model]]],
    ) -> None:
        self.model, self.scale, self.theme, self.drawings = model, scale, theme, drawings

    @property
    def digraph(self) -> graphviz.Digraph:
        """The picture as a `graphviz.Digraph` in which every position is given."""
        theme = THEMES["dark" if self.theme == "dark" else "light"]
        return dot.digraph(self.model, self.scale, theme)

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        model = self.model
        text = f"Computation graph of {len(model.steps)} time steps"
        if len(model.shown) != len(model.steps):
            text += f", {len(model.shown)} of them drawn"
        if not model.has_flow:
            return f"{text}; no gradients were recorded."
        text += f". Colour and width of each edge show the {model.norm} norm of its gradient."
        for strip in model.strips:
            first, last = number(strip.values[0]), number(strip.values[-1])
            text += f" {strip.layer} {strip.state}: {last} at the last step, {first} at the first."
        return " ".join(text.split())

    def save(self, path: str | Path, time_limit: float = TIME_LIMIT) -> Path:
        """Write the picture; the suffix says how: .svg, .png, .pdf, .html, .dot or .json.

        Args:
            path: where to; an existing file is replaced as a whole or left as it is.
            time_limit: seconds that Graphviz may take.

        Raises:
            VizError: an unknown suffix, a folder that cannot be written, or trouble with Graphviz
                (each with a class of its own in `viz.errors`).
        """
        path = Path(path)
        write(path, self.to_bytes(path.suffix.removeprefix("."), time_limit))
        return path

    def to_bytes(self, form: str, time_limit: float = TIME_LIMIT) -> bytes:
        """The picture in one of the formats that `save` knows."""
        if form == "json":
            return self.model.to_json().encode()
        if form == "html":
            title, detail = self.model.title, self.model.detail
            return page.render(self.drawings(), self.scale, title, detail).encode()
        if form not in ("svg", "png", "pdf", "dot"):
            raise VizError(
                f"unknown format {form!r}: choose .svg, .png, .pdf, .html, .dot or .json"
            )
        source: str = self.digraph.source
        if form == "dot":
            return source.encode()
        longest = max(self.model.width, self.model.height, 1.0)
        dpi = min(PNG_DPI, int(PNG_LIMIT * 72 / longest))
        painted = render(source, form, time_limit, dpi)
        if form != "svg":
            return painted
        title = self.model.title or "Backpropagation through time"
        return finish(painted, title, self.description, self.theme == "auto")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows; see `viz.notebook`."""
        return bundle(
            self.model.title or "Backpropagation through time",
            page=lambda: self.to_bytes("html").decode(),
            svg=lambda: self.to_bytes("svg"),
            text=lambda: strip_text(self.model.strips) or self.description,
        )
