"""The recording, read once for all levels: each tensor's layer and time step, and its job there.

One idea: a tensor's scope names its step; a tensor outside any step belongs to the step that it
was made from, or before or after all of them. What does the same job in another step follows from
how the steps were recorded (`viz.reading.alignment`), what is a state from what calls of cells
mark, or else from what a step hands on to the next.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.graph import topological
from viz.model import AFTER, BEFORE, OUT, Layer
from viz.reading.alignment import Job, align
from viz.reading.scopes import Scopes, Spot
from viz.text import clean

NO_STEP = np.iinfo(np.int64).min  # where an array holds steps, of what is outside of all


class Block(NamedTuple):
    """A time step of a layer, or what comes before or after all steps."""

    layer: str
    step: int | None


class Use(NamedTuple):
    """One slot of one consumer."""

    consumer: Any
    slot: int
    source: Any


class Recording:
    """A recorded graph sorted into blocks.

    Attributes:
        tensors: every node, in order of creation; their places in it are their numbers.
        homes: the block of each, by identity.
        keys: the job of each, the same in all steps, by identity.
        gates: the names inside its step of each that was made in one, by identity.
        parts: the part of its cell's state that a tensor is, as it was marked, by identity.
        initial: the layers and keys of states that a tensor starts, by identity.
        reads: identities of the inputs of cells.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self.tensors = topological(root)
        self.place = {id(tensor): i for i, tensor in enumerate(self.tensors)}
        self._index_uses()
        self.homes: dict[int, Block] = {}
        self.keys: dict[int, str] = {}
        self.gates: dict[int, str] = {}
        self.parts: dict[int, str] = {}
        self.initial: dict[int, dict[str, str]] = defaultdict(dict)
        self.reads: set[int] = set()
        self.scopes = Scopes(self.tensors)
        self._find_homes()
        self.slots: dict[int, int] = {}  # of each tensor in a step: its place in the template
        self.part_keys: dict[tuple[str, str], str] = {}  # by layer and part of the state
        self._align_steps()
        self.layers = {home.layer for home in self.blocks} - {OUT}  # of cells
        self.marked = {spot.layer for spot in self.scopes.calls.values()}
        self.chains = self._chains()
        self._place_independent()
        self.within: dict[Block, list[Any]] = {}  # each block's tensors
        for tensor in self.tensors:
            self.within.setdefault(self.homes[id(tensor)], []).append(tensor)
        steps = [self.homes[id(tensor)].step for tensor in self.tensors]
        self.steps_of = np.array([NO_STEP if step is None else step for step in steps])
        self._shared: dict[int, bool] = {}
        self._spreads: dict[int, tuple[float, float, float] | None] = {}
        self._last: dict[tuple[Block, str], Any] | None = None

    # Uses.

    def _index_uses(self) -> None:
        """Number every slot of every consumer, and sort them by what goes in."""
        place, sources, first = self.place, [], [0]
        for tensor in self.tensors:
            sources += [place.get(id(source), -1) for source in tensor.inputs]
            first.append(len(sources))
        self.first_use = np.array(first)
        self.source_of = np.array(sources, dtype=np.int64)
        self.consumer_of = np.repeat(np.arange(len(self.tensors)), np.diff(self.first_use))
        self._by_source = np.argsort(self.source_of, kind="stable")
        self._starts = np.searchsorted(
            self.source_of[self._by_source], np.arange(len(self.tensors) + 1)
        )

    def users(self, tensor: Any) -> list[Use]:
        """Every use of a tensor, oldest first."""
        return [self.use(number) for number in self.uses_by_source(tensor)]

    def uses_by_source(self, tensor: Any) -> np.ndarray:
        """The numbers of every use of a tensor, oldest first."""
        i = self.place[id(tensor)]
        return self._by_source[self._starts[i] : self._starts[i + 1]]

    def use(self, number: int) -> Use:
        """The use of that number."""
        i = int(self.consumer_of[number])
        source = self.tensors[self.source_of[number]]
        return Use(self.tensors[i], int(number - self.first_use[i]), source)

    def uses_of(self, consumer: Any) -> list[Use]:
        """What a consumer takes, without constants that are no tensors."""
        place = self.place
        return [
            Use(consumer, slot, source)
            for slot, source in enumerate(consumer.inputs)
            if id(source) in place
        ]

    def number(self, use: Use) -> int:
        """The number of a use."""
        return int(self.first_use[self.place[id(use.consumer)]]) + use.slot

    # Which block each tensor belongs to.

    def _find_homes(self) -> None:
        """The block of everything that a step leads to."""
        homes, gates = self.homes, self.gates
        blocks: dict[tuple[str, int], Block] = {}
        beside: list[Any] = []  # in a step, but in none of its several chains
        for tensor, spot in zip(self.tensors, self.scopes.spots, strict=True):
            if spot is not None:
                assert spot.step is not None
                gates[id(tensor)] = spot.gate
                name = spot.layer, spot.step
                homes[id(tensor)] = blocks.setdefault(name, Block(*name))
                if spot.layer == OUT:
                    beside.append(tensor)
            elif tensor.op is not None:
                sources = {homes[id(s)] for s in tensor.inputs if id(s) in homes}
                if sources:
                    homes[id(tensor)] = _outside(sources)
        for tensor in reversed(beside):  # what prepares a chain's input belongs to it
            step = homes[id(tensor)].step
            users = {homes[id(use.consumer)] for use in self.users(tensor)}
            here = {user for user in users if user.step == step}
            if len(here) == 1:
                homes[id(tensor)] = here.pop()
        self._settle()
        self._read_calls()

    def _read_calls(self) -> None:
        """What the calls of cells say of their nodes."""
        by_index = {tensor.index: tensor for tensor in self.tensors} if self.scopes.calls else {}
        self.taken: list[tuple[Spot, str, Any]] = []  # by a call, from outside of its layer
        for spot in self.scopes.calls.values():
            call = spot.call
            assert call is not None
            for part, *indices in zip(
                call.parts, call.gives, call.made or call.gives, strict=False
            ):
                tensor = next((by_index[index] for index in indices if index in by_index), None)
                if tensor is not None and self._layer(tensor) == spot.layer:
                    self.parts.setdefault(id(tensor), part)
            for part, index in zip(call.parts, call.takes, strict=False):
                tensor = by_index.get(index)
                if tensor is not None and self._layer(tensor) != spot.layer:
                    self.taken.append((spot, part, tensor))
            read = by_index.get(call.reads) if call.reads is not None else None
            if read is not None:
                self.reads.add(id(read))

    def _layer(self, tensor: Any) -> str | None:
        home = self.homes.get(id(tensor))
        return home.layer if home is not None else None

    def _settle(self) -> None:
        """Keep outside a step only what recurs for several steps; the rest comes after them all."""
        homes = self.homes
        jobs: dict[int, tuple[Any, ...]] = {}
        counts: Counter[tuple[Any, ...]] = Counter()
        steps: dict[tuple[Any, ...], set[int | None]] = defaultdict(set)
        outside = [t for t in self.tensors if self._layer(t) == OUT and id(t) not in self.gates]
        for tensor in outside:
            step = homes[id(tensor)].step
            job = (op_name(tensor), tensor.name)
            counts[(step, job)] += 1
            jobs[id(tensor)] = (job, counts[(step, job)])
            steps[jobs[id(tensor)]].add(step)
        late = Block(AFTER, None)
        for tensor in outside:
            if len(steps[jobs[id(tensor)]]) < 2 or any(
                homes.get(id(source)) == late for source in tensor.inputs
            ):
                homes[id(tensor)] = late

    def _place_independent(self) -> None:
        """The block, and the job there, of tensors that no step leads to."""
        homes = self.homes
        alone = [tensor for tensor in self.tensors if id(tensor) not in homes]
        for tensor in reversed(alone):  # consumers first
            users = {homes[id(use.consumer)] for use in self.users(tensor)}
            if users == {Block(AFTER, None)} or not users:
                homes[id(tensor)] = Block(AFTER, None)
            elif tensor.op is None and len(users) == 1 and id(tensor) not in self.initial:
                homes[id(tensor)] = users.pop()
            else:
                homes[id(tensor)] = Block(BEFORE, None)
        counts: Counter[str] = Counter()
        known: dict[tuple[Any, ...], str] = {}
        taken = set(self.keys.values())
        for tensor in self.tensors:
            if id(tensor) in self.keys:
                continue
            home = homes[id(tensor)]
            job = f"{home.layer}|{'' if tensor.name else self.gates.get(id(tensor), '')}|"
            job += clean(tensor.name or op_name(tensor))
            name: tuple[Any, ...] = (id(tensor),)
            if home.step is not None:  # known by what it goes into, which stands in every step
                use = self.users(tensor)[0]
                name = (job, self.keys.get(id(use.consumer), ""), use.slot)
            if name not in known:
                while True:
                    counts[job] += 1
                    known[name] = f"{job}|{counts[job]}"
                    if known[name] not in taken:
                        break
            self.keys[id(tensor)] = known[name]

    # Which job it does there.

    def _align_steps(self) -> None:
        """Lay the steps of each layer along one another; a slot of them is a key."""
        self.blocks: dict[Block, list[Any]] = {}
        for tensor in self.tensors:
            home = self.homes.get(id(tensor))
            if home is not None and home.step is not None:
                self.blocks.setdefault(home, []).append(tensor)
        by_layer: dict[str, list[tuple[list[Any], tuple[Job, ...]]]] = defaultdict(list)
        known: dict[tuple[str, str, str, bool], Job] = {}
        for home, members in self.blocks.items():
            jobs = tuple([self._job(tensor, home.layer, known) for tensor in members])
            by_layer[home.layer].append((members, jobs))
        for steps in by_layer.values():
            slots, places = align([jobs for _, jobs in steps])
            counts: Counter[str] = Counter()
            names = []
            for job in slots:
                counts[job.name] += 1
                names.append(f"{job.name}|{counts[job.name]}")
            for members, jobs in steps:
                for tensor, slot in zip(members, places[jobs], strict=True):
                    self.keys[id(tensor)] = names[slot]
                    self.slots[id(tensor)] = slot
        for tensor in self.tensors:
            if id(tensor) in self.parts:
                layer, part = self.homes[id(tensor)].layer, self.parts[id(tensor)]
                self.part_keys.setdefault((layer, part), self.keys[id(tensor)])

    def _job(self, tensor: Any, layer: str, known: dict[tuple[str, str, str, bool], Job]) -> Job:
        """What a tensor is called in its step, and whether it is one of the state's parts."""
        part = self.parts.get(id(tensor))
        name = part or tensor.name
        gate = "" if name else self.gates.get(id(tensor), "")  # a name says enough
        facts = layer, gate, name or op_name(tensor), part is not None
        job = known.get(facts)
        if job is None:
            job = known[facts] = Job(clean("|".join(facts[:3])), part is not None)
        return job

    # What is handed on.

    def _chains(self) -> list[Layer]:
        """The chains of cells through time, and what each hands on from step to step."""
        steps: dict[str, list[int]] = defaultdict(list)
        for home in self.blocks:
            assert home.step is not None
            steps[home.layer].append(home.step)
        states: dict[str, dict[str, None]] = defaultdict(dict)  # layer -> keys, the first hidden
        backwards: dict[str, bool] = {}
        for spot in self.scopes.calls.values():
            assert spot.call is not None
            backwards[spot.layer] = spot.call.reverse
        for tensor in self.tensors:
            if id(tensor) in self.parts:
                states[self.homes[id(tensor)].layer].setdefault(self.keys[id(tensor)])
        self._order_parts(states)
        back: Counter[str] = Counter()
        for home, members in self.blocks.items():
            for consumer in members:
                for source in consumer.inputs:
                    start = self.homes.get(id(source))
                    if start is None or start.layer != home.layer or start.step == home.step:
                        continue
                    if start.step is not None and home.step is not None:
                        states[home.layer].setdefault(self.keys[id(source)])
                        back[home.layer] += 1 if start.step > home.step else -1
        layers = [
            Layer(
                name,
                sorted(steps[name]),
                list(states[name]),
                backwards.get(name, back[name] > 0),
            )
            for name in sorted(steps, key=lambda layer: layer == OUT)
        ]
        for layer in layers:
            self._find_initial(layer)
        return layers

    def _order_parts(self, states: dict[str, dict[str, None]]) -> None:
        """Put each chain's states in the order that its cell names them in."""
        one_of = {spot.layer: spot for spot in self.scopes.calls.values()}
        for spot in one_of.values():
            assert spot.call is not None
            keys = [self.part_keys.get((spot.layer, part), "") for part in spot.call.parts]
            found = states[spot.layer]
            states[spot.layer] = {key: None for key in (*keys, *found) if key in found}

    def _find_initial(self, layer: Layer) -> None:
        """What a chain starts from: as its calls say, or what the first step takes for a state."""
        for spot, part, tensor in self.taken:
            key = self.part_keys.get((layer.name, part))
            if spot.layer == layer.name and key is not None:
                self.initial[id(tensor)][layer.name] = key
        if layer.name in self.marked or len(layer.steps) < 2 or layer.name == OUT:
            return
        first, second = layer.steps[::-1][:2] if layer.reverse else layer.steps[:2]
        later = {
            (self.keys[id(consumer)], slot): source
            for consumer in self.blocks[Block(layer.name, second)]
            for slot, source in enumerate(consumer.inputs)
        }
        for consumer in self.blocks[Block(layer.name, first)]:
            for use in self.uses_of(consumer):
                source = later.get((self.keys[id(consumer)], use.slot))
                if id(use.source) in self.homes or self.homes.get(id(source)) != (
                    layer.name, first
                ):  # fmt: skip
                    continue
                users = {self.homes.get(id(u.consumer)) for u in self.users(use.source)}
                if users - {None} == {Block(layer.name, first)}:
                    self.initial[id(use.source)][layer.name] = self.keys[id(source)]

    def through_time(self, layer: str, key: str) -> dict[int, Any]:
        """The tensor that does a job in each of a layer's steps that has one, in order of time."""
        found = {
            home.step: tensor
            for home, members in self.blocks.items()
            if home.layer == layer and home.step is not None
            for tensor in members
            if self.keys[id(tensor)] == key
        }
        return {step: found[step] for step in sorted(found)}

    # What a tensor says of itself.

    def state_name(self, tensor: Any) -> str:
        """What a state is called: its name, the part of its cell's state, or its symbol."""
        return tensor.name or self.parts.get(id(tensor)) or op_name(tensor)

    def is_input(self, tensor: Any) -> bool:
        """Whether it is data that a call of a cell reads, or a step for which no call is marked."""
        if tensor.op is not None or tensor.requires_grad:
            return False
        layer = self.homes[id(tensor)].layer
        alone = layer in self.layers and layer not in self.marked and tensor.name is not None
        return id(tensor) in self.reads or alone

    def is_shared(self, tensor: Any) -> bool:
        """Whether it gets a tag at each use: what all steps use, and leaves used twice in one."""
        if id(tensor) not in self._shared:
            self._shared[id(tensor)] = self._has_tags(tensor)
        return self._shared[id(tensor)]

    def _has_tags(self, tensor: Any) -> bool:
        if self.homes[id(tensor)].layer == BEFORE:
            first = None
            for number in self.uses_by_source(tensor).tolist():
                home = self.homes[id(self.tensors[self.consumer_of[number]])]
                if home.layer != BEFORE and home != (first := first or home):
                    return True
            return False
        return tensor.op is None and len(self.uses_by_source(tensor)) > 1

    def started_by(self, tensor: Any) -> Any:
        """A state that an initial state becomes."""
        key = next(iter(self.initial[id(tensor)].values()))
        return next(t for t in self.tensors if self.keys[id(t)] == key)

    def spread(self, tensor: Any) -> tuple[float, float, float] | None:
        """The smallest, mean and largest of a tensor's entries; None if it has no numbers."""
        if id(tensor) not in self._spreads:
            data, found = self.value(tensor), None
            if data.size > 0 and data.dtype.kind in "fiub":
                found = float(data.min()), float(data.mean()), float(data.max())
            self._spreads[id(tensor)] = found
        return self._spreads[id(tensor)]

    def value(self, tensor: Any) -> Any:
        """What a tensor held when it was recorded: a leaf may have been given new data since."""
        uses = self.uses_by_source(tensor) if tensor.op is None else ()
        for number in uses[:1]:
            consumer, slot, _ = self.use(number)
            return np.asarray(consumer.input_values[slot])
        return tensor.data

    def last_of_gate(self, tensor: Any) -> bool:
        """Whether it is what its gate's scope made last."""
        if self._last is None:
            self._last = {
                (self.homes[id(tensor)], self.gates[id(tensor)]): tensor
                for tensor in self.tensors
                if self.gates.get(id(tensor))
            }
        return self._last.get((self.homes[id(tensor)], self.gates.get(id(tensor), ""))) is tensor


def _outside(sources: set[Block]) -> Block:
    """The block of a tensor outside any step, from those of what it was made from."""
    steps = {source.step for source in sources}
    if None in steps:
        return Block(AFTER, None)
    known = sorted(step for step in steps if step is not None)
    carried = all(source.layer == OUT for source in sources if source.step == known[0])
    if len(known) == 1 or (len(known) == 2 and known[1] - known[0] == 1 and carried):
        return Block(OUT, known[-1])  # a total that is carried along is a chain of its own
    return Block(AFTER, None)


def op_name(tensor: Any) -> str:
    """The primitive's name, or "leaf"."""
    return tensor.op.name if tensor.op is not None else "leaf"
