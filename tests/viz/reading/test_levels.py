from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.graphs import last_loss, loss_at_every_step
from tests.viz.page.unpack import unpacked
from viz.model import Model
from viz.reading.levels import DrawnNodes


def drawn(kind: str, detail: str, steps: int = 3) -> tuple[Model, tr.GradientFlow, tr.Tensor]:
    loss = last_loss(kind, steps)
    flow = tr.trace(loss)
    return viz.draw(loss, flow, detail=detail, steps="all").model, flow, loss


def sent_back(flow: tr.GradientFlow, source: tr.Tensor, step: int) -> float:
    """Norm of all that a step's operations sent back to a tensor, summed from single edges."""
    parts = [
        flow.contribution(edge)
        for edge in flow.edges
        if edge.source is source
        and any(s.name == "t" and s.index == step for s in edge.consumer.scope)
    ]
    return float(np.linalg.norm(sum(parts)))


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("detail", ["cell", "step"])
def test_a_collapsed_edge_shows_the_true_gradient_across_the_boundary(
    kind: str, detail: str
) -> None:
    model, flow, loss = drawn(kind, detail)
    states = {
        (tensor.name, tensor.scope[0].index): tensor
        for tensor in tr.graph.topological(loss)
        if tensor.name in ("h", "c") and tensor.op is not None
    }
    nodes = {node.id: node for node in model.nodes}
    compared = 0
    for edge in model.edges:
        source, target = nodes[edge.source], nodes[edge.target]
        if source.role != "state" or target.step is None or source.step == target.step:
            continue
        assert source.step is not None
        expected = sent_back(flow, states[(source.name, source.step)], target.step)
        assert edge.gradient is not None
        assert edge.gradient.l2 == pytest.approx(expected, rel=1e-12)
        compared += 1
    assert compared == 2 * len(model.layers[0].states)


def test_a_bundle_is_not_the_mean_or_the_sum_of_the_norms_it_hides() -> None:
    fine, _, _ = drawn("gru", "op")
    coarse, _, _ = drawn("gru", "cell")
    nodes = {node.id: node for node in coarse.nodes}
    bundle = next(e for e in coarse.edges if nodes[e.source].label == "h_1" and e.holds > 1)
    hidden = [e for e in fine.edges if e.via and nodes.get(e.source) and not e.rail]
    hidden = [e for e in hidden if nodes[e.source].label == "h_1"]
    assert bundle.holds == len(hidden) > 1
    assert bundle.gradient is not None
    norms = [edge.gradient.l2 for edge in hidden if edge.gradient]
    assert bundle.gradient.l2 not in (pytest.approx(sum(norms)), pytest.approx(np.mean(norms)))


def test_gate_level_has_one_node_per_gate_and_state() -> None:
    model, _, _ = drawn("lstm", "gate")
    step = [node for node in model.nodes if node.step == 1 and node.role in ("gate", "state")]
    assert sorted(node.label for node in step) == sorted(
        ["input", "forget", "candidate", "output", "c_1", "h_1"]
    )
    assert next(node for node in step if node.label == "h_1").holds > 1


def test_each_level_is_smaller_than_the_one_before() -> None:
    counts = [len(drawn("lstm", detail)[0].nodes) for detail in ("op", "gate", "cell", "step")]
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == 4


def test_step_level_has_only_states() -> None:
    model, _, _ = drawn("lstm", "step")
    assert {node.role for node in model.nodes if node.step is not None} == {"state"}


@pytest.mark.parametrize("detail", ["op", "gate", "cell", "step"])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_every_level_of_every_cell_is_painted(kind: str, detail: str) -> None:
    loss = loss_at_every_step(kind, 9)
    picture = viz.draw(loss, tr.trace(loss), detail=detail)
    assert picture.model.omitted or detail in ("cell", "step")
    assert picture.to_bytes("svg").endswith(b"</svg>\n")
    ends = {node.id for node in picture.model.nodes} | {box.id for box in picture.model.omitted}
    for edge in picture.model.edges:
        assert {edge.source, edge.target} <= ends
        assert len(edge.points) % 3 == 1, edge


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_no_two_nodes_overlap_and_no_number_stands_on_a_node(kind: str) -> None:
    model, _, _ = drawn(kind, "op", 4)
    boxes = [
        (n.x - n.width / 2, n.y - n.height / 2, n.x + n.width / 2, n.y + n.height / 2)
        for n in model.nodes
        if n.role != "junction"
    ]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a, b)
    for edge in model.edges:
        if edge.label:
            x, y = edge.label
            assert not any(a < x < c and b < y < d for a, b, c, d in boxes), edge


def test_states_stand_inside_their_cell_one_above_the_other() -> None:
    model, _, _ = drawn("lstm", "cell")
    for cell in (node for node in model.nodes if node.role == "cell"):
        inside = [n for n in model.nodes if n.role == "state" and n.step == cell.step]
        assert len(inside) == 2
        assert {n.x for n in inside} == {cell.x}
        for state in inside:
            assert abs(state.y - cell.y) + state.height / 2 < cell.height / 2
        for edge in model.edges:
            if edge.target == cell.id and edge.port:
                assert edge.points[-1][0] < cell.x - cell.width / 2  # the arrow ends at its side


def test_a_level_of_ones_own_is_a_name_a_branch_and_two_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the README says of it; here the gates of an LSTM are drawn as one node."""
    place = DrawnNodes._place

    def with_gates_together(self: DrawnNodes, tensor: Any) -> Any:
        if self.detail != "gates":
            return place(self, tensor)
        if tensor.op is None or not self.recording.gates.get(id(tensor), "").endswith("gate"):
            return "", id(tensor)  # drawn by itself
        return "gate", (self.recording.homes[id(tensor)], "gates")

    monkeypatch.setattr(DrawnNodes, "_place", with_gates_together)
    for module in (viz.reading.levels, viz.build):
        monkeypatch.setattr(module, "LEVELS", ("op", "gates", "gate", "cell", "step"))
    for numbers in (
        viz.reading.omission.MAX_STEPS_UNCUT,
        viz.reading.omission.STEPS_KEPT_AT_EACH_END,
    ):
        monkeypatch.setitem(numbers, "gates", 5)
    model, flow, loss = drawn("lstm", "gates")
    (gates,) = (node for node in model.nodes if node.step == 1 and node.holds == 3)
    (edge,) = (e for e in model.edges if e.target == gates.id)
    shares = [
        flow.contribution(edge)
        for edge in flow.edges
        if (path := [str(part) for part in edge.consumer.scope])
        and path[0] == "t = 1"
        and path[-1] in ("input gate", "forget gate", "output gate")
    ]
    assert len(shares) == 3
    assert edge.gradient is not None
    assert edge.gradient.l2 == pytest.approx(np.linalg.norm(sum(shares)), rel=1e-12)
    html = viz.draw(loss, flow, detail="gates").to_bytes("html").decode()
    assert "gates" in unpacked(html)[1]["pictures"][0]["levels"]
