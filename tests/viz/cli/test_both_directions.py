"""A network that reads both ways, on the command line: the last loss sees all of both halves."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from viz import __main__ as command


def test_the_last_loss_reads_what_both_halves_end_with() -> None:
    network = tr.GRU(2, 3, bidirectional=True, rng=0)
    inputs = np.random.default_rng(0).normal(size=(5, 1, 2))
    run, hidden, whole = command.unrolled(network, inputs)
    forwards, backwards = run.runs[-1]
    expected = np.concatenate([forwards.final.data, backwards.final.data], axis=-1)
    assert np.array_equal(whole.data, expected)
    assert len(hidden) == 5
    task = command.Task(inputs, np.zeros((5, 1), dtype=int), 2)
    readout = tr.Parameter(np.random.default_rng(1).normal(size=(2, 6)))
    loss = task.loss([*hidden[:-1], whole], readout, every=False)
    flow = tr.trace(loss)
    for half in (forwards, backwards):  # no step of either is left without a gradient
        assert (flow.through_time(half)["h"] > 0).all()


def test_with_one_direction_it_reads_the_last_step() -> None:
    for network in (tr.LSTM(2, 3, rng=0), tr.RNNCell(2, 3, rng=0)):
        _, hidden, whole = command.unrolled(network, np.ones((4, 1, 2)))
        assert whole is hidden[-1]
