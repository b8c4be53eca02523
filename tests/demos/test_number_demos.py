"""What the demos about sizes claim: saturation, floating-point range, initialisation, inputs."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tr
from demos import initialisation, input_attribution, saturation
from tinygrad_rnn.analysis import decades_per_step


def test_slopes_alone_make_an_orthogonal_rnn_vanish(demo, tmp_path):
    _, said, _ = demo("saturation", "--seeds", 3, "--out", tmp_path)
    rnn = np.array(re.findall(r"(?m)^inputs times (\S+) +(\d+)% +(\S+)", said), float)
    assert (np.diff(rnn[:, 1]) >= 0).all()
    assert (np.diff(rnn[:, 2]) < 0).all()
    lstm = np.array(re.findall(r"(?m)^bias +(\S+) +(\d+)% +(\d+)% +(\S+)", said), float)
    assert (np.diff(lstm[:, 3]) > 0).all()
    assert lstm[0, 1] == lstm[-1, 2] == 100


def test_the_stuck_units_are_those_of_a_loop_by_hand():
    """The RNN once more in plain NumPy: where |h| > 0.8, and what is left of a gradient."""
    cell = tr.RNNCell(4, 6, rng=0)
    rate, low, high = saturation.measure(cell, 3.0, 10, 5)
    rng = np.random.default_rng([5, 1])
    x, h, hs = 3.0 * rng.standard_normal((10, 8, 4)), np.zeros((8, 6)), []
    for x_t in x:
        h = np.tanh(x_t @ cell.weight_ih.data.T + h @ cell.weight_hh.data.T + cell.bias.data)
        hs.append(h)
    assert low + high == pytest.approx(np.mean(np.abs(hs) > 0.8))
    g, norms = rng.standard_normal((8, 6)), []
    for h in hs[::-1]:
        norms.append(np.linalg.norm(g))
        g = (g * (1 - h**2)) @ cell.weight_hh.data
    assert rate == pytest.approx(np.polyfit(range(10), np.log10(norms), 1)[0])


def test_float32_runs_out(demo, tmp_path):
    _, said, _ = demo("float32", "--out", tmp_path)
    assert re.search(r"in float64 it reaches t = 0 as \d.\de-7\d", said)
    zero = int(re.search(r"in float32 it is exactly 0 from (\d+) steps", said)[1])
    rate = float(re.search(r"by (\S+) decades", said)[1])
    assert abs(zero * rate + 45) < 2  # the smallest float32 is 1.4e-45
    assert int(re.search(r"third digit from (\d+)", said)[1]) < zero


def test_float32_keeps_up_where_nothing_vanishes(demo, tmp_path):
    _, said, _ = demo("float32", "--steps", 20, "--out", tmp_path)
    assert "in float32 it is exactly 0" not in said
    assert "wrong in" not in said


def test_ways_to_begin(demo, tmp_path):
    _, said, _ = demo("initialisation", "--seeds", 5, "--out", tmp_path)
    found = re.findall(r"(?m)^(\w+(?: gain)?) +\S+ +([+-]\S+) \(", said)
    median = {name: float(rate) for name, rate in found}
    assert set(median) == set(initialisation.WAYS)
    assert -0.29 < median["uniform"] < -0.22
    assert -1.05 < median["small gain"] < -1.0
    assert -0.09 < median["orthogonal"] < -0.03
    assert -0.02 < median["IRNN"] <= 0


def test_a_unit_of_the_irnn_passes_the_gradient_on_whole():
    norms = initialisation.swept("IRNN", 4, 2000, 0)[1]
    assert abs(decades_per_step(norms)) < 0.2
    assert (np.diff(norms) >= 0).all()


def test_replacing_points_at_what_matters_and_the_gradient_at_half_of_it(demo, tmp_path):
    options = ("--hidden", 24, "--iterations", 200, "--seeds", 1, "--out", tmp_path)
    _, said, _ = demo("input_attribution", *options)
    found = re.findall(r"(?m)^(\w+, \w+) +(\S+) +(\S+)$", said)
    marker, letter = ({name: float(row[k]) for name, *row in found} for k in (0, 1))
    assert marker["replacing, after"] + letter["replacing, after"] > 0.97
    assert marker["gradient, after"] + letter["gradient, after"] < 0.85
    assert marker["gradient, after"] < marker["replacing, after"]


def test_the_gradient_at_an_input_is_its_finite_difference():
    rng = np.random.default_rng(3)
    reader = input_attribution.Reader(3, rng)
    rows, marked, _ = input_attribution.draw_rows(rng, 2)
    x, eps = np.eye(9)[rows], 1e-6
    moved = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = eps
        high, low = (reader.losses(x + d, marked).data.sum() for d in (step, -step))
        moved[place] = (high - low) / (2 * eps)
    expected = np.linalg.norm(moved, axis=-1)
    np.testing.assert_allclose(input_attribution.by_gradient(reader, rows, marked), expected, 1e-5)


def test_the_marked_letter_is_where_it_is_said_to_be():
    rows, marked, place = input_attribution.draw_rows(np.random.default_rng(2), 50)
    for row, letter, t in zip(rows.T, marked, place, strict=True):
        assert row[t] == letter
        assert np.flatnonzero(row == input_attribution.MARKER).tolist() == [t - 1]
