"""A step laid out: its size, its ports and its margins, in closed form."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viz.layout.ports import keyed
from viz.layout import step as one_step
from viz.layout.routing import route
from viz.layout.step import turn_over, widen
from viz.layout.template import Template

PAD, ROW_GAP, SIDE_GAP, NODE_GAP = 13, 25, 35, 18
SIZES = {"m": (40.0, 20.0), "h": (40.0, 20.0)}
RAIL = [("in", "<h", "m"), ("on", "m", "h"), ("out", "h", ">h")]


def lay_out(sizes: Any, edges: Any, *rest: Any, **options: Any) -> Template:
    """A step whose edges name ports as texts."""
    ports = [(key, keyed(source), keyed(target)) for key, source, target in edges]
    return one_step.lay_out(sizes, ports, *rest, **options)


def places(template: Template) -> dict[str, tuple[float, float]]:
    return {key: (box.x, box.y) for key, box in template.boxes.items()}


def test_a_rail_runs_through_the_middle_from_side_to_side() -> None:
    step = lay_out(SIZES, RAIL, ["h"])
    width, middle = 40 + SIDE_GAP + 40 + 2 * PAD, 10 + PAD
    assert (step.width, step.height) == (width, 20 + 2 * PAD)
    assert places(step) == {
        "<h": (0, middle), "m": (PAD + 20, middle), "h": (width - PAD - 20, middle),
        ">h": (width, middle),
    }  # fmt: skip


def test_a_state_that_runs_backwards_has_its_arrival_on_the_right() -> None:
    there, back = lay_out(SIZES, RAIL, ["h"]), lay_out(SIZES, RAIL, ["h"], mirror=True)
    assert (back.width, back.height) == (there.width, there.height)
    assert places(back) == {key: (there.width - x, y) for key, (x, y) in places(there).items()}


def test_a_junction_leaves_room_for_numbers_before_the_rails_first_box() -> None:
    step = lay_out(SIZES, RAIL, ["h"], junctions=["<h"])
    assert step.boxes["m"].x == SIDE_GAP + 20
    assert step.width == SIDE_GAP + 40 + SIDE_GAP + 40 + PAD
    assert step.junctions == {"<h"}


def test_a_junction_that_has_room_anyway_changes_nothing() -> None:
    # A box far to the left of the rail's first leaves more than enough.
    sizes = {**SIZES, "a": (300.0, 20.0)}
    edges = [*RAIL, ("x", "a", "m")]
    assert places(lay_out(sizes, edges, ["h"], junctions=["<h"])) == places(
        lay_out(sizes, edges, ["h"])
    )


def test_a_junction_without_a_rail_is_its_own_first_box() -> None:
    step = lay_out({"a": (40.0, 20.0)}, [("in", "<z", "a")], junctions=["<z"])
    assert step.boxes["<z"].x == 0
    assert step.width - step.boxes["a"].x == 20 + PAD


def test_rows_are_as_high_as_their_highest_box_and_25_points_apart() -> None:
    sizes = {"a": (40.0, 20.0), "b": (40.0, 30.0), "c": (20.0, 10.0), "d": (40.0, 26.0)}
    step = lay_out(sizes, [("1", "a", "b"), ("2", "b", "d"), ("3", "c", "d")])
    # a below, b and c beside it, d on top.
    low, middle = PAD + 10, PAD + 20 + ROW_GAP + 15
    top = PAD + 20 + ROW_GAP + 30 + ROW_GAP + 13
    assert [step.boxes[key].y for key in "abcd"] == [low, middle, middle, top]
    assert step.height == top + 13 + PAD


def test_ports_below_and_above_stand_on_the_border_and_take_no_row() -> None:
    edges = [("1", "_x", "a"), ("2", "a", "^out")]
    step = lay_out({"a": (40.0, 20.0)}, edges)
    assert (step.width, step.height) == (40 + 2 * PAD, 20 + 2 * PAD)
    assert places(step) == {"_x": (33, 0), "a": (33, 23), "^out": (33, 46)}


def test_a_step_without_boxes_is_two_margins_wide() -> None:
    step = lay_out({}, [("1", "<a", ">a")])
    assert (step.width, step.height) == (2 * PAD, 2 * PAD)


def test_everything_stands_on_whole_points() -> None:
    sizes = {"a": (41.3, 20.7), "b": (33.3, 21.9), "h": (46.1, 31.0)}
    step = lay_out(sizes, [("1", "<h", "a"), ("2", "a", "h"), ("3", "b", "a")], ["h"])
    numbers = [step.width, step.height, *(v for place in places(step).values() for v in place)]
    assert numbers == [float(round(number)) for number in numbers]
    assert step.width == round(41.3 + SIDE_GAP + 46.1 + 2 * PAD)


def test_tags_stand_closer_together() -> None:
    sizes = {**SIZES, "v": (30.0, 15.0), "w": (30.0, 15.0)}
    edges = [*RAIL, ("v", "v", "m"), ("w", "w", "m")]
    apart = {}
    for tags in ((), ("v", "w")):
        step = lay_out(sizes, edges, ["h"], tags=tags)
        apart[tags] = abs(step.boxes["v"].x - step.boxes["w"].x)
    assert list(apart.values()) == [30 + NODE_GAP, 30 + 9]


def test_boxes_that_are_tied_stand_above_one_another() -> None:
    sizes = {"h": (40.0, 20.0), "c": (60.0, 20.0)}
    edges = [("1", "<h", "h"), ("2", "<c", "c")]
    step = lay_out(sizes, edges, ["h", "c"], ties=[("h", "c")])
    assert step.boxes["h"].x == step.boxes["c"].x
    assert step.boxes["c"].y - step.boxes["h"].y == 20 + ROW_GAP


def test_states_that_a_step_does_not_hold_have_no_rail() -> None:
    step = lay_out(SIZES, RAIL, ["h", "gone"])
    assert set(step.boxes) == {"<h", "m", "h", ">h"}


def test_without_states_the_way_to_the_end_is_a_rail() -> None:
    sizes = dict.fromkeys("abc", (40.0, 20.0))
    edges = [("1", "<h", "a"), ("2", "a", "b"), ("3", "b", "c")]
    level = lay_out(sizes, edges, end="c")
    assert len({level.boxes[key].y for key in "abc"}) == 1
    climbing = lay_out(sizes, edges)
    assert climbing.boxes["a"].y < climbing.boxes["b"].y < climbing.boxes["c"].y


@pytest.mark.parametrize("label", [None, (30.0, 8.0)])
def test_what_is_turned_over_is_its_mirror_image(label: tuple[float, float] | None) -> None:
    sizes = dict.fromkeys("abc", (40.0, 20.0))
    step = lay_out(sizes, [("1", "<h", "a"), ("2", "a", "b"), ("3", "b", "c")])
    route(step, label)
    before = places(step), {k: list(line.points) for k, line in step.lines.items()}, step.labels
    turn_over(step)
    tall = step.height
    assert places(step) == {key: (x, tall - y) for key, (x, y) in before[0].items()}
    for key, points in before[1].items():
        assert step.lines[key].points == [(x, tall - y) for x, y in points]
    assert step.labels == {key: (x, tall - y) for key, (x, y) in before[2].items()}
    assert bool(step.labels) == (label is not None)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_step_made_wider_keeps_its_boxes_in_the_middle_and_its_rails_from_side_to_side(
    mirror: bool,
) -> None:
    sizes = {"m": (20.0, 20.0), "h": (40.0, 30.0)}
    edges = [("in", "<h", "m"), ("up", "m", "h"), ("out", "h", "^h")]
    before, after = (lay_out(sizes, edges, ["h"], mirror) for _ in range(2))
    widen(after, before.width + 20.4)
    assert after.width == before.width + 20
    for key in ("m", "h", "^h"):
        assert after.boxes[key].x == before.boxes[key].x + 10
    assert {after.boxes["<h"].x, after.boxes[">h"].x} == {0, after.width}
    assert (after.boxes["<h"].x == 0) is not mirror
    widen(after, before.width)
    assert after.width == before.width + 20  # never narrower
