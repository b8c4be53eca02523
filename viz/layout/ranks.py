"""Rank assignment: the row of a step that each box stands in.

One idea: the states' rails are rows of their own; everything else stands as high as the longest
path that leads to it, and inputs and parameters just below whatever uses them first.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence

from viz.layout.template import Box, LayoutEdge
from viz.model import Port, port_side

LONGEST_RAIL = 7  # nodes; a longer way to the loss climbs instead


def find_rails(
    edges: Iterable[tuple[str, str, str]], states: Sequence[str], cuts: Collection[str] = ()
) -> dict[str, list[str]]:
    """For each state the shortest path from its arrival to its new value, without the port.

    Where a run is truncated, the cut lies on the rail in front of all else.
    """
    ahead: dict[str, list[str]] = defaultdict(list)
    for _, source, target in edges:
        ahead[source].append(target)
    taken = set(states)
    rails: dict[str, list[str]] = {}
    for state in states:
        port = f"<{state}"
        before = {port: port}  # each key's, on the shortest path to it
        waiting = deque([port])
        rails[state] = [state]
        while waiting and state not in before:  # breadth first
            key = waiting.popleft()
            for after in ahead[key]:
                if after not in before and (after == state or after not in taken):
                    before[after] = key
                    waiting.append(after)
        if state in before:
            path = [state]
            while before[path[-1]] != port:
                path.append(before[path[-1]])
            path.reverse()
            front = [key for key in ahead[port] if key in cuts and key not in taken]
            rails[state] = [*(c for c in front if path[0] in ahead[c]), *path]
        taken.update(rails[state])
    return rails


def rail_through(edges: Sequence[tuple[str, str, str]], end: str) -> dict[str, list[str]]:
    """A rail from the first arrival to `end`: from the last hidden state to the loss, say."""
    port = next((source for _, source, _ in edges if port_side(source) == "<"), "")
    if not port:
        return {}
    first = next(target for _, source, target in edges if source == port)
    if not end:
        return {port[1:]: [first]}
    renamed = [(key, Port(f"<{end}") if a == port else a, b) for key, a, b in edges]
    rail = find_rails(renamed, [end])[end]
    return {port[1:]: rail if len(rail) <= LONGEST_RAIL else rail[:1]}


def assign_rows(
    boxes: dict[str, Box], edges: Sequence[tuple[str, str, str]], rails: dict[str, list[str]]
) -> None:
    """Give every box its row, counted from 0 at the bottom."""
    sources: dict[str, list[str]] = defaultdict(list)
    targets: dict[str, list[str]] = defaultdict(list)
    for _, source, target in edges:
        sources[target].append(source)
        targets[source].append(target)
    order = _topological([key for key in boxes if port_side(key) not in (">", "^")], sources)
    moved: set[str] = set()  # what a state leads to
    for key in order:
        if port_side(key) == "<" or any(source in moved for source in sources[key]):
            moved.add(key)
    bottom = max(rails, key=lambda state: len(rails[state]), default="")
    if bottom and len(rails[bottom]) < 3:
        bottom = ""
    on_rail = {key for rail in rails.values() for key in rail}
    on_top = {key for state, rail in rails.items() if state != bottom for key in rail}
    rows: dict[str, int] = dict.fromkeys(rails.get(bottom, ()), 0)
    above: set[str] = set(on_top)
    for key in order:
        if key in moved and key not in on_rail and port_side(key) != "<":
            if any(source in above for source in sources[key]):
                above.add(key)  # hangs down from a rail on top
            else:
                known = [rows[source] for source in sources[key] if source in rows]
                rows[key] = 1 + max(known, default=0)
    top = 1 + max(rows.values(), default=0)
    for level, state in enumerate(state for state in rails if state != bottom):
        rows.update(dict.fromkeys(rails[state], top + level))
    _hang(order, sources, targets, above - on_top, rows, on_rail if bottom else set())
    rail_rows = {2 * rows[rail[-1]] for rail in rails.values()}
    rows = {key: 2 * row for key, row in rows.items()}  # odd rows are free for tags beside a rail
    for key in reversed(order):  # inputs and parameters: just below the first that uses them
        if key not in rows and port_side(key) != "<":
            row = min((rows[t] for t in targets[key] if t in rows), default=0) - 2
            rows[key] = row + 1 if row in rail_rows else row
    for state in rails:
        rows[f"<{state}"] = rows[f">{state}"] = rows[rails[state][-1]]
    low, high = min(rows.values(), default=0), max(rows.values(), default=0)
    for key, box in boxes.items():
        if port_side(key) == "<" and key not in rows:
            # an arrival without a rail: level with its first use
            box.row = min((rows[target] for target in targets[key] if target in rows), default=low)
        else:
            box.row = {"_": low - 1, "^": high + 1}.get(port_side(key), rows.get(key, low))
    levels = {row: level for level, row in enumerate(sorted({b.row for b in boxes.values()}))}
    for box in boxes.values():
        box.row = levels[box.row]


def _hang(
    order: Sequence[str],
    sources: dict[str, list[str]],
    targets: dict[str, list[str]],
    hanging: set[str],
    rows: dict[str, int],
    ground: set[str],
) -> None:
    """Rows for what follows a top rail: downwards if it leads back to the bottom one, else up."""
    leads_down = set(ground)
    for key in reversed(order):
        if any(target in leads_down for target in targets[key]):
            leads_down.add(key)
    for key in order:
        if key in hanging:
            known = [rows[source] for source in sources[key] if source in rows]
            down = key in leads_down
            rows[key] = max(min(known) - 1, 1) if down else max(known) + 1


def _topological(keys: Sequence[str], sources: dict[str, list[str]]) -> list[str]:
    """Sources before targets; keys come in creation order, so a stable depth-first walk will do."""
    done: dict[str, None] = {}
    known = set(keys)
    for start in keys:
        stack = [start]
        path: set[str] = set()
        while stack:
            key = stack[-1]
            waiting = [s for s in sources[key] if s in known and s not in done and s not in path]
            if key in done or not waiting:
                done.setdefault(stack.pop())
            else:
                path.add(key)
                stack.extend(waiting)
    return list(done)


def gather_rows(
    boxes: dict[str, Box], lines: dict[str, LayoutEdge], rails: dict[str, list[str]]
) -> list[list[str]]:
    """Boxes by row from the bottom up, with a dummy in each row that a line passes through."""
    for line in lines.values():
        first, last = boxes[line.source].row, boxes[line.target].row
        between = range(first + 1, last) if last > first else range(first - 1, last, -1)
        dummies = [f"~{line.key}@{row}" for row in between]
        for key, row in zip(dummies, between, strict=True):
            boxes[key] = Box(key, 2.0, 2.0, row, dummy=True)
        line.path = [line.source, *dummies, line.target]
    for state, rail in rails.items():
        for key in (Port(f"<{state}"), Port(f">{state}")):
            boxes.setdefault(key, Box(key, 2.0, 2.0)).row = boxes[rail[-1]].row
    rows: list[list[str]] = [[] for _ in range(1 + max(box.row for box in boxes.values()))]
    for key, box in boxes.items():
        rows[box.row].append(key)
    return rows
