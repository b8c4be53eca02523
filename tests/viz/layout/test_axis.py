"""The axis of time: one x for each step, and ticks that have room."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.viz.models import gap, model, node
from viz.layout.axis import places, ticks
from viz.metrics import SMALL, text_width
from viz.model import Cluster


def test_a_drawn_step_stands_in_its_column_and_an_omitted_one_in_its_box() -> None:
    drawn = model([node("a", step=0), node("b", step=5)], steps=list(range(6)), shown=[0, 5])
    drawn.clusters = [Cluster(str(t), "", "", t, "", x, 0, 80, 9) for t, x in ((0, 10), (5, 300))]
    drawn.omitted = [gap("gap", 1, 4, x=120, width=100)]
    found = places(drawn, {0: 10.0, 5: 300.0})
    assert found == {0: 50.0, 1: 132.5, 2: 157.5, 3: 182.5, 4: 207.5, 5: 340.0}


@pytest.mark.parametrize(
    ("each", "count", "shown", "expected"),
    [
        (40.0, 4, {0, 1, 2, 3}, [0, 1, 2, 3]),
        (12.0, 11, {0}, [0, 2, 4, 6, 8, 10]),
        (1.0, 201, {0, 200}, [0, 50, 100, 150, 200]),
        (40.0, 1, {0}, [0]),
    ],
)
def test_ticks_are_at_the_drawn_steps_and_at_round_numbers(
    each: float, count: int, shown: set[int], expected: list[int]
) -> None:
    found = ticks({step: each * step for step in range(count)}, shown)
    assert set(expected) <= set(found)
    assert all(step in shown or step % 2 == 0 or step % 5 == 0 for step in found) or each > 20


@settings(deadline=None)
@given(st.integers(1, 400), st.floats(0.5, 60.0), st.integers(0, 100_000))
def test_no_two_ticks_touch(count: int, each: float, first: int) -> None:
    at = {first + i: each * i for i in range(count)}
    found = ticks(at, {first, first + count - 1})
    assert found
    for a, b in itertools.pairwise(found):
        wide = (text_width(str(a), SMALL) + text_width(str(b), SMALL)) / 2
        assert at[b] - at[a] > wide
