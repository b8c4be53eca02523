"""What the demos about gates claim."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tr
from demos import cell_state, gru_interpolation
from tinygrad_rnn.analysis import activations


def table(said):
    """Return the rows that begin with a bias, as numbers."""
    return [[float(cell) for cell in row.split()] for row in re.findall(r"(?m)^ +[+-]\d.*", said)]


def unrolled_without_U(cell):
    """Unroll a cell whose weights on h are 0 over 8 steps; return the run and a gradient."""
    cell.weight_hh.data = 0 * cell.weight_hh.data
    rng = np.random.default_rng(1)
    run = tr.unroll(cell, rng.standard_normal((8, 1, 3)))
    return run, rng.standard_normal((1, 4))


def test_without_weights_on_h_only_the_rail_of_c_is_left():
    run, g = unrolled_without_U(tr.LSTMCell(3, 4, rng=0))
    flow = tr.trace(run.final.h, g)
    by_c, by_h = cell_state.rails(flow, run).values()
    assert not by_h.any()
    forget = activations(run)["forget gate"]
    expected = cell_state.alone(forget, flow.gradient(run.final.c))
    np.testing.assert_allclose(by_c, expected, rtol=1e-12)


def test_without_weights_on_h_only_the_interpolation_is_left():
    run, g = unrolled_without_U(tr.GRUCell(3, 4, rng=0))
    kept, rest = gru_interpolation.paths(tr.trace(run.final, g), run).values()
    keep = 1 - activations(run)["update gate"]
    expected = np.linalg.norm(np.cumprod(keep[:0:-1], axis=0)[::-1] * g, axis=(1, 2))
    np.testing.assert_allclose(kept, expected, rtol=1e-12)
    assert rest.max() < 1e-12


def test_the_forget_bias_decides_for_the_lstm(demo, tmp_path):
    _, said, _ = demo("cell_state", "--out", tmp_path)
    rows = table(said)
    assert [row[0] for row in rows] == [-2, 0, 1, 4]
    h, c, alone, openness, share = np.array(rows)[:, 1:].T
    assert c == pytest.approx([-0.60, -0.20, -0.07, 0.02], abs=0.02)
    assert np.abs(h - c).max() < 0.02
    assert (alone < c).all()
    assert alone[-1] == pytest.approx(-0.009, abs=0.002)
    assert openness == pytest.approx(1 / (1 + np.exp([2.0, 0.0, -1.0, -4.0])), abs=0.01)
    assert (np.diff(share) > 0).all()
    assert share[-1] > 0.85


def test_the_update_bias_decides_for_the_gru(demo, tmp_path):
    _, said, _ = demo("gru_interpolation", "--out", tmp_path)
    bias, measured, alone, _, share = np.array(table(said)).T
    assert bias.tolist() == [-4, -2, 0, 2]
    assert measured[0] == pytest.approx(alone[0], abs=0.002)
    assert measured[-1] > alone[-1] + 0.3
    assert share[0] > 0.95
    assert share[-1] < 0.5
