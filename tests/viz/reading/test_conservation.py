"""No edge is lost at any level: what a node received is what its drawn edges brought."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from viz.model import Model
from viz.reading.reader import Source, _Reader
from viz.reading.recording import Use

LEVELS = ["op", "gate", "cell", "step"]


def identity() -> tr.Tensor:
    cell = tr.RNNCell(2, 3, rng=0, nonlinearity="identity")
    return tr.unroll(cell, np.random.default_rng(0).normal(size=(5, 2, 2))).final.sum()


def one_operation() -> tr.Tensor:
    w = tr.Tensor(np.full(3, 0.5), requires_grad=True, name="w")
    h: Any = tr.Tensor(np.ones(3), requires_grad=True)
    for t in range(20):
        with tr.scope("t", t):
            h = h * w
    return h.sum()


def loss_inside_the_steps() -> tr.Tensor:
    cell = tr.GRUCell(2, 3, rng=0)
    h, total = cell.initial_state(2), 0.0
    for t, x in enumerate(np.random.default_rng(0).normal(size=(4, 2, 2))):
        with tr.scope("t", t):
            h = cell(x, h)
            total = total + np.square(h).sum()
    return total  # type: ignore[return-value]  # a tensor by now


def losses_inside_the_steps() -> tr.Tensor:
    cell = tr.LSTMCell(2, 3, rng=0)
    state, losses = cell.initial_state(2), []
    for t, x in enumerate(np.random.default_rng(0).normal(size=(4, 2, 2))):
        with tr.scope("t", t):
            state = cell(x, state)
            losses.append(np.square(state.h).sum())
    return np.stack(losses).sum()  # type: ignore[no-any-return,call-overload]  # dispatched


def both_ways() -> tr.Tensor:
    layers = tr.GRU(2, 3, num_layers=2, bidirectional=True, rng=0)
    return np.square(layers(np.random.default_rng(0).normal(size=(4, 1, 2))).outputs).sum()  # type: ignore[no-any-return]  # dispatched


def padded() -> tr.Tensor:
    cell = tr.LSTMCell(2, 3, rng=0)
    inputs = np.random.default_rng(0).normal(size=(5, 2, 2))
    return tr.unroll(cell, inputs, lengths=[5, 3]).final.h.sum()


def at_random(seed: int) -> tr.Tensor:
    """Steps of one to three states, each made of others at random, and a loss of some of them."""
    rng = random.Random(seed)
    numbers = np.random.default_rng(seed)
    weights = [tr.Tensor(numbers.normal(size=3), requires_grad=True) for _ in range(2)]
    states: list[Any] = [
        tr.Tensor(numbers.normal(size=3), requires_grad=True) for _ in range(rng.randint(1, 3))
    ]
    plan = [
        [(rng.randrange(9), rng.randrange(9)) for _ in range(rng.randint(1, 3))] for _ in states
    ]
    seen: list[Any] = []
    read = rng.choice(["last", "every", "inside", "some"])
    total: Any = 0.0
    for t in range(rng.randint(1, 6)):
        with tr.scope("t", t):
            known: list[Any] = [*states, *weights]
            new = []
            for steps in plan:
                y: Any = states[len(new)]
                for a, b in steps:
                    y = np.tanh(y * known[a % len(known)]) + 0.5 * known[b % len(known)]
                    known.append(y)
                new.append(y)
            states = new
            if read == "inside":
                total = total + np.square(states[0]).sum()
        seen.append(states[rng.randrange(len(states))])
    chosen = seen if read == "every" else rng.sample(seen, (len(seen) + 1) // 2)
    return (
        sum([s.sum() for s in chosen], total) if read != "last" else states[-1].sum() + total
    ) * 1.0  # type: ignore[no-any-return]  # a tensor


GRAPHS: dict[str, Any] = {
    f.__name__: f
    for f in (
        identity,
        one_operation,
        loss_inside_the_steps,
        losses_inside_the_steps,
        both_ways,
        padded,
    )
}
GRAPHS |= {f"random {seed}": lambda seed=seed: at_random(seed) for seed in range(12)}


def read(loss: tr.Tensor, detail: str) -> tuple[Source, _Reader, Model]:
    source = Source(loss, tr.trace(loss))
    reader = _Reader(source, detail, set(source.steps))
    return source, reader, reader.model("")


def kept_inside(source: Source, use: Use, detail: str) -> bool:
    """Whether a use lies inside a whole cell, in which its states stand."""
    homes = source.recording.homes
    inside = homes[id(use.source)] == homes[id(use.consumer)]
    return detail == "cell" and inside and use.consumer is not source.recording.root


@pytest.mark.parametrize("detail", LEVELS)
@pytest.mark.parametrize("name", GRAPHS)
def test_what_a_state_received_is_what_its_edges_brought(name: str, detail: str) -> None:
    source, reader, model = read(GRAPHS[name](), detail)
    brought: dict[str, set[int]] = {}
    for edge in model.edges:
        if not edge.rail:
            main = reader.tensors.get(edge.source)
            uses = [use for use in reader.behind[edge.id] if use.source is main]
            numbers = [source.recording.number(use) for use in uses]
            known = brought.setdefault(edge.source, set())
            assert not known & set(numbers)  # nothing is told twice
            known.update(numbers)
    for node in model.nodes:
        if node.role not in ("state", "initial", "loss"):
            continue
        uses = [
            use for use in source.recording.users(reader.tensors[node.id])
            if not kept_inside(source, use, detail)
        ]  # fmt: skip
        assert {source.recording.number(use) for use in uses} == brought.get(node.id, set())


@pytest.mark.parametrize("detail", LEVELS)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_way_leads_from_every_state_with_a_gradient_to_the_root(name: str, detail: str) -> None:
    _, _, model = read(GRAPHS[name](), detail)
    ahead: dict[str, set[str]] = {}
    for edge in model.edges:
        ahead.setdefault(edge.source, set()).add(edge.target)
        if edge.via:
            ahead.setdefault(edge.via, set()).add(edge.target)
    for cell in model.nodes:  # what stands in a cell is made in it, and goes on from it
        if cell.role == "cell":
            inside = {n.id for n in model.nodes if n.role == "state" and n.block == cell.block}
            ahead.setdefault(cell.id, set()).update(inside)
            for state in inside:
                ahead.setdefault(state, set()).update(inside | {cell.id})
    for node in model.nodes:
        if node.role != "state" or node.gradient is None:
            continue
        reached, waiting = {node.id}, [node.id]
        while waiting:
            for other in ahead.get(waiting.pop(), ()):
                if other not in reached:
                    reached.add(other)
                    waiting.append(other)
        assert model.root in reached, node.label
