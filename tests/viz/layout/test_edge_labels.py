"""Where the numbers of a step's lines stand: beside their line, on nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from viz.layout.edge_labels import _cost, _distance, _spots
from viz.layout.routing import route
from viz.layout.template import Box, Line, Template

WIDE, TALL = 30.0, 8.0
Label = tuple[float, float]


def box(key: str, x: float, y: float, row: int, width: float = 20.0, height: float = 20.0) -> Box:
    return Box(key, width, height, row, x, y)


def labelled(boxes: list[Box], *lines: str, **rest: Any) -> dict[str, Label]:
    """Route lines `"a b"` in a step of 400 by 300 points; where their numbers stand."""
    found = {text: Line(text, *text.split(), text.split()) for text in lines}
    step = Template({box.key: box for box in boxes}, found, 400.0, 300.0, **rest)
    route(step, (WIDE, TALL))
    return step.labels


def on(points: list[Label], t: float) -> Label:
    """A point of a cubic."""
    a, b, c, d = (
        (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3,
    )  # fmt: skip
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
    return a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


def climb(t: float) -> float:
    """The height of an upright line from (x, 20) to (x, 144), whose tangents are half of that."""
    return on([(0, 20), (0, 82), (0, 82), (0, 144)], t)[1]


UPRIGHT = [box("a", 100, 10, 0), box("b", 100, 160, 1)]


def test_beside_an_upright_line_at_its_middle_on_the_right() -> None:
    # The seventh of twelve points along it is the one at half of them.
    assert labelled(UPRIGHT, "a b")["a b"] == pytest.approx((100 + WIDE / 2 + 6, climb(6 / 11)))


def test_above_a_level_line_at_its_middle() -> None:
    found = labelled([box("a", 50, 10, 0), box("b", 250, 10, 0)], "a b")["a b"]
    start, end = 60, 240 - 6
    assert found == pytest.approx((start + (end - start) * 6 / 11, 10 + TALL / 2 + 4))


def test_below_a_level_line_where_something_stands_above_it() -> None:
    above = box("c", 150, 35, 1, 200, 30)
    found = labelled([box("a", 50, 10, 0), box("b", 250, 10, 0), above], "a b")["a b"]
    assert found == pytest.approx((60 + 174 * 6 / 11, 10 - TALL / 2 - 4))


def test_a_line_is_level_if_it_runs_more_than_twice_as_far_as_it_climbs() -> None:
    # Middles of the lines' numbers relative to the line: above, or to its right.
    for run, level in ((2.2, True), (1.8, False)):
        boxes = [box("^a", 100, 100, 0, 2, 2), box("^b", 100 + 100 * run, 200, 0, 2, 2)]
        x, y = labelled(boxes, "^a ^b")["^a ^b"]
        at = (100 + 100 * run * 6 / 11, 100 + 100 * 6 / 11)
        beside = (0, TALL / 2 + 4) if level else (WIDE / 2 + 6, 0)
        assert (x - at[0], y - at[1]) == pytest.approx(beside)


def test_on_the_left_where_something_stands_on_the_right() -> None:
    right = box("c", 130, 80, 0, 40, 200)
    found = labelled([*UPRIGHT, right], "a b")["a b"]
    assert found == pytest.approx((100 - WIDE / 2 - 6, climb(6 / 11)))


def test_boxes_that_only_touch_a_number_do_not_move_it() -> None:
    x, y = at = (100 + WIDE / 2 + 6, climb(6 / 11))
    around = [
        box("e", x + WIDE / 2 + 10, y, 0), box("w", x - WIDE / 2 - 10, y, 0, 20, 2),
        box("n", x, y + TALL / 2 + 10, 0), box("s", x, y - TALL / 2 - 10, 0),
    ]  # fmt: skip
    assert labelled([*UPRIGHT, *around], "a b")["a b"] == pytest.approx(at)
    for i, (dx, dy) in enumerate([(-0.1, 0), (0.1, 0), (0, -0.1), (0, 0.1)]):
        closer = [*around]
        closer[i] = box("x", around[i].x + dx, around[i].y + dy, 0, 20, around[i].height)
        assert labelled([*UPRIGHT, *closer], "a b")["a b"] != pytest.approx(at)


def test_on_the_left_where_the_step_ends_on_the_right() -> None:
    boxes = [box("a", 370, 10, 0), box("b", 370, 160, 1)]
    # 370 + 6 + 30 is beyond 400 - 2.
    assert labelled(boxes, "a b")["a b"] == pytest.approx((370 - WIDE / 2 - 6, climb(6 / 11)))


@pytest.mark.parametrize(
    ("blocked", "index"),
    [
        ((6,), 4),  # four tenths of twelve points, rounded down
        ((6, 4), 7),
        ((6, 4, 7), 8),
        ((6, 4, 7, 8), 3),
        ((6, 4, 7, 3, 8), 2),
        ((6, 4, 7, 3, 8, 2), 9),
        ((6, 4, 7, 3, 8, 2, 9), 1),
    ],
)
def test_places_are_tried_from_the_middle_outwards(blocked: tuple[int, ...], index: int) -> None:
    boxes = [box("^a", 100, 0, 0, 2, 2), box("^b", 100, 220, 1, 2, 2)]  # 20 points to a place
    line = [(100.0, 0.0), (100.0, 110.0), (100.0, 110.0), (100.0, 220.0)]
    reserved = []
    for i in blocked:  # a hair's height at each place that must not be taken
        y = on(line, i / 11)[1]
        reserved.append((0.0, y - 0.5, 300.0, y + 0.5))
    found = labelled(boxes, "^a ^b", reserved=reserved)["^a ^b"]
    assert found == pytest.approx((100 + WIDE / 2 + 6, on(line, index / 11)[1]))


def test_a_number_stands_further_off_where_every_place_close_by_is_taken() -> None:
    boxes = [box("^a", 100, 0, 0, 2, 2), box("^b", 100, 220, 1, 2, 2)]
    left, strip = (-100.0, -20.0, 94.0, 300.0), (106.0, -20.0, 109.0, 300.0)
    x, _ = labelled(boxes, "^a ^b", reserved=[left, strip])["^a ^b"]
    assert x == pytest.approx(100 + WIDE / 2 + 12)


def test_a_number_does_not_stand_further_off_where_another_line_is_nearer() -> None:
    ends = [("^a", "^b", 100), ("^c", "^d", 150)]
    boxes = [box(key, x, 220 * row, row, 2, 2) for *keys, x in ends for row, key in enumerate(keys)]
    left, strip = (-100.0, -20.0, 94.0, 300.0), (106.0, -20.0, 106.01, 300.0)
    alone = labelled(boxes, "^a ^b", reserved=[left, strip])["^a ^b"]
    assert alone[0] == pytest.approx(100 + WIDE / 2 + 12)
    beside = labelled(boxes, "^a ^b", "^c ^d", reserved=[left, strip])["^a ^b"]
    assert beside[0] == pytest.approx(100 + WIDE / 2 + 6)  # and rather covers the strip


def test_a_number_stands_across_a_corner_of_its_line_where_only_that_is_free() -> None:
    boxes = [box("^a", 100, 0, 0, 2, 2), box("^b", 100, 220, 1, 2, 2)]
    line = [(100.0, 0.0), (100.0, 110.0), (100.0, 110.0), (100.0, 220.0)]
    middle = on(line, 6 / 11)[1]
    above, below = middle + TALL / 2 + 4 + TALL / 2, middle + TALL / 2 + 4 - TALL / 2
    taken = [(0.0, above + 0.1, 300.0, 400.0), (0.0, -50.0, 300.0, below - 0.1)]
    x, y = labelled(boxes, "^a ^b", reserved=taken)["^a ^b"]
    assert (abs(x - 100), y) == pytest.approx((WIDE / 2 + 4, middle + TALL / 2 + 4))


def test_the_last_place_is_short_of_the_end() -> None:
    boxes = [box("^a", 100, 0, 0, 2, 2), box("^b", 100, 220, 1, 2, 2)]
    line = [(100.0, 0.0), (100.0, 110.0), (100.0, 110.0), (100.0, 220.0)]
    free = on(line, 10 / 11)[1]
    reserved = [(0.0, -20.0, 400.0, free - 6)]
    found = labelled(boxes, "^a ^b", reserved=reserved)["^a ^b"]
    assert found == pytest.approx((100 + WIDE / 2 + 6, free))


@pytest.mark.parametrize(("x", "middle"), [(0.0, -18.0), (400.0, 418.0), (200.0, 182.0)])
def test_a_rails_number_stands_in_the_middle_of_the_gap_before_the_step(
    x: float, middle: float
) -> None:
    boxes = [box("<h", x, 50, 0, 2, 2), box("a", 200 if x != 200 else 300, 50, 0)]
    assert labelled(boxes, "<h a")["<h a"] == (middle, 50 + TALL / 2 + 4.5)


def test_a_number_of_several_that_part_inside_stands_inside() -> None:
    boxes = [box("<h", 0, 50, 0, 2, 2), box("a", 200, 50, 0)]
    x, y = labelled(boxes, "<h a", junctions={"<h"})["<h a"]
    assert (x, y) == pytest.approx(((190 - 6) * 6 / 11, 50 + TALL / 2 + 4))


@pytest.mark.parametrize(("height", "count"), [(20.0, 1), (20.1, 0)])
def test_a_tag_that_is_high_enough_holds_its_number(height: float, count: int) -> None:
    boxes = [Box("w", 40, height, 0, 100, 10, tag=True), box("b", 100, 160, 1)]
    assert len(labelled(boxes, "w b")) == count
    boxes[0].tag = False
    assert len(labelled(boxes, "w b")) == 1


def test_numbers_keep_off_each_other_and_off_other_lines() -> None:
    boxes = [box(f"{end}{i}", 100 + 25 * i, 10 + 150 * row, row)
             for i in range(4) for row, end in enumerate("ab")]  # fmt: skip
    found = labelled(boxes, *(f"a{i} b{i}" for i in range(4)))
    assert len(found) == 4
    spots = list(found.values())
    for i, (x, y) in enumerate(spots):
        for u, v in spots[i + 1 :]:
            assert abs(x - u) >= WIDE or abs(y - v) >= TALL
    # The outermost have room on one side, where no line is near.
    assert found["a3 b3"] == pytest.approx((175 + WIDE / 2 + 6, climb(6 / 11)))
    x, _ = found["a0 b0"]
    assert x == pytest.approx(100 - WIDE / 2 - 6)


def test_a_number_takes_no_more_room_than_its_own() -> None:
    # The second line's number would touch the first one's, which is as wide and high as itself.
    x, y = 100 + WIDE / 2 + 6, climb(6 / 11)
    apart = WIDE + 12
    far = [box("c", 100 + apart + WIDE, 10, 0), box("d", 100 + apart + WIDE, 160, 1)]
    found = labelled([*UPRIGHT, *far], "a b", "c d")
    assert found["a b"] == pytest.approx((x, y))
    assert found["c d"] == pytest.approx((x + apart + WIDE, y))
    blocked = box("e", 100 + apart + 2 * WIDE + 8, y, 0, 20, 200)  # on the second's right
    found = labelled([*UPRIGHT, *far, blocked], "a b", "c d")
    assert found["c d"] == pytest.approx((100 + apart + WIDE - 6 - WIDE / 2, y))
    assert found["c d"][0] - found["a b"][0] == pytest.approx(WIDE)
    left = 100 - 6 - WIDE - WIDE - 6  # where its number on the right touches one on a's left
    near = [box("c", left, 10, 0), box("d", left, 160, 1), box("e", 130, 80, 0, 40, 200)]
    found = labelled([*UPRIGHT, *near], "a b", "c d")
    assert found["a b"] == pytest.approx((100 - 6 - WIDE / 2, y))
    assert found["c d"] == pytest.approx((left + 6 + WIDE / 2, y))


def test_bends_and_ports_take_no_room() -> None:
    at = (100 + WIDE / 2 + 6, climb(6 / 11))
    unseen = [Box("~x@0", 40, 40, 0, *at, bend=True), Box(">h", 40, 40, 0, *at)]
    assert labelled([*UPRIGHT, *unseen], "a b")["a b"] == pytest.approx(at)


def test_a_step_without_lines_has_no_numbers() -> None:
    assert labelled(UPRIGHT) == {}


# What a place costs.

FREE = np.zeros((0, 2))


def cost(
    taken: list[tuple[float, float, float, float]] | None = None,
    others: object = FREE,
    own: object = FREE,
    spot: Label = (100.0, 100.0),
    right: float = 400.0,
) -> float:
    """Of a number of 20 by 10 points, by default from (90, 95) to (110, 105)."""
    lines = (np.array(points, dtype=float).reshape(-1, 2) for points in (others, own))
    return _cost(spot, 20.0, 10.0, taken or [], *lines, right)


def test_a_free_place_costs_nothing() -> None:
    assert cost() == 0
    touching = [(110.0, 0.0, 120.0, 200.0), (0.0, 105.0, 200.0, 120.0),
                (0.0, 0.0, 90.0, 200.0), (0.0, 0.0, 200.0, 95.0)]  # fmt: skip
    assert cost(touching) == 0


def test_what_is_covered_costs_its_area_and_a_little_more() -> None:
    assert cost([(105.0, 100.0, 200.0, 200.0)]) == 4 + 5 * 5
    assert cost([(0.0, 0.0, 92.0, 96.0)]) == 4 + 2 * 1
    assert cost([(95.0, 98.0, 97.0, 101.0)]) == 4 + 2 * 3
    assert cost([(0.0, 0.0, 200.0, 200.0), (109.0, 104.0, 200.0, 200.0)]) == 8 + 200 + 1


@pytest.mark.parametrize(("x", "price"), [(12.0, 0), (11.99, 40), (388.0, 0), (388.01, 40)])
def test_two_points_stay_free_at_either_side_of_the_step(x: float, price: float) -> None:
    assert cost(spot=(x, 100.0)) == price


def test_points_of_lines_cost_within_four_points_beside_and_one_above_and_below() -> None:
    inside = [(86.1, 100), (113.9, 100), (100, 94.1), (100, 105.9), (86.1, 94.1)]
    outside = [(86, 100), (114, 100), (100, 94), (100, 106)]
    assert cost(others=inside + outside) == 3 * len(inside)
    assert cost(own=inside + outside) == 2 * len(inside)
    assert math.isclose(cost(others=inside, own=outside), 15)


def test_places_are_offered_the_nearer_to_the_middle_the_better() -> None:
    """On a level line from 0 to 100 with a point at each whole number, of a 20 by 10 number."""
    line = np.array([(float(x), 0.0) for x in range(101)])
    found = list(_spots(line, 20.0, 10.0))
    penalties = [round(penalty, 6) for penalty, _ in found]
    assert penalties == sorted(penalties)
    close = [spot for penalty, spot in found if penalty < 1]
    far = [spot for penalty, spot in found if penalty >= 1]
    assert close[:2] == [(50.0, 9.0), (50.0, -9.0)]  # four points off, above and below
    assert {abs(y) for _, y in close} == {9.0}
    places = sorted({x for x, y in far if abs(y) == 15.0})  # ten points off
    assert places == pytest.approx(range(15, 90, 5), abs=1)
    corners = {(round(x - 50), round(y)) for x, y in far if abs(y) == 9.0} & {
        (a * 14, b * 9) for a in (1, -1) for b in (1, -1)
    }
    assert len(corners) == 4
    assert len(far) == 15 * 6
    for penalty, (x, y) in found:
        if abs(y) == 15.0 or penalty < 1:
            assert penalty % 1 == pytest.approx(abs(x - 50) / 100, abs=0.011)


def test_a_distance_is_to_the_nearest_point() -> None:
    assert _distance((3.0, 4.0), np.array([(0.0, 0.0), (9.0, 4.0)])) == 5
    assert _distance((3.0, 4.0), FREE) == math.inf
