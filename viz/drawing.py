"""`draw` and `compare`: recorded graphs and their flows to pictures.

One idea: read, leave out, place; if that is too large to paint in good time, the same one level
coarser, saying so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tinygrad_rnn.memory import collector_paused
from viz.build import _model, align_columns, labels_of, levels_of, sized
from viz.difference import PARTING, Difference
from viz.errors import VizError
from viz.layout.numbers import settle
from viz.layout.stacked import together
from viz.picture import Picture
from viz.reading.folding import Folded
from viz.reading.levels import check_detail
from viz.reading.reader import Source
from viz.sizes import canvas_of
from viz.style import Scale
from viz.text import clean

if TYPE_CHECKING:
    from tinygrad_rnn import GradientFlow, Tensor


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
    strict: bool = False,
    against: GradientFlow | None = None,
    labels: str | Sequence[str] | None = None,
    size: str | None = None,
) -> Picture:
    """Draw the graph under `loss`, one frame per time step, with the gradient on every edge.

    A step is what was made in a scope ``("t", number)``, as `unroll` makes it; in a loop of one's
    own, ``with tinygrad_rnn.scope("t", t):`` does.

    Args:
        loss: the tensor that the picture ends in, of any shape: what the flow was traced from. Of a
            PyTorch model that was watched, PyTorch's own loss.
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
        strict: raise instead of drawing a coarser picture where this one would be too large
            (150,000 nodes and edges); without it a coarser one comes with a `VizWarning`.
        against: another flow from `loss`: the edges then show the difference of the two, on the
            scale of `flow`, and those where they first part are red.
        labels: what was read at each step: a text, a character for each, or a list of texts.
        size: "readme" (800 pixels wide), "slide" (1280 by 720) or "column" (3.4 inches): then as
            many steps are drawn, and as much detail, as leave all text nine pixels high.

    Raises:
        TooLargeError: the picture would be too large, and `strict` forbids a coarser one, or it
            would be at every level of detail.
        VizError: no tensor, a flow of another one, an unknown detail, norm or theme, steps that
            the graph does not have, a scale of another norm, `against` without a
            flow or from another tensor, labels of another length than there are steps, an unknown
            size, or a size beside steps that are chosen.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> loss = run.final.sum()
    >>> picture = viz.draw(loss, tr.trace(loss), title="RNN")
    >>> picture.model.steps, len(picture.model.strips[0].values)
    ([0, 1, 2, 3], 4)
    """
    check_detail(detail)
    canvas = canvas_of(size)
    if canvas is not None and steps != "auto":
        raise VizError("a size chooses the steps that fit: leave steps= or size= out")
    with collector_paused():  # which would walk the recorded graph again and again
        source = Source(loss, flow, norm)
        if scale is None:
            scale = Scale.fit([flow], norm) if flow is not None else Scale(1.0, -1.0, 1.0, norm)
        if against is not None:
            source = Source(loss, Difference(flow, against), norm)
        read = labels_of(labels, source.steps)
        if canvas is not None:
            model = sized(source, canvas, detail, title or "", numbers, read)
        else:
            model = _model(source, detail, steps, title or "", numbers, strict, read)
        if against is not None:
            model.notes.append(PARTING)
        settle(model, scale)
    return Picture(model, scale, theme, lambda: {"": levels_of(source)}, canvas)


def compare(
    runs: Mapping[str, tuple[Tensor, GradientFlow]],
    detail: str = "gate",
    steps: Any = "auto",
    norm: str = "l2",
    scale: Scale | None = None,
    title: str = "",
    theme: str = "auto",
    numbers: bool | None = None,
    strict: bool = False,
) -> Picture:
    """Draw several recorded graphs above one another, on one scale that all of them share.

    Args:
        runs: for each name the loss and the flow traced from it, the first on top.
        detail, steps, norm, scale, title, theme, numbers, strict: as for `draw`.

    Raises:
        VizError: nothing to compare, or what `draw` refuses in one of them.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> def loss(cell):
    ...     return tr.unroll(cell, np.ones((3, 1, 2))).final.sum()
    >>> losses = {"RNN": loss(tr.RNNCell(2, 3, rng=0)), "GRU": loss(tr.GRUCell(2, 3, rng=0))}
    >>> picture = viz.compare({name: (loss, tr.trace(loss)) for name, loss in losses.items()})
    >>> [caption.text for caption in picture.model.captions]
    ['RNN', 'GRU']
    """
    pairs = list(runs.values()) if isinstance(runs, Mapping) else []
    if not pairs or not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise VizError('nothing to compare: give {"RNN": (loss, flow), ...}')
    check_detail(detail)
    sources = {name: Source(loss, flow, norm) for name, (loss, flow) in runs.items()}
    parts = {}
    for name, source in sources.items():  # no comprehension: a warning names our caller's line
        parts[name] = _model(source, detail, steps, "", numbers, strict)
    align_columns(list(parts.values()), numbers)
    if scale is None:
        scale = Scale.fit([flow for _, flow in runs.values()], norm)

    def drawings() -> dict[str, dict[str, Folded]]:
        return {clean(name): levels_of(source) for name, source in sources.items()}

    said = [clean(f"{name}: {part.headline}") for name, part in parts.items() if part.headline]
    named = {clean(name): part for name, part in parts.items()}
    whole = together(named, clean(title), " ".join(said))
    settle(whole, scale)
    return Picture(whole, scale, theme, drawings)
