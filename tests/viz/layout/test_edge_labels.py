"""Where the numbers of a step's lines stand: beside their line, on nothing else."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.viz.layout.ports import keyed
from viz.layout.edge_labels import LANE, _covered, _distance
from viz.layout.routing import route
from viz.layout.template import RAISED, STEP_GAP, Box, LayoutEdge, Template, sample

WIDE, TALL = 31.0, 8.0
Label = tuple[float, float]


def box(key: str, x: float, y: float, row: int, width: float = 20.0, height: float = 20.0) -> Box:
    return Box(key, width, height, row, x, y)


def step_of(boxes: list[Box], *lines: str, **rest: Any) -> Template:
    """Lines `"a b"` routed in a step of 400 by 300 points."""
    paths = {text: list(map(keyed, text.split())) for text in lines}
    found = {text: LayoutEdge(text, path[0], path[-1], path) for text, path in paths.items()}
    for box in boxes:
        box.key = keyed(box.key)
    step = Template({box.key: box for box in boxes}, found, 400.0, 300.0, **rest)
    route(step, (WIDE, TALL))
    return step


def covers(spot: Label, box: Box) -> bool:
    """Whether a number there would lie on a box."""
    return (
        abs(spot[0] - box.x) < (WIDE + box.width) / 2
        and abs(spot[1] - box.y) < (TALL + box.height) / 2
    )


def clear(step: Template) -> bool:
    """Whether no number lies on a node, another number, or either lane of any line."""
    spots = step.labels
    for (_, a), (_, b) in itertools.combinations(spots.items(), 2):
        if abs(a[0] - b[0]) < WIDE and abs(a[1] - b[1]) < TALL:
            return False
    for spot in spots.values():
        if any(covers(spot, box) for box in step.boxes.values()):
            return False
        for line in step.lines.values():
            curve = sample(line.points, 40)
            lane = np.column_stack([curve, np.full(len(curve), 3.0)])
            if _covered(spot, WIDE, TALL, lane):
                return False
    return True


UPRIGHT = [box("a", 100, 10, 0), box("b", 100, 160, 1)]


def test_beside_an_upright_line_near_its_middle() -> None:
    step = step_of(UPRIGHT, "a b")
    x, y = step.labels["a b"]
    assert 50 < y < 120
    assert WIDE / 2 + 3 < abs(x - 100) < WIDE / 2 + LANE + 6
    assert clear(step)


def test_above_or_below_a_level_line() -> None:
    step = step_of([box("a", 50, 10, 0), box("b", 250, 10, 0)], "a b")
    x, y = step.labels["a b"]
    assert 100 < x < 200
    assert TALL / 2 + 3 < abs(y - 10) < TALL / 2 + LANE + 6
    assert clear(step)


@pytest.mark.parametrize("at", [70.0, 130.0])
def test_on_the_other_side_where_something_stands(at: float) -> None:
    beside = box("c", at, 90, 2, 30, 200)
    step = step_of([*UPRIGHT, beside], "a b")
    assert (step.labels["a b"][0] - 100) * (at - 100) < 0
    assert clear(step)


def test_a_number_stands_further_off_where_every_place_close_by_is_taken() -> None:
    walls = [box("c", 88, 85, 2, 8, 120), box("d", 112, 85, 2, 8, 120)]
    step = step_of([*UPRIGHT, *walls], "a b")
    assert abs(step.labels["a b"][0] - 100) > WIDE / 2 + 10


def test_numbers_keep_off_each_other_and_off_other_lines() -> None:
    many = [box(f"a{i}", 60 + 60 * i, 10, 0) for i in range(4)]
    ends = [box(f"b{i}", 60 + 60 * i, 160, 1) for i in range(4)]
    step = step_of([*many, *ends], *(f"a{i} b{i}" for i in range(4)))
    assert len(step.labels) == 4
    assert clear(step)
    for name, spot in step.labels.items():
        own, *others = (
            _distance(spot, sample(step.lines[line].points))
            for line in (name, *(other for other in step.lines if other != name))
        )
        assert own < min(others)


def test_reserved_places_stay_free() -> None:
    places = [(60.0, 20.0, 95.0, 150.0)]
    assert step_of(UPRIGHT, "a b", reserved=places).labels["a b"][0] > 100


def test_a_number_stays_inside_its_step() -> None:
    right = [box("a", 385, 10, 0), box("b", 385, 160, 1)]
    assert step_of(right, "a b").labels["a b"][0] < 385
    left = [box("a", 15, 10, 0), box("b", 15, 160, 1)]
    assert step_of(left, "a b").labels["a b"][0] > 15


@pytest.mark.parametrize(("x", "middle"), [(0.0, -STEP_GAP / 2), (400.0, 400 + STEP_GAP / 2)])
def test_a_rails_number_stands_in_the_middle_of_the_gap_before_the_step(
    x: float, middle: float
) -> None:
    step = step_of([box("<h", x, 50, 0, 2, 2), box("a", 200, 50, 0)], "<h a")
    assert step.labels["<h a"] == (middle, 50 + TALL / 2 + RAISED)


def test_a_number_of_several_that_part_inside_stands_inside() -> None:
    boxes = [box("<h", 0, 50, 0, 2, 2), box("a", 200, 50, 0)]
    assert 0 < step_of(boxes, "<h a", junctions={"<h"}).labels["<h a"][0] < 200


@pytest.mark.parametrize(("height", "count"), [(25.0, 0), (15.0, 1)])
def test_a_tag_that_is_high_enough_holds_its_number(height: float, count: int) -> None:
    tag = Box("w", 22, height, 0, 100, 10, tag=True)
    assert len(step_of([tag, box("b", 100, 160, 1)], "w b").labels) == count


def test_a_step_without_lines_has_no_numbers() -> None:
    assert step_of([box("a", 100, 10, 0)]).labels == {}
