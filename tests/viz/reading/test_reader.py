"""From a recorded graph to the model: blocks, roles, keys and names, worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.reading.recorded import drawn, ends, find, leaf, two_steps
from viz.model import AFTER, BEFORE, OUT
from viz.reading.reader import read

# Blocks.


def test_a_scope_says_the_layer_the_step_and_the_gate() -> None:
    with tr.scope("encoder"), tr.scope("layer", 2), tr.scope("t", 3), tr.scope("forget gate"):
        gated = np.tanh(leaf("a"))
    node = find(drawn(gated * 1.0), "tanh\nforget")
    assert (node.layer, node.step, node.gate) == ("encoder / layer 2", 3, "forget gate")


def test_a_scope_without_an_index_is_no_step() -> None:
    with tr.scope("t"):
        y = np.tanh(leaf("a"))
    assert find(drawn(y * 1.0), "tanh").block == (AFTER, None)


def test_what_recurs_for_each_step_outside_has_a_layer_of_its_own() -> None:
    states, _ = two_steps()
    losses = [(state * state).sum() for state in states]
    model = drawn(losses[0] + losses[1])
    outside = [node for node in model.nodes if node.layer == OUT]
    assert sorted((node.step, node.op) for node in outside) == [
        (0, "multiply"), (0, "sum"), (1, "multiply"), (1, "sum"),
    ]  # fmt: skip
    assert [node.block for node in model.nodes if node.op == "add"] == [(AFTER, None)]
    assert {node.key for node in outside if node.op == "sum"} == {f"{OUT}||sum|1"}


def test_what_happens_after_one_step_alone_comes_after_them_all() -> None:
    states, _ = two_steps()
    model = drawn((states[0] * 3.0).sum() + states[1].mean())
    homes = {node.op: node.block for node in model.nodes if node.layer not in ("", BEFORE)}
    assert {"multiply", "sum", "add"} < set(homes)
    assert set(homes.values()) == {(AFTER, None)}


def test_a_total_that_is_carried_along_is_a_chain() -> None:
    h: Any = leaf("h_0", 1.0)
    total: Any = 0.0
    for t in range(3):
        with tr.scope("t", t):
            h = np.tanh(h)
            h.name = "h"
        total = total + h * h
    model = drawn(total)
    steps = [node.step for node in model.nodes if node.op == "add"]
    assert steps == [0, 1, 2]
    assert {node.layer for node in model.nodes if node.op == "add"} == {OUT}
    assert [layer.name for layer in model.layers] == ["", OUT]


def test_a_leaf_stands_with_its_only_user() -> None:
    x, far = leaf("x", np.ones(2), grad=False), leaf("far", np.ones(2))
    states, _ = two_steps()
    with tr.scope("t", 1):
        y = states[1] * x
    with tr.scope("t", 0):
        z = far * 2.0
    model = drawn((y + z).sum())
    assert find(model, "x_1").block == ("", 1)
    assert find(model, "far").block == ("", 0)
    assert find(model, "initial h").block == (BEFORE, None)


def test_what_is_made_before_all_steps_from_what_is_shared_comes_before_them() -> None:
    w = leaf("w", np.ones(2))
    doubled = w * 2.0
    h: Any = leaf("h_0", np.ones(2))
    for t in range(2):
        with tr.scope("t", t):
            h = np.tanh(h * doubled)
            h.name = "h"
    model = drawn(h.sum())
    before = {node.op for node in model.nodes if node.block == (BEFORE, None)}
    assert before == {"leaf", "multiply"}
    shared = [node for node in model.nodes if node.role == "shared"]
    assert [node.step for node in shared] == [0, 1]


def test_what_no_step_leads_to_and_only_the_end_uses_comes_after() -> None:
    states, _ = two_steps()
    v = leaf("v", np.ones(2))
    model = drawn((states[1] * np.exp(v)).sum())
    assert {find(model, "v").block, find(model, "exp").block} == {(AFTER, None)}


# Layers and states.


def test_a_layers_states_are_what_it_hands_on_with_h_first() -> None:
    run = tr.unroll(tr.LSTMCell(1, 2, rng=0), np.ones((3, 1, 1)))
    (layer,) = drawn(run.final.h.sum()).layers
    assert (layer.name, layer.steps, layer.reverse) == ("", [0, 1, 2], False)
    assert [key.split("|")[2] for key in layer.states] == ["h", "c"]


def test_a_single_step_has_states_though_it_hands_nothing_on() -> None:
    run = tr.unroll(tr.LSTMCell(1, 2, rng=0), np.ones((1, 1, 1)))
    (layer,) = drawn(run.final.h.sum()).layers
    assert [key.split("|")[2] for key in layer.states] == ["h", "c"]


def test_a_layer_that_runs_backwards_knows_it() -> None:
    h: Any = leaf("h_0", 1.0)
    for t in (2, 1, 0):
        with tr.scope("t", t):
            h = np.tanh(h)
            h.name = "h"
    (layer,) = drawn(h * 1.0).layers
    assert (layer.steps, layer.reverse) == ([0, 1, 2], True)


# Roles.


def test_roles_say_what_a_tensor_is_for() -> None:
    cell = tr.RNNCell(1, 2, rng=0)
    run = tr.unroll(cell, np.ones((2, 1, 1)), truncate=1)
    model = drawn((run.final * leaf(None, np.ones(2), grad=False)).sum())
    roles = {node.label.split("\n")[0]: node.role for node in model.nodes}
    assert roles == {
        "initial h": "initial", "x_0": "input", "x_1": "input", "W_ih": "parameter",
        "W_hh": "parameter", "b": "parameter", "h_0": "state", "h_1": "state", "cut": "cut",
        "linear": "op", "constant": "constant", "\N{MULTIPLICATION SIGN}": "op", "loss": "loss",
    }  # fmt: skip


def test_a_leaf_used_twice_in_a_step_has_a_tag_at_each_use() -> None:
    w = leaf("w", 2.0)
    with tr.scope("t", 0):
        y = np.tanh(w) * np.exp(w)
    model = drawn(y * 1.0)
    tags = [node for node in model.nodes if node.name == "w"]
    assert [node.role for node in tags] == ["parameter"] * 2
    flow = tr.trace(y * 1.0)
    by_op = {edge.consumer.op.name: edge.l2 for edge in flow.edges}
    targets = {edge.source: edge.target for edge in model.edges}
    ops = {node.id: node.op for node in model.nodes}
    for tag in tags:
        assert tag.gradient is not None
        assert tag.gradient.l2 == pytest.approx(by_op[ops[targets[tag.id]]])


def test_both_slots_of_one_operation_share_a_tag_with_their_sum() -> None:
    w = leaf("w", 3.0)
    with tr.scope("t", 0):
        y = w * w
    model = drawn(y * 1.0)
    (tag,) = (node for node in model.nodes if node.name == "w")
    assert tag.gradient is not None
    assert tag.gradient.l2 == 6.0  # dL/dw = 2 w, of which each edge carries half
    both = [edge for edge in model.edges if edge.source == tag.id]
    assert [edge.slot for edge in both] == [0, 1]
    assert [edge.gradient.l2 for edge in both if edge.gradient] == [3.0, 3.0]
    assert [edge.holds for edge in both] == [1, 1]


def test_an_unnamed_leaf_is_called_by_what_it_is() -> None:
    model = drawn(leaf(None, 2.0) * leaf(None, 3.0, grad=False))
    assert {node.label: node.role for node in model.nodes if node.op == "leaf"} == {
        "leaf": "parameter", "constant": "constant",
    }  # fmt: skip


# Keys and ports.


def test_the_same_job_has_the_same_key_in_every_step() -> None:
    run = tr.unroll(tr.GRUCell(1, 2, rng=0), np.ones((3, 1, 1)))
    model = drawn(run.final.sum())
    by_step = [
        {n.key for n in model.nodes if n.step == t and n.role != "junction"} for t in range(3)
    ]
    assert by_step[1] == by_step[2]
    keys = [n.key for n in model.nodes if n.step == 1]
    assert len(keys) == len(set(keys))


def test_several_of_a_kind_are_counted_in_their_step() -> None:
    with tr.scope("t", 0):
        y = np.tanh(np.tanh(leaf("a")))
    keys = [node.key for node in drawn(y * 1.0).nodes if node.op == "tanh"]
    assert keys == ["||tanh|1", "||tanh|2"]


def test_ports_say_where_a_line_enters_its_block() -> None:
    states, _ = two_steps()
    with tr.scope("t", 1):
        skipped = states[1] * 2.0
    loss = (skipped + states[0] * 0.5).sum()
    model = drawn(loss)
    ports = {ends(model, edge): edge.port for edge in model.edges}
    assert ports["initial h", "h_0"] == "<||h|1"
    assert ports["h_0", "h_1"] == "<||h|1"
    assert ports["h_1", "\N{MULTIPLICATION SIGN} 2"] == ""  # inside its step
    assert ports["h_0", "\N{MULTIPLICATION SIGN} 0.5"] == ""  # not the last step: past others
    assert ports["\N{MULTIPLICATION SIGN} 2", "+"].startswith("<")


def test_a_layer_above_is_entered_from_below() -> None:
    run = tr.GRU(1, 1, num_layers=2, rng=0)(np.ones((2, 1, 1)))
    model = drawn(run.outputs.sum(), "step")
    nodes = {node.id: node for node in model.nodes}
    up = [
        edge for edge in model.edges
        if nodes[edge.source].layer != nodes[edge.target].layer
        and None not in (nodes[edge.source].step, nodes[edge.target].step)
    ]  # fmt: skip
    assert up
    assert all(edge.port == f"_{nodes[edge.source].key}" for edge in up)


def test_a_state_used_several_times_arrives_at_a_junction() -> None:
    h: Any = leaf("h_0", np.array([0.5, -0.25]))
    for t in range(2):
        with tr.scope("t", t):
            h = np.tanh(h) * np.exp(h)
            h.name = "h"
    loss = h.sum()
    flow = tr.trace(loss)
    model = drawn(loss)
    junctions = [node for node in model.nodes if node.role == "junction"]
    assert [(node.id, node.step, node.name, node.shape) for node in junctions] == [
        ("j0", 0, "h_0", (2,)), ("j1", 1, "h", (2,)),
    ]  # fmt: skip
    rails = [edge for edge in model.edges if edge.rail]
    assert [(edge.id, edge.target, edge.rail) for edge in rails] == [
        ("r0", "j0", "initial h"), ("r1", "j1", "h_0"),
    ]  # fmt: skip
    parts: dict[str, list[Any]] = {"j0": [], "j1": []}
    for edge in model.edges:
        if edge.via:
            parts[edge.via].append(edge)
    assert [len(found) for found in parts.values()] == [2, 2]
    sums = {}
    for sent in flow.edges:
        key = (sent.source.name, sent.source.index)
        sums[key] = sums.get(key, 0.0) + flow.contribution(sent)
    norms = {np.linalg.norm(total).round(9) for (name, _), total in sums.items() if name}
    for node in junctions:
        assert node.gradient is not None
        assert round(node.gradient.l2, 9) in norms


def test_without_a_flow_nothing_is_known_of_any_edge() -> None:
    states, _ = two_steps()
    model = drawn(states[1].sum(), flow=False)
    assert {edge.flow for edge in model.edges} == {"unknown"}
    assert {node.gradient for node in model.nodes} == {None}
    assert (model.has_flow, model.parameters, model.strips) == (False, [], [])


def test_only_tensors_can_be_drawn() -> None:
    class Half:
        inputs = ()

    for thing in (None, 3.0, Half(), np.ones(2)):
        with pytest.raises(viz.VizError, match="needs a Tensor"):
            read(thing)


def test_what_follows_gets_a_junction_of_a_state_that_it_uses_twice() -> None:
    states, _ = two_steps()
    model = drawn((states[1] * states[1]).sum())
    (junction,) = (node for node in model.nodes if node.block == (AFTER, None) and node.name == "h")
    assert junction.role == "junction"
    assert [edge.via for edge in model.edges if edge.slot >= 0][-3:] == [junction.id] * 2 + [""]
    leaves = drawn((leaf("v", np.ones(2)) * 2.0 + states[1]).sum())
    assert not [
        node for node in leaves.nodes if node.block == (AFTER, None) and node.role == "junction"
    ]


def test_what_recurs_outside_is_one_node_for_each_step_at_the_coarser_levels() -> None:
    states, _ = two_steps()
    losses = [(state * state).sum() for state in states]
    for detail in ("cell", "step"):
        model = drawn(losses[0] * 1.0 + losses[1] * 1.0, detail)
        outside = [(n.step, n.holds, n.role) for n in model.nodes if n.layer == OUT]
        assert outside == [(0, 3, "gate"), (1, 3, "gate")]


@pytest.mark.parametrize("order", [("h", "c"), ("c", "h")])
def test_at_the_coarsest_level_a_state_leads_to_its_own_next_value(order: tuple[str, str]) -> None:
    old: dict[str, Any] = {name: leaf(f"{name}_0", np.array([0.5, -0.25])) for name in order}
    w = leaf("w", np.array([0.5, 2.0]))
    for t in range(2):
        with tr.scope("t", t):
            new = {name: np.tanh(old["h"] * w + old["c"]) * (k + 1.0)
                   for k, name in enumerate(order)}  # fmt: skip
            for name in order:
                new[name].name = name
            old = new
    model = drawn((old["h"] + old["c"]).sum(), "step")
    labels = {node.id: node.label for node in model.nodes}
    joined = [(labels[e.source], labels[e.target]) for e in model.edges if not e.rail]
    inside = sorted(pair for pair in joined if pair[1] != "loss")
    assert inside == sorted(
        [("initial h", "h_0"), ("initial c", "c_0"), ("h_0", "h_1"), ("c_0", "c_1")]
    )
    assert sorted(pair for pair in joined if pair[1] == "loss") == [
        ("c_1", "loss"),
        ("h_1", "loss"),
    ]
