"""Steps that are alike: classes of blocks that differ in nothing but their numbers.

One idea: two steps of a layer are alike if the same nodes do the same jobs, made from the same
things counted from where each step stands, and if that is true of the steps they are made from, as
well. Then one of them can be read and laid out for all, and the others are columns of numbers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from viz.model import Layer
from viz.reading.labels import constant_of
from viz.reading.recording import Block, Recording


@dataclass(eq=False)
class Alike:
    """Blocks of one layer that are alike; the last of them is read for all."""

    blocks: list[Block]  # in order of time
    members: list[list[int]] = field(default_factory=list)  # of each block: numbers of its tensors

    @property
    def block(self) -> Block:
        """The one that stands for all."""
        return self.blocks[-1]

    @cached_property
    def steps(self) -> np.ndarray:
        """The step of each."""
        return np.array([block.step for block in self.blocks])

    @cached_property
    def tensors(self) -> np.ndarray:
        """The numbers of all tensors, shape (blocks, members)."""
        return np.array(self.members, dtype=np.int64).reshape(len(self.blocks), -1)

    @cached_property
    def column(self) -> dict[int, int]:
        """Of each tensor of the block that stands for all: its place among the members."""
        return {number: place for place, number in enumerate(self.members[-1])}


class Classes:
    """The classes of a recording.

    Attributes:
        of: the class that each block stands for; other blocks stand in it, too.
        beside: the blocks that those are made from, which are needed to draw their edges.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.order = {layer.name: _places(layer) for layer in recording.chains}
        self.states = {key for layer in recording.chains for key in layer.states}
        members = self._members()
        self.leaving = self._find_leaving(members)
        signs: dict[Block, int] = {}
        sources: dict[Block, tuple[Block, ...]] = {}
        known: dict[Any, int] = {}
        for block, numbers in members.items():
            sign, sources[block] = self._sign(block, numbers)
            signs[block] = known.setdefault(sign, len(known))
        found: dict[Any, Alike] = {}
        for block in sorted(members, key=lambda block: (block.layer, block.step or 0)):
            name = block.layer, signs[block], tuple([signs[source] for source in sources[block]])
            alike = found.setdefault(name, Alike([]))
            alike.blocks.append(block)
            alike.members.append(members[block])
        self.of = {alike.block: alike for alike in found.values()}
        self.beside = {source for block in self.of for source in sources[block]}

    def _members(self) -> dict[Block, list[int]]:
        """The tensors of each step, in an order that is the same for steps that are alike."""
        recording = self.recording
        members: dict[Block, list[int]] = defaultdict(list)
        alone: dict[Block, list[int]] = defaultdict(list)  # made outside of the step
        for number, tensor in enumerate(recording.tensors):
            home = recording.homes[id(tensor)]
            if home.step is not None:
                own = id(tensor) in recording.slots
                (members if own else alone)[home].append(number)
        for home, numbers in alone.items():
            numbers.sort(key=lambda number: recording.keys[id(recording.tensors[number])])
            members[home] += numbers
        return members

    def _find_leaving(self, members: dict[Block, list[int]]) -> set[int]:
        """What is no state, and yet used outside of its step, by number."""
        recording = self.recording
        block = np.full(len(recording.tensors) + 1, -1)  # of what is no tensor, the last
        for serial, numbers in enumerate(members.values()):
            block[numbers] = serial
        sources = recording.source_of
        used = (block[sources] >= 0) & (block[sources] != block[recording.consumer_of])
        keys, tensors = recording.keys, recording.tensors
        found = np.unique(sources[used]).tolist()
        return {number for number in found if keys[id(tensors[number])] not in self.states}

    def _ways_out(self, block: Block, number: int) -> tuple[Any, ...]:
        """Where a tensor that is no state is used outside of its step."""
        found: list[Any] = []
        for use in self.recording.users(self.recording.tensors[number]):
            home = self.recording.homes[id(use.consumer)]
            if home.step is None or block.step is None:
                return (number,)  # by a way of its own
            if home != block:
                key = self.recording.keys[id(use.consumer)]
                found.append((home.layer, home.step - block.step, key, use.slot))
        return tuple(found)

    def _sign(self, block: Block, numbers: list[int]) -> tuple[Any, tuple[Block, ...]]:
        """What a block has in common with those that are alike, and the blocks it is made from."""
        recording, order = self.recording, self.order
        tensors, homes, keys = recording.tensors, recording.homes, recording.keys
        place, gates = recording.place, recording.gates
        here = order[block.layer][block.step or 0]
        sign: list[Any] = []
        others: dict[Block, None] = {}
        for number in numbers:
            tensor = tensors[number]
            sign.append((
                keys[id(tensor)], gates.get(id(tensor)), tensor.name, id(tensor.op), tensor.shape,
                tensor.dtype, tensor.requires_grad, id(tensor) in recording.reads,
                recording.is_shared(tensor) if tensor.op is None else None,
                tensor is recording.root,
                self._ways_out(block, number) if number in self.leaving else None,
            ))  # fmt: skip
            for source in tensor.inputs:
                if id(source) not in place:
                    sign.append(constant_of(source))
                    continue
                start = homes[id(source)]
                if start == block:
                    sign.append(keys[id(source)])
                    continue
                if start.step is None or block.step is None:
                    sign.append(id(source))
                    continue
                away = order[start.layer][start.step] - here
                others[start] = None
                near = abs(away) == 1 if start.layer == block.layer else start.step == block.step
                if not near or (start.layer != block.layer and id(source) in recording.initial):
                    sign.append(id(source))  # past other steps, by a way of its own
                sign.append((start.layer, start.step - block.step, keys[id(source)]))
        return tuple(sign), tuple(others)


def _places(layer: Layer) -> dict[int, int]:
    return {step: place for place, step in enumerate(layer.steps)}
