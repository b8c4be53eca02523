"""A page beside its graph: the story in words, and what is drawn by time step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from viz.model import ParameterShares, Size, Strip
from viz.page.collected import Collected
from viz.page.grouping import Facts, tenth
from viz.page.series import ranges, text_of
from viz.reading.folding import Folded, Sizes
from viz.reading.gradients import measure
from viz.reading.itemised import Itemised, itemised_of
from viz.reading.live import LiveCell, live_cell_of
from viz.reading.reader import Source
from viz.reading.story import diagnosis_of
from viz.reading.units import Units, units_of

MOST_ADDED = 20_000_000  # entries, in all contributions to one parameter


def through_time(folded: Folded, numbers: Collected) -> Facts:
    """Headline and findings, the states' gradients at all steps, and the parameters' shares.

    Args:
        folded: the drawing at any level of detail.
        numbers: takes the numbers in.
    """
    model = folded.model

    def strip(one: Strip) -> Facts:
        facts = {
            "layer": one.layer,
            "state": one.state,
            "steps": ranges(one.steps),
            "said": one.said,
        }
        numbers.strips.append((facts, one.values))
        return facts

    def parameter(one: ParameterShares) -> Facts:
        facts: Facts = {
            "name": one.name,
            "shape": list(one.shape),
            "place": [tenth(v) for v in (one.x, one.y, one.width, one.height)],
            "steps": ranges(one.shares),
            "shares": {},
        }
        numbers.sizes.append((facts, _size_columns([one.total])))
        numbers.sizes.append((facts["shares"], _size_columns(list(one.shares.values()))))
        sums = partial_sums(folded.source, one, model.norm)
        if sums:
            facts["sums"] = {}
            numbers.strips.append((facts["sums"], sums))
        return facts

    flow = folded.source.sent.flow
    return {
        "has_flow": model.has_flow,
        "headline": model.headline,
        "findings": _findings(flow),
        "triangle": _triangle(itemised_of(flow), numbers),
        "live": _live(live_cell_of(flow)),
        "units": _units(units_of(flow), numbers),
        "norm": model.norm,
        "steps": ranges(model.steps),
        "strips": [strip(one) for one in model.strips],
        "parameters": [parameter(one) for one in model.parameters],
    }


def partial_sums(source: Source, parameter: ParameterShares, norm: str) -> list[float]:
    """What of a parameter's gradient has been added up when the sweep is through with each step.

    Args:
        source: what the drawing was read from.
        parameter: one of its parameters.
        norm: "l2", "rms" or "max".

    Returns:
        The norm of the sum so far, for each of the parameter's steps in order of time; nothing
        where it would take too long.
    """
    recording, sent = source.recording, source.sent
    tensor = recording.tensors[int(parameter.id.removeprefix("sum-n"))]
    uses = recording.uses_by_source(tensor)
    uses = uses[sent.sent[uses]]
    if len(uses) * tensor.size > MOST_ADDED:
        return []
    steps = recording.steps_of[recording.consumer_of[uses]].tolist()
    total, found = np.zeros(tensor.shape), {}
    for use, step in sorted(zip(uses.tolist(), steps, strict=True), reverse=True):
        total = total + sent.flow.contribution(sent.edges[use])
        found[step] = measure(total).get(norm)
    return [found[step] for step in parameter.shares]


def _findings(flow: Any) -> list[Facts]:
    """What is wrong with the way the gradient takes, the worst first."""
    found = diagnosis_of(flow)
    if found is None:
        return []
    return [
        {
            "cause": one.cause.replace("-", " "),
            "text": one.text.removeprefix(found.headline).strip(),
            "remedy": one.remedy,
            "step": one.where.step,
        }
        for one in found.findings
    ]


def _triangle(found: Itemised | None, numbers: Collected) -> Facts | None:
    """What each loss alone sends back: row by row, without the zeros after it."""
    if found is None:
        return None
    facts: Facts = {
        "layer": found.layer,
        "state": found.state,
        "losses": found.losses,
        "steps": found.steps,
    }
    below = [
        row[np.array(found.steps) <= k] for k, row in zip(found.losses, found.norms, strict=True)
    ]
    numbers.strips.append((facts, np.concatenate(below).tolist()))
    return facts


def _live(found: LiveCell | None) -> Facts | None:
    """A cell for the page to compute: all its numbers in float32, one array after another."""
    if found is None:
        return None
    names = ("weight_ih", "weight_hh", "bias", "bias_hn")
    arrays = [*(found.weights[name] for name in names), *found.start, found.seed, found.inputs]
    raw = np.concatenate([array.ravel() for array in arrays]).astype("<f4").tobytes()
    return {
        "kind": found.kind,
        "reset": found.reset,
        "units": len(found.seed),
        "features": found.inputs.shape[1],
        "steps": len(found.inputs),
        "numbers": text_of(raw),
    }


def _units(found: Units | None, numbers: Collected) -> Facts | None:
    """Gradients and gates by unit: each a series, one unit's steps after another's."""
    if found is None:
        return None
    facts: Facts = {"state": found.state, "steps": found.steps, "units": len(found.gradients)}
    numbers.strips.append((facts, found.gradients.ravel().tolist()))
    hundredths = {name: np.rint(100 * gate) for name, gate in found.gates.items()}
    facts["gates"] = {n: numbers.exact.add(v.astype(int).ravel()) for n, v in hundredths.items()}
    if found.kept.size:
        facts["kept"] = numbers.exact.add(np.rint(100 * found.kept).astype(int).ravel())
    return facts


def _size_columns(sizes: Sequence[Size | None]) -> Sizes:
    """Sizes as columns."""
    there = np.array([size is not None for size in sizes], dtype=bool)
    rows = [(size.l2, size.rms, size.max) if size else (np.nan,) * 3 for size in sizes]
    l2, rms, largest = np.array(rows, dtype=float).reshape(-1, 3).T
    return Sizes(l2, rms, largest, there)
