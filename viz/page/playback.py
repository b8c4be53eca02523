"""The order in which the reverse sweep passes the edges of a drawing, for the page to play.

One idea: a node sends on what it was sent once all of its own edges have come; of the nodes that
could, the one recorded last is next. For a drawing of every primitive that is the engine's order.
"""

from __future__ import annotations

import heapq
from collections import defaultdict

from viz.model import Edge, Model


def sweep_ranks(model: Model) -> dict[str, int]:
    """Rank of each edge by its id: 0 for the first that the sweep passes."""
    into: dict[str, list[Edge]] = defaultdict(list)
    waiting: dict[str, int] = defaultdict(int)
    for edge in model.edges:
        into[edge.target].append(edge)
        waiting[edge.via or edge.source] += 1
    inside = _inside(model)
    for cells in inside.values():
        for cell in cells:
            waiting[cell] += 1
    # A rail's junction stands for its source: it is passed when all that leaves it has been.
    last = {node.id: -place for place, node in enumerate(model.nodes)}
    for edge in model.edges:
        if edge.rail and edge.source in last:
            last[edge.target] = last[edge.source]
    ready = [(place, id_) for id_, place in last.items() if not waiting[id_]]
    heapq.heapify(ready)
    ranks: dict[str, int] = {}
    while ready:
        _, id_ = heapq.heappop(ready)
        for cell in inside.get(id_, ()):  # sends on what its states were sent
            waiting[cell] -= 1
            if not waiting[cell]:
                heapq.heappush(ready, (last[cell], cell))
        for edge in sorted(into[id_], key=lambda edge: edge.slot):
            ranks[edge.id] = len(ranks)
            source = edge.via or edge.source
            waiting[source] -= 1
            if not waiting[source]:
                heapq.heappush(ready, (last.get(source, 0), source))
    for edge in reversed(model.edges):  # collapsed nodes may form circles: those come last
        ranks.setdefault(edge.id, len(ranks))
    return ranks


def _inside(model: Model) -> dict[str, list[str]]:
    """For each state the cell that it stands in, at the level at which cells are drawn."""
    cells: dict[tuple[str, int | None], list[str]] = defaultdict(list)
    for node in model.nodes:
        if node.role == "cell":
            cells[node.block].append(node.id)
    return {node.id: cells[node.block] for node in model.nodes if node.role == "state"}
