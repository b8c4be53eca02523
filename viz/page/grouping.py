"""Groups of what is alike in all steps of a drawing: one template, and its numbers through time.

One idea: a thing in one step has the place of its like in another, counted from where its step
stands. Of classes of steps that differ elsewhere, what says the same at the same place is gathered
into one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from viz.page.series import Pool, ranges
from viz.reading.folding import Sizes

SAME_PLACE = 0.5  # points: what steps may differ by, from rounding, and still be drawn alike

Facts = dict[str, Any]


@dataclass
class MemberNumbers:
    """The numbers of a group's members, one row each.

    Args:
        serials: what their ids end in.
        prefix: what their ids begin with; "" where they have none.
        sizes: of their gradients; None where they have none.
        values: smallest, mean, largest; None where they have none.
        order: when the sweep has passed each; None for what it does not pass.
    """

    serials: np.ndarray
    prefix: str = ""
    sizes: Sizes | None = None
    values: np.ndarray | None = None
    order: np.ndarray | None = None

    def then(self, other: MemberNumbers) -> MemberNumbers:
        """These, and others of the same kind after them."""
        found = MemberNumbers(np.concatenate([self.serials, other.serials]), self.prefix)
        if self.sizes is not None and other.sizes is not None:
            pairs = zip(self.sizes, other.sizes, strict=True)
            found.sizes = Sizes(*[np.concatenate(pair) for pair in pairs])
        if self.values is not None and other.values is not None:
            found.values = np.concatenate([self.values, other.values])
        if self.order is not None and other.order is not None:
            found.order = np.concatenate([self.order, other.order])
        return found

    def at(self, which: np.ndarray) -> MemberNumbers:
        """Those of some members."""
        return MemberNumbers(
            self.serials[which],
            self.prefix,
            None if self.sizes is None else self.sizes.at(which),
            None if self.values is None else self.values[which],
            None if self.order is None else self.order[which],
        )


@dataclass
class TemplateGroup:
    """What does the same job at the same place in several steps, at most once in each.

    A *fan*, lines from many steps to one place, is a group as well, though each has its own shape.
    """

    facts: Facts
    shape: tuple[float, ...]  # coordinates, counted from the step's origin
    number: int
    steps: np.ndarray | None  # None outside all steps
    numbers: MemberNumbers
    shapes: list[Sequence[float]] = field(default_factory=list)  # of a fan's members
    slots: list[int] = field(default_factory=list)  # of a fan's members

    def sort(self) -> None:
        """Put the members in order of time."""
        if self.steps is not None and (np.diff(self.steps) < 0).any():
            order = np.argsort(self.steps)
            self.steps, self.numbers = self.steps[order], self.numbers.at(order)
            self.shapes = [self.shapes[i] for i in order] if self.shapes else []
            self.slots = [self.slots[i] for i in order] if self.slots else []

    def packed(self, pool: Pool) -> Facts:
        """As plain data, without what is empty: the page knows what absence means."""
        self.sort()
        facts = {**self.facts, "place": [tenth(v) for v in self.shape]}
        if self.steps is not None:
            facts["steps"] = ranges(self.steps)
        if self.numbers.prefix:
            facts["ids"] = [self.numbers.prefix, pool.add(self.numbers.serials)]
        if self.shapes:
            facts["place"] = [_along(column, pool) for column in zip(*self.shapes, strict=True)]
            facts["slot"] = pool.add(self.slots)
        order, sizes = self.numbers.order, self.numbers.sizes
        if order is not None and sizes is not None and sizes.there.any():
            facts["order"] = pool.add(order)
        return {key: v for key, v in facts.items() if v not in (None, "", [], False)}


class Grouping(list[TemplateGroup]):
    """Groups in order of appearance, and how to find the one that a thing belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self.alike: dict[str, list[TemplateGroup]] = {}

    def put(
        self,
        key: str,
        facts: Facts,
        shape: Sequence[float],
        steps: np.ndarray | None,
        numbers: MemberNumbers,
        slot: int | None = None,
    ) -> TemplateGroup:
        """Add members to the group of their kind, which is a new one where there is none.

        Args:
            key: what they do.
            facts: what is the same for all of them.
            shape: their coordinates, counted from where each one's step stands.
            steps: of the members; None for a single one outside all steps.
            numbers: of the members.
            slot: of the one member, in a fan.
        """
        has = (numbers.prefix, numbers.sizes is None, numbers.values is None)
        kind = self.alike.setdefault(f"{key} {facts} {has}", [])
        for group in kind:
            if _takes(group, shape, steps, slot is not None):
                assert group.steps is not None
                assert steps is not None
                group.steps = np.concatenate([group.steps, steps])
                group.numbers = group.numbers.then(numbers)
                break
        else:
            group = TemplateGroup(facts, tuple(shape), len(self), steps, numbers)
            self.append(group)
            kind.append(group)
        if slot is not None:
            group.shapes.append(shape)
            group.slots.append(slot)
        return group


def _takes(
    group: TemplateGroup, shape: Sequence[float], steps: np.ndarray | None, fan: bool
) -> bool:
    """Whether things of that shape in those steps can be members of a group."""
    if steps is None or group.steps is None or len(shape) != len(group.shape):
        return False
    if fan and steps[0] <= group.steps[-1]:
        return False
    pairs = zip(group.shape, shape, strict=True)
    if not fan and any(abs(a - b) >= SAME_PLACE for a, b in pairs):
        return False
    return not np.isin(steps, group.steps).any() if not fan else True


def _along(values: Sequence[float], pool: Pool) -> Any:
    """A coordinate that all have in common, or its place as a series in tenths."""
    if max(values) - min(values) < SAME_PLACE:
        return tenth(values[0])
    return pool.add([round(v * 10) for v in values])


def tenth(value: float) -> float:
    """A length in points as a page holds it; without a minus before 0."""
    return round(value, 1) + 0.0
