"""What a thing is follows from marks and from how the graph was recorded, whatever it is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.viz.reading.recorded import drawn, ends
from viz.model import OUT, Model, ModelNode

RNG = np.random.default_rng(3)


def by_role(model: Model, role: str) -> list[ModelNode]:
    return [node for node in model.nodes if node.role == role]


def test_a_parameter_is_none_but_a_parameter_whatever_its_name() -> None:
    for name in ("b_0", "h_0", "x", "h"):
        w = tr.Tensor(np.ones((1, 3)), requires_grad=True, name=name)
        h: Any = tr.Tensor(np.zeros((1, 3)))
        for t in range(3):
            with tr.scope("t", t):
                h = np.tanh(h + w)
        model = drawn((h * w).sum())
        assert {n.role for n in model.nodes if n.name == name} == {"parameter"}


def test_an_initial_state_may_be_called_like_the_state_that_it_starts() -> None:
    start = tr.Tensor(np.ones((1, 3)), requires_grad=True, name="h")
    run = tr.unroll(tr.RNNCell(2, 3, rng=0), RNG.normal(size=(3, 1, 2)), state=start)
    loss = run.final.sum()
    model = drawn(loss)
    (strip,) = model.strips
    flow = tr.trace(loss)
    assert strip.values == pytest.approx(flow.through_time(run)["h"].tolist())
    (initial,) = by_role(model, "initial")
    assert initial.label == "initial h"
    assert initial.gradient is not None
    assert initial.gradient.l2 == pytest.approx(flow.norm(start))


@pytest.mark.parametrize("detail", ["op", "gate", "cell", "step"])
def test_two_runs_one_of_which_goes_on_from_the_other_are_two_layers(detail: str) -> None:
    cell, inputs = tr.GRUCell(2, 3, rng=0), RNG.normal(size=(3, 1, 2))
    first = tr.unroll(cell, inputs)
    second = tr.unroll(cell, inputs, state=first.final)
    model = drawn(second.final.sum(), detail)
    assert [layer.name for layer in model.layers] == ["GRUCell 1", "GRUCell 2"]
    place = {node.id: i for i, node in enumerate(model.nodes) if node.role == "state"}
    states = [e for e in model.edges if e.source in place and e.target in place]
    assert all(place[edge.source] < place[edge.target] for edge in states)  # no circle
    assert len(by_role(model, "state")) == 6
    assert len(by_role(model, "initial")) == 1
    nodes = {node.id: node for node in model.nodes}
    across = [
        edge for edge in model.edges
        if nodes[edge.source].layer == "GRUCell 1" and nodes[edge.target].layer == "GRUCell 2"
    ]  # fmt: skip
    assert {(nodes[e.source].label, nodes[e.target].step) for e in across} == {("h_2", 0)}


def test_two_cells_in_one_step_are_two_layers() -> None:
    lower, upper = tr.LSTMCell(2, 3, rng=0), tr.GRUCell(3, 3, rng=1)
    low, high = lower.initial_state(1), upper.initial_state(1)
    total: Any = 0.0
    for t, x in enumerate(RNG.normal(size=(3, 1, 2))):
        with tr.scope("t", t):
            low = lower(x, low)
            high = upper(low.h, high)
            total = total + (high * high).sum()
    model = drawn(total * 1.0)
    assert [layer.name for layer in model.layers] == ["LSTMCell", "GRUCell", OUT]
    labels = [n.label for n in by_role(model, "state") if n.layer != OUT]
    assert sorted(labels) == [f"{s}_{t}" for s in "c" for t in range(3)] + sorted(
        [f"h_{t}" for t in range(3)] * 2
    )
    assert sorted(n.label for n in by_role(model, "initial")) == [
        "initial c", "initial h", "initial h"
    ]  # fmt: skip


def test_a_learned_start_leads_to_the_state_that_it_starts() -> None:
    cell = tr.LSTMCell(2, 3, rng=0, learn_state=True)
    for part in ("h_0", "c_0"):
        getattr(cell, part).data = RNG.normal(size=3)
    run = tr.unroll(cell, RNG.normal(size=(2, 1, 2)))
    model = drawn(run.final.h.sum())
    joined = {ends(model, edge) for edge in model.edges}
    assert ("h_0", "initial h") in joined
    assert ("c_0", "initial c") in joined
    assert ("c_0", "initial h") not in joined
    coarse = drawn(run.final.h.sum(), "step")
    assert {("initial h", "h_0"), ("initial c", "c_0")} <= {ends(coarse, e) for e in coarse.edges}


def test_a_constant_start_does_not_change_what_the_nodes_of_its_step_are() -> None:
    w = tr.Tensor(RNG.normal(size=3), requires_grad=True, name="w")
    h: Any = tr.Tensor(np.ones(3))
    for t, x in enumerate(RNG.normal(size=(4, 3))):
        with tr.scope("t", t):
            h = 0.5 * h + 0.3 * np.tanh(x + w)
    model = drawn(h.sum())
    keys = [{n.label: n.key for n in model.nodes if n.step == t and n.op != "leaf"}
            for t in range(4)]  # fmt: skip
    for label, key in keys[0].items():
        if not label.endswith("_0"):
            assert keys[1][label] == key
    (layer,) = model.layers
    assert len(layer.states) == 1
    assert [n.step for n in by_role(model, "state")] == [0, 1, 2, 3]


def test_a_state_is_known_though_nothing_in_its_loop_is_named() -> None:
    w, v = (tr.Tensor(RNG.normal(size=(3, 3)), requires_grad=True) for _ in range(2))
    start: Any = tr.Tensor(np.ones((1, 3)), requires_grad=True)
    h, c = start, start * 2.0
    for t in range(3):
        with tr.scope("t", t):
            c = c * 0.5 + np.tanh(h @ w)
            h = np.tanh(c @ v)
    model = drawn(h.sum())
    (layer,) = model.layers
    assert len(layer.states) == 2
    assert len(by_role(model, "state")) == 6
    assert len(model.strips) == 2


def test_layers_taken_step_by_step_are_shown_as_layers() -> None:
    layers = tr.LSTM(2, 3, num_layers=2, rng=0)
    state, h = None, None
    for t, x in enumerate(RNG.normal(size=(3, 1, 2))):
        with tr.scope("t", t):
            h, state = layers.step(x, state)
    assert h is not None
    model = drawn(h.sum())
    assert [layer.name for layer in model.layers] == ["layer 0", "layer 1"]
    assert [layer.steps for layer in model.layers] == [[0, 1, 2]] * 2
    labels = sorted(n.label for n in by_role(model, "state"))
    assert labels == sorted([f"{s}_{t}" for s in "hc" for t in range(3)] * 2)


def test_padded_steps_keep_all_states_of_all_steps() -> None:
    run = tr.unroll(tr.LSTMCell(2, 3, rng=0), RNG.normal(size=(5, 2, 2)), lengths=[5, 3])
    loss = run.final.h.sum()
    for detail in ("op", "gate", "cell", "step"):
        model = drawn(loss, detail)
        labels = sorted(n.label for n in by_role(model, "state"))
        assert labels == sorted(f"{s}_{t}" for s in "hc" for t in range(5))
        assert [strip.steps for strip in model.strips] == [[0, 1, 2, 3, 4]] * 2
