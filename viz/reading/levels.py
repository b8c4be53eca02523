"""Levels of detail: which recorded tensors are drawn as one node.

One idea: a level of detail is nothing but a map from recorded tensors to groups. "op" maps each to
a group of its own; "gate" gathers what one gate computes, and what a state's own scope computes
into that state; "cell" gathers a whole step but for the states that it hands on; "step" leaves
only the states. An edge between two groups carries the norm of the true gradient across that
boundary: what came back along all edges that it stands for is summed before the norm is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from viz.errors import VizError
from viz.model import AFTER, BEFORE, OUT
from viz.reading.recording import Block, Recording

LEVELS = ("op", "gate", "cell", "step")


def check_detail(detail: str) -> None:
    """Raise a `VizError` unless there is such a level of detail."""
    if detail not in LEVELS:
        raise VizError(f"unknown detail {detail!r}: choose one of {', '.join(LEVELS)}")


@dataclass(eq=False, slots=True)
class DrawnNode:
    """Tensors that are drawn as one node; `main` is the one that names it and others use."""

    key: str
    home: Block
    role: str  # "" where the main tensor's own role says it
    main: Any
    members: list[Any] = field(default_factory=list)


class DrawnNodes:
    """The groups of one level of detail.

    Args:
        recording: what was recorded.
        tensors: of these, in order of creation.
        detail: the level.
    """

    def __init__(self, recording: Recording, tensors: Iterable[Any], detail: str) -> None:
        self.recording, self.detail = recording, detail
        cells = [layer for layer in recording.chains if layer.name != OUT]
        self.states = {key for layer in cells for key in layer.states}
        self.hidden = {layer.name: layer.states[0] for layer in cells if layer.states}
        self.found: dict[Any, DrawnNode] = {}
        self.of: dict[int, DrawnNode] = {}
        self.state_at: dict[tuple[Block, str], DrawnNode] = {}
        self._reached: dict[int, list[DrawnNode]] = {}
        for tensor in tensors:
            place = self._place(tensor)
            if place is not None:
                role, name = place
                group = self.found.get(place)
                if group is None:
                    group = self.found[place] = self._new(tensor, role, name)
                group.members.append(tensor)
                if self._is_state(tensor):
                    group.key = recording.keys[id(tensor)]
                    self.state_at[group.home, group.key] = group
                if not self._is_state(group.main):
                    group.main = tensor  # the last of them, or the state that they make
                self.of[id(tensor)] = group

    def target(self, source: Any, consumer: Any) -> DrawnNode | None:
        """The group that an edge leads to; None if it is not drawn at this level."""
        group = self.of.get(id(consumer))
        home = self.recording.homes[id(consumer)]
        if self.detail not in ("cell", "step") or home.layer not in self.hidden:
            return group
        inside = self.recording.homes[id(source)] == home
        if self.detail == "cell":
            if inside and not _is_leaf(source):
                return group if consumer is self.recording.root else None
            return self.found.get(("cell", home), group)
        started = self.recording.initial.get(id(source), {}).get(home.layer, "")
        for key in (started, self.recording.keys[id(source)]):  # a state: to its own next value
            if not inside and (home, key) in self.state_at:
                return self.state_at[home, key]
        return next(iter(self._ahead(consumer)), None)

    def _ahead(self, tensor: Any) -> list[DrawnNode]:
        """What is drawn of all that is made from a tensor, without going past it; first ones first.

        What is not drawn itself is seen in these, so that no way through it is lost.
        """
        if id(tensor) in self.of:
            return [self.of[id(tensor)]]
        if id(tensor) not in self._reached:
            found: dict[int, DrawnNode] = {}
            seen, waiting = {id(tensor)}, [tensor]
            while waiting:
                for use in self.recording.users(waiting.pop()):
                    group = self.of.get(id(use.consumer))
                    if group is not None:
                        found[id(group)] = group
                    elif id(use.consumer) not in seen:
                        seen.add(id(use.consumer))
                        waiting.append(use.consumer)
            place = self.recording.place
            order = sorted(found.values(), key=lambda group: place[id(group.main)])
            self._reached[id(tensor)] = order
        return self._reached[id(tensor)]

    def _place(self, tensor: Any) -> tuple[str, Any] | None:
        """Role and name of the tensor's group; None if it is not drawn at this level."""
        home, detail = self.recording.homes[id(tensor)], self.detail
        alone = ("", id(tensor))
        if detail == "op" or (home.layer == BEFORE and id(tensor) in self.recording.initial):
            return alone
        if detail == "gate":
            gate = self.recording.gates.get(id(tensor), "")
            return ("gate", (home, gate)) if gate and tensor.op is not None else alone
        if self._is_state(tensor):
            return alone
        if tensor is self.recording.root and home.layer in self.hidden:
            return alone
        if _is_leaf(tensor) or home.layer == BEFORE:
            return alone if detail == "cell" or tensor is self.recording.root else None
        if home.layer == AFTER:
            return "loss", home
        if home.layer not in self.hidden:
            return "gate", (home, "")
        return ("cell", home) if detail == "cell" else None

    def _is_state(self, tensor: Any) -> bool:
        return self.recording.keys[id(tensor)] in self.states

    def _new(self, tensor: Any, role: str, name: Any) -> DrawnNode:
        home = self.recording.homes[id(tensor)]
        if role in ("", "loss"):
            return DrawnNode(self.recording.keys[id(tensor)], home, role, tensor)
        gate = name[1] if role == "gate" else ""
        return DrawnNode(f"{home.layer}|{gate}|{role}|1", home, role, tensor)


def _is_leaf(tensor: Any) -> bool:
    return tensor.op is None
