"""Coordinates: the horizontal place of each box in its rank.

One idea: first the order (neighbours near the middle of what they connect to, exchanged while
that removes crossings: Sugiyama, Tagawa & Toda 1981), then distances: as near as possible to what
they connect to while order and gaps are kept, which pooling adjacent violators (Ayer et al. 1955)
solves exactly, row by row.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from viz.layout.template import ENDS, LINE_GAP, NODE_GAP, SIDE_GAP, TAG_GAP, Box, LayoutEdge
from viz.model import port_side

ABOVE_ITS_SOURCE = 1.01  # where medians tie, a box stands above what it is made from


BLOCK_SWEEPS = 8


REVISITED = 50  # blocks up to this size may take in what has been moved: else a chain costs n^2


MEAN_SWEEPS, MEDIAN_SWEEPS = 30, 14  # the mean spreads boxes out, the median sets lines upright


def _gap(a: Box, b: Box, beside: set[tuple[str, str]]) -> float:
    """Least distance between the centres of two neighbours in a row."""
    if (a.key, b.key) in beside:
        room = SIDE_GAP
    elif a.dummy or b.dummy:
        room = LINE_GAP
    else:
        room = TAG_GAP if a.tag and b.tag else NODE_GAP
    return (a.width + b.width) / 2 + room


def space(
    rows: list[list[str]],
    boxes: dict[str, Box],
    lines: dict[str, LayoutEdge],
    rails: dict[str, list[str]],
    ties: Sequence[tuple[str, str]],
) -> None:
    """Set x of every box."""
    near: dict[str, list[tuple[str, float, float]]] = defaultdict(list)  # (where, offset, weight)
    beside = {pair for rail in rails.values() for pair in itertools.pairwise(rail)}
    for line in lines.values():
        for a, b in zip(line.path, line.path[1:], strict=False):
            if (
                boxes[a].row != boxes[b].row
                and port_side(a) not in ENDS
                and port_side(b) not in ENDS
            ):
                weight = 1.0 + 3.0 * boxes[a].dummy + 3.0 * boxes[b].dummy
                near[a].append((b, 0.0, weight))
                near[b].append((a, 0.0, weight * ABOVE_ITS_SOURCE))
    for a, b in ties:
        near[a].append((b, 0.0, 20.0))
        near[b].append((a, 0.0, 20.0))
    for a, b in sorted(beside):
        gap = _gap(boxes[a], boxes[b], beside)
        near[a].append((b, -gap, 0.5))
        near[b].append((a, gap, 0.5))
    for keys in rows:
        for left, key in itertools.pairwise(keys):
            boxes[key].x = boxes[left].x + _gap(boxes[left], boxes[key], beside)
    steady = 0  # so many sweeps have moved nothing
    for sweep in range(MEAN_SWEEPS + MEDIAN_SWEEPS):
        middle = _weighted_median if sweep >= MEAN_SWEEPS else _weighted_mean
        steady = 0 if sweep == MEAN_SWEEPS else steady
        if steady < 2:  # else neither direction would move anything any more
            moved = _draw_towards(rows if sweep % 2 else rows[::-1], boxes, near, beside, middle)
            steady = 0 if moved else steady + 1
    for _ in range(BLOCK_SWEEPS):
        _move_blocks(rows, boxes, near, beside)
    _close_up(boxes)


def _draw_towards(
    rows: list[list[str]],
    boxes: dict[str, Box],
    near: dict[str, list[tuple[str, float, float]]],
    beside: set[tuple[str, str]],
    middle: Callable[[list[tuple[float, float]]], float],
) -> bool:
    """Draw each row, one after another, to what it connects to; whether anything moved."""
    moved = False
    for keys in rows:
        wanted, weights = [], []
        for key in keys:
            pulls = [(boxes[n].x + offset, weight) for n, offset, weight in near[key]]
            wanted.append(middle(pulls) if pulls else boxes[key].x)
            weights.append(math.fsum([weight for _, weight in pulls]) or 0.01)
        gaps = [_gap(boxes[a], boxes[b], beside) for a, b in itertools.pairwise(keys)]
        for key, x in zip(keys, _isotonic(wanted, weights, gaps), strict=True):
            moved |= boxes[key].x != x
            boxes[key].x = x
    return moved


def _close_up(boxes: dict[str, Box]) -> None:
    """Narrow what is empty from top to bottom to the room that any two neighbours need."""
    inner = [
        box for box in boxes.values() if port_side(box.key) not in ENDS
    ]  # those go to the sides
    inner.sort(key=lambda box: box.x - box.width / 2)
    shift, end = 0.0, math.inf
    for box in inner:
        left, right = box.x - box.width / 2, box.x + box.width / 2
        shift += max(left - end - SIDE_GAP, 0.0)
        end = right if end == math.inf else max(end, right)
        box.x -= shift


def _move_blocks(
    rows: list[list[str]],
    boxes: dict[str, Box],
    near: dict[str, list[tuple[str, float, float]]],
    beside: set[tuple[str, str]],
) -> None:
    """Move what stands exactly above one another as one towards what pulls it from outside.

    Box by box it could not move: each is held by those above and below it.
    """
    left_of = {b: a for keys in rows for a, b in itertools.pairwise(keys)}
    right_of = {b: a for a, b in left_of.items()}
    done: set[str] = set()
    for start in [key for keys in rows for key in keys]:
        if start in done or port_side(start) in ENDS:
            continue
        block, members = [start], {start}
        for key in block:  # grows while it is walked
            for n, offset, _ in near[key]:
                again = n in done and len(block) > REVISITED
                free = offset == 0 and n not in members and not again
                if free and abs(boxes[n].x - boxes[key].x) < 1:
                    members.add(n)
                    block.append(n)
        done.update(block)
        pulls = [
            (boxes[n].x + offset - boxes[key].x, weight)
            for key in block
            for n, offset, weight in near[key]
            if n not in members
        ]
        if not pulls:
            continue
        low, high = -math.inf, math.inf
        for key in block:
            here, left, right = boxes[key], left_of.get(key), right_of.get(key)
            if left is not None and port_side(left) != "<":
                low = max(low, boxes[left].x + _gap(boxes[left], here, beside) - here.x)
            if right is not None and port_side(right) != ">":
                high = min(high, boxes[right].x - _gap(here, boxes[right], beside) - here.x)
        if low <= high:
            shift = min(max(_weighted_median(pulls), low), high)
            for key in block:
                boxes[key].x += shift


def _weighted_mean(pulls: list[tuple[float, float]]) -> float:
    # fsum, as sum adds floats up in another way from Python 3.12 on: the same bytes everywhere.
    return math.fsum(x * weight for x, weight in pulls) / math.fsum(w for _, w in pulls)


def _weighted_median(pulls: list[tuple[float, float]]) -> float:
    """The weighted median; between two that balance, their middle."""
    pulls = sorted(pulls)
    passed = list(itertools.accumulate(weight for _, weight in pulls))
    half = passed[-1] / 2
    i = bisect.bisect_left(passed, half)
    return pulls[i][0] if passed[i] > half else (pulls[i][0] + pulls[i + 1][0]) / 2


def _isotonic(wanted: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """Positions nearest to `wanted` (weighted least squares) that keep order and `gaps`."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, count = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            m, w, c = pools.pop()
            mean, total, count = (m * w + mean * total) / (w + total), w + total, c + count
        pools.append((mean, total, count))
    flat = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=True)]
