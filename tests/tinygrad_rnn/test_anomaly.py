"""detect_anomaly names the first value or gradient that is not finite, its place and its line."""

import warnings

import numpy as np
import pytest

import tinygrad_rnn as tr


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"):
        yield


def test_names_the_first_value_that_is_not_finite_with_its_scope_and_line():
    x = tr.Tensor([[4.0, 0.0]], requires_grad=True)

    def forward():
        with tr.scope("t", 7), tr.scope("forget gate"):
            y = np.log(x)  # the culprit
        return np.exp(y * np.inf)

    with pytest.raises(tr.AnomalyError) as caught, tr.detect_anomaly():
        forward()
    message = str(caught.value)
    assert "the value of log is not finite (-inf at index (0, 1))" in message
    assert "at t = 7, forget gate" in message
    assert "test_anomaly.py:" in message
    assert message.endswith("y = np.log(x)  # the culprit")


def test_names_the_first_gradient_that_is_not_finite_with_its_scope_and_line():
    x = tr.Tensor([4.0, 0.0], requires_grad=True, name="speed")
    with tr.detect_anomaly():
        with tr.scope("t", 2):
            y = np.sqrt(x * 1.0)  # infinite slope at 0
        loss = (y * y).sum()
        with pytest.raises(tr.AnomalyError) as caught:
            loss.backward(gradient=np.inf)
    assert "the gradient that sum sends to its input 0 is not finite (inf at" in str(caught.value)
    with tr.detect_anomaly(), pytest.raises(tr.AnomalyError) as caught:
        np.sqrt(x).sum().backward()
    message = str(caught.value)
    assert (
        "the gradient that sqrt sends to its input 0 'speed' is not finite (inf at index (1,))"
        in message
    )
    assert message.endswith("np.sqrt(x).sum().backward()")
    assert x.grad is None


def test_a_sweep_of_what_was_made_outside_says_so():
    x = tr.Tensor(0.0, requires_grad=True)
    y = np.sqrt(x)
    with (
        tr.detect_anomaly(),
        pytest.raises(tr.AnomalyError, match=r"outside of detect_anomaly\(\)"),
    ):
        y.backward()


def test_inside_a_cell_the_line_is_the_cells():
    cell = tr.LSTMCell(2, 3, rng=0)
    bias = cell.bias.data.copy()
    bias[4] = np.nan  # row 1 of the forget gate
    cell.bias.data = bias
    with pytest.raises(tr.AnomalyError) as caught, tr.detect_anomaly():
        tr.unroll(cell, np.ones((3, 1, 2)))
    assert "cells.py:" in str(caught.value)
    assert "t = 0" in str(caught.value)


def test_second_derivatives_are_looked_at_too():
    x = tr.Tensor([0.0], requires_grad=True)
    with tr.detect_anomaly(), pytest.raises(tr.AnomalyError):
        tr.grad(np.sqrt(x).sum(), [x], create_graph=True)


def test_finite_work_is_left_alone_and_the_block_ends_with_it():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    with tr.detect_anomaly(), tr.detect_anomaly():
        np.log(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.5])
    assert np.log(x * 0.0).data[0] == -np.inf
    with pytest.raises(tr.AnomalyError), tr.detect_anomaly():
        np.log(x * 0.0)
    assert np.log(x * 0.0).data[0] == -np.inf


def test_integers_and_empty_results_pass():
    with tr.detect_anomaly(), warnings.catch_warnings():
        tr.Tensor([1, 2]) + 1
        tr.Tensor(np.zeros((0, 2)), requires_grad=True) * 2.0


def test_a_watched_sweep_looks_at_gathered_contributions_too():
    """A flow lets the sweep gather what many uses of a weight send back; an anomaly does not."""
    weight = tr.Tensor([[0.0]], requires_grad=True, name="weight")
    with tr.detect_anomaly():
        y = tr.f.linear(np.array([[1e308]]), weight)  # of a finite value
        with pytest.raises(tr.AnomalyError, match=r"linear sends to its input 1 'weight'"):
            tr.trace(y, gradient=[[10.0]])
