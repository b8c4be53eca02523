"""The DOT that a placed model is written as, attribute by attribute."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.viz.models import Attributes, gap, model, node, size, statements
from viz.dot.marks import points
from viz.dot.writer import digraph
from viz.model import Cluster, Model, Strip
from viz.style import DARK, LIGHT, Scale

SCALE = Scale(0.01, -2.0, 2.0)  # widths: 0.9 at 1e-4, 3.45 at 0.01, 6 at 1


def written(drawn: Model, dark: bool = False) -> dict[str, Attributes]:
    return statements(digraph(drawn, SCALE, DARK if dark else LIGHT))


def node_as(**facts: Any) -> Attributes:
    return written(model([node("n", 100, 50, **facts)]))["n"]


# The whole.


def test_the_paper_has_the_models_size_and_the_themes_colours() -> None:
    found = written(model([], width=321.5, height=99.25), dark=True)
    assert found["graph"]["bb"] == "0,0,321.5,99.25"
    assert found["graph"]["bgcolor"] == DARK.background
    assert found["graph"]["fontsize"] == "10"
    assert found["graph"]["outputorder"] == "edgesfirst"
    assert (found["node"]["fillcolor"], found["node"]["fontcolor"]) == (DARK.node, DARK.text)
    assert (found["node"]["fixedsize"], found["node"]["margin"]) == ("true", "0")
    assert found["edge"]["fontsize"] == "8"
    assert found["edge"]["color"] == DARK.muted


def test_a_frame_is_a_cluster_of_the_nodes_of_its_step() -> None:
    nodes = [node("a", step=0), node("b", step=1), node("c", layer="2", step=0), node("d")]
    box = Cluster("7", "t = 0", "", 0, "", 10.0, 20.0, 100.0, 60.0)
    found = written(model(nodes, clusters=[box]))["cluster_7"]
    assert found["nodes"].split() == ["a"]
    assert found["bb"] == "10,20,110,80"
    assert found["lp"] == "60,71"  # 9 points below its upper side
    box.aside = -7.5
    assert written(model(nodes, clusters=[box]))["cluster_7"]["lp"] == "52.5,71"
    assert (found["label"], found["class"]) == ("t = 0", "step")
    assert (found["color"], found["fillcolor"]) == (LIGHT.cluster_line, LIGHT.cluster)


def test_a_frame_of_one_part_takes_no_node_of_another() -> None:
    nodes = [node("a_n", step=0, part="A"), node("b_n", step=0, part="B")]
    boxes = [Cluster(i, "t = 0", "", 0, "", 0.0, 0.0, 9.0, 9.0, part=i) for i in "AB"]
    found = written(model(nodes, clusters=boxes))
    assert (found["cluster_A"]["nodes"], found["cluster_B"]["nodes"]) == ("a_n ", "b_n ")


# Nodes.


def test_a_node_stands_where_the_model_says_in_inches() -> None:
    found = node_as(width=36.0, height=18.0, gradient=size(0.01), label="tanh")
    assert (found["pos"], found["width"], found["height"]) == ("100,50", "0.5000", "0.2500")
    assert (found["label"], found["color"], found["class"]) == ("tanh", LIGHT.ramp[3], "op g0")
    assert found["fillcolor"] == LIGHT.node
    assert "shape" not in found
    assert "fontsize" not in found


@pytest.mark.parametrize(
    ("role", "fill", "style"),
    [
        ("state", LIGHT.state, None),
        ("initial", LIGHT.state, "rounded,filled,dashed"),
        ("parameter", LIGHT.parameter, "filled"),
        ("input", LIGHT.parameter, "filled"),
        ("shared", LIGHT.node, "filled"),
        ("constant", LIGHT.node, "filled,dashed"),
        ("cut", LIGHT.node, "filled,dotted"),
        ("gate", LIGHT.node, None),
    ],
)
def test_a_role_has_its_fill_and_its_outline(role: str, fill: str, style: str | None) -> None:
    found = node_as(role=role)
    assert (found["fillcolor"], found.get("style")) == (fill, style)
    assert found["class"] == f"{role} silent"


def test_an_operation_as_wide_as_high_is_round() -> None:
    assert node_as(width=22.0, height=22.0)["shape"] == "ellipse"
    assert "shape" not in node_as(width=22.0, height=22.0, role="gate")


def test_a_junction_is_a_dot_in_its_gradients_colour() -> None:
    found = node_as(role="junction", gradient=size(1.0), label="h")
    assert (found["shape"], found["fillcolor"], found["label"]) == ("circle", LIGHT.ramp[-1], "")


@pytest.mark.parametrize(
    ("role", "height", "gradient", "label"),
    [
        ("state", 31.0, 0.012, "h_1\n0.012"),
        ("state", 31.0, None, "h_1\n0"),
        ("parameter", 25.0, 0.012, "h_1\n0.012"),
        ("parameter", 25.0, None, "h_1\n"),
        ("parameter", 20.0, 0.012, "h_1"),
        ("op", 31.0, 0.012, "h_1"),
    ],
)
def test_states_and_high_tags_hold_their_number(
    role: str, height: float, gradient: float | None, label: str
) -> None:
    found = node_as(role=role, height=height, gradient=gradient and size(gradient), label="h_1")
    assert found["label"] == label


def test_without_a_flow_a_state_holds_its_name_alone() -> None:
    drawn = model([node("n", role="state", label="h_1")], has_flow=False)
    assert written(drawn)["n"]["label"] == "h_1"


@pytest.mark.parametrize(
    ("role", "label", "font"),
    [("input", "x_1", "8"), ("op", "a\nb", "8"), ("gate", "a\nb", None), ("op", "a", None)],
)
def test_tags_and_what_names_its_gate_are_set_small(
    role: str, label: str, font: str | None
) -> None:
    assert node_as(role=role, label=label).get("fontsize") == font


# Steps left out.


def strip(**facts: Any) -> Strip:
    steps = list(range(6))
    values = [1e-4, 1e-3, 1e-2, 0.1, math.nan, 1.0]
    return Strip("", "h", steps, values, None, rail=50.0, **facts)


def test_the_box_for_steps_left_out_shows_each_ones_colour_on_its_rail() -> None:
    box = gap("gap", 1, 4, x=100, width=60)
    box.y, box.height = 20.0, 120.0
    found = written(model([node("n")], omitted=[box], strips=[strip(places=[0.0] * 6)]))
    assert (found["gap"]["pos"], found["gap"]["class"]) == ("130,80", "omitted")
    assert (found["gap"]["width"], found["gap"]["height"]) == (f"{60 / 72:.4f}", f"{120 / 72:.4f}")
    pieces = {name: found[name] for name in found if name.startswith("gap_0_")}
    assert list(pieces) == [f"gap_0_{step}" for step in (1, 2, 3, 4)]
    for i, piece in enumerate(pieces.values()):
        assert piece["pos"] == f"{points(100 + (i + 0.5) * 15)},50"
        assert piece["width"] == f"{15.4 / 72:.4f}"
    assert [piece["class"] for piece in pieces.values()] == [
        "bar g-6", "bar g0", "bar g6", "bar alarm",
    ]  # fmt: skip
    widths = [round(0.9 + 5.1 * share, 2) for share in (1 / 4, 2 / 4, 3 / 4, 1)]
    assert [piece["height"] for piece in pieces.values()] == [f"{w / 72:.4f}" for w in widths]
    assert pieces["gap_0_1"]["tooltip"] == "h_1: 0.0010"
    assert pieces["gap_0_4"]["tooltip"] == "h_4: NaN"


@pytest.mark.parametrize(
    ("rails", "middle"),
    [
        ([], 80),  # half of the way up
        ([20.5], 80),
        ([80.0], 50),  # a quarter
        ([80.0, 60.0], 110),  # three quarters
        ([54.9], 80),
        ([55.0], 110),
        ([300.0], 80),  # another layer's
    ],
)
def test_its_text_keeps_off_the_rails(rails: list[float], middle: float) -> None:
    box = gap("gap", 1, 4, x=100, width=60)
    box.y, box.height = 20.0, 120.0
    strips = [strip(places=[0.0] * 6) for _ in rails]
    for one, rail in zip(strips, rails, strict=True):
        one.rail = rail
    found = written(model([node("n")], omitted=[box], strips=strips))
    assert found["gapn0"]["pos"] == f"130,{points(middle + 7)}"
    assert found["gapn1"]["pos"] == f"130,{points(middle - 7)}"
    assert (found["gapn0"]["label"], found["gapn1"]["label"]) == ("4 steps", "0.010 .. 0.0010")
    assert (found["gapn0"]["fontsize"], found["gapn1"]["fontsize"]) == ("10", "8")
