"""From a graph and its flow to placed models: read, cut down to the steps that fit, laid out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_rnn.graph import topological
from viz.errors import TooLargeError, VizError, VizWarning
from viz.layout.place import place
from viz.layout.template import STEP_GAP
from viz.model import Model
from viz.reading.folding import Folded
from viz.reading.levels import LEVELS, check_detail
from viz.reading.omission import STEPS_KEPT_AT_EACH_END, choose_steps, leave_out
from viz.reading.reader import Source
from viz.sizes import Canvas, fitted
from viz.text import clean

MAX_ON_A_PAGE = 200_000  # nodes and edges that a browser shows without labouring


def levels(loss: Any, flow: Any, norm: str = "l2") -> dict[str, Folded]:
    """The drawings of one recorded graph for a page: every level of detail, placed, with all steps.

    A level of which there is nothing to see is left out, and so are the finest ones of a graph that
    is too large for a browser (200,000 nodes and edges): the first drawing's notes say so.

    Args:
        loss: the tensor that the graph ends in.
        flow: what a sweep from it recorded; None for a page without gradients.
        norm: "l2", "rms" or "max".

    Raises:
        VizError: no tensor, a flow of another one, or an unknown norm.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> from viz.page import levels
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> list(levels(run.final.sum(), None))
    ['op', 'gate', 'cell', 'step']
    """
    return levels_of(Source(loss, flow, norm))


def levels_of(source: Source) -> dict[str, Folded]:
    """The drawings for a page of what has been read: see `levels`.

    Args:
        source: the recording and its flow.
    """
    fine = 2 * len(source.recording.tensors) <= MAX_ON_A_PAGE  # about two nodes and edges each
    found: dict[str, Folded] = {}
    for detail in LEVELS if fine else LEVELS[-2:]:
        folded = source.fold(detail)
        if folded.model.edges or not found:
            found[detail] = folded
    first = next(iter(found))
    if not fine:
        found[first].model.notes.append(
            f"This graph is too large for a browser at a finer level of detail than {first!r}."
        )
    digits = {len(str(step)): step for step in source.steps}  # the widest label of each length
    for folded in found.values():
        place(folded.model, framed=sorted(digits.values()))
    return found


MAX_WIDTH, MIN_STEPS = 2000.0, 2  # points beyond which "auto" leaves out steps, but not below two


MAX_STEPS_NUMBERED = 6  # with more steps than this drawn, numbers are in tooltips only


MAX_EDGES_NUMBERED = 1000  # and so with more edges


MAX_PAINTED = 150_000  # nodes and edges that are painted in good time


def _model(
    source: Source,
    detail: str,
    steps: Any,
    title: str,
    numbers: bool | None,
    strict: bool,
    labels: Mapping[int, str] | None = None,
) -> Model:
    """A placed model at the level asked for, or at the first coarser one that is small enough."""
    check_detail(detail)
    _hint_at_scopes(source)
    coarser = LEVELS[LEVELS.index(detail) :]
    attempts = [(level, steps) for level in coarser] + [(coarser[-1], "auto")]
    size = 0
    for level, chosen in attempts:
        whole, size = None, _estimate(source.recording.root, level, chosen)
        if size <= MAX_PAINTED:
            shown = choose_steps(chosen, source.steps, level, STEPS_KEPT_AT_EACH_END[level])
            home = source.recording.homes.get(id(source.recording.root))
            shown = _with_loss(shown, home.step if home else None)
            whole = source.read(level, title, shown)
            model = leave_out(whole, shown)
            size = len(model.nodes) + len(model.edges)
        if whole is not None and size <= MAX_PAINTED:
            break
        if strict:
            raise TooLargeError(
                f"about {size} nodes and edges at detail {level!r} are too many to draw: choose a "
                f"coarser detail or fewer steps, or leave strict out"
            )
    else:
        raise TooLargeError(f"about {size} nodes and edges are too many to draw at any detail")
    if (level, chosen) != (detail, steps):
        note = f"drawn at detail {level!r}: at {detail!r} it would be too large"
        warnings.warn(note, VizWarning, stacklevel=3)
        whole.notes.append(note)
    whole.labels = dict(labels or {})
    return _placed(whole, chosen, numbers)


def labels_of(labels: str | Sequence[str] | None, steps: Sequence[int]) -> dict[int, str]:
    """What was read at each step.

    Args:
        labels: a text, a character for each step, or a text for each.
        steps: of the graph.

    Raises:
        VizError: of another length than there are steps, or no texts.
    """
    if labels is None:
        return {}
    found = list(labels) if isinstance(labels, Sequence) else None
    if found is None or not all(isinstance(label, str) for label in found):
        raise VizError(f"labels are a text or a list of texts, got {labels!r:.60}")
    if len(found) != len(steps):
        raise VizError(f"{len(found)} labels for {len(steps)} time steps: give one for each")
    return {step: clean(label) for step, label in zip(steps, found, strict=True)}


def sized(
    source: Source,
    canvas: Canvas,
    detail: str,
    title: str,
    numbers: bool | None,
    labels: Mapping[int, str],
) -> Model:
    """A placed model of as much as is legible in the room that there is.

    Args:
        source: the recording and its flow.
        canvas: the room.
        detail: the level of detail that is wanted.
        title: stands above the picture.
        numbers: as for `viz.draw`.
        labels: what was read at each step.
    """
    read: dict[str, Model] = {}
    known = source.steps
    levels = list(LEVELS[LEVELS.index(detail) :])

    def placed(level: str, kept: int) -> Model:
        if level not in read:
            read[level] = source.read(level, title, known)
            read[level].labels = dict(labels)
            if level != detail:
                note = f"drawn at detail {level!r}: at {detail!r} its text would be too small"
                read[level].notes.append(note)
        ends = sorted({*known[:kept], *known[-kept:]})
        model = leave_out(read[level], ends)
        _numbered(model, numbers)
        return model

    most = max(STEPS_KEPT_AT_EACH_END[levels[-1]], 1)
    return fitted(canvas, levels, min(most, -(-len(known) // 2) or 1), placed)


USES_OF_A_LOOP = 8  # uses of one trained leaf, from which a graph without steps is taken for a loop
_hinted = False


def _hint_at_scopes(source: Source) -> None:
    """Say once that a loop which names no steps can be drawn by time."""
    global _hinted  # one hint for each process
    recording = source.recording
    if _hinted or source.steps:
        return
    leaves = (t for t in recording.tensors if t.op is None and t.requires_grad)
    if any(len(recording.uses_by_source(leaf)) >= USES_OF_A_LOOP for leaf in leaves):
        _hinted = True
        note = (
            "this graph names no time steps, so it is drawn as one piece: "
            'with tinygrad_rnn.scope("t", t) around each pass of its loop it is drawn by time'
        )
        warnings.warn(note, VizWarning, stacklevel=4)


def _estimate(loss: Any, level: str, steps: Any) -> int:
    """How many nodes and edges there will be, before anything is read: about two per tensor."""
    every = level == "op" and isinstance(steps, str) and steps == "all"
    return 2 * len(topological(loss)) if every and hasattr(loss, "inputs") else 0


def _placed(whole: Model, steps: Any, numbers: bool | None) -> Model:
    """The model with the steps asked for, placed; "auto" takes as many as fit the width."""
    kept = STEPS_KEPT_AT_EACH_END[whole.detail]
    while True:
        shown = choose_steps(steps, whole.steps, whole.detail, kept)
        loss = next((node.step for node in whole.nodes if node.id == whole.root), None)
        model = leave_out(whole, _with_loss(shown, loss))
        _numbered(model, numbers)
        narrow = model.width <= MAX_WIDTH or not model.omitted or kept <= MIN_STEPS
        if narrow or not isinstance(steps, str):
            return model
        each = model.clusters[0].width + STEP_GAP
        kept = max(MIN_STEPS, kept - math.ceil((model.width - MAX_WIDTH) / each / 2))


def _with_loss(shown: list[int], step: int | None) -> list[int]:
    """The steps to draw with the one that the loss was made in, if it was made in one."""
    return shown if step is None or step in shown else sorted([*shown, step])


def _numbered(model: Model, numbers: bool | None, column: float = 0.0, gap: float = 0.0) -> None:
    """Place a model with numbers on its edges: all, or those alone that are not finite."""
    few = len(model.shown) <= MAX_STEPS_NUMBERED and len(model.edges) <= MAX_EDGES_NUMBERED
    wanted = few if numbers is None else numbers
    broken = any(edge.flow == "nonfinite" for edge in model.edges)
    place(model, wanted or broken, None, column, gap)
    for edge in model.edges:
        edge.label = edge.label if wanted or edge.flow == "nonfinite" else None


def align_columns(models: Sequence[Model], numbers: bool | None) -> None:
    """Place compared models anew with columns of one width: a step stands below itself."""
    column = max((c.width for model in models for c in model.clusters), default=0.0)
    gap = max((box.width for model in models for box in model.omitted), default=0.0)
    for model in models:
        if model.clusters:
            _numbered(model, numbers, column, gap)
