"""Numbers beside edges touch nothing; where there is no room for one it is in the tooltip only."""

import math

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.benchmarks.overlaps.counting import Face, findings, read
from viz.layout.numbers import settle
from viz.metrics import SMALL, text_width
from viz.model import Model, ModelEdge, ModelNode, Size
from viz.style import Scale

SCALE = Scale(1.0, -3.0, 0.0)
SIZE = Size(0.15, 0.15, 0.15)


def one_line(*more: ModelNode) -> Model:
    """A long line from left to right with its number where another might want to be."""
    edge = ModelEdge("e0", "k", "a", "b", 0, "flows", SIZE)
    edge.points = [(20.0, 50.0), (80.0, 50.0), (140.0, 50.0), (200.0, 50.0)]
    edge.label = (110.0, 60.0)
    model = Model("", "l2", "op", "b", list(more), [edge], [], [], [], [], [])
    model.width, model.height = 220.0, 100.0
    return model


def a_node(x: float, y: float, width: float, height: float) -> ModelNode:
    return ModelNode("n", "n", "", "add", "op", "", None, x=x, y=y, width=width, height=height)


def test_a_number_that_touches_nothing_stays() -> None:
    model = one_line()
    settle(model, SCALE)
    assert model.edges[0].label == (110.0, 60.0)


@pytest.mark.parametrize("x", [90.0, 110.0, 130.0])
def test_a_number_under_a_node_moves_along_its_edge(x: float) -> None:
    model = one_line(a_node(x, 60.0, 40.0, 10.0))
    settle(model, SCALE)
    label = model.edges[0].label
    assert label is not None
    half = text_width("0.15", SMALL) / 2
    assert abs(label[0] - x) >= half + 20 or abs(label[1] - 60) >= 8
    assert 50 < label[1] < 70  # on the side where the gradient runs


def test_a_number_without_room_is_left_to_the_tooltip() -> None:
    model = one_line(a_node(110.0, 50.0, 210.0, 90.0))
    settle(model, SCALE)
    assert model.edges[0].label is None


def test_two_numbers_do_not_share_a_place() -> None:
    model = one_line()
    first = model.edges[0]
    second = ModelEdge("e1", "k", "a", "b", 1, "flows", SIZE, points=list(first.points))
    second.points = [(x, y + 40) for x, y in first.points]
    second.label = first.label
    model.edges.append(second)
    settle(model, SCALE)
    assert first.label is not None
    assert second.label is not None
    assert math.dist(first.label, second.label) > 8


@pytest.mark.parametrize("detail", ["op", "gate", "cell", "step"])
@pytest.mark.parametrize("cell", [tr.RNN, tr.LSTM, tr.GRU])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"bidirectional": True}])
def test_nothing_touches_in_ordinary_pictures(cell, detail, options) -> None:
    rng = np.random.default_rng(0)
    run = cell(3, 4, rng=rng, **options)(rng.normal(size=(4, 2, 3)))
    loss = np.square(run.outputs[-1]).mean()
    dot = viz.draw(loss, tr.trace(loss), detail).to_bytes("dot").decode()
    for font in ("DejaVu", "Arial"):
        assert list(findings(read(dot, Face(font)))) == []
