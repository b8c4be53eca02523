"""Lines through a gradient's logarithm: one, or two that meet at a knee."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.diagnosis.decay import pieces


@given(st.floats(-3, 1), st.integers(2, 60), st.floats(-5, 5))
def test_a_straight_way_is_one_piece(decades, count, start):
    found = pieces(10.0 ** (start + decades * np.arange(count)))
    assert len(found) == 1
    assert (found[0].first, found[0].last) == (0, count - 1)
    assert found[0].decades == pytest.approx(decades, abs=1e-9)


@given(st.integers(6, 30), st.integers(6, 30), st.floats(-1.5, -0.4))
def test_a_knee_is_found_where_it_is(before, after, fall):
    logs = np.concatenate([np.zeros(before), fall * np.arange(after + 1)])
    found = pieces(10.0**logs)
    assert [piece.first for piece in found] == [0, before]
    assert found[0].decades == pytest.approx(0, abs=1e-9)
    assert found[1].decades == pytest.approx(fall, abs=1e-9)


def test_noise_alone_is_no_knee():
    rng = np.random.default_rng(0)
    for _ in range(50):
        logs = -0.1 * np.arange(40) + 0.1 * rng.standard_normal(40)
        assert len(pieces(10.0**logs)) == 1


def test_what_cannot_be_fitted_is_left_out():
    assert pieces([1.0]) == pieces([0.0, 0.0]) == pieces([np.nan, 1.0]) == []
    (only,) = pieces([1.0, 0.1, 0.01, 0.0, 0.0])
    assert (only.first, only.last) == (0, 2)
    assert only.factor == pytest.approx(0.1)
    (stuck,) = pieces([1e-306, 1e-307, 5e-324])  # below the normal range, a gradient is stuck
    assert stuck.last == 1


def test_a_long_way_is_fitted_too():
    logs = np.concatenate([np.zeros(700), -0.3 * np.arange(800)])
    first, second = pieces(10.0**logs)
    assert abs(first.last - 700) <= 15
    assert second.decades == pytest.approx(-0.3, abs=0.01)
