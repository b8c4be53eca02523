"""Lines between steps, point by point: rails, leads, detours, and into boxes of omitted steps."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.viz.models import edge, gap, model, node
from viz.layout.between_steps import Lines
from viz.metrics import LABEL
from viz.model import AFTER, BEFORE, Layer, Model, ModelEdge, ModelNode, Omitted, Point

TIP = 6.0  # from a curve's end to the arrow's tip
RAISED = 8.0 / 2 + 5.5  # middle of a number above its line


def columns(drawn: Model) -> dict[int, tuple[float, float]]:
    """Left and right of each step's frame, 13 points from its nodes."""
    found = {}
    for step in drawn.steps:
        nodes = [n for n in drawn.nodes if n.step == step]
        sides = [n.x + side * n.width / 2 for n in nodes for side in (-1, 1)]
        found[step] = min(sides) - 13, max(sides) + 13
    return found


def led(
    nodes: list[ModelNode],
    line: ModelEdge,
    numbers: bool = True,
    exits: dict[str, list[Point]] | None = None,
    omitted: list[Omitted] | None = None,
    **rest: Any,
) -> ModelEdge:
    """The edge after all lines were drawn."""
    drawn = model(nodes, [line], omitted=omitted or [], **rest)
    Lines(drawn, numbers, exits or {}, columns(drawn), {}).draw()
    return line


def straight(*corners: Point) -> list[Point]:
    """The points of straight lines from corner to corner: controls at a third and two thirds."""
    found = [corners[0]]
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        found += [(x0 + (x1 - x0) * k / 3, y0 + (y1 - y0) * k / 3) for k in (1, 2)] + [(x1, y1)]
    return found


def same(points: list[Point]) -> object:
    return pytest.approx(np.array(points))


# Rails.


@pytest.mark.parametrize("way", [1, -1])
def test_a_rail_runs_from_the_states_side_to_the_junction(way: int) -> None:
    nodes = [node("h", 0, 30, step=0), node("j", 100 * way, 30, step=1, role="junction")]
    line = led(nodes, edge("h", "j", rail="h_0"))
    assert line.points == same(straight((20 * way, 30), (100 * way, 30)))
    # 18 points before the junction: the middle of the gap between two steps.
    assert line.label == (82 * way, 30 + RAISED)
    assert led(nodes, edge("h", "j", rail="h_0"), numbers=False).label is None


def test_what_leaves_a_junction_keeps_the_line_that_its_step_gave_it() -> None:
    nodes = [node("h", step=0), node("j", 100, step=1, role="junction"), node("a", 150, step=1)]
    points = straight((100, 0), (130, 0))
    line = led(nodes, edge("h", "a", list(points), via="j"))
    assert (line.points, line.label) == (points, None)


def test_lines_inside_a_step_stay_as_they_are() -> None:
    points = straight((20, 0), (80, 0))
    nodes = [node("a", 0, step=3), node("b", 100, step=3)]
    assert led(nodes, edge("a", "b", list(points))).points == points


# From a source in one step to the port of another.


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("height", [30, 30.4, 29.6])
def test_level_with_its_port_a_line_is_led_there_straight(way: int, height: float) -> None:
    inside = straight((500 + 60 * way, height), (500 + 90 * way, height))
    nodes = [node("h", 500, 30, step=0), node("a", 500 + 110 * way, 30, step=1)]
    line = led(nodes, edge("h", "a", list(inside)))
    assert line.points == same(straight((500 + 20 * way, 30), *inside[::3]))


@pytest.mark.parametrize("height", [30.5, 29.5, 130.0])
def test_else_it_leaves_upwards_and_swings_to_the_port(height: float) -> None:
    inside = straight((60, height), (90, height))
    nodes = [node("h", 0, 30, step=0), node("a", 110, height, step=1)]
    line = led(nodes, edge("h", "a", list(inside)))
    middle = (40 + height) / 2
    assert line.points == [(0, 40), (0, middle), (60, middle), *inside]


def test_a_way_out_that_the_step_keeps_free_is_taken() -> None:
    inside = straight((60, 130), (90, 130))
    way = straight((5, 40), (5, 100))
    nodes = [node("h", 0, 30, step=0), node("a", 110, 130, layer="2", step=0)]
    line = led(nodes, edge("h", "a", list(inside)), exits={"h": list(way)})
    assert line.points == [*way, (5, 115), (60, 115), *inside]


# Without a port.


def test_nodes_that_no_step_joins_are_joined_by_a_plain_curve() -> None:
    nodes = [node("a", 0, 10, layer=BEFORE), node("b", 200, 90, step=1, width=30)]
    start, end = (20, 10), (185 - TIP, 90)
    reach = (end[0] - start[0]) / 2
    expected = [start, (start[0] + reach, 10), (end[0] - reach, 90), end]
    assert led(nodes, edge("a", "b")).points == expected


@pytest.mark.parametrize("x", [50.0, 46.0, 10.0])
def test_a_plain_curve_swings_out_at_least_20_points(x: float) -> None:
    nodes = [node("a", 0, 10, layer=BEFORE), node("b", x, 90, step=1)]
    (x0, _), (x1, _), (x2, _), (x3, _) = led(nodes, edge("a", "b")).points
    assert (x1 - x0, x3 - x2) == (max(20.0, abs(x - 46) / 2),) * 2


def corner_round(path: list[Point]) -> list[Point]:
    """Straight lines whose corners are cut 9 points before and after, in the long way."""
    found = [path[0]]
    for before, at, after in zip(path, path[1:], path[2:], strict=False):
        ends = []
        for other in (before, after):
            length = np.hypot(other[0] - at[0], other[1] - at[1])
            along = min(9.0, length / 2) / length if length else 0.0
            ends.append((at[0] + (other[0] - at[0]) * along, at[1] + (other[1] - at[1]) * along))
        found += [*straight(found[-1], ends[0])[1:], at, at, ends[1]]
    return [*found, *straight(found[-1], path[-1])[1:]]


def detour_model(reverse: bool = False, after: bool = False) -> tuple[Model, ModelEdge]:
    """Three steps, 100 points apart, with a line from step 0 to step 2 (or to what follows)."""
    way = -1 if reverse else 1
    nodes = [node(f"s{t}", 100 * t * way, 30, step=t) for t in range(3)]
    nodes += [node("wide", 5 * way, 60, step=0, width=60.0, height=30.0)]
    nodes += [node("far", 100 * 2 * way + 30, 10, step=2, width=20.0)]
    nodes += [node("loss", 400, 50, layer=AFTER, width=60.0)] if after else []
    line = edge("s0", "loss" if after else "s2")
    return model(nodes, [line], layers=[Layer("", [0, 1, 2], [], reverse)]), line


def test_a_line_past_other_steps_goes_over_their_heads() -> None:
    drawn, line = detour_model()
    Lines(drawn, True, {}, columns(drawn), {}).draw()
    top = 75 + 44  # of the highest node, and room for a frame's label and for numbers
    up = 35 + 13 - 5  # in the free margin of the step's frame: its widest node ends at 35
    down = 180 - (13 - 5)
    foot = (180 - TIP, 35)
    path = [(20, 30), (up, 30), (up, top), (down, top), (down, 35), foot]
    assert line.points == same(corner_round(path))
    assert line.label == (up + LABEL[0] / 2 + 8, 75 + 16 + 8)  # below the bus


def test_a_line_past_steps_that_run_backwards_leaves_on_their_other_side() -> None:
    drawn, line = detour_model(reverse=True)
    Lines(drawn, False, {}, columns(drawn), {}).draw()
    up = -35 - (13 - 5)
    left = -220 - (13 - 5)  # of step 2
    path = [(-20, 30), (up, 30), (up, 119), (left, 119), (left, 35), (-220 - TIP, 35)]
    assert line.points == same(corner_round(path))
    assert line.label is None


def test_a_line_to_what_follows_comes_down_in_front_of_it() -> None:
    drawn, line = detour_model(after=True)
    Lines(drawn, True, {}, columns(drawn), {}).draw()
    down = 370 - 12
    path = [(20, 30), (43, 30), (43, 119), (down, 119), (down, 55), (370 - TIP, 55)]
    assert line.points == same(corner_round(path))


def test_a_detour_comes_from_below_where_something_is_in_its_way() -> None:
    for y, x, below in ((30, 150, True), (-30, 150, False), (30, 400, False)):
        drawn, line = detour_model()
        drawn.nodes.append(node("tag", x, y, step=2, width=20.0))
        drawn.nodes.append(node("lowest", 260, -40, step=2, width=20.0))
        Lines(drawn, False, {}, columns(drawn), {}).draw()
        foot = (200, 20 - TIP)
        if below:
            down, low = 140 - 13 + 5, -50 - 7
            path = [(20, 30), (43, 30), (43, 119), (down, 119), (down, low), (200, low), foot]
            assert line.points == same(corner_round(path))
        else:
            assert line.points[-1] == (180 - TIP, 35)
    drawn, line = detour_model()  # and from the side, after all, where the way below is not free
    drawn.nodes += [node("tag", 150, 30, step=2), node("under", 200, 0, step=2)]
    Lines(drawn, False, {}, columns(drawn), {}).draw()
    assert line.points[-1] == (180 - TIP, 35)


def test_detours_are_stacked_up_to_twelve() -> None:
    nodes = [node(f"s{t}", 100 * t, 30, step=t) for t in range(20)]
    lines = [edge("s0", f"s{t}") for t in range(2, 20)]
    drawn = model(nodes, lines)
    Lines(drawn, True, {}, columns(drawn), {}).draw()
    tops = [max(y for _, y in line.points) for line in lines]
    assert tops == [40 + 44 + 12 * min(k, 12) for k in range(18)]


def test_detours_to_one_place_share_a_bus_and_have_their_numbers_below_it() -> None:
    nodes = [node(f"s{t}", 100 * t, 30, step=t) for t in range(3)]
    nodes += [node("loss", 400, 50, layer=AFTER)]
    lines = [edge(f"s{t}", "loss") for t in (2, 0, 1)]
    drawn = model(nodes, lines)
    Lines(drawn, True, {}, columns(drawn), {}).draw()
    assert {max(y for _, y in line.points) for line in lines} == {40 + 44}
    for line, after in itertools.permutations(lines, 2):  # no number stands on another's line
        x, y = line.label or (0, 0)
        rise = after.points[3][0]
        assert abs(rise - x) > LABEL[0] / 2 + 5
        assert y + 4 < 40 + 44 - 6


def test_heads_are_those_of_steps_alone() -> None:
    nodes = [node(f"s{t}", 100 * t, 30, step=t) for t in range(3)]
    nodes.append(node("high", 400, 300, layer=AFTER))
    line = led(nodes, edge("s0", "s2"))
    assert max(y for _, y in line.points) == 40 + 44


def test_a_step_to_another_layer_without_a_port_is_no_detour() -> None:
    nodes = [node("a", 0, 10, layer="1", step=0), node("b", 200, 90, layer="2", step=1)]
    assert len(led(nodes, edge("a", "b")).points) == 4


# Boxes for steps left out.


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("rail", ["h_0", ""])
def test_a_rail_runs_into_the_box_of_omitted_steps(way: int, rail: str) -> None:
    nodes = [node("h", 0, 30, step=0)]
    box = gap("gap", 1, 5, x=56 if way > 0 else -106)
    line = led(nodes, edge("h", "gap", rail=rail), omitted=[box])
    tip = 0 if rail else TIP  # a rail has no arrow
    assert line.points == same(straight((20 * way, 30), ((56 - tip) * way, 30)))
    assert line.label == ((56 - 18) * way, 30 + RAISED)  # in the middle of the gap
    assert led(nodes, edge("h", "gap", rail=rail), False, omitted=[box]).label is None


@pytest.mark.parametrize("way", [1, -1])
def test_a_rail_runs_out_of_the_box_to_a_junction(way: int) -> None:
    nodes = [node("j", 100 * way, 30, step=6, role="junction")]
    box = gap("gap", 1, 5, x=0 if way > 0 else -50)
    line = led(nodes, edge("gap", "j", rail="h_5"), omitted=[box])
    assert line.points == same(straight((50 * way, 30), (100 * way, 30)))
    assert line.label == (82 * way, 30 + RAISED + 3.5)  # above the head, which is in the gap


@pytest.mark.parametrize("way", [1, -1])
def test_a_line_out_of_the_box_is_level_with_its_port(way: int) -> None:
    nodes = [node("a", 500 + 130 * way, 70, step=6)]
    box = gap("gap", 1, 5, x=500 if way > 0 else 450)
    inside = straight((500 + 80 * way, 60), (500 + 104 * way, 70))
    line = led(nodes, edge("gap", "a", list(inside), label=(3.0, 4.0)), omitted=[box])
    assert line.points == same(straight((500 + 50 * way, 60), *inside[::3]))
    assert line.label == (3.0, 4.0 + 3.5)


def test_what_a_junction_behind_the_box_hands_on_stays_as_it_is() -> None:
    nodes = [node("j", 90, 30, step=6, role="junction"), node("a", 130, 70, step=6)]
    inside = straight((90, 30), (104, 70))
    line = led(nodes, edge("gap", "a", list(inside), via="j"), omitted=[gap("gap", 1, 5)])
    assert line.points == inside


def test_a_line_out_of_the_box_to_what_follows_all_steps_goes_over_those_between() -> None:
    nodes = [node("j", 90, 30, step=6, role="junction"), node("a", 130, 70, step=6)]
    points = led(nodes, edge("gap", "a"), omitted=[gap("gap", 1, 5)]).points
    assert 0 < points[0][0] < 50  # the box
    assert max(y for _, y in points) > 80  # the upper edge of the highest node
    assert points[-1] == (104, 75)  # before the node, for the head
