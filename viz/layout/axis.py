"""The axis of time: where each step stands, and which of them have a tick.

One idea: the same step stands at the same x in the graph, in its omitted boxes and in the strips.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping

from viz.metrics import SMALL, text_width
from viz.model import Model

EVERY = [first * 10**power for power in range(6) for first in (1, 2, 5)]


def places(model: Model, columns: Mapping[int, float]) -> dict[int, float]:
    """x of every step: the middle of its column, or its share of the box that it is left out into.

    Args:
        model: whose steps have frames, and whose boxes of omitted steps have their x and width.
        columns: left of each step that is drawn.
    """
    widths = {cluster.step: cluster.width for cluster in model.clusters}
    found = {step: x + widths.get(step, 0.0) / 2 for step, x in columns.items()}
    for box in model.omitted:
        inside = [step for step in model.steps if box.first <= step <= box.last]
        for i, step in enumerate(inside):
            found[step] = box.x + box.width * (i + 0.5) / len(inside)
    return found


def ticks(at: Mapping[int, float], shown: set[int]) -> list[int]:
    """The steps that have a tick: those drawn, then the roundest numbers that there is room for.

    >>> ticks({step: 6.0 * step for step in range(25)}, {0, 24})
    [0, 5, 10, 15, 20, 24]
    """
    found: list[int] = []
    for step in sorted(shown):
        if step in at and all(_fit(step, other, at) for other in found[-1:]):
            found.append(step)
    drawn, taken = list(found), set(found)
    for every in EVERY:
        wanted = sorted(step for step in at if step % every == 0)
        if all(_fit(a, b, at) for a, b in itertools.pairwise(wanted)):
            for step in wanted:
                if step in taken:
                    continue
                beside = bisect.bisect_left(drawn, step)  # only its neighbours can be in its way
                if all(_fit(step, other, at) for other in drawn[max(beside - 1, 0) : beside + 1]):
                    found.append(step)
            break
    return sorted(set(found))


def _fit(a: int, b: int, at: Mapping[int, float]) -> bool:
    """Whether the numbers of two steps have room beside each other."""
    wide = text_width(str(a), SMALL) + text_width(str(b), SMALL)
    return abs(at[b] - at[a]) >= wide / 2 + 8
