"""Repetition in a model, each time from what came of the last: of calls, and of weights.

The k-th call of a submodule whose every call depends on the one before is step k. Where no
submodule is called over and over, the k-th use of a weight is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence

from tinygrad_rnn.interop.torch_graph.nodes import TorchNode
from tinygrad_rnn.interop.torch_graph.record import Frame, Place, WatchRecord, frames
from tinygrad_rnn.scope import Scope

LayerStep = tuple[tuple[Scope, ...], int]  # the layer, and t


# By the calls of a module.


def by_calls(
    nodes: Sequence[TorchNode],
    places: dict[int, Place],
    recording: WatchRecord,
    known: dict[int, LayerStep],
) -> dict[int, LayerStep]:
    """Step k is the k-th call of a submodule that is called over and over.

    Where each call takes what the last one made, the module is the layer. Where there is more
    between two calls, as in a decoder with attention, the module around them is.
    """
    inside, parents = _repeated(nodes, places, recording)
    steps: dict[int, LayerStep] = {}
    for parent, paths in parents.items():
        free = [p for p in paths if not any(i in steps or i in known for i in inside[p])]
        runs = {path: _sequence_starts(nodes, inside[path]) for path in free}
        counts = {path: len(set(inside[path].values())) for path in free}
        chained = [path for path in free if len(runs[path]) < counts[path]]
        if not chained:
            continue
        most = max(counts[path] for path in chained)
        if all(_direct(nodes, inside[path]) for path in chained):
            for path in chained:
                steps |= _as_layers(path, inside[path], runs[path])
            for path in free:
                if path not in chained and counts[path] == most:
                    steps |= _as_layers(path, inside[path], [0])
            continue
        uses = {i: call for p in free if counts[p] == most for i, call in inside[p].items()}
        members = [n for n in nodes if parent in [*frames(places[n.index].frame)] or parent is None]
        layer = _layer(parent.path if parent is not None else "", 0)
        steps |= {index: (layer, t) for index, t in _spread(members, uses).items()}
    return steps


def _repeated(
    nodes: Sequence[TorchNode], places: dict[int, Place], recording: WatchRecord
) -> tuple[dict[str, dict[int, int]], dict[Frame | None, list[str]]]:
    """The nodes of modules that are called over and over, each with its call, and the calls
    that those were made in, the outermost first."""
    often = {p for p, calls in recording.calls.items() if calls > 1 and p in recording.trained}
    chains: dict[Frame | None, list[Frame]] = {None: []}
    inside: dict[str, dict[int, int]] = defaultdict(dict)
    around: dict[str, set[Frame | None]] = defaultdict(set)
    for node in nodes:
        frame = places[node.index].frame
        if frame not in chains:
            chains[frame] = [f for f in frames(frame) if f.path in often]
        for f in chains[frame]:
            inside[f.path][node.index] = f.call
            around[f.path].add(f.parent)
    parents: dict[Frame | None, list[str]] = defaultdict(list)
    for path in sorted(inside):
        if len(around[path]) == 1:
            parents[next(iter(around[path]))].append(path)
    depth = {parent: len(list(frames(parent))) for parent in parents}
    return inside, {parent: parents[parent] for parent in sorted(parents, key=depth.__getitem__)}


def _direct(nodes: Sequence[TorchNode], calls: dict[int, int]) -> bool:
    """Whether some call takes what an earlier one made as it is."""
    return any(
        isinstance(source, TorchNode)
        and calls.get(source.index, calls[node.index]) != calls[node.index]
        for node in nodes
        if node.index in calls
        for source in node.inputs
    )


def _as_layers(path: str, calls: dict[int, int], runs: list[int]) -> dict[int, LayerStep]:
    """Each sequence of calls as a layer, its first call at t = 0."""
    layers = [_layer(path, run) for run in range(len(runs))]
    steps = {}
    for index, call in calls.items():
        run = bisect_right(runs, call) - 1
        steps[index] = (layers[run], call - runs[run])
    return steps


def _layer(path: str, run: int) -> tuple[Scope, ...]:
    name = (Scope(path),) if path else ()
    return (*name, Scope("sequence", run)) if run else name


def _sequence_starts(nodes: Sequence[TorchNode], calls: dict[int, int]) -> list[int]:
    """The calls that begin a sequence: they depend on none of the sequence before."""
    latest: dict[int, int] = {}  # the last call that a node depends on
    before: dict[int, int] = defaultdict(lambda: -1)
    for node in nodes:
        found = max(
            [latest.get(s.index, -1) for s in node.inputs if isinstance(s, TorchNode)] or [-1]
        )
        call = calls.get(node.index)
        if call is not None:
            if found != call:
                before[call] = max(before[call], found)
            found = max(found, call)
        latest[node.index] = found
    starts: list[int] = []
    for call in sorted(set(calls.values())):
        if not starts or before[call] < starts[-1]:
            starts.append(call)
    return starts


# By the uses of a weight.


def by_weights(
    nodes: Sequence[TorchNode], places: dict[int, Place], known: dict[int, LayerStep]
) -> dict[int, LayerStep]:
    """Step k is the k-th use of a weight that each use depends on the one before of."""
    groups: dict[Frame | None, list[TorchNode]] = defaultdict(list)
    for node in nodes:
        if node.index not in known:
            groups[places[node.index].frame].append(node)
    steps: dict[int, LayerStep] = {}
    for frame, members in groups.items():
        path = frame.path if frame is not None else ""
        uses = _chained(members)
        if not uses:
            continue
        for index, t in _spread(members, uses).items():
            steps[index] = (_layer(path, 0), t)
    return steps


def _chained(members: Sequence[TorchNode]) -> dict[int, int]:
    """By node, which use it is of the weights that are used over and over, each from the last."""
    users: dict[int, list[TorchNode]] = defaultdict(list)
    for node in members:
        for source in node.inputs:
            if isinstance(source, TorchNode) and source.op is None and source.requires_grad:
                users[source.index].append(node)
    found: dict[int, dict[int, int]] = {}
    for weight, consumers in users.items():
        uses = {node.index: k for k, node in enumerate(dict.fromkeys(consumers))}
        if len(uses) > 1 and len(_sequence_starts(members, uses)) == 1:
            found[weight] = uses
    if not found:
        return {}
    steps = Counter(len(uses) for uses in found.values()).most_common(1)[0][0]
    merged: dict[int, int] = {}
    for uses in found.values():
        if len(uses) == steps:
            for index, k in uses.items():
                merged[index] = max(merged.get(index, 0), k)
    return merged


def _spread(members: Sequence[TorchNode], uses: dict[int, int]) -> dict[int, int]:
    """The steps of what lies between the uses of a weight."""
    steps: dict[int, int] = {}
    for node in members:
        found = [
            steps[s.index] for s in node.inputs if isinstance(s, TorchNode) and s.index in steps
        ]
        if node.index in uses:
            steps[node.index] = uses[node.index]
        elif found:
            steps[node.index] = max(found)
    last = max(uses.values())
    leading: set[int] = set(uses)  # what a later use depends on
    for node in reversed(members):
        if node.index in leading:
            leading |= {
                s.index for s in node.inputs if isinstance(s, TorchNode) and s.index in steps
            }
    first: dict[int, int] = {}  # the number of each step's first use
    for node in members:
        if node.index in uses:
            first[uses[node.index]] = min(node.number, first.get(uses[node.index], node.number))
    ending = {(node.number - first[last], node.op) for node in members}
    kept: dict[int, int] = {}
    body = set()  # of the last step but one: what the last has, too
    for node in members:
        k = steps.get(node.index)
        if k is None or k == last or node.index not in leading:
            continue
        job = (node.number - first[k], node.op)
        if job not in ending and node.index not in uses:
            k += 1  # the last step does no such thing: the next one begins with it
        elif k == last - 1:
            body.add(job)
        kept[node.index] = k
    for node in members:
        k = steps.get(node.index)
        if k == last and (node.index in uses or (node.number - first[k], node.op) in body):
            kept[node.index] = last
    return kept
