"""Arguments that would change a result in silence are refused by name, with what they take."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.arguments import integer_in, number_in


@pytest.mark.parametrize("value", [1.0, 1.5, True, np.True_, "3", None, [1], np.float64(2)])
def test_what_is_no_whole_number(value):
    with pytest.raises(TypeError, match=r"f: n = .* is not a whole number from 1"):
        integer_in(value, "f: n", 1)


@pytest.mark.parametrize("value", [0, -1, np.int64(-3), 10**30])
def test_a_whole_number_out_of_range(value):
    with pytest.raises(ValueError, match=r"f: n = .* is not a whole number from 1 to 9"):
        integer_in(value, "f: n", 1, 9)


@pytest.mark.parametrize("value", [1, 9, np.int8(4), np.uint64(5)])
def test_whole_numbers_of_any_kind(value):
    found = integer_in(value, "f: n", 1, 9)
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize("value", [True, "0.1", None, [0.1], 1j])
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match=r"f: x = .* is not a number from 0 and below 1"):
        number_in(value, "f: x", 0, 1)


@pytest.mark.parametrize("value", [-1e-9, 1, np.inf, -np.inf, np.nan])
def test_a_number_out_of_range(value):
    with pytest.raises(ValueError, match=r"f: x = .* is not a number from 0 and below 1"):
        number_in(value, "f: x", 0, 1)


def test_an_open_range_leaves_its_end_out():
    assert number_in(np.float32(0.5), "f: x", 0, closed=False) == 0.5
    with pytest.raises(ValueError, match="above 0"):
        number_in(0, "f: x", 0, closed=False)


@pytest.mark.parametrize(("k1", "k2"), [(1.5, 3), (1, 2.5), (True, 2), ("1", 2), (1, None)])
def test_windows_are_whole_numbers(k1, k2):
    cell = tr.RNNCell(2, 3, rng=0)
    with pytest.raises(TypeError, match=r"truncated_bptt: k[12] = .* is not a whole number"):
        tr.truncated_bptt(cell, np.ones((4, 1, 2)), lambda t, h: h.sum(), k1, k2)


@pytest.mark.parametrize("spare", [2**31, -1, 2**40])
def test_memory_beyond_a_c_int_is_refused(spare):
    with pytest.raises(ValueError, match="keep_memory: spare"):
        tr.keep_memory(spare)


def test_dropout_of_integers_keeps_its_scale():
    x = np.full(10_000, 3)
    out = tr.Dropout(0.3, rng=0)(x)
    assert out.dtype == np.float64
    assert set(np.unique(out)) == {0.0, 3 / 0.7}
    assert out.mean() == pytest.approx(3, rel=0.03)


@pytest.mark.parametrize("value", [np.eye(3), [[1.0]], tr.Tensor(np.eye(3)), 3.0])
def test_an_array_in_a_parameters_place_is_refused(value):
    cell = tr.RNNCell(2, 3, rng=0)
    kept = cell.weight_hh
    with pytest.raises(TypeError, match=r"weight_hh is a parameter.*weight_hh\.data = "):
        cell.weight_hh = value
    assert cell.weight_hh is kept
    cell.weight_hh = tr.Parameter(np.eye(3))
    assert len(cell.parameters()) == 3


def test_a_fused_run_is_swept_with_the_nonlinearity_it_was_made_with():
    cell = tr.RNNCell(2, 3, rng=0)
    x = np.random.default_rng(1).normal(size=(5, 2, 2))
    loss = np.square(tr.unroll(cell, x, engine="fused").outputs).sum()
    (expected,) = tr.grad(loss, [cell.weight_hh])
    again = np.square(tr.unroll(cell, x, engine="fused").outputs).sum()
    cell.nonlinearity = "relu"
    (found,) = tr.grad(again, [cell.weight_hh])
    np.testing.assert_array_equal(found.data, expected.data)
