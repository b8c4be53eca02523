"""The recording, read: each tensor's time step, and its job there.

One idea: a tensor's scope names its step; a tensor outside any step belongs to the step that it
was made from, or before or after all of them. Within its block it is known by its gate and its
name (or primitive) and how many of that kind came before it, which is the same in every step of a
cell.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, NamedTuple

from tinygrad_rnn.graph import topological
from viz.model import AFTER, BEFORE, OUT, Layer


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
    """A recorded graph sorted into blocks."""

    def __init__(self, root: Any) -> None:
        self.tensors = topological(root)
        self.ids = {id(tensor): f"n{i}" for i, tensor in enumerate(self.tensors)}
        self.uses = [
            Use(tensor, slot, source)
            for tensor in self.tensors
            for slot, source in enumerate(tensor.inputs)
            if hasattr(source, "inputs")
        ]
        self.by_source: dict[int, list[Use]] = defaultdict(list)
        for use in self.uses:
            self.by_source[id(use.source)].append(use)
        self.gates: dict[int, str] = {}
        self._spreads: dict[int, tuple[float, float, float] | None] = {}
        self.homes = self._homes()
        self.keys = self._keys()
        steps = {home for home in self.homes.values() if home.step is not None}
        self.layers = {home.layer for home in steps} - {OUT}  # of cells
        self._last = {
            (self.homes[id(tensor)], self.gates[id(tensor)]): tensor
            for tensor in self.tensors
            if self.gates.get(id(tensor))
        }

    def cells(self) -> list[Layer]:
        """The chains of cells through time, and what each hands on from step to step."""
        steps: dict[str, set[int]] = defaultdict(set)
        for home in self.homes.values():
            if home.step is not None:
                steps[home.layer].add(home.step)
        states: dict[str, dict[str, str]] = defaultdict(dict)  # layer -> key -> name
        back: Counter[str] = Counter()
        for use in self.uses:
            source, target = self.homes[id(use.source)], self.homes[id(use.consumer)]
            if source.layer != target.layer or source.step == target.step:
                continue
            if source.step is not None and target.step is not None:
                states[source.layer][self.keys[id(use.source)]] = use.source.name or ""
                back[source.layer] += 1 if source.step > target.step else -1
        for tensor in self.tensors:  # a single step hands nothing on, yet has states
            home = self.homes[id(tensor)]
            if home.step is not None and tensor.op is not None and tensor.name in ("h", "c"):
                states[home.layer].setdefault(self.keys[id(tensor)], tensor.name)
        return [
            Layer(
                name,
                sorted(steps[name]),
                sorted(states[name], key=lambda key: states[name][key] != "h"),
                back[name] > 0,
            )
            for name in sorted(steps, key=lambda layer: (layer == OUT, layer))
        ]

    def spread(self, tensor: Any) -> tuple[float, float, float] | None:
        """The smallest, mean and largest of a tensor's entries; None if it has no numbers."""
        if id(tensor) not in self._spreads:
            data, found = tensor.data, None
            if data.size > 0 and data.dtype.kind in "fiub":
                found = float(data.min()), float(data.mean()), float(data.max())
            self._spreads[id(tensor)] = found
        return self._spreads[id(tensor)]

    def last_of_gate(self, tensor: Any) -> bool:
        """Whether it is what its gate's scope made last."""
        return self._last.get((self.homes[id(tensor)], self.gates.get(id(tensor), ""))) is tensor

    # Which block each tensor belongs to.

    def _homes(self) -> dict[int, Block]:
        homes: dict[int, Block] = {}
        for tensor in self.tensors:
            inside = self._inside(tensor)
            if inside is None:
                sources = {homes[id(s)] for s in tensor.inputs if id(s) in homes}
                inside = _outside(sources) if sources else None
            if inside is not None:
                homes[id(tensor)] = inside
        self._flush(homes)
        for tensor in reversed(self.tensors):  # consumers first
            if id(tensor) not in homes:
                homes[id(tensor)] = self._independent(tensor, homes)
        return homes

    def _inside(self, tensor: Any) -> Block | None:
        """The step that the tensor's scope names, noting the gate."""
        for depth, scope in enumerate(tensor.scope):
            if scope.name == "t" and scope.index is not None:
                self.gates[id(tensor)] = " / ".join(map(str, tensor.scope[depth + 1 :]))
                return Block(" / ".join(map(str, tensor.scope[:depth])), scope.index)
        return None

    def _flush(self, homes: dict[int, Block]) -> None:
        """Keep outside a step only what recurs for several steps; the rest comes after them all."""
        keys: dict[int, tuple[Any, ...]] = {}
        counts: Counter[tuple[Any, ...]] = Counter()
        steps: dict[tuple[Any, ...], set[int | None]] = defaultdict(set)
        outside = [t for t in self.tensors if homes.get(id(t), Block("", None)).layer == OUT]
        for tensor in outside:
            step = homes[id(tensor)].step
            job = (op_name(tensor), tensor.name)
            counts[(step, job)] += 1
            keys[id(tensor)] = (job, counts[(step, job)])
            steps[keys[id(tensor)]].add(step)
        late = Block(AFTER, None)
        for tensor in outside:
            if len(steps[keys[id(tensor)]]) < 2 or any(
                homes.get(id(source)) == late for source in tensor.inputs
            ):
                homes[id(tensor)] = late

    def _independent(self, tensor: Any, homes: dict[int, Block]) -> Block:
        """The block of a tensor that no step leads to."""
        users = {homes[id(use.consumer)] for use in self.by_source[id(tensor)]}
        if users == {Block(AFTER, None)} or not users:
            return Block(AFTER, None)
        initial = (tensor.name or "").endswith("_0")
        if tensor.op is None and len(users) == 1 and not initial:
            return users.pop()
        return Block(BEFORE, None)

    # Which job it does there.

    def _keys(self) -> dict[int, str]:
        counts: Counter[tuple[Any, ...]] = Counter()
        keys = {}
        for tensor in self.tensors:
            home = self.homes[id(tensor)]
            gate = "" if tensor.name else self.gates.get(id(tensor), "")  # a name says enough
            job = f"{home.layer}|{gate}|{tensor.name or op_name(tensor)}"
            counts[(home, job)] += 1
            keys[id(tensor)] = f"{job}|{counts[(home, job)]}"
        return keys


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
