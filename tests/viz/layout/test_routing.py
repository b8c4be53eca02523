"""Lines inside a step: where they leave, how they bend, where their numbers stand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.viz.layout.ports import keyed
from viz.layout.routing import route
from viz.layout.template import Box, LayoutEdge, Template, sample
from viz.metrics import ARROW

Point = tuple[float, float]


def template(
    boxes: list[Box], *lines: str, width: float = 400.0, height: float = 300.0
) -> Template:
    """A step of boxes and of lines `"a b"`; further names are dummies between them."""
    found = {}
    for text in lines:
        path = list(map(keyed, text.split()))
        found[text] = LayoutEdge(text, path[0], path[-1], path)
    for box in boxes:
        box.key = keyed(box.key)
    return Template({box.key: box for box in boxes}, found, width, height)


def routed(boxes: list[Box], *lines: str) -> dict[str, list[Point]]:
    """The points of each line."""
    step = template(boxes, *lines)
    route(step, None)
    assert step.labels == {}
    return {key: line.points for key, line in step.lines.items()}


def box(key: str, x: float, y: float, row: int, width: float = 40.0, height: float = 20.0) -> Box:
    return Box(key, width, height, row, x, y)


def near(points: list[Point]) -> object:
    return pytest.approx(np.array(points))


# Where lines leave and arrive.


def test_a_line_leaves_upwards_and_ends_an_arrows_length_below_the_next_box() -> None:
    found = routed([box("a", 50, 10, 0), box("b", 80, 110, 1)], "a b")
    foot = 100 - ARROW
    half = (foot - 20) / 2  # the tangents are upright and half as long as the rise
    assert found["a b"] == [(50, 20), (50, 20 + half), (80, foot - half), (80, foot)]


def test_a_line_downwards_is_its_mirror_image() -> None:
    found = routed([box("a", 50, 110, 1), box("b", 80, 10, 0)], "a b")
    foot = 20 + ARROW
    half = (100 - foot) / 2
    assert found["a b"] == [(50, 100), (50, 100 - half), (80, foot + half), (80, foot)]


@pytest.mark.parametrize("way", [1, -1])
def test_neighbours_in_a_row_are_joined_straight_from_side_to_side(way: int) -> None:
    found = routed([box("a", 300, 10, 0), box("b", 300 + 100 * way, 10, 0)], "a b")
    start, end = 300 + 20 * way, 300 + (80 - ARROW) * way
    third = (end - start) / 3
    assert found["a b"] == near([(start, 10), (start + third, 10), (end - third, 10), (end, 10)])


@pytest.mark.parametrize("way", [1, -1])
def test_a_line_in_a_row_goes_over_the_head_of_what_stands_between(way: int) -> None:
    boxes = [box("a", 0, 10, 0), box("b", 100 * way, 10, 0), box("c", 50 * way, 10, 0)]
    start, end = 20 * way, (80 - ARROW) * way
    run = end - start
    assert routed(boxes, "a b")["a b"] == near(
        [(start, 10), (start + run / 5, 40), (start + run * 4 / 5, 40), (end, 10)]
    )


@pytest.mark.parametrize(
    "between",
    [
        box("c", 50, 90, 1),  # in another row
        box("c", 150, 10, 0),  # beyond the end
        box("c", 100, 10, 0, 2, 2),  # on the very place of the end
        Box("~x@0", 2, 2, 0, 50, 10, dummy=True),  # a dummy
        box(">h", 50, 10, 0),  # a port
    ],
)
def test_what_is_not_in_the_way_makes_no_arc(between: Box) -> None:
    found = routed([box("a", 0, 10, 0), box("b", 100, 10, 0), between], "a b")
    assert {y for _, y in found["a b"]} == {10}


def test_lines_of_one_side_are_spread_in_the_order_of_where_they_lead() -> None:
    boxes = [
        box("m", 100, 10, 0),
        *(box(k, x, 110, 1) for k, x in (("r", 200), ("l", 0), ("c", 100))),
    ]
    found = routed(boxes, "m r", "m l", "m c")
    # Three places, 8 points apart, around the middle.
    assert [found[key][0] for key in ("m l", "m c", "m r")] == [(92, 20), (100, 20), (108, 20)]


def test_many_lines_share_seven_tenths_of_a_side() -> None:
    boxes = [box("m", 100, 10, 0), *(box(f"t{i}", 40 * i, 110, 1) for i in range(7))]
    found = routed(boxes, *(f"m t{i}" for i in range(7)))
    assert [found[f"m t{i}"][0][0] for i in range(7)] == pytest.approx(
        [100 + (i - 3) * 40 * 0.7 / 7 for i in range(7)]
    )


def test_lines_that_leave_and_arrive_on_one_side_share_it() -> None:
    boxes = [box("m", 100, 10, 0), box("l", 0, 110, 1), box("r", 200, 110, 1)]
    found = routed(boxes, "m l", "r m")
    assert found["m l"][0] == (96, 20)
    assert found["r m"][-1] == (104, 20 + ARROW)


def test_lines_to_one_place_keep_the_order_of_their_names() -> None:
    boxes = [box("m", 100, 10, 0), box("t", 100, 110, 1)]
    step = template(boxes)
    step.lines = {key: LayoutEdge(key, "m", "t", ["m", "t"]) for key in ("two", "one")}
    route(step, None)
    assert step.lines["one"].points[0] == (96, 20)
    assert step.lines["two"].points[0] == (104, 20)


def test_above_and_below_are_spread_on_their_own() -> None:
    boxes = [box("m", 100, 110, 1), box("u", 0, 210, 2), box("d", 0, 10, 0), box("s", 300, 110, 1)]
    found = routed(boxes, "m u", "m d", "m s")
    assert found["m u"][0] == (100, 120)
    assert found["m d"][0] == (100, 100)
    assert found["m s"][0] == (120, 110)


def test_round_boxes_are_met_on_their_outline() -> None:
    boxes = [box("m", 100, 11, 0, 22, 22), box("l", 0, 110, 1), box("r", 200, 110, 1)]
    found = routed(boxes, "m l", "m r")
    apart = 22 * 0.7 / 2
    for key, x in (("m l", 100 - apart / 2), ("m r", 100 + apart / 2)):
        assert found[key][0] == pytest.approx((x, 11 + math.sqrt(11**2 - (apart / 2) ** 2)))


@pytest.mark.parametrize(("width", "is_round"), [(21.0, True), (23.0, True), (23.01, False)])
def test_a_box_is_round_if_it_is_as_wide_as_high_within_a_point(
    width: float, is_round: bool
) -> None:
    boxes = [box("m", 100, 11, 0, width, 22), box("l", 0, 110, 1), box("r", 200, 110, 1)]
    top = routed(boxes, "m l", "m r")["m l"][0][1]
    apart = min(8.0, width * 0.7 / 2)
    curved = 11 + 11 * math.sqrt(1 - (apart / width) ** 2)
    assert top == pytest.approx(curved if is_round else 22)


def test_every_line_of_a_port_meets_its_very_point() -> None:
    boxes = [
        box("<h", 0, 10, 0, 2, 2),
        box("a", 100, 10, 0),
        box("b", 60, 110, 1),
        box("^b", 60, 160, 2),
    ]
    found = routed(boxes, "<h a", "<h b", "b ^b")
    assert found["<h a"][0] == (0, 10)
    assert found["<h b"][0] == (0, 10)
    assert found["b ^b"][-1] == (60, 160)  # and no arrow is left room for


@pytest.mark.parametrize(
    ("x", "reach"), [(100.0, 80.0), (-100.0, -80.0), (10.0, 11.2), (-5.0, -11.2)]
)
def test_a_line_leaves_a_rail_sideways(x: float, reach: float) -> None:
    found = routed([box("<h", 200, 10, 0, 2, 2), box("b", 200 + x, 110, 1)], "<h b")
    foot = 100 - ARROW
    assert found["<h b"] == near(
        [(200, 10), (200 + reach, 10), (200 + x, foot - (foot - 10) / 2), (200 + x, foot)]
    )  # four fifths of the way, of 14 points at the least


@pytest.mark.parametrize("way", [1, -1])
def test_a_line_out_of_a_rail_comes_sideways_to_what_hangs_under_it(way: int) -> None:
    port, state = box("<h", 0, 100, 1, 2, 2), box("h", 60 * way, 100, 1)
    below, beside = box("b", 60 * way, 40, 0), box("b", 81 * way, 40, 0)
    side = (60 - 20 - ARROW) * way  # half of the box and the arrow before its middle
    found = routed([port, state, below], "<h b", "b h")
    assert found["<h b"] == near([(0, 100), (side / 2, 100), (side / 2, 40), (side, 40)])
    assert found["b h"][0] == (60 * way, 50)  # it has the upper side to itself
    # Not so where nothing hangs over it, or where something else is in the way.
    upright = (beside.x, 50 + ARROW)
    assert routed([port, state, beside], "<h b")["<h b"][-1] == pytest.approx(upright)
    way_in = box("c", 25 * way, 40, 0, 10, 10)
    over = (below.x, 50 + ARROW)
    assert routed([port, state, below, way_in], "<h b")["<h b"][-1] == pytest.approx(over)


def test_a_rail_in_front_of_a_blocked_box_makes_no_arc() -> None:
    boxes = [box("<h", 0, 10, 0, 2, 2), box("c", 50, 10, 0), box("b", 100, 10, 0)]
    assert {y for _, y in routed(boxes, "<h b")["<h b"]} == {10}


# Bends.


@pytest.mark.parametrize("up", [1, -1])
def test_a_bend_is_passed_upright_through_its_whole_row(up: int) -> None:
    boxes = [
        box("a", 0, 0, up, 20, 20),
        Box("~", 2, 2, 2 * up, 60, 100 * up, dummy=True),
        box("tall", 200, 100 * up, 2 * up, 40, 50),  # sets the height of the row
        box("b", 0, 200 * up, 3 * up, 20, 20),
    ]
    found = routed(boxes, "a ~ b")["a ~ b"]
    into, out, foot = 75 * up, 125 * up, (190 - ARROW) * up
    first, last = (into - 10 * up) / 2, (foot - out) / 2
    third = (out - into) / 3
    assert found == near(
        [
            (0, 10 * up), (0, 10 * up + first), (60, into - first), (60, into),
            (60, into + third), (60, out - third), (60, out),
            (60, out + last), (0, foot - last), (0, foot),
        ]
    )  # fmt: skip


def test_a_line_that_bends_leaves_towards_its_bend_not_its_end() -> None:
    boxes = [
        box("a", 100, 10, 0), box("l", 80, 110, 1), box("b", 0, 210, 2),
        Box("~", 2, 2, 1, 180, 110, dummy=True),
    ]  # fmt: skip
    found = routed(boxes, "a ~ b", "a l")
    assert found["a l"][0][0] == 96
    assert found["a ~ b"][0][0] == 104


def test_samples_lie_on_the_curve() -> None:
    points = [(0.0, 0.0), (0.0, 9.0), (9.0, 9.0), (9.0, 0.0), (12.0, 0.0), (15.0, 0.0), (18.0, 0.0)]
    found = sample(points, 5)
    assert found.shape == (10, 2)
    # De Casteljau, by halves: the middle of a cubic is (a + 3 b + 3 c + d) / 8.
    assert found[[0, 2, 4]] == near([(0, 0), (4.5, 6.75), (9, 0)])
    # A quarter of the way along the first: weights 27, 27, 9, 1 of 64.
    assert found[1] == pytest.approx(((9 * 9 + 9) / 64, (27 * 9 + 9 * 9) / 64))
    assert found[5:] == near([(9, 0), (11.25, 0), (13.5, 0), (15.75, 0), (18, 0)])
    assert len(sample(points)) == 24
