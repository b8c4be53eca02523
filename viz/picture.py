"""`Picture`: a drawing that is ready to be written in any format.

One idea: a picture is a placed drawing model, a scale and a theme. Each output format is a way of
writing these down; nothing is computed anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphviz

from tinygrad_rnn.memory import collector_paused
from viz.as_json import to_json
from viz.dot import writer as dot
from viz.dot.graphviz import TIME_LIMIT, run_graphviz
from viz.dot.svg import finish
from viz.errors import VizError, VizWarning
from viz.model import Model
from viz.notebook import bundle, strip_svg, strip_text
from viz.page import html as page
from viz.reading.folding import Folded
from viz.save import write
from viz.sizes import Canvas
from viz.style import THEMES, Scale, number

PNG_DPI, PNG_LIMIT = 144, 16000  # a png is at most so many pixels wide or high


LEGIBLE_DPI = 50  # with fewer dots per inch its small text is under six pixels high


class Picture:
    """A drawing that is ready to be written: `save` it, or take its `digraph`.

    `viz.draw` and `viz.compare` make one. In a notebook it shows itself.

    Args:
        model: what is drawn, with positions in points; see `viz.model`.
        scale: the colours' and widths' scale, of the model's norm.
        theme: "light", "dark" or "auto".
        drawings: makes what the interactive page holds: for each name its drawings, by level.
        canvas: the room that a png or an svg is made for; None shows a point as a pixel or two.

    Raises:
        VizError: an unknown theme, or a scale of another norm.

    >>> import tempfile, tinygrad_rnn as tr, viz
    >>> from pathlib import Path
    >>> loss = (tr.Tensor([1.0, 2.0], requires_grad=True, name="x") ** 2).sum()
    >>> picture = viz.draw(loss, tr.trace(loss), title="sum of squares")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     picture.save(Path(folder, "squares.html")).name
    'squares.html'
    """

    def __init__(
        self,
        model: Model,
        scale: Scale,
        theme: str,
        drawings: Callable[[], dict[str, dict[str, Folded]]],
        canvas: Canvas | None = None,
    ) -> None:
        if theme not in (*THEMES, "auto"):
            raise VizError(f"unknown theme {theme!r}: choose light, dark or auto")
        if scale.norm != model.norm:
            raise VizError(f"the scale is of norm {scale.norm!r}, the picture of {model.norm!r}")
        self.model, self.scale, self.theme, self.drawings = model, scale, theme, drawings
        self.canvas = canvas

    @property
    def digraph(self) -> graphviz.Digraph:
        """The picture as a `graphviz.Digraph` in which every position is given, in points.

        Its engine is `neato -n2`, which only paints: `dot` would lay the graph out anew.
        """
        theme = THEMES["dark" if self.theme == "dark" else "light"]
        return dot.digraph(self.model, self.scale, theme)

    @property
    def description(self) -> str:
        """What the picture shows, in words: of an SVG it is the description.

        >>> import numpy as np, tinygrad_rnn as tr, viz
        >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
        >>> viz.draw(run.final.sum()).description
        'Computation graph of 4 time steps; no gradients were recorded.'
        """
        model = self.model
        text = f"{model.headline} " if model.headline else ""
        text += f"Computation graph of {len(model.steps)} time steps"
        if len(model.shown) != len(model.steps):
            text += f", {len(model.shown)} of them drawn"
        if not model.has_flow:
            return f"{text}; no gradients were recorded."
        text += f". Colour and width of each edge show the {model.norm} norm of its gradient."
        for strip in model.strips:
            first, last = number(strip.values[0]), number(strip.values[-1])
            name = f"{strip.part} {strip.layer} {strip.state}"
            text += f" {name}: {last} at the last step, {first} at the first."
        return " ".join(text.split())

    def save(self, path: str | Path, time_limit: float = TIME_LIMIT) -> Path:
        """Write the picture; the suffix says how: .svg, .png, .pdf, .html, .dot or .json.

        Args:
            path: where to; an existing file is replaced as a whole or left as it is.
            time_limit: seconds that Graphviz may take; .html, .dot and .json need none.

        Returns:
            The path.

        Raises:
            VizError: an unknown suffix, or a folder that cannot be written.
            GraphvizMissingError, GraphvizFailedError, GraphvizTimeoutError: as they say.
        """
        path = Path(path)
        write(path, self.to_bytes(path.suffix.removeprefix(".").lower(), time_limit))
        return path

    def to_bytes(self, form: str, time_limit: float = TIME_LIMIT) -> bytes:
        """The picture in one of the formats that `save` knows.

        Args:
            form: "svg", "png" (144 dots per inch, but at most 16,000 pixels wide or high), "pdf",
                "html" (every step, at every level of detail), "dot" or "json" (`viz.as_json`).
            time_limit: seconds that Graphviz may take.

        Warns:
            VizWarning: a png is so large that it is scaled down until nothing can be read.

        Raises:
            VizError: an unknown format, or what else `save` raises.

        >>> import tinygrad_rnn as tr, viz
        >>> loss = (tr.Tensor([1.0, 2.0], requires_grad=True, name="x") ** 2).sum()
        >>> viz.draw(loss).to_bytes("dot").splitlines()[0]
        b'digraph bptt {'
        """
        if form == "json":
            return to_json(self.model).encode()
        if form == "html":
            with collector_paused():  # which would walk the recorded graph again and again
                return page.render(self.drawings(), self.scale, self.model.title).encode()
        if form not in ("svg", "png", "pdf", "dot"):
            raise VizError(
                f"unknown format {form!r}: choose .svg, .png, .pdf, .html, .dot or .json"
            )
        source: str = self.digraph.source
        if form == "dot":
            return source.encode()
        painted = run_graphviz(source, form, time_limit, self._dots() if form == "png" else 72)
        if form != "svg":
            return painted
        title = self.model.title or "Backpropagation through time"
        shown = None if self.canvas is None else self.canvas.pixels_to_a_point(self.model)
        return finish(painted, title, self.description, self.theme == "auto", shown)

    def _dots(self) -> int:
        """Dots per inch of a png; warns where they are too few to read by."""
        if self.canvas is not None:
            return max(1, int(72 * self.canvas.pixels_to_a_point(self.model)))
        longest = max(self.model.width, self.model.height, 1.0)
        dpi = max(1, min(PNG_DPI, int(PNG_LIMIT * 72 / longest)))
        if dpi < LEGIBLE_DPI:
            note = (
                f"a png of {longest / 72:.0f} inches is scaled down to {dpi} dots per inch, too "
                "few to read: draw fewer steps, or save as .svg, .pdf or .html, which can be zoomed"
            )
            warnings.warn(note, VizWarning, stacklevel=4)
        return dpi

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows; see `viz.notebook`."""
        return bundle(
            self.model.title or "Backpropagation through time",
            page=lambda: self.to_bytes("html").decode(),
            svg=lambda: self.to_bytes("svg"),
            text=self._text,
            still=self._still,
        )

    def _still(self) -> str:
        """What is seen of the page in a notebook that is not trusted; "" without a flow."""
        model = self.model
        return strip_svg(model.strips, self.scale, model.headline) if model.strips else ""

    def _text(self) -> str:
        """What a notebook without pictures shows: the headline, and the strips."""
        strips = strip_text(self.model.strips)
        return f"{self.model.headline}\n{strips}".strip() if strips else self.description
