"""The scopes of a recording, read: which layer, step and gate each names, and whose call it is in.

One idea: nodes made side by side share one tuple of scope entries, so each tuple is read once. All
calls of one chain are a layer; two chains under the same names are two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tinygrad_rnn.scope import Call, Scope
from viz.model import OUT
from viz.reading.surface import RecordedNode
from viz.text import clean


class Spot:
    """A place inside a step: the names around the step, and what is inside of it."""

    __slots__ = ("call", "gate", "inner", "layer", "path", "step")

    def __init__(self, scope: tuple[Scope, ...], depth: int, names: dict[int, str]) -> None:
        self.step = scope[depth].index
        self.call: Call | None = None
        within = depth  # the call; what lies between step and call names the layer, too
        for k in range(depth, len(scope)):
            if scope[k].call is not None:
                self.call, within = scope[k].call, k
                break
        outer = (*scope[:depth], *scope[depth + 1 : within])
        self.path = " / ".join([_name(entry, names) for entry in outer])
        self.inner = [_name(entry, names) for entry in scope[within + 1 :] if entry.call is None]
        self.gate = " / ".join(self.inner)
        self.layer = self.path


class Scopes:
    """Where each node was made.

    Args:
        nodes: in order of creation.

    Attributes:
        spots: for each node its place inside a step; None outside all steps.
        calls: one of the spots in each call, by the call's identity.
    """

    def __init__(self, nodes: Iterable[RecordedNode]) -> None:
        self.spots: list[Spot | None] = []
        self.calls: dict[int, Spot] = {}
        known: dict[int, tuple[Any, Spot | None]] = {}  # with the tuple, so that it stays alive
        names: dict[int, str] = {}
        for node in nodes:
            scope = node.scope
            if id(scope) not in known:
                known[id(scope)] = scope, _spot(scope, names)
            self.spots.append(known[id(scope)][1])
        self._spots = [spot for _, spot in known.values() if spot is not None]
        for spot in self._spots:
            if spot.call is not None:
                self.calls.setdefault(id(spot.call), spot)
        self._name_layers()

    def _name_layers(self) -> None:
        """One layer for each chain; what is beside a single chain belongs to it."""
        chains: dict[str, dict[int, str]] = {}  # path -> chain -> kind
        for spot in self.calls.values():
            assert spot.call is not None
            chains.setdefault(spot.path, {})[id(spot.call.chain)] = spot.call.kind
        names: dict[tuple[str, int], str] = {}
        for path, kinds in chains.items():
            several, seen = Counter(kinds.values()), Counter[str]()
            for chain, kind in kinds.items():
                seen[kind] += 1
                own = f"{kind} {seen[kind]}" if several[kind] > 1 else kind
                whole = f"{path} / {own}" if path else own
                names[path, chain] = path if len(kinds) == 1 else whole
        for found in self._spots:
            if found.call is not None:
                found.layer = names[found.path, id(found.call.chain)]
                continue
            while found.inner:  # beside a call, in the layer that surrounds it
                longer = f"{found.path} / {found.inner[0]}" if found.path else found.inner[0]
                if longer not in chains:
                    break
                found.path, found.inner = longer, found.inner[1:]
                found.gate = " / ".join(found.inner)
            found.layer = found.path if len(chains.get(found.path, ())) < 2 else OUT


def _spot(scope: tuple[Any, ...], names: dict[int, str]) -> Spot | None:
    for depth, entry in enumerate(scope):
        if entry.is_step:
            return Spot(scope, depth, names)
    return None


def _name(entry: Scope, names: dict[int, str]) -> str:
    """An entry's text, by its identity: gates are entered over and over."""
    if id(entry) not in names:
        names[id(entry)] = clean(_text(entry))
    return names[id(entry)]


def _text(entry: Scope) -> str:
    """A layer by its number, its directions as forward and backward, all else as it is written."""
    if entry.name == "layer" and entry.index is not None:
        return f"layer {entry.index}"
    if entry.name == "direction" and entry.index in (0, 1):
        return "backward" if entry.index else "forward"
    return str(entry)
