"""The difference of two flows: its numbers, where the two part, and how that is drawn."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from viz.difference import PARTING, Difference


class Wrong(tr.GradientFlow):
    """A sweep that somebody made by hand, in which one edge sends something else."""

    def __init__(self, true, at, factor):
        super().__init__()
        self.kept = {}
        sums = self.begin(true.root)
        sums[true.root.index] = np.ones(true.root.shape)
        for node in reversed(tr.graph.topological(true.root, differentiable=True)):
            for slot, source in enumerate(node.inputs if node.op else ()):
                if not isinstance(source, tr.Tensor) or not source.requires_grad:
                    continue
                values = tuple(getattr(x, "data", x) for x in node.inputs)
                part = node.op.vjp(slot, sums[node.index], node.data, values, node.params)
                part = part * factor if (node.index, slot) == at else part
                self.kept[node.index, slot] = part
                sums[source.index] = sums.get(source.index, 0.0) + part
                self(node, slot, source, part)

    def contribution(self, edge):
        return self.kept[edge.consumer.index, edge.slot]


@pytest.fixture
def recorded():
    rng = np.random.default_rng(0)
    run = tr.unroll(tr.RNNCell(2, 3, rng=rng), rng.standard_normal((4, 2, 2)))
    loss = (run.final * rng.standard_normal((2, 3))).sum()
    return run, loss, tr.trace(loss)


def test_it_is_linear_in_what_is_swept_back():
    rng = np.random.default_rng(1)
    run = tr.unroll(tr.GRUCell(2, 3, rng=rng), rng.standard_normal((3, 2, 2)))
    g, k = rng.standard_normal((2, 2, 3))
    both = Difference(tr.trace(run.final, g), tr.trace(run.final, k))
    alone = tr.trace(run.final, g - k)
    for mine, other in zip(both.edges, alone.edges, strict=True):
        np.testing.assert_allclose(both.contribution(mine), alone.contribution(other), atol=1e-13)
        assert mine.l2 == pytest.approx(other.l2, rel=1e-10)
        np.testing.assert_allclose(
            both.gradient(mine.source), alone.gradient(mine.source), atol=1e-13
        )
    assert not both.departing  # they differ from the start on


def test_a_flow_does_not_differ_from_its_like(recorded):
    _, _, flow = recorded
    same = Difference(flow, Wrong(flow, None, 1.0))
    assert not same.departing
    assert max(edge.max for edge in same.edges) == 0


def test_only_the_edge_at_fault_departs(recorded):
    run, _, flow = recorded
    at = (run.hidden[2].index, 0)  # from h_2 back to its pre-activation
    difference = Difference(flow, Wrong(flow, at, 2.0))
    assert difference.departing == {at}
    assert all(difference.norm(h) == 0 for h in run.hidden[2:])
    assert all(difference.norm(h) > 0 for h in run.hidden[:2])
    np.testing.assert_allclose(difference.gradient(run.hidden[1]), -flow.gradient(run.hidden[1]))


def test_it_is_drawn_in_red_there_and_dashed_where_the_flows_agree(recorded):
    run, loss, flow = recorded
    wrong = Wrong(flow, (run.hidden[2].index, 0), 2.0)
    picture = viz.draw(loss, flow, against=wrong)
    kinds = [edge.flow for edge in picture.model.edges]
    assert kinds.count("departs") == 1
    assert "zero" in kinds
    assert "flows" in kinds
    assert PARTING in picture.model.notes
    red = [line for line in picture.digraph.body if 'class="departs alarm"' in line]
    assert len(red) == 1
    assert re.search(r'color="#d00020"', red[0])
    assert viz.draw(loss, flow).scale == picture.scale
    assert "departs" not in [edge.flow for edge in viz.draw(loss, flow).model.edges]


def test_it_has_a_page_too(recorded):
    run, loss, flow = recorded
    wrong = Wrong(flow, (run.hidden[2].index, 0), 2.0)
    assert viz.draw(loss, flow, against=wrong).to_bytes("html").startswith(b"<!doctype html>")


def test_flows_of_two_graphs_are_refused(recorded):
    _, loss, flow = recorded
    with pytest.raises(viz.VizError, match="traced from the same tensor"):
        viz.draw(loss, flow, against=tr.trace(2.0 * loss))
    with pytest.raises(viz.VizError, match="traced from the same tensor"):
        viz.draw(loss, against=flow)
