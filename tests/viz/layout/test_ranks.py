"""In which row of a step each box stands, worked out by hand from the rules."""

from __future__ import annotations

import itertools

import pytest

from tests.viz.layout.ports import keyed
from viz.layout.ranks import assign_rows, find_rails, gather_rows, rail_through
from viz.layout.template import Box, LayoutEdge

Edges = list[tuple[str, str, str]]


def edges(*pairs: str) -> Edges:
    """`"a b"` is an edge from a to b, and `"a b c"` two in a row."""
    found = []
    for pair in pairs:
        names = map(keyed, pair.split())
        found += [(f"{a}-{b}", a, b) for a, b in itertools.pairwise(names)]
    return found


def rows_of(lines: Edges, rails: dict[str, list[str]], names: str = "") -> list[str]:
    """The rows that boxes get, from the bottom up; each row's names in order."""
    every = dict.fromkeys(
        [*map(keyed, names.split()), *(key for _, a, b in lines for key in (a, b))]
    )
    boxes = {key: Box(key, 10.0, 10.0) for key in every}
    assign_rows(boxes, lines, rails)
    count = 1 + max(box.row for box in boxes.values())
    found = [" ".join(sorted(k for k, b in boxes.items() if b.row == row)) for row in range(count)]
    assert all(found)  # no empty row
    return found


# Rails.


def test_a_rail_is_the_shortest_way_from_a_states_arrival_to_its_new_value() -> None:
    lines = edges("<h a b h", "<h c h", "x a")
    assert find_rails(lines, ["h"]) == {"h": ["c", "h"]}


def test_of_ways_of_one_length_the_first_drawn_is_the_rail() -> None:
    assert find_rails(edges("<h b h", "<h a h"), ["h"]) == {"h": ["b", "h"]}


def test_a_state_that_its_arrival_does_not_lead_to_is_a_rail_of_its_own() -> None:
    assert find_rails(edges("<h a", "x h"), ["h"]) == {"h": ["h"]}


def test_rails_share_no_box_and_pass_through_no_other_state() -> None:
    lines = edges("<h a h", "<c a c", "<c b d c", "<c h c")
    assert find_rails(lines, ["h", "c"]) == {"h": ["a", "h"], "c": ["b", "d", "c"]}


def test_a_loop_does_not_hold_up_the_search() -> None:
    assert find_rails(edges("<h a b a", "b h"), ["h"]) == {"h": ["a", "b", "h"]}
    assert find_rails(edges("<h a b a"), ["h"]) == {"h": ["h"]}


def test_a_cut_lies_on_the_rail_in_front_of_all_else() -> None:
    lines = edges("<h a h", "<h L|cut|1 a", "<h L|cut|2 z")
    assert find_rails(lines, ["h"], ["L|cut|1"]) == {"h": ["L|cut|1", "a", "h"]}


def test_a_cut_that_another_rail_has_taken_is_not_taken_twice() -> None:
    lines = edges("<c L|cut|1 c", "<h L|cut|1 a", "<h a h")
    assert find_rails(lines, ["c", "h"], ["L|cut|1"]) == {"c": ["L|cut|1", "c"], "h": ["a", "h"]}


def test_what_follows_the_steps_has_a_rail_to_its_end() -> None:
    assert rail_through(edges("x a", "<h a b loss"), "loss") == {"h": ["a", "b", "loss"]}
    assert rail_through(edges("<h a b loss", "<h c"), "") == {"h": ["a"]}
    assert rail_through(edges("x a b"), "b") == {}


@pytest.mark.parametrize(("count", "kept"), [(7, 7), (8, 1)])
def test_a_long_way_to_the_loss_climbs_instead(count: int, kept: int) -> None:
    names = [f"n{i}" for i in range(count)]
    assert rail_through(edges(" ".join(["<h", *names])), names[-1]) == {"h": names[:kept]}


# Rows.


def test_a_long_rail_lies_at_the_bottom_with_what_it_uses_below() -> None:
    # w stands just below m, which uses it; x below what it is multiplied in.
    lines = edges("<h m a h >h", "x p a", "w m", "_b p")
    assert rows_of(lines, {"h": ["m", "a", "h"]}) == ["_b", "x", "p w", "<h >h a h m"]


def test_what_a_state_leads_to_climbs_by_its_longest_path() -> None:
    lines = edges("<h m a h", "m s", "s t", "m t", "t h", "w t")
    expected = ["<h >h a h m", "s", "t"]
    assert rows_of(lines[:-1], {"h": ["m", "a", "h"]}, ">h") == expected
    # A leaf that only t uses stands in the row below t, beside s.
    assert rows_of(lines, {"h": ["m", "a", "h"]}, ">h") == ["<h >h a h m", "s w", "t"]


def test_a_leaf_of_something_just_above_a_rail_gets_a_row_between() -> None:
    lines = edges("<h m a h", "m s", "w s")
    assert rows_of(lines, {"h": ["m", "a", "h"]}, ">h") == ["<h >h a h m", "w", "s"]


def test_a_leaf_stands_below_the_lowest_of_its_users() -> None:
    lines = edges("<h m a h", "m s t u", "w u", "w t")
    expected = ["<h >h a h m", "s w", "t", "u"]
    assert rows_of(lines, {"h": ["m", "a", "h"]}, ">h") == expected


def test_a_short_rail_lies_on_top_as_a_conveyor() -> None:
    lines = edges("<c f c", "<h g f", "m h", "<h m a h")
    rails = {"h": ["m", "a", "h"], "c": ["f", "c"]}
    assert rows_of(lines, rails, ">h >c") == ["<h >h a h m", "g", "<c >c c f"]


def test_with_short_rails_alone_all_lie_on_top_of_what_leads_to_them() -> None:
    lines = edges("<h h", "<h z n h", "x n")
    assert rows_of(lines, {"h": ["h"]}, ">h") == ["x z", "n", "<h >h h"]


def test_two_short_rails_lie_one_above_the_other_in_their_order() -> None:
    lines = edges("<h h", "<c c", "c h")
    assert rows_of(lines, {"h": ["h"], "c": ["c"]}, ">h >c") == ["<h >h h", "<c >c c"]


def test_what_hangs_from_a_top_rail_comes_down_if_it_leads_back_to_the_bottom() -> None:
    # As an LSTM's tanh(c) does on its way to h.
    lines = edges("<h m o h", "<h i c", "<h i2 i", "<c c", "c t h")
    rails = {"h": ["m", "o", "h"], "c": ["c"]}
    assert rows_of(lines, rails, ">h >c") == ["<h >h h m o", "i2", "i t", "<c >c c"]


def test_what_leads_nowhere_from_a_top_rail_climbs_above_it() -> None:
    lines = edges("<h m o h", "<c c", "c t u")
    rails = {"h": ["m", "o", "h"], "c": ["c"]}
    assert rows_of(lines, rails, ">h >c") == ["<h >h h m o", "<c >c c", "t", "u"]


def test_a_chain_from_the_top_ends_in_the_row_above_the_bottom_rail() -> None:
    lines = edges("<h m o h", "<c c", "c t u v h")
    rails = {"h": ["m", "o", "h"], "c": ["c"]}
    # Nothing else lies between the rails, so all three stand in the row that the upper one has.
    assert rows_of(lines, rails, ">h >c") == ["<h >h h m o", "<c >c c t u v"]


def test_ports_below_and_above_have_the_outermost_rows() -> None:
    lines = edges("<h m a h", "_x p m", "h ^h")
    assert rows_of(lines, {"h": ["m", "a", "h"]}, ">h") == ["_x", "p", "<h >h a h m", "^h"]


def test_an_arrival_without_a_rail_is_level_with_its_first_use() -> None:
    lines = edges("<h m a h", "m s t", "<z t", "<y s", "<y t")
    assert rows_of(lines, {"h": ["m", "a", "h"]}, ">h") == ["<h >h a h m", "<y s", "<z t"]


def test_without_rails_what_ends_lies_at_the_top() -> None:
    assert rows_of(edges("a b d", "c d"), {}) == ["a", "b c", "d"]


def test_a_circle_of_collapsed_boxes_is_broken_where_it_is_met() -> None:
    assert rows_of(edges("a b a"), {}) == ["b", "a"]


def test_the_order_in_which_boxes_come_does_not_matter() -> None:
    lines = edges("m s t u", "<h m a h")
    assert rows_of(lines, {"h": ["m", "a", "h"]}, "u t s a m >h") == [
        "<h >h a h m", "s", "t", "u",
    ]  # fmt: skip


# Bends.


def test_a_line_bends_in_every_row_that_it_passes_through() -> None:
    boxes = {
        name: Box(name, 10.0, 10.0, row) for name, row in zip("abcd", (0, 3, 1, 1), strict=True)
    }
    lines = {
        "up": LayoutEdge("up", "a", "b"),
        "down": LayoutEdge("down", "b", "c"),
        "far": LayoutEdge("far", "b", "a"),
        "level": LayoutEdge("level", "c", "d"),
        "next": LayoutEdge("next", "a", "c"),
    }
    rows = gather_rows(boxes, lines, {})
    assert lines["up"].path == ["a", "~up@1", "~up@2", "b"]
    assert lines["down"].path == ["b", "~down@2", "c"]
    assert lines["far"].path == ["b", "~far@2", "~far@1", "a"]
    assert lines["level"].path == ["c", "d"]
    assert lines["next"].path == ["a", "c"]
    assert rows == [["a"], ["c", "d", "~up@1", "~far@1"], ["~up@2", "~down@2", "~far@2"], ["b"]]
    for key in ("~up@1", "~up@2", "~down@2"):
        assert boxes[key] == Box(key, 2.0, 2.0, row=int(key[-1]), dummy=True)
    assert not boxes["a"].dummy


def test_every_rail_has_a_port_at_either_end_even_where_nothing_uses_it() -> None:
    boxes = {"a": Box("a", 10.0, 10.0, 0), "h": Box("h", 10.0, 10.0, 1)}
    rows = gather_rows(boxes, {}, {"h": ["h"]})
    assert rows == [["a"], ["h", "<h", ">h"]]
    assert (boxes["<h"].width, boxes["<h"].height) == (boxes[">h"].width, boxes[">h"].height)
    assert (boxes["<h"].width, boxes["<h"].height) == (2.0, 2.0)
