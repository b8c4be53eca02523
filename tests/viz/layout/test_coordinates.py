"""Where in its row each box of a step stands, against geometry and exhaustive search."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from tests.viz.layout.ports import keyed
from viz.layout.coordinates import _close_up, _isotonic, _weighted_median, space
from viz.layout.ordering import order_rows
from viz.layout.template import Box, LayoutEdge

Rows = list[list[str]]


def setting(
    rows: Rows, joined: str, width: float = 40.0
) -> tuple[dict[str, Box], dict[str, LayoutEdge]]:
    """Boxes in rows, and the lines `"ab cd"` from a to b and from c to d."""
    rows = [list(map(keyed, keys)) for keys in rows]
    boxes = {key: Box(key, width, 20.0, row) for row, keys in enumerate(rows) for key in keys}
    lines = {pair: LayoutEdge(pair, pair[0], pair[1], list(pair)) for pair in joined.split()}
    return boxes, lines


def crossings(rows: Rows, lines: dict[str, LayoutEdge]) -> int:
    """Pairs of straight lines between neighbouring rows that cross, each counted once."""
    at = {key: (row, i) for row, keys in enumerate(rows) for i, key in enumerate(keys)}
    segments = [
        tuple(sorted((at[a], at[b])))
        for line in lines.values()
        for a, b in itertools.pairwise(line.path)
    ]
    return sum(
        p[0] == r[0] and q[0] == s[0] and (p[1] - r[1]) * (q[1] - s[1]) < 0
        for (p, q), (r, s) in itertools.combinations(segments, 2)
        if p[0] != q[0] and r[0] != s[0]
    )


def ordered(rows: Rows, joined: str, rails: dict[str, list[str]] | None = None) -> Rows:
    """The rows in the order that is chosen for them."""
    _, lines = setting(rows, joined)
    found = [list(map(keyed, keys)) for keys in rows]
    order_rows(found, lines, rails or {})
    assert [sorted(keys) for keys in found] == [sorted(keys) for keys in rows]
    return found


# Order.


def test_neighbours_follow_what_they_are_joined_to() -> None:
    assert ordered([list("abc"), list("xyz")], "az by cx") in (
        [list("abc"), list("zyx")],
        [list("cba"), list("xyz")],
    )


def test_an_order_without_crossings_is_kept() -> None:
    rows = [list("abc"), list("xyz"), list("pq")]
    assert ordered(rows, "ax by cz xp yp zq") == rows


@pytest.mark.parametrize("seed", range(8))
def test_trees_are_drawn_without_crossings(seed: int) -> None:
    rng = random.Random(seed)
    rows = [["a"], list("bc"), list("defgh"), list("ijklmn")]
    parents = [
        (child, rng.choice(below)) for below, row in itertools.pairwise(rows) for child in row
    ]
    for row in rows:
        rng.shuffle(row)
    joined = " ".join(parent + child for child, parent in parents)
    _, lines = setting(rows, joined)
    assert crossings(ordered(rows, joined), lines) == 0


def test_few_crossings_are_left_that_another_order_would_save() -> None:
    rng = random.Random(0)
    left = spared = 0
    for _ in range(60):
        rows = [list("abcd"), list("wxyz")]
        pairs = rng.sample(list(itertools.product(*rows)), rng.randint(4, 8))
        _, lines = setting(rows, joined := " ".join(map("".join, pairs)))
        found = crossings(ordered(rows, joined), lines)
        assert found <= crossings(rows, lines)
        left += found
        spared += min(
            crossings([list(low), list(high)], lines)
            for low in itertools.permutations(rows[0])
            for high in itertools.permutations(rows[1])
        )
    assert left <= 1.5 * spared


def test_a_rails_boxes_keep_their_order_and_its_ports_their_ends() -> None:
    rows = [["a", "b"], [">h", "n", "m", "<h", "s"]]
    found = ordered(rows, "as bm", {"h": ["m", "n"]})
    assert found[1][0] == "<h"
    assert found[1][-1] == ">h"
    assert found[1].index("m") < found[1].index("n")


def test_boxes_of_a_rail_are_not_exchanged_to_save_a_crossing() -> None:
    rows = [list("ab"), list("mn"), list("xy")]
    # x and y, and a and b, are free to follow m and n; m and n are not.
    assert ordered(rows, "an bm nx my", {"h": ["m", "n"]}) == [list("ba"), list("mn"), list("yx")]


# Distances.


def spaced(
    rows: Rows,
    joined: str = "",
    rails: dict[str, list[str]] | None = None,
    ties: list[tuple[str, str]] | None = None,
    **changed: Box,
) -> dict[str, float]:
    """x of each box."""
    boxes, lines = setting(rows, joined)
    boxes.update(changed)
    space([list(map(keyed, keys)) for keys in rows], boxes, lines, rails or {}, ties or [])
    return {key: box.x for key, box in boxes.items()}


def test_neighbours_stand_18_points_apart() -> None:
    x = spaced([list("abc")])
    assert [x["b"] - x["a"], x["c"] - x["b"]] == [58, 58]


def test_tags_stand_9_points_apart_and_bends_11() -> None:
    tags = {key: Box(key, 30.0, 15.0, tag=True) for key in "ab"}
    dummy = Box("d", 2.0, 2.0, dummy=True)
    x = spaced([list("abcde")], **tags, d=dummy)
    assert x["b"] - x["a"] == 30 + 9  # between tags
    assert x["c"] - x["b"] == (30 + 40) / 2 + 18  # of a tag and another
    assert x["d"] - x["c"] == (40 + 2) / 2 + 11
    assert x["e"] - x["d"] == (40 + 2) / 2 + 11


def test_neighbours_on_a_rail_leave_room_for_a_number() -> None:
    x = spaced([["m", "n", "s"]], rails={"h": ["m", "n"]})
    assert x["n"] - x["m"] == 40 + 35
    assert x["s"] - x["n"] == 40 + 18


def test_what_one_line_joins_stands_upright() -> None:
    x = spaced([list("abc"), list("x"), list("p")], "bx xp")
    assert x["x"] == pytest.approx(x["b"])
    assert x["p"] == pytest.approx(x["b"])


def test_what_joins_two_stands_in_their_middle() -> None:
    x = spaced([list("ab"), list("x")], "ax bx")
    assert x["b"] - x["a"] == pytest.approx(58)
    assert x["x"] == pytest.approx((x["a"] + x["b"]) / 2)


def test_columns_side_by_side_stand_upright() -> None:
    x = spaced([list("ab"), list("xy"), list("pq")], "ax by yq")
    assert x["x"] == pytest.approx(x["a"])
    assert [x["y"], x["q"]] == pytest.approx([x["b"]] * 2)


def test_three_above_one_stand_around_it() -> None:
    x = spaced([list("a"), list("xyz")], "ax ay az")
    assert [x["y"] - x["x"], x["z"] - x["y"]] == pytest.approx([58, 58])
    assert x["a"] == pytest.approx(x["y"])


def test_order_and_gaps_hold_whatever_pulls() -> None:
    rng = random.Random(3)
    rows = [list("abcd"), list("efgh"), list("ijkl")]
    for _ in range(20):
        pairs = [
            (rng.choice(a), rng.choice(b)) for a, b in itertools.pairwise(rows) for _ in "1234"
        ]
        x = spaced(rows, " ".join(map("".join, dict.fromkeys(pairs))))
        for row in rows:
            assert all(x[b] - x[a] >= 58 - 1e-9 for a, b in itertools.pairwise(row))


def test_ties_set_boxes_above_one_another_without_a_line() -> None:
    x = spaced([list("ab"), list("xy")], "ax", ties=[("b", "y")])
    assert x["x"] == pytest.approx(x["a"])
    assert x["y"] == pytest.approx(x["b"])


def test_ties_are_stronger_than_lines() -> None:
    rows = [list("abc"), list("x")]
    x = spaced(rows, "bx cx", ties=[("a", "x")])
    assert x["x"] == pytest.approx(x["a"])


def test_lines_along_a_row_and_to_ports_pull_nothing() -> None:
    rows = [list("ab"), ["<h", "x", ">h"]]
    boxes, lines = setting(rows, "ax ab")
    for key, (source, target) in {"in": ("<h", "b"), "out": ("a", ">h")}.items():
        path = [keyed(source), keyed(target)]
        lines[key] = LayoutEdge(key, *path, path)
    rows = [list(map(keyed, keys)) for keys in rows]
    space(rows, boxes, lines, {}, [])
    assert boxes["x"].x == pytest.approx(boxes["a"].x)
    assert boxes["b"].x - boxes["a"].x == pytest.approx(58)


def test_a_line_through_bends_is_set_upright_before_others() -> None:
    rows = [list("ab"), ["m", "~"], list("xy")]
    boxes, lines = setting(rows, "am mx bm")
    boxes["~"] = Box("~", 2.0, 2.0, 1, dummy=True)
    lines["long"] = LayoutEdge("long", "b", "y", ["b", "~", "y"])
    space(rows, boxes, lines, {}, [])
    assert boxes["b"].x == pytest.approx(boxes["~"].x, abs=1)
    assert boxes["y"].x == pytest.approx(boxes["~"].x, abs=1)


def test_a_column_moves_as_one_towards_what_pulls_it() -> None:
    # b, y and q stand above one another; z draws y's column to the right until z is above w.
    rows = [list("bw"), list("y"), list("qz")]
    x = spaced(rows, "by yq wz")
    assert x["b"] == pytest.approx(x["y"])
    assert x["q"] == pytest.approx(x["y"])
    assert x["w"] == pytest.approx(x["z"])
    assert x["w"] - x["b"] >= 58 - 1e-9


# The two ways to the middle, and least squares under an order.


@pytest.mark.parametrize(
    ("pulls", "middle"),
    [
        ([(5.0, 1.0)], 5.0),
        ([(9.0, 1.0), (1.0, 1.0)], 5.0),
        ([(9.0, 1.0), (1.0, 1.0), (2.0, 1.0)], 2.0),
        ([(1.0, 1.0), (9.0, 3.0)], 9.0),
        ([(1.0, 1.0), (2.0, 1.0), (9.0, 2.0)], 5.5),
        ([(1.0, 1.0), (2.0, 1.0), (9.0, 2.0), (10.0, 0.5)], 9.0),
    ],
)
def test_the_median_has_half_of_the_weight_on_either_side(
    pulls: list[tuple[float, float]], middle: float
) -> None:
    for order in itertools.permutations(pulls):
        assert _weighted_median(list(order)) == middle


@pytest.mark.parametrize("seed", range(30))
def test_positions_are_the_nearest_of_all_that_keep_the_order(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(1, 6)
    wanted = [rng.uniform(-50, 50) for _ in range(count)]
    weights = [rng.uniform(0.1, 5) for _ in range(count)]
    gaps = [rng.uniform(1, 30) for _ in range(count - 1)]
    offsets = [sum(gaps[:i]) for i in range(count)]

    def far(x: list[float]) -> float:
        return sum(w * (a - b) ** 2 for w, a, b in zip(weights, x, wanted, strict=True))

    best = math.inf
    for cuts in itertools.product((False, True), repeat=count - 1):  # each split into pools
        pools = [[0]]
        for i, cut in enumerate(cuts, 1):
            if cut:
                pools.append([i])
            else:
                pools[-1].append(i)
        x = [0.0] * count
        for pool in pools:
            weight = sum(weights[i] for i in pool)
            mean = sum(weights[i] * (wanted[i] - offsets[i]) for i in pool) / weight
            for i in pool:
                x[i] = mean + offsets[i]
        if all(b - a >= gap - 1e-9 for a, b, gap in zip(x, x[1:], gaps, strict=False)):
            best = min(best, far(x))
    found = _isotonic(wanted, weights, gaps)
    assert all(b - a >= gap - 1e-9 for a, b, gap in zip(found, found[1:], gaps, strict=False))
    assert far(found) == pytest.approx(best)


def test_what_is_empty_from_top_to_bottom_is_closed_up_to_the_room_of_a_number() -> None:
    spans = {"a": (0, 20), "b": (10, 60), "c": (200, 220), "d": (230, 250), "e": (400, 500)}
    boxes = {
        key: Box(key, right - left, 20.0, row % 2, x=(left + right) / 2)
        for row, (key, (left, right)) in enumerate(spans.items())
    }
    boxes["<h"] = Box(keyed("<h"), 2.0, 2.0, x=-300.0)  # a port, which has its place at the side
    _close_up(boxes)
    found = {key: box.x - box.width / 2 for key, box in boxes.items()}
    # b ends at 60, so that c begins at 95; d is near enough; e begins 35 after it.
    assert found == {"a": 0, "b": 10, "c": 95, "d": 125, "e": 180, "<h": -301}
