"""Groups of what is alike in all steps of a drawing: one template, and its numbers through time.

One idea: steps are stamped from one template, so a thing in one step has the place of its like in
another, counted from where its step stands. `Origins` finds where that is; `Groups` gathers what
says the same at the same place, at most one of each step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from viz.model import Model, Node
from viz.page.series import Pool, ranges

SAME_PLACE = 0.5  # points: what steps may differ by, from rounding, and still be drawn alike


Block = tuple[str, int]


class Origins:
    """Where each step of each layer stands, found by laying what is alike in them over another."""

    def __init__(self, model: Model) -> None:
        blocks: dict[Block, list[Node]] = {}
        for node in model.nodes:
            if node.step is not None:
                blocks.setdefault((node.layer, node.step), []).append(node)
        self.x: dict[Block, float] = {}
        template: dict[tuple[str, str], float] = {}
        for block, nodes in blocks.items():
            known = [node for node in nodes if (node.layer, node.key) in template]
            shifts = sorted(node.x - template[node.layer, node.key] for node in known)
            shift = self.x[block] = shifts[len(shifts) // 2] if shifts else 0.0
            for node in nodes:
                template.setdefault((node.layer, node.key), node.x - shift)

    def of(self, layer: str, step: int | None) -> float:
        """The shift of a step of a layer; 0 outside all steps."""
        return 0.0 if step is None else self.x.get((layer, step), 0.0)

    def packed(self, pool: Pool) -> list[dict[str, Any]]:
        """For each layer its steps and, in tenths of a point, their shifts."""
        layers: dict[str, list[int]] = {}
        for layer, step in sorted(self.x):
            layers.setdefault(layer, []).append(step)
        return [
            {
                "layer": layer,
                "steps": ranges(steps),
                "x": pool.add([round(self.x[layer, step] * 10) for step in steps]),
            }
            for layer, steps in layers.items()
        ]


@dataclass
class Group:
    """What does the same job at the same place in several steps, at most once in each.

    A *fan*, lines from many steps to one place, is a group as well, though each has its own shape.
    """

    facts: dict[str, Any]
    shape: tuple[float, ...]  # coordinates, counted from the step's origin
    number: int
    fan: bool = False
    steps: list[int | None] = field(default_factory=list)
    members: list[Any] = field(default_factory=list)
    shapes: list[Sequence[float]] = field(default_factory=list)  # of a fan's members

    def takes(self, shape: Sequence[float], step: int | None) -> bool:
        """Whether a thing of that shape in that step can be one of this group."""
        if step is None or self.steps[-1] is None or self.steps[-1] >= step:
            return False
        if len(shape) != len(self.shape) or self.fan:
            return len(shape) == len(self.shape)
        pairs = zip(self.shape, shape, strict=True)
        return all(abs(a - b) < SAME_PLACE for a, b in pairs)

    def packed(self, pool: Pool | None = None) -> dict[str, Any]:
        """As plain data, without what is empty: the page knows what absence means."""
        facts = {**self.facts, "place": [tenth(v) for v in self.shape]}
        if self.steps[0] is not None:
            facts["steps"] = ranges(step for step in self.steps if step is not None)
        if pool is not None:
            facts["ids"] = _ids([member.id for member in self.members], pool)
            if self.fan:
                facts["place"] = [_along(column, pool) for column in zip(*self.shapes, strict=True)]
                facts["slot"] = pool.add([member.slot for member in self.members])
        return {key: v for key, v in facts.items() if v not in (None, "", [], False)}


class Groups(list[Group]):
    """Groups in order of appearance, and how to find the one that a thing belongs to."""

    def packed(self, pool: Pool | None = None) -> list[dict[str, Any]]:
        """All of them as plain data."""
        return [group.packed(pool) for group in self]

    def __init__(self) -> None:
        super().__init__()
        self.alike: dict[str, list[Group]] = {}

    def put(
        self,
        key: str,
        facts: dict[str, Any],
        shape: Sequence[float],
        step: int | None,
        member: Any,
        fan: bool = False,
    ) -> Group:
        """Add a member to the group of its kind, which is a new one where there is none."""
        kind = self.alike.setdefault(f"{key} {facts}", [])
        group = next((group for group in kind if group.takes(shape, step)), None)
        if group is None:
            group = Group(facts, tuple(shape), len(self), fan)
            self.append(group)
            kind.append(group)
        if fan:
            group.shapes.append(shape)
        group.steps.append(step)
        group.members.append(member)
        return group


def _ids(ids: Sequence[str], pool: Pool) -> list[Any]:
    """Ids as a prefix and a series of numbers, or as they are."""
    matches = [re.fullmatch(r"([a-z]+)(\d+)", id_) for id_ in ids]
    found = [match for match in matches if match]
    if len(found) == len(ids) and len({match[1] for match in found}) == 1:
        return [found[0][1], pool.add([int(match[2]) for match in found])]
    return list(ids)


def _along(values: Sequence[float], pool: Pool) -> Any:
    """A coordinate that all have in common, or its place as a series in tenths."""
    if max(values) - min(values) < SAME_PLACE:
        return tenth(values[0])
    return pool.add([round(v * 10) for v in values])


def tenth(value: float) -> float:
    """A length in points as a page holds it; without a minus before 0."""
    return round(value, 1) + 0.0
