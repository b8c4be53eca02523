"""Frames, sums, strips and margins around steps that are placed already."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viz.models import edge, gap, model, node
from viz.layout.frames import frame, frame_label
from viz.metrics import FONT, SMALL, text_width
from viz.model import OUT, Layer, Model, Parameter, Strip

MARGIN, HEADER, BAR, FOOT = 14.0, 16.0, 48.0, 54.0
LEAST = 560.0  # width of what is drawn, without margins


def framed(drawn: Model, left: dict[int, float], **spans: tuple[float, float, float]) -> Model:
    """The model after everything has its place; `L` is the span of the layer without a name."""
    frame(drawn, left, {name.removeprefix("L"): span for name, span in spans.items()})
    return drawn


def two_steps(**rest: Any) -> Model:
    """Nodes at 50 and 250 in two frames of 100 by 80, from (0, 0) and (200, 0)."""
    nodes = [node("a", 50, 40, step=0), node("b", 250, 40, step=1)]
    return framed(model(nodes, **rest), {0: 0.0, 1: 200.0}, L=(0.0, 100.0, 80.0))


def parameter(name: str) -> Parameter:
    return Parameter(f"sum-{name}", name, (2, 3), None, {})


def strip(layer: str = "", state: str = "h", count: int = 2) -> Strip:
    return Strip(layer, state, list(range(count)), [0.1] * count, None)


def test_a_frame_encloses_its_step_and_a_line_of_text() -> None:
    drawn = two_steps()
    a, b = drawn.clusters
    assert (a.id, a.label, a.layer, a.step, a.gate) == ("0", "t = 0", "", 0, "")
    assert (b.id, b.label, b.layer, b.step, b.gate) == ("1", "t = 1", "", 1, "")
    # The lowest thing of all stands a margin and the legend's room above the lower border.
    assert (a.x, a.y, a.width, a.height) == (MARGIN, FOOT, 100, 80 + HEADER)
    assert (b.x, b.y) == (200 + MARGIN, FOOT)
    assert (drawn.nodes[1].x, drawn.nodes[1].y) == (250 + MARGIN, 40 + FOOT)


@pytest.mark.parametrize(
    ("ways", "side"),
    [([], 0), ([50], -1), ([35], 1), ([65], -1), ([5], 0), ([20, 50], 1), ([20, 80], 0)],
)
def test_no_line_that_leaves_a_step_runs_over_its_label(ways: list[float], side: int) -> None:
    nodes = [node("a", 50, 40, step=0), node("b", 250, 40, step=1)]
    drawn = model(nodes)
    frame(drawn, {0: 0.0, 1: 200.0}, {"": (0.0, 100.0, 80.0)}, {"": ways, "other": [50.0]})
    half = text_width("t = 0", FONT) / 2
    for cluster in drawn.clusters:
        assert cluster.aside == side * (50 - half - 10)
        assert all(abs(way - 50 - cluster.aside) > half for way in ways)


def test_only_steps_that_are_drawn_and_that_a_layer_has_are_framed() -> None:
    layers = [Layer("1", [0, 1, 2], []), Layer("2", [1, 2], []), Layer(OUT, [0, 1], [])]
    nodes = [node("a", 50, 40, layer="1", step=0)]
    drawn = model(nodes, layers=layers, steps=[0, 1, 2], shown=[0, 1])
    span = (0.0, 100.0, 80.0)
    frame(drawn, {0: 0.0, 1: 200.0}, {"1": span, "2": (200.0, 90.0, 60.0), OUT: span})
    assert [(c.layer, c.step) for c in drawn.clusters] == [("1", 0), ("1", 1), ("2", 1)]
    assert drawn.clusters[2].y - drawn.clusters[0].y == 200
    assert (drawn.clusters[2].width, drawn.clusters[2].height) == (90, 76)
    assert drawn.clusters[2].label == frame_label("2", 1) == "2,  t = 1"


LABEL = (0.33 + 0.33 + 0.6 + 0.33 + 0.6) * FONT  # width of "t = 0"
MOST = (100 - LABEL) / 2 - 10  # ten points from the frame's side
NEAR = LABEL / 2 + 8  # a line must keep off a label's middle by more


@pytest.mark.parametrize(
    ("ways", "aside"),
    [
        ([], 0),
        ([50 + NEAR + 0.1], 0),
        ([50 - NEAR - 0.1], 0),
        ([50 + NEAR - 0.1], -MOST),
        ([50 - NEAR + 0.1], MOST),
        ([50.0], -MOST),
        ([50.0, 10.0], MOST),
        ([50.0, 50 - MOST, 50 + MOST + 3], MOST),  # no place is free: the farther from a line
        ([50.0, 50 - MOST - 3, 50 + MOST], -MOST),
    ],
)
def test_a_frames_label_stands_aside_of_lines_that_leave_upwards(
    ways: list[float], aside: float
) -> None:
    drawn = model([node("a", 50, 40, step=0)])
    frame(drawn, {0: 0.0}, {"": (0.0, 100.0, 80.0)}, {"": ways, "other": [50.0]})
    assert drawn.clusters[0].aside == pytest.approx(aside)


def test_a_label_that_fills_its_frame_stays_in_the_middle() -> None:
    drawn = model([node("a", 50, 40, step=0)])
    frame(drawn, {0: 0.0}, {"": (0.0, LABEL + 19.0, 80.0)}, {"": [LABEL / 2 + 9.5]})
    assert drawn.clusters[0].aside == 0


def test_the_drawing_is_as_large_as_what_it_holds_and_its_margins() -> None:
    drawn = two_steps()
    assert drawn.width == LEAST + 2 * MARGIN
    assert drawn.height == 80 + HEADER + MARGIN + FOOT + 20
    nodes = [node("a", 50, 40, step=0), node("far", 700, -100), node("high", 300, 500, height=30.0)]
    drawn = framed(model(nodes), {0: 0.0}, L=(0.0, 100.0, 80.0))
    assert drawn.width == 720 + 2 * MARGIN
    assert drawn.height == (515 + 110) + MARGIN + FOOT + 20
    assert drawn.nodes[1].y == 10 + FOOT
    wide = framed(model([node("a", 50, 40, step=0)]), {0: 0.0}, L=(-5.0, 900.0, 80.0))
    assert (wide.width, wide.clusters[0].y) == (900 + 2 * MARGIN, FOOT)


def test_a_box_for_steps_left_out_is_as_high_as_the_frames() -> None:
    drawn = two_steps(omitted=[gap("gap", 2, 5, x=110)])
    (box,) = drawn.omitted
    assert (box.x, box.y, box.width, box.height) == (110 + MARGIN, FOOT, 50, 80 + HEADER)


def test_without_frames_it_is_as_high_as_the_nodes() -> None:
    nodes = [node("a", 50, 40), node("b", 50, 90)]
    drawn = framed(model(nodes, omitted=[gap("gap", 2, 5)]), {})
    assert (drawn.omitted[0].y, drawn.omitted[0].height) == (FOOT, 70)


# Sums over time.


def test_sums_stand_in_a_row_below_the_frames_behind_what_names_them() -> None:
    drawn = two_steps(parameters=[parameter("w"), parameter("layer 1.weight_hh")])
    short, long = drawn.parameters
    assert (short.width, short.height) == (round(text_width("0.0e-00", FONT) + 12, 2), 30)
    assert long.width == round(text_width("layer 1.weight_hh", FONT) + 12, 2)
    first = text_width("sum over time", SMALL) + 16 + MARGIN
    assert short.x == pytest.approx(first + short.width / 2, abs=0.011)
    assert long.x == pytest.approx(first + short.width + 12 + long.width / 2, abs=0.011)
    # 28 points below the frames is the row's middle, and 34 below that comes the foot.
    bottom = drawn.clusters[0].y
    assert [p.y for p in drawn.parameters] == [bottom - 28] * 2
    assert bottom == FOOT + 28 + 34
    assert drawn.height == 80 + HEADER + 62 + MARGIN + FOOT + 20


# Strips.


def test_bars_stand_below_the_middle_of_their_frames() -> None:
    drawn = two_steps(strips=[strip(), strip(state="c")])
    upper, lower = drawn.strips
    assert upper.places == lower.places == [50 + MARGIN, 250 + MARGIN]
    assert upper.height == lower.height == BAR
    bottom = drawn.clusters[0].y
    # Each with 44 points for its headline and step numbers; 16 below the last.
    assert (upper.y, lower.y) == (bottom - BAR - 44, bottom - 2 * (BAR + 44))
    assert lower.y == FOOT + 16


def many(count: int, **rest: Any) -> Model:
    nodes = [node(f"n{t}", 50 * t, 40, step=t) for t in range(count)]
    return framed(model(nodes, **rest), {t: 50.0 * t for t in range(count)}, L=(0.0, 40.0, 80.0))


@pytest.mark.parametrize(("count", "aligned"), [(12, True), (13, False)])
def test_more_than_twelve_bars_stand_close_together(count: int, aligned: bool) -> None:
    drawn = many(count, strips=[strip(count=count)])
    if aligned:
        expected = [50 * t + 20 + MARGIN for t in range(count)]
    else:
        room = 50 * (count - 1) + 40 - MARGIN
        each = (room - 64) / count
        expected = [MARGIN + 40 + each * (t + 0.5) for t in range(count)]
    assert drawn.strips[0].places == pytest.approx(expected, abs=0.006)


def test_where_steps_are_left_out_strips_stand_two_by_two() -> None:
    strips = [strip(state=name, count=10) for name in "hcx"]
    drawn = two_steps(strips=strips, omitted=[gap("gap", 2, 9, x=310)])
    bottom = drawn.clusters[0].y
    assert [s.y for s in drawn.strips] == [bottom - 92, bottom - 92, bottom - 184]
    room = (LEAST - MARGIN) / 2
    each = (room - 64) / 10
    left = [40 + each * (t + 0.5) + MARGIN for t in range(10)]
    assert drawn.strips[0].places == pytest.approx(left, abs=0.006)
    assert drawn.strips[1].places == pytest.approx([x + room for x in left], abs=0.006)
    assert drawn.strips[2].places == pytest.approx(left, abs=0.006)


def test_one_strip_alone_has_the_whole_width() -> None:
    drawn = two_steps(strips=[strip(count=10)], omitted=[gap("gap", 2, 9, x=310)])
    each = (LEAST - MARGIN - 64) / 10
    assert drawn.strips[0].places[-1] == pytest.approx(MARGIN + 40 + each * 9.5, abs=0.006)


def test_without_frames_bars_are_not_aligned() -> None:
    nodes = [node("h", 100, 40, layer=OUT, step=0)]
    drawn = model(nodes, strips=[strip(count=1)], layers=[Layer(OUT, [0], [])])
    frame(drawn, {0: 0.0}, {OUT: (0.0, 100.0, 80.0)})
    assert drawn.strips[0].places == [round(40 + (LEAST - MARGIN - 64) / 2 + MARGIN, 2)]


def test_a_strip_knows_the_rail_of_its_state() -> None:
    nodes = [
        node("i", 50, 10, step=0, role="op", name="h"),
        node("j", 50, 20, step=0, role="state", name="c"),
        node("k", 50, 30, step=0, role="state", name="h", layer="2"),
        node("l", 50, 44, step=0, role="state", name="h"),
    ]
    drawn = framed(model(nodes, strips=[strip(count=1), strip("3", count=1)]), {0: 0.0},
                   L=(0.0, 100.0, 80.0))  # fmt: skip
    assert drawn.strips[0].rail == drawn.nodes[3].y
    assert drawn.strips[1].rail is None


# Rounding.


def test_everything_is_moved_and_rounded_to_hundredths() -> None:
    a = node("a", 10 / 3, 0.12345, step=0, width=100 / 3, height=200 / 3, role="state", name="h")
    line = edge("a", "a", [(1 / 3, 2 / 3)] * 4, label=(4 / 3, 5 / 3))
    drawn = model([a], [line], strips=[strip(count=3)], parameters=[parameter("w")],
                  omitted=[gap("gap", 1, 2, x=1 / 3, width=50 / 3)])  # fmt: skip
    framed(drawn, {0: 2 / 3}, L=(-100 / 7, 100 / 3, 200 / 3))
    a, box, (s,) = drawn.nodes[0], drawn.clusters[0], drawn.strips
    (hole,), (total,) = drawn.omitted, drawn.parameters
    numbers = [
        a.x, a.y, a.width, a.height, box.x, box.y, box.width, box.height, s.y, s.rail, *s.places,
        *line.points[0], *(line.label or ()), hole.x, hole.width, hole.y, hole.height,
        total.x, total.y, total.width,
    ]  # fmt: skip
    assert numbers == [round(value, 2) for value in numbers if value is not None]
    assert line.points == [(14.33, line.points[0][1])] * 4
    low = 0.12345 - 100 / 3  # the lowest is the node, and the sums and bars below it
    foot = low - 28 - 34 - 92 - 16 - FOOT
    assert line.points[0][1] == round(2 / 3 - foot, 2)
    assert line.label == (round(14 + 4 / 3, 2), round(5 / 3 - foot, 2))
    assert (a.x, a.y, a.width, a.height) == (17.33, round(0.12345 - foot, 2), 33.33, 66.67)
    assert (s.y, s.rail) == (FOOT + 16, a.y)
    each = (LEAST - MARGIN - 64) / 3
    assert s.places == [round(40 + each * (t + 0.5) + MARGIN, 2) for t in range(3)]
