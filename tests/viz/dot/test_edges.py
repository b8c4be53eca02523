"""Edges as DOT says them: two lanes, a number, and heads that do not cover one another."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.viz.models import Attributes, edge, model, node, size, statements
from viz.dot.writer import digraph
from viz.model import ModelEdge, ModelNode
from viz.style import LIGHT, Scale

SCALE = Scale(0.01, -2.0, 2.0)
CURVE = [(0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (30.0, 0.0)]


def lanes(
    line: ModelEdge, *others: ModelEdge, nodes: list[ModelNode] | None = None
) -> list[Attributes]:
    """The attributes of each line of DOT for one edge."""
    drawn = model(nodes or [node("a"), node("b")], [line, *others])
    name = f"\t{line.via or line.source} -> {line.target} ["
    graph = digraph(drawn, SCALE, LIGHT)
    found = []
    for text in [text for text in graph.body if text.startswith(name)]:
        alone = graph.copy()
        alone.body = [text]
        found += list(statements(alone).values())
    return found


def flowing(value: float, flow: str = "flows", **facts: Any) -> ModelEdge:
    gradient = size(value, math.isfinite(value))
    given = {"points": list(CURVE), "label": (15.0, 8.0), **facts}
    return edge("a", "b", flow=flow, gradient=gradient, **given)


def test_the_gradients_lane_ends_at_the_source_and_the_datas_at_the_target() -> None:
    there, back = lanes(flowing(0.01))
    assert (there["class"], there["color"], there["penwidth"]) == ("forward", LIGHT.forward, "1")
    assert there["pos"].startswith("e,36,")
    assert back["pos"].startswith("e,0,")
    assert float(back["arrowsize"]) > float(there["arrowsize"])
    assert "id" not in there
    assert back["id"] == "a-b"


@pytest.mark.parametrize(
    ("value", "flow", "label", "width", "style", "classes"),
    [
        (0.01, "flows", "0.010", "3.45", None, "flows g0"),
        (1e-4, "flows", "1.0e-04", "0.9", None, "flows g-12"),
        (0.9e-4, "flows", "9.0e-05", "0.9", "dashed", "flows g-12"),
        (0.0, "zero", "0", "0.9", "dashed", "zero g-12"),
        (math.nan, "nonfinite", "NaN", "6", None, "nonfinite alarm"),
        (math.inf, "nonfinite", "Inf", "6", None, "nonfinite alarm"),
        (0.01, "departs", "0.010", "3.45", None, "departs alarm"),
    ],
)
def test_an_edge_shows_its_gradient_in_three_ways(
    value: float, flow: str, label: str, width: str, style: str | None, classes: str
) -> None:
    _, found = lanes(flowing(value, flow))
    assert (found["label"], found["lp"]) == (label, "15,8")
    assert (found["penwidth"], found.get("style"), found["class"]) == (width, style, classes)
    _, quiet = lanes(flowing(value, flow, label=None))
    assert "label" not in quiet


@pytest.mark.parametrize(
    ("flow", "style"), [("none", "dotted"), ("cut", "dotted"), ("unknown", None)]
)
def test_where_nothing_flows_back_the_forward_lane_is_alone(flow: str, style: str | None) -> None:
    (found,) = lanes(edge("a", "b", list(CURVE), flow=flow, label=(15.0, 8.0)))
    assert (found.get("style"), found.get("label"), found["penwidth"]) == (style, None, "1")
    assert (found["color"], found["class"]) == (LIGHT.muted, f"{flow} silent")
    assert found["pos"].startswith("e,36,")


def test_lines_that_part_at_a_junction_have_their_head_in_front_of_it() -> None:
    there, back = lanes(flowing(0.01, rail="h_0"))
    assert "e," not in there["pos"]
    assert "e," in back["pos"]
    there, back = lanes(flowing(0.01, via="j"), nodes=[node("a"), node("b"), node("j")])
    assert "e," in there["pos"]
    assert "e," not in back["pos"]


def test_what_its_tag_says_an_edge_need_not_say() -> None:
    for role, height, said in (
        ("parameter", 25.0, False),
        ("parameter", 20.0, True),
        ("op", 25.0, True),
    ):
        nodes = [node("a", role=role, height=height), node("b")]
        assert ("label" in lanes(flowing(math.nan, "nonfinite"), nodes=nodes)[1]) == said


@pytest.mark.parametrize(("apart", "heads"), [(0.0, 1), (2.0, 1), (20.0, 2)])
def test_heads_that_would_cover_one_another_are_drawn_once(apart: float, heads: int) -> None:
    wide = flowing(1.0)
    thin = flowing(0.01, points=[(x, y + apart) for x, y in CURVE])
    thin.id = "thin"
    found = lanes(wide, thin)
    for way in (found[::2], found[1::2]):
        assert sum(lane["pos"].startswith("e,") for lane in way) == heads
    (drawn,) = (lane for lane in found if lane.get("id") == "a-b")
    assert drawn["pos"].startswith("e,")  # the widest keeps its head
