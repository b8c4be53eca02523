"""What the demos about the gradient of the weights claim."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tr
from demos import exploding


def test_clipping_keeps_the_descent_in_the_valley(demo, tmp_path):
    _, said, _ = demo("exploding", "--out", tmp_path)
    found = re.findall(r"(?m)^(not clipped|by norm|by value) +(.*)", said)
    rows = {name: [float(cell) for cell in row.split()] for name, row in found}
    assert all(row[0] > 5 for row in rows.values())  # the gradient explodes in all three
    assert rows["not clipped"][2] > 0.4
    assert rows["by norm"][1:3] == [1.0, pytest.approx(0.001, abs=0.002)]
    assert rows["by value"][1] < 0.95
    assert rows["by value"][2] < 0.01


def test_the_loss_of_many_parameters_is_that_of_each():
    w, b = np.array([4.0, 6.0]), np.array([-2.0, -2.2])
    whole = exploding.loss_of(w, b, 50)
    assert [exploding.loss_of(*pair, 50) for pair in zip(w, b, strict=True)] == whole.tolist()


def test_truncation_costs_those_that_remember_more(demo, tmp_path):
    _, said, _ = demo("truncation", "--out", tmp_path)
    rows = re.findall(r"(?m)^ +\d+ +(\S+) \((\S+)\) +(\S+) \((\S+)\) +(\S+) \((\S+)\)", said)
    error, cosine = np.array(rows, float)[:, ::2], np.array(rows, float)[:, 1::2]
    assert error[-1].tolist() == [0, 0, 0]
    assert cosine[-1].tolist() == [1, 1, 1]
    assert (np.diff(error, axis=0) <= 0).all()
    assert error[4, 0] < 0.15 < 0.85 < error[4, 1:].min()  # after every 16 steps
    assert cosine[4, 0] > 0.99


def test_the_last_steps_shape_the_gradient_unless_the_cell_keeps(demo, tmp_path):
    _, said, _ = demo("recency", "--out", tmp_path)
    rows = dict(re.findall(r"(?m)^(RNN|[LG]\w+, \w+ bias -?\d) .* (\d+) of 60", said))
    needed = {name: int(steps) for name, steps in rows.items()}
    assert needed["RNN"] <= 6
    assert needed["GRU, update bias 0"] <= 6
    assert needed["LSTM, forget bias 1"] < 20
    assert needed["LSTM, forget bias 4"] > 45
    assert needed["GRU, update bias -4"] > 30
    shares = [int(share) for share in re.findall(r" (\d+)%", said)]
    assert shares[0] > 90
    assert shares[3] < 15


def test_a_clip_of_nothing_is_refused(demo, tmp_path):
    status, _, error = demo("exploding", "--clip", "0", "--out", tmp_path)
    assert status == 2
    assert error == "python -m demos.exploding: --clip and --lr must be above 0 (see --help)\n"
    assert list(tmp_path.iterdir()) == []


def test_engine_and_demo_agree_on_what_reaches_w():
    w, b = tr.Tensor(5.0, requires_grad=True), tr.Tensor(-2.5, requires_grad=True)
    assert tr.gradcheck(lambda w, b: exploding.loss_of(w, b, 10), w, b)
