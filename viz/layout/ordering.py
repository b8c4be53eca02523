"""Crossing minimisation: the order of the boxes within each rank of a step."""

from __future__ import annotations

import math
from collections import defaultdict

from viz.layout.template import ENDS, LayoutEdge
from viz.model import port_side

SWEEPS = 8


def order_rows(
    rows: list[list[str]], lines: dict[str, LayoutEdge], rails: dict[str, list[str]]
) -> None:
    """Order the boxes of each row, in place, so that few lines cross."""
    near: dict[str, list[str]] = defaultdict(list)
    for line in lines.values():
        for a, b in zip(line.path, line.path[1:], strict=False):
            near[a].append(b)
            near[b].append(a)
    chain = {key: place for rail in rails.values() for place, key in enumerate(rail)}
    where = {key: row for row, keys in enumerate(rows) for key in keys}
    for keys in rows:
        _pin(keys, chain)
    best, fewest = [list(keys) for keys in rows], _crossings(rows, near, where)
    for sweep in range(SWEEPS):
        up = sweep % 2 == 0
        for row in range(len(rows)) if up else range(len(rows) - 1, -1, -1):
            other = row - 1 if up else row + 1
            place = {
                key: i / max(len(keys) - 1, 1)
                for keys in (rows[row], rows[other] if 0 <= other < len(rows) else ())
                for i, key in enumerate(keys)
            }

            def middle(key: str, other: int = other, place: dict[str, float] = place) -> float:
                found = [place[n] for n in near[key] if where[n] == other]
                return math.fsum(found) / len(found) if found else place[key]

            rows[row].sort(key=middle)
            _pin(rows[row], chain)
        _swap(rows, near, where, chain)
        crossings = _crossings(rows, near, where)
        if crossings < fewest:
            best, fewest = [list(keys) for keys in rows], crossings
    for row, keys in enumerate(best):
        rows[row][:] = keys


def _pin(keys: list[str], chain: dict[str, int]) -> None:
    """Keep ports at their ends and a rail's nodes in their order, wherever the row puts them."""
    on = [i for i, key in enumerate(keys) if key in chain]
    for i, key in zip(on, sorted((keys[i] for i in on), key=chain.__getitem__), strict=True):
        keys[i] = key
    keys.sort(key=lambda key: {"<": 0, ">": 2}.get(port_side(key), 1))


def _crossings(rows: list[list[str]], near: dict[str, list[str]], where: dict[str, int]) -> int:
    place = {key: i for keys in rows for i, key in enumerate(keys)}
    return sum(_pair_crossings(a, b, near, where, place)
               for keys in rows for i, a in enumerate(keys) for b in keys[i + 1 :])  # fmt: skip


def _pair_crossings(
    a: str, b: str, near: dict[str, list[str]], where: dict[str, int], place: dict[str, int]
) -> int:
    """Crossings between the lines of a and b (a left of b) on either side of their row."""
    return sum(
        place[p] > place[q]
        for p in near[a]
        for q in near[b]
        if where[p] == where[q] != where[a]
    )  # fmt: skip


def _swap(
    rows: list[list[str]],
    near: dict[str, list[str]],
    where: dict[str, int],
    chain: dict[str, int],
) -> None:
    """Exchange neighbours while that removes crossings."""
    place = {key: i for keys in rows for i, key in enumerate(keys)}
    for _ in range(4):
        better = False
        for keys in rows:
            for i in range(len(keys) - 1):
                a, b = keys[i], keys[i + 1]
                if (a in chain and b in chain) or port_side(a) in ENDS or port_side(b) in ENDS:
                    continue
                if _pair_crossings(b, a, near, where, place) < _pair_crossings(
                    a, b, near, where, place
                ):
                    keys[i], keys[i + 1] = b, a
                    place[a], place[b] = i + 1, i
                    better = True
        if not better:
            return
