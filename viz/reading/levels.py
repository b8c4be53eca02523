"""Levels of detail: which recorded tensors are drawn as one node.

One idea: a level of detail is nothing but a map from recorded tensors to groups. "op" maps each to
a group of its own; "gate" gathers what one gate computes, and what a state's own scope computes
into that state; "cell" gathers a whole step but for the states that it hands on; "step" leaves
only the states. An edge between two groups carries the norm of the true gradient across that
boundary: what came back along all edges that it stands for is summed before the norm is taken.
"""

from __future__ import annotations

from collections import defaultdict
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
class Group:
    """Tensors that are drawn as one node; `main` is the one that names it and others use."""

    key: str
    home: Block
    role: str  # "" where the main tensor's own role says it
    main: Any
    members: list[Any] = field(default_factory=list)


class Groups:
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
        self.found: dict[Any, Group] = {}
        self.states_at: dict[Block, list[Group]] = defaultdict(list)
        self.of: dict[int, Group] = {}
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
                    self.states_at[group.home].append(group)
                if not self._is_state(group.main):
                    group.main = tensor  # the last of them, or the state that they make
                self.of[id(tensor)] = group

    def target(self, source: Any, consumer: Any) -> Group | None:
        """The group that an edge leads to; None if it is not drawn at this level."""
        group = self.of.get(id(consumer))
        home = self.recording.homes[id(consumer)]
        if self.detail not in ("cell", "step") or home.layer not in self.hidden:
            return group
        if self.detail == "cell":
            if self.recording.homes[id(source)] == home and not _is_leaf(source):
                return None
            return self.found.get(("cell", home))
        return self._state_of(source, home)

    def _state_of(self, source: Any, home: Block) -> Group | None:
        """At "step": a state leads to its own next value, anything else to the hidden state."""
        here, recording = self.states_at[home], self.recording
        initial = recording.initial.get(id(source), {})
        if not self._is_state(source) and recording.homes[id(source)].layer != BEFORE:
            return None
        for key in (initial.get(home.layer), recording.keys[id(source)]):
            for group in here:
                if group.key == key and recording.homes[id(source)] != home:
                    return group
        hidden = [group for group in here if group.key == self.hidden[home.layer]]
        return next(iter(hidden or here), None)

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
        if _is_leaf(tensor) or home.layer == BEFORE:
            return alone if detail == "cell" or tensor is self.recording.root else None
        if home.layer == AFTER:
            return "loss", home
        if home.layer not in self.hidden:
            return "gate", (home, "")
        return ("cell", home) if detail == "cell" else None

    def _is_state(self, tensor: Any) -> bool:
        return self.recording.keys[id(tensor)] in self.states

    def _new(self, tensor: Any, role: str, name: Any) -> Group:
        home = self.recording.homes[id(tensor)]
        if role in ("", "loss"):
            return Group(self.recording.keys[id(tensor)], home, role, tensor)
        gate = name[1] if role == "gate" else ""
        return Group(f"{home.layer}|{gate}|{role}|1", home, role, tensor)


def _is_leaf(tensor: Any) -> bool:
    return tensor.op is None
