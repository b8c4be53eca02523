"""What the demos about the gradient of the weights claim."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tr
from demos import exploding


@pytest.mark.parametrize("start", [(6.0, -2.2), (5.9, -2.1), (6.2, -2.4)])
def test_clipping_by_norm_keeps_the_descent_in_the_valley(start):
    """The same with the library's own clipping and optimiser, one start at a time."""
    w, b = tr.Parameter(start[0]), tr.Parameter(start[1])
    optimiser = tr.SGD([w, b], exploding.RATE)
    losses = []
    for _ in range(200):
        loss = exploding.loss_of(w, b)
        optimiser.zero_grad()
        loss.backward()
        tr.clip_grad_norm_([w, b], exploding.C)
        losses.append(loss.item())
        optimiser.step()
    found = exploding.descend(exploding.CLIP["by norm"], 200, np.array(start)[:, np.newaxis])
    np.testing.assert_allclose(found[2, :20, 0], losses[:20], rtol=1e-9)  # then chaos at the wall
    assert np.median(found[2, -50:, 0]) < 0.01
    assert np.median(losses[-50:]) < 0.01


def test_the_loss_of_many_parameters_is_that_of_each():
    w, b = np.array([4.0, 6.0]), np.array([-2.0, -2.2])
    whole = exploding.loss_of(w, b)
    assert [exploding.loss_of(*pair) for pair in zip(w, b, strict=True)] == whole.tolist()


def test_truncation_costs_those_that_remember_more(demo, tmp_path):
    _, said, _ = demo("truncation", "--seeds", 1, "--out", tmp_path)
    rows = re.findall(r"(?m)^ +\d+ +(\S+) \((\S+)\) +(\S+) \((\S+)\) +(\S+) \((\S+)\)", said)
    error, cosine = np.array(rows, float)[:, ::2], np.array(rows, float)[:, 1::2]
    assert error[-1].tolist() == [0, 0, 0]
    assert cosine[-1].tolist() == [1, 1, 1]
    assert error[4, 0] < 0.15 < 0.7 < error[4, 1:].min()  # after every 16 steps
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


def test_engine_and_demo_agree_on_what_reaches_w():
    w, b = tr.Tensor(5.0, requires_grad=True), tr.Tensor(-2.5, requires_grad=True)
    assert tr.gradcheck(exploding.loss_of, w, b)
