"""The two lanes of an edge and their heads, measured."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.dot.lanes import HEAD_IN_WIDTHS, arrow, backward_lane, forward_lane
from viz.layout.template import sample
from viz.style import THICK, THIN

LEVEL = [(0.0, 0.0), (10.0, 0.0), (90.0, 0.0), (100.0, 0.0)]
SWING = [(0.0, 0.0), (0.0, 40.0), (60.0, 40.0), (60.0, 80.0)]


def parsed(pos: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The points of a lane, and its head's tip."""
    numbers = np.array([float(n) for n in re.findall(r"-?[\d.]+", pos)]).reshape(-1, 2)
    return (numbers[1:], numbers[0]) if pos.startswith("e,") else (numbers, None)


def painted(width: float) -> tuple[float, float]:
    """Width and length of a head as Graphviz paints it: a mitred triangle with the line's pen."""
    size, _ = arrow(width)
    half, length = 10 * size * 0.35 * max(width / 4, 1), 10 * size
    inner = half * length / (half + math.hypot(half, length))
    grown = 1 + width / 2 / inner
    return 2 * half * grown, length * grown


@given(st.floats(THIN, THICK))
def test_a_head_is_as_wide_as_promised_and_no_longer_than_the_line_allows(width: float) -> None:
    wide, long = painted(width)
    assert wide == pytest.approx(HEAD_IN_WIDTHS * width)
    assert long == pytest.approx(arrow(width)[1])
    assert 2 * width < long < 13


def test_forward_runs_to_the_targets_outline_and_back_to_the_sources() -> None:
    there, tip = parsed(forward_lane(LEVEL, True))
    assert tip is not None
    assert tip[0] == 106  # an arrow's length beyond the curve
    assert there[0][0] == 0
    back, end = parsed(backward_lane(LEVEL, 3.0, True))
    assert end is not None
    assert end[0] == 0
    assert back[0][0] == 106
    assert parsed(forward_lane(LEVEL, False))[1] is None
    assert parsed(backward_lane(LEVEL, 3.0, False))[1] is None
    assert parsed(backward_lane(LEVEL, 3.0, True, reaches=False))[0][0][0] == 100


@pytest.mark.parametrize("width", [THIN, 2.5, THICK])
@pytest.mark.parametrize("curve", [LEVEL, SWING])
def test_the_lanes_do_not_touch(curve: list[tuple[float, float]], width: float) -> None:
    there, back = (sample(parsed(pos)[0].tolist(), 200) for pos in (
        forward_lane(curve, True), backward_lane(curve, width, True),
    ))  # fmt: skip
    apart = np.hypot(*(there[:, None] - back[None]).transpose(2, 0, 1)).min()
    assert apart > (width + 1) / 2


@pytest.mark.parametrize("width", [THIN, 2.5, THICK])
@pytest.mark.parametrize("curve", [LEVEL, SWING, SWING[::-1]])
def test_a_head_points_along_its_line(curve: list[tuple[float, float]], width: float) -> None:
    for pos, pen in ((backward_lane(curve, width, True), width), (forward_lane(curve, True), 1.0)):
        lane, tip = parsed(pos)
        assert tip is not None
        long = arrow(pen)[1]
        head = tip - lane[-1]
        assert np.hypot(*head) == pytest.approx(long - 0.3, abs=0.02)  # the line ends under it
        line = np.diff(sample(lane.tolist(), 60), axis=0)[-1]
        turn = math.degrees(
            math.acos(np.clip(head @ line / np.hypot(*head) / np.hypot(*line), -1, 1))
        )
        assert turn < 12


def test_the_gradient_is_on_the_left_of_the_data() -> None:
    assert (
        parsed(backward_lane(LEVEL, 3.0, True))[0][0][1]
        > 0
        > parsed(forward_lane(LEVEL, True))[0][0][1]
    )


def test_a_line_shorter_than_its_head_keeps_some_of_itself() -> None:
    curve = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]
    lane, tip = parsed(backward_lane(curve, THICK, True, reaches=False))
    assert tip is not None
    assert len(lane) == 4
    assert np.isfinite(lane).all()
    still = backward_lane([(5.0, 5.0)] * 4, 2.0, True)
    assert np.isfinite(parsed(still)[0]).all()
