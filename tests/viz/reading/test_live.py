"""A cell is computed anew in the page only if it is the one that was recorded."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from viz.reading.live import MOST_LIVE_STEPS, MOST_LIVE_UNITS, live_cell_of


def traced(cell, steps=6, dtype=np.float64):
    inputs = np.random.default_rng(1).normal(size=(steps, 2, cell.input_size)).astype(dtype)
    run = tr.unroll(cell, inputs)
    last = getattr(run.final, "h", run.final)
    return inputs, last, tr.trace(np.square(last).sum())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("make", "kind", "reset"),
    [
        (lambda **more: tr.RNNCell(3, 4, rng=0, **more), "RNN", ""),
        (lambda **more: tr.LSTMCell(3, 4, rng=0, **more), "LSTM", ""),
        (lambda **more: tr.GRUCell(3, 4, rng=0, **more), "GRU", "before"),
        (lambda **more: tr.GRUCell(3, 4, rng=0, reset="after", **more), "GRU", "after"),
    ],
)
def test_a_cell_of_the_librarys_own_is_recognised(make, kind, reset, dtype):
    cell = make(dtype=dtype)
    inputs, last, flow = traced(cell, dtype=dtype)
    found = live_cell_of(flow)
    assert (found.kind, found.reset) == (kind, reset)
    np.testing.assert_array_equal(found.inputs, inputs[:, 0])
    np.testing.assert_array_equal(found.weights["weight_hh"], cell.weight_hh.data)
    np.testing.assert_array_equal(found.seed, flow.gradient(last)[0])


def test_weights_are_those_of_the_recording():
    cell = tr.LSTMCell(3, 4, rng=0)
    before = cell.weight_hh.data.copy()
    _, _, flow = traced(cell)
    cell.weight_hh.data = 0 * before
    np.testing.assert_array_equal(live_cell_of(flow).weights["weight_hh"], before)


@pytest.mark.parametrize(
    ("cell", "steps"),
    [
        (tr.LSTMCell(3, 4, rng=0, coupled=True), 6),
        (tr.LSTMCell(3, 4, rng=0, peepholes=True), 6),
        (tr.RNNCell(3, 4, rng=0, nonlinearity="relu"), 6),
        (tr.RNNCell(3, MOST_LIVE_UNITS + 1, rng=0), 6),
        (tr.RNNCell(3, 4, rng=0), MOST_LIVE_STEPS + 1),
    ],
)
def test_another_cell_or_a_large_one_is_left_alone(cell, steps):
    assert live_cell_of(traced(cell, steps)[2]) is None


def test_two_layers_or_no_flow_have_no_live_cell():
    inputs = np.random.default_rng(1).normal(size=(5, 1, 3))
    layers = tr.LSTM(3, 4, num_layers=2, rng=0)
    loss = np.square(layers(inputs).outputs).sum()
    assert live_cell_of(tr.trace(loss)) is None
    assert live_cell_of(None) is None
