"""Omission: which steps are drawn, and the boxes that stand for the others.

One idea: a model is read whole; what is not drawn is taken out of it afterwards, and the rails that
led there end at a box. So the strips and sums, which are of all steps, stay true.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from viz.errors import VizError
from viz.model import AFTER, BEFORE, Model, ModelEdge, Omitted

# So many steps are drawn without leaving out, at each level of detail.
MAX_STEPS_UNCUT = {"op": 5, "gate": 6, "cell": 16, "step": 24}
STEPS_KEPT_AT_EACH_END = {"op": 3, "gate": 3, "cell": 4, "step": 8}  # else so many at either end


def choose_steps(steps: Any, known: list[int], detail: str, kept: int) -> list[int]:
    """Which steps to draw.

    Args:
        steps: "auto" (the first and last few where they do not all fit), "all", or step numbers.
        known: all steps of the graph.
        detail: the level of detail.
        kept: how many "auto" keeps at either end where not all are drawn.

    Raises:
        VizError: a step that the graph does not have.

    >>> choose_steps("auto", list(range(40)), "op", kept=2)
    [0, 1, 38, 39]
    """
    if isinstance(steps, str):
        if steps not in ("auto", "all"):
            raise VizError(f'steps is "auto", "all" or a list of step numbers, got {steps!r}')
        if steps == "all" or len(known) <= MAX_STEPS_UNCUT[detail]:
            return list(known)
        return known[:kept] + known[-kept:]
    if isinstance(steps, int) or not isinstance(steps, Iterable):
        raise VizError(f'steps is "auto", "all" or a list of step numbers, got {steps!r}')
    wanted = list(steps)
    missing = [step for step in wanted if step not in known]
    if missing or not wanted:
        have = f"{known[0]} .. {known[-1]}" if known else "no"
        raise VizError(f"steps {missing or 'none'} asked for, but the graph has {have} steps")
    return sorted(set(wanted))


def leave_out(model: Model, shown: list[int]) -> Model:
    """The model with only the steps `shown`; a box stands for each run of others."""
    if shown == model.shown:
        return model
    boxes = _boxes(model, set(shown))
    into = {step: box.id for box in boxes for step in range(box.first, box.last + 1)}
    hidden = {node.id: into[node.step] for node in model.nodes if node.step in into}
    nodes = {node.id: node for node in model.nodes}
    edges: list[ModelEdge] = []
    seen: set[tuple[str, str]] = set()
    others: list[ModelEdge] = []  # between a hidden step and what comes before or after all steps
    for edge in [*(e for e in model.edges if e.rail), *(e for e in model.edges if not e.rail)]:
        a, b = nodes[edge.source], nodes[edge.target]
        if edge.source not in hidden and edge.target not in hidden:
            edges.append(edge)
        elif {a.layer, b.layer} & {BEFORE, AFTER}:
            if not edge.via or edge.target not in hidden:
                source, target = hidden.get(a.id, a.id), hidden.get(b.id, b.id)
                others.append(replace(edge, source=source, target=target))
        elif a.block == b.block or not edge.port:
            continue
        elif (edge.source in hidden and edge.target in hidden) or edge.via:
            if edge.via and edge.target not in hidden:
                edges.append(replace(edge, source=hidden[a.id]))
        elif a.layer == b.layer:
            source, target = hidden.get(a.id, a.id), hidden.get(b.id, b.id)
            if edge.target in hidden and (source, target) in seen:
                continue
            seen.add((source, target))
            edges.append(replace(edge, source=source, target=target))
    cells = {node.block: node.id for node in model.nodes if node.role == "cell"}
    inside = [(cells[n.block], n.id) for n in model.nodes if n.block in cells and n.role == "state"]
    _connect(model.root, edges, others, {box.id for box in boxes}, inside)
    order = {edge.id: i for i, edge in enumerate(model.edges)}
    return replace(
        model,
        nodes=[node for node in model.nodes if node.id not in hidden],
        edges=sorted(edges, key=lambda edge: order[edge.id]),
        shown=list(shown),
        omitted=boxes,
    )


def _connect(
    root: str,
    edges: list[ModelEdge],
    others: list[ModelEdge],
    boxes: set[str],
    inside: list[tuple[str, str]],
) -> None:
    """Add those edges without which a box, or an initial state, would lead nowhere.

    Rails come first: to the root from a box that holds the last step, and into it from what the
    first step begins with. A loss in the middle of hidden steps has none, but one line of many.
    """
    edges += [edge for edge in others if edge.via]
    rest = [edge for edge in others if not edge.via]
    for edge in sorted(rest, key=lambda edge: (edge.target in boxes, not edge.rail, not edge.port)):
        leading = _leading_to(root, edges, inside)
        if edge.target in leading and (edge.port or edge.source not in leading):
            edges.append(edge)


def _leading_to(root: str, edges: list[ModelEdge], inside: list[tuple[str, str]]) -> set[str]:
    """The ids of all from which drawn edges lead to the root; a cell has its states inside."""
    before: dict[str, list[str]] = {}
    for cell, state in inside:
        before.setdefault(state, []).append(cell)
    for edge in edges:
        before.setdefault(edge.target, []).extend([edge.source, edge.via])
    found, todo = {root}, [root]
    while todo:
        for source in before.get(todo.pop(), ()):
            if source not in found:
                found.add(source)
                todo.append(source)
    return found


def _boxes(model: Model, shown: set[int]) -> list[Omitted]:
    """A box for each run of steps that are not shown, with the gradients at all their states."""
    runs: list[list[int]] = []
    for before, step in zip([None, *model.steps], model.steps, strict=False):
        if step not in shown:
            if not runs or before in shown:
                runs.append([])
            runs[-1].append(step)
    values = [
        dict(zip(strip.steps, strip.values, strict=True)) for strip in model.strips
    ]  # of every layer and every part of its state
    boxes = []
    for i, run in enumerate(runs):
        inside = [of[step] for of in values for step in run if step in of]
        finite = [value for value in inside if math.isfinite(value)]
        low, high = (min(finite), max(finite)) if finite else (None, None)
        missing = len(inside) - len(finite)
        boxes.append(Omitted(f"omitted{i}", run[0], run[-1], low, high, missing))
    return boxes
