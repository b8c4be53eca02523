"""Where what comes before and after all steps stands, in closed form."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.layout.chains import (
    FOOT,
    HEADER,
    MARGIN,
    PAD,
    RAIL,
    SIDE_GAP,
    SMALL,
    STATE,
    STEP_GAP,
    WIDE,
    at,
    chain,
    flowless,
)
from tests.viz.models import edge, named, node
from viz.layout.place import place
from viz.metrics import LABEL
from viz.model import AFTER, BEFORE, Model


def test_initial_states_stand_where_their_rails_start_also_of_what_runs_backwards() -> None:
    run = tr.GRU(2, 3, bidirectional=True, rng=0)(np.ones((4, 1, 2)))
    loss = (run.outputs * run.outputs).sum()
    drawn = viz.draw(loss, tr.trace(loss), "op", steps="all").model
    forwards, backwards = (
        next(n for n in drawn.nodes if n.role == "initial" and n.id == line.source)
        for name in ("forward", "backward")
        for line in [
            next(e for e in drawn.edges if e.rail and e.port.startswith(f"<{name}")
                 and named(drawn, e.source).role == "initial")
        ]
    )  # fmt: skip
    sides = [(frame.x, frame.x + frame.width) for frame in drawn.clusters]
    after = min(n.x - n.width / 2 for n in drawn.nodes if n.layer == AFTER)
    assert forwards.x + forwards.width / 2 < min(left for left, _ in sides)
    assert max(right for _, right in sides) < backwards.x - backwards.width / 2
    assert backwards.x + backwards.width / 2 < after - 12  # where lines to what follows come down
    for state in (forwards, backwards):
        (line,) = (e for e in drawn.edges if e.source == state.id and e.rail)
        assert abs(line.points[0][0] - state.x) == pytest.approx(state.width / 2)
        assert len({y for _, y in line.points}) == 1


def with_start(steps: int = 2) -> Model:
    nodes, edges, layer = chain(steps)
    start = node("start", key="start", label="h_0", role="initial", layer=BEFORE)
    edges.append(edge("start", "m0", port="<h"))
    return place(flowless([*nodes, start], edges, layers=[layer]))


def test_an_initial_state_stands_at_the_start_of_its_rail() -> None:
    drawn = with_start()
    head = STATE + PAD  # what is leftmost of all stands at the margin
    assert at(drawn, "start") == (MARGIN + STATE / 2, FOOT + RAIL)
    assert at(drawn, "m0")[0] == MARGIN + head + STEP_GAP + PAD + SMALL / 2
    line = next(e for e in drawn.edges if e.source == "start")
    assert line.points[0] == (MARGIN + STATE, FOOT + RAIL)
    assert line.points[3] == (MARGIN + head + STEP_GAP, FOOT + RAIL)


def with_tail(count: int, rows: int = 0, layers: int = 1, states: int = 1) -> Model:
    """A chain with operations after it; `rows` stand above its first operation."""
    nodes, edges, layer = chain(2)
    for t in range(2):
        below = f"m{t}"
        for row in range(rows):
            nodes.append(node(f"r{row}{t}", key=f"r{row}", label="r", layer="", step=t))
            edges.append(edge(below, f"r{row}{t}"))
            edges[-1].key = f"r{row}"
            below = f"r{row}{t}"
    if rows:  # a rail of three lies at the bottom
        for t in range(2):
            nodes.append(node(f"k{t}", key="k", label="k", layer="", step=t))
        edges = [e for e in edges if e.key != "m-h"]
        for t in range(2):
            for source, target in (("m", "k"), ("k", "h")):
                edges.append(edge(f"{source}{t}", f"{target}{t}"))
                edges[-1].key = f"{source}-{target}"
    before = "h1"
    for i in range(count):
        nodes.append(node(f"a{i}", key=f"a{i}", label="a", layer=AFTER))
        edges.append(edge(before, f"a{i}", port="<h" if i == 0 else ""))
        before = f"a{i}"
    others = [chain(2, str(k)) for k in range(1, layers)]
    return place(
        flowless(
            [*nodes, *(n for part in others for n in part[0])],
            [*edges, *(e for part in others for e in part[1])],
            layers=[layer, *(part[2] for part in others)],
            root=before,
        )
    )


def test_what_follows_a_low_step_goes_on_to_the_right() -> None:
    drawn = with_tail(3)
    left = MARGIN + 2 * (WIDE + STEP_GAP)
    for i in range(3):
        assert at(drawn, f"a{i}") == (left + PAD + SMALL / 2 + i * (SMALL + SIDE_GAP), FOOT + RAIL)
    line = next(e for e in drawn.edges if e.target == "a0")
    assert line.points[0] == (at(drawn, "h1")[0] + STATE / 2, FOOT + RAIL)
    assert line.points[3] == (left, FOOT + RAIL)


@pytest.mark.parametrize(("rows", "count", "climbs"), [(3, 5, True), (3, 6, False)])
def test_what_follows_a_tall_step_climbs_beside_it(rows: int, count: int, climbs: bool) -> None:
    drawn = with_tail(count, rows)
    height = drawn.clusters[0].height - HEADER
    assert (height > 38 * count) == climbs
    xs = {at(drawn, f"a{i}")[0] for i in range(count)}
    ys = [at(drawn, f"a{i}")[1] for i in range(count)]
    assert ys[0] == at(drawn, "h1")[1]
    assert (len(xs), len(set(ys))) == ((1, count) if climbs else (count, 1))
    assert ys == sorted(ys)


def test_a_rail_on_top_is_left_downwards() -> None:
    nodes, edges, layer = chain(2)  # a rail of two lies on top of what leads to it
    for t in range(2):
        for below, above in (("p", "q"), ("q", "s"), ("s", "m")):
            nodes.append(node(f"{below}{t}", key=below, label=below, layer="", step=t))
            edges.append(edge(f"{below}{t}", f"{above}{t}"))
            edges[-1].key = f"{below}{above}"
    for i, before in ((0, "h1"), (1, "a0")):
        nodes.append(node(f"a{i}", key=f"a{i}", label="a", layer=AFTER))
        edges.append(edge(before, f"a{i}", port="" if i else "<h"))
    drawn = place(flowless(nodes, edges, layers=[layer], root="a1"))
    (x0, y0), (x1, y1) = at(drawn, "a0"), at(drawn, "a1")
    assert x0 == x1
    assert y0 == at(drawn, "h1")[1]
    assert y1 < y0
    line = next(e for e in drawn.edges if e.target == "a1")
    assert line.points[0] == (x0, y0 - SMALL / 2)
    assert line.points[-1] == (x1, y1 + SMALL / 2 + 6)
    # Above a second layer it climbs on: below it that one stands.
    other = chain(2, "2", "c")
    both = place(
        flowless([*nodes, *other[0]], [*edges, *other[1]], layers=[layer, other[2]], root="a1")
    )
    assert at(both, "a1")[1] > at(both, "a0")[1]


def test_without_a_rail_to_it_what_follows_stands_at_the_foot() -> None:
    nodes, edges, layer = chain(2)
    drawn = place(
        flowless([*nodes, node("a", key="a", label="a", layer=AFTER)], edges, layers=[layer])
    )
    assert at(drawn, "a") == (
        MARGIN + 2 * (WIDE + STEP_GAP) + PAD + SMALL / 2, FOOT + PAD + SMALL / 2,
    )  # fmt: skip


def test_lines_before_all_steps_join_what_stands_there() -> None:
    nodes, edges, layer = chain(2)
    nodes += [
        node("v", key="v", label="v", layer=BEFORE),
        node("d", key="d", label="d", layer=BEFORE),
    ]
    edges.append(edge("v", "d"))
    drawn = place(flowless(nodes, edges, layers=[layer]))
    (low, high), line = (named(drawn, id) for id in "vd"), edges[-1]
    assert line.points[0] == pytest.approx((low.x, low.y + SMALL / 2))
    assert line.points[-1] == pytest.approx((high.x, high.y - SMALL / 2 - 6))
    assert low.x == high.x == MARGIN + SMALL / 2
    assert high.y - low.y == SMALL + 25  # rows are 25 points apart
    assert line.label is not None
    assert abs(line.label[0] - low.x) > LABEL[0] / 2 + 3  # beside both lanes


class Composed(tr.Cell):
    """A cell whose matrix is made of another once for all steps, before the first of them."""

    def __init__(self) -> None:
        self.M = tr.Parameter(np.random.default_rng(0).standard_normal((3, 3)))

    def initial_state(self, batch: int) -> tr.Tensor:
        return tr.Tensor(np.zeros((batch, 3)))

    def prepare(self) -> Any:
        A: Any = self.M - self.M.T - 0.1 * np.eye(3)
        A.name = "A"
        return A

    def __call__(self, x: Any, h: Any, A: Any = None) -> Any:
        with tr.scope("slope"):
            slope = np.tanh(x + h @ A.T)
        return h + 0.1 * slope


@pytest.mark.parametrize("detail", ["op", "gate", "cell"])
def test_what_is_made_before_the_steps_keeps_clear_of_the_initial_state(detail: str) -> None:
    loss = tr.unroll(Composed(), np.ones((4, 1, 3))).final.sum()
    drawn = viz.draw(loss, tr.trace(loss), detail).model
    head = [n for n in drawn.nodes if n.layer == BEFORE]
    assert len(head) >= 4
    for a, b in itertools.combinations(head, 2):
        beside = abs(a.x - b.x) - (a.width + b.width) / 2
        above = abs(a.y - b.y) - (a.height + b.height) / 2
        assert beside >= 0 or above >= 0, (a.label, b.label)
    inside = {n.id: n for n in head}
    for line in drawn.edges:
        if line.source in inside and line.target in inside:
            a, b = inside[line.source], inside[line.target]
            low, high = sorted((a.y, b.y))
            assert all(low <= y <= high for _, y in line.points)


def test_what_is_shared_by_all_steps_has_its_name_in_each_of_them() -> None:
    loss = tr.unroll(Composed(), np.ones((4, 1, 3))).final.sum()
    drawn = viz.draw(loss, tr.trace(loss), "gate", steps="all").model
    assert [n.label for n in drawn.nodes if n.role == "shared"] == ["A"] * 4
