"""The charts that the command line writes are those of its networks."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.diagnosis.chains import last_chain
from viz.charts.series import losses_through_time
from viz.cli.charts import CHART_KINDS, draw_charts

X = np.random.default_rng(0).standard_normal((6, 2, 3))


def flows(every=True):
    found = {}
    for name, network in {"rnn": tr.RNN(3, 4, rng=0), "lstm": tr.LSTM(3, 4, 2, rng=0)}.items():
        run = network(X)
        found[name] = tr.trace(np.square(run.outputs if every else run.outputs[-1]).mean())
    return found


def test_each_kind_is_drawn_for_each_network():
    drawn = dict(draw_charts(list(CHART_KINDS), flows(), "l2", "6 steps"))
    assert list(drawn) == [
        "chart", "lstm-gates", "rnn-units", "lstm-units", "rnn-losses", "lstm-losses"
    ]  # fmt: skip
    assert drawn["lstm-losses"].get_title("left") == "LSTM: 6 steps"
    assert "dL/dc" in drawn["lstm-units"].images[0].colorbar.ax.get_ylabel()
    assert [line.get_label() for line in drawn["lstm-gates"].lines] == [
        "input gate", "forget gate", "output gate"
    ]  # fmt: skip


def test_gates_are_those_of_the_last_layer():
    network = tr.LSTM(3, 4, 2, rng=0)
    run = network(X)
    flow = tr.trace(np.square(run.outputs).mean())
    ((_, axes),) = draw_charts(["gates"], {"lstm": flow}, "l2", "")
    expected = tr.analysis.activations(run.runs[1][0])["forget gate"].mean(axis=(1, 2))
    np.testing.assert_allclose(axes.lines[1].get_ydata(), expected)


def test_losses_of_one_mean_are_those_of_sweeps_of_their_own():
    network = tr.LSTM(3, 4, 2, rng=0)
    run = network(X)
    target = np.random.default_rng(1).standard_normal(run.outputs.shape)
    steps, norms = losses_through_time(tr.trace(tr.mse_loss(run.outputs, target)), "c")
    losses = [
        np.square(h - y).sum() / target.size
        for h, y in zip(run.runs[1][0].hidden, target, strict=True)
    ]
    np.testing.assert_allclose(norms, tr.itemised(losses, run)["c"], rtol=1e-10)
    assert list(steps) == list(range(6))


def test_a_loss_at_some_steps_has_a_row_for_each():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X)
    loss = np.square(run.hidden[2]).sum() + np.square(run.hidden[5]).sum()
    steps, norms = losses_through_time(tr.trace(loss))
    assert list(steps) == [2, 5]
    assert np.count_nonzero(norms[0]) == 3


def test_a_state_that_is_not_there_is_refused():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X)
    with pytest.raises(ValueError, match="no tensor named 'c'"):
        losses_through_time(tr.trace(run.final.sum()), "c")
    assert last_chain(tr.trace(np.sum(tr.Tensor([1.0], requires_grad=True)))) is None
