"""Graphs other than one cell with a loss at the end: every one is drawn, and drawn truly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from viz.model import AFTER, OUT, Model

RNG = np.random.default_rng(5)


class Leaky(tr.Cell):
    """A cell of one's own: no scopes, no gates, a state that is kept in part."""

    def __init__(self) -> None:
        self.w = tr.Parameter(RNG.normal(size=(3, 3)))
        self.v = tr.Parameter(RNG.normal(size=(2, 3)))

    def initial_state(self, batch: int) -> Any:
        return tr.Tensor(np.zeros((batch, 3)))

    def __call__(self, x: Any, state: Any) -> Any:
        return 0.9 * state + np.tanh(x @ self.v + state @ self.w)


def own_cell() -> tr.Tensor:
    return tr.unroll(Leaky(), RNG.normal(size=(7, 2, 2))).final.sum()


def stacked() -> tr.Tensor:
    run = tr.LSTM(2, 3, num_layers=2, rng=0)(RNG.normal(size=(4, 2, 2)))
    return (run.outputs * run.outputs).sum()


def bidirectional() -> tr.Tensor:
    run = tr.GRU(2, 3, bidirectional=True, rng=0)(RNG.normal(size=(4, 2, 2)))
    return (run.outputs * run.outputs).sum()


def truncated() -> tr.Tensor:
    cell = tr.LSTMCell(2, 3, rng=0)
    return tr.unroll(cell, RNG.normal(size=(5, 2, 2)), truncate=2).final.h.sum()


def lengths() -> tr.Tensor:
    cell = tr.GRUCell(2, 3, rng=0)
    return tr.unroll(cell, RNG.normal(size=(5, 2, 2)), lengths=[5, 2]).final.sum()


def one_step() -> tr.Tensor:
    return tr.unroll(tr.LSTMCell(2, 3, rng=0), RNG.normal(size=(1, 2, 2))).final.h.sum()


def no_scopes() -> tr.Tensor:
    w = tr.Tensor(RNG.normal(size=(3, 3)), requires_grad=True, name="w")
    h: Any = tr.Tensor(np.ones((2, 3)))
    for _ in range(5):
        h = np.tanh(h @ w)
    return (h * h).sum()


def skips() -> tr.Tensor:
    w = tr.Tensor(0.5, requires_grad=True, name="w")
    h: list[Any] = [tr.Tensor(1.0), tr.Tensor(2.0)]
    for t in range(9):
        with tr.scope("t", t):
            h.append(np.tanh(h[-1] * w + h[-2] * 0.3))
    return h[-1] * 1.0


def embedding() -> tr.Tensor:
    table = tr.Parameter(RNG.normal(size=(6, 2)), name="table")
    chosen = table[np.array([[0, 1], [2, 3], [4, 5]])]
    return tr.unroll(tr.GRUCell(2, 3, rng=0), chosen).final.sum()


def hostile_names() -> tr.Tensor:
    x = tr.Tensor(2.0, requires_grad=True, name='</script>"<b>\\N &lt; a:b\n\u202e \x07 e\N{BUG}')
    return x * x


def lone_leaf() -> tr.Tensor:
    return tr.Tensor(1.0, requires_grad=True)


def no_entries() -> tr.Tensor:
    x = tr.Tensor(np.zeros((0, 3)), requires_grad=True)
    return (x * x).sum()


GRAPHS = [
    own_cell, stacked, bidirectional, truncated, lengths, one_step, no_scopes, skips, embedding,
    hostile_names, lone_leaf, no_entries,
]  # fmt: skip


def check(model: Model) -> None:
    ends = {node.id for node in model.nodes} | {box.id for box in model.omitted}
    for edge in model.edges:
        assert {edge.source, edge.target} <= ends
        assert len(edge.points) % 3 == 1, edge
        assert np.isfinite(edge.points).all()
    for node in model.nodes:
        assert 0 <= node.x <= model.width
        assert 0 <= node.y <= model.height


@pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("steps", ["auto", "all"])
def test_is_placed_at_every_level(build: Callable[[], tr.Tensor], steps: str) -> None:
    loss = build()
    flow = tr.trace(loss)
    for detail in ("op", "gate", "cell", "step"):
        check(viz.draw(loss, flow, detail=detail, steps=steps).model)
    check(viz.draw(loss).model)


@pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)
def test_is_painted_with_every_number_that_was_computed(build: Callable[[], tr.Tensor]) -> None:
    loss = build()
    flow = tr.trace(loss)
    picture = viz.draw(loss, flow, steps="all")
    assert picture.to_bytes("svg").endswith(b"</svg>\n")
    drawn = sorted(e.gradient.l2 for e in picture.model.edges if e.gradient and not e.rail)
    assert drawn == sorted(edge.l2 for edge in flow.edges)


def test_cuts_are_marked_and_nothing_flows_before_them() -> None:
    loss = truncated()
    model = viz.draw(loss, tr.trace(loss), steps="all").model
    assert {node.step for node in model.nodes if node.role == "cut"} == {2, 4}
    cuts = [edge for edge in model.edges if edge.flow == "cut"]
    assert len(cuts) == 4  # h and c, twice
    assert all(edge.gradient is None for edge in cuts)
    early = {node.id for node in model.nodes if node.step is not None and node.step < 4}
    assert all(edge.flow in ("none", "cut") for edge in model.edges if edge.source in early)


def test_a_backward_layer_runs_right_to_left() -> None:
    loss = bidirectional()
    model = viz.draw(loss, tr.trace(loss)).model
    assert [layer.reverse for layer in model.layers if layer.name != OUT] == [False, True]
    nodes = {node.id: node for node in model.nodes}
    for edge in model.edges:
        if edge.rail and nodes[edge.source].role == "state":
            a, b = nodes[edge.source], nodes[edge.target]
            assert (b.x < a.x) == (a.layer == "backward")


def test_rails_of_masked_steps_are_one_rail() -> None:
    loss = lengths()
    model = viz.draw(loss, tr.trace(loss)).model
    states = [node for node in model.nodes if node.role == "state"]
    assert len({node.key for node in states}) == 1
    assert len({node.y for node in states}) == 1


def test_all_zero_and_all_nan_are_true_pictures() -> None:
    run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((3, 1, 2)))
    zero = (run.final * 0.0).sum()
    model = viz.draw(zero, tr.trace(zero)).model
    inside = {node.id for node in model.nodes if node.layer != AFTER}
    assert {e.flow for e in model.edges if e.source in inside} == {"zero", "none"}
    with np.errstate(all="ignore"):
        run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.full((3, 1, 2), np.nan))
        loss = run.final.sum()
        picture = viz.draw(loss, tr.trace(loss))
    source = picture.digraph.source
    assert 'class="nonfinite alarm"' in source
    assert '"NaN' in source or "NaN" in source
    assert b"NaN" in picture.to_bytes("json")


def test_names_are_shown_as_they_are() -> None:
    loss = hostile_names()
    svg = viz.draw(loss, tr.trace(loss), title="<b>&amp;\\n</b>").to_bytes("svg").decode()
    assert "<script" not in svg
    assert "</script>" not in svg
    assert "&lt;b&gt;&amp;amp;\\n&lt;/b&gt;</title>" in svg
