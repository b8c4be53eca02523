"""Whole training runs that converge in seconds, for fixed seeds, with the fused engine."""

import numpy as np
import pytest

import tinygrad_rnn as tr


def sum_of_bits(rng, size):
    """20 bits; the target is how many are set, scaled to -1 .. 1. Guessing the mean costs 0.05."""
    x = rng.integers(0, 2, (20, size, 1)).astype(float)
    return x, x.sum((0, 2)) / 10 - 1


def adding(rng, size, steps=30):
    """The adding problem (Hochreiter & Schmidhuber 1997): of a row of random numbers, two are
    marked, one in each half; the target is their sum. Guessing the mean costs 1/6."""
    x = np.zeros((steps, size, 2))
    x[..., 0] = rng.random((steps, size))
    for low, high in ((0, steps // 2), (steps // 2, steps)):
        x[rng.integers(low, high, size), np.arange(size), 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(0)


class Reader(tr.Module):
    """Reads a sequence and says one number at its end."""

    def __init__(self, make, size, hidden, rng, **options):
        self.layer = make(size, hidden, rng=rng, **options)
        self.out = tr.Linear(hidden, 1, rng=rng)

    def __call__(self, x):
        (last,) = self.layer(x, engine="fused").final
        return self.out(last.h if isinstance(last, tr.LSTMState) else last)[:, 0]


@pytest.mark.parametrize(
    ("make", "options", "task", "hidden", "steps", "guessing"),
    [
        (tr.RNN, {}, sum_of_bits, 16, 100, 0.05),
        (tr.LSTM, {}, sum_of_bits, 16, 100, 0.05),
        (tr.GRU, {}, sum_of_bits, 16, 100, 0.05),
        (tr.LSTM, {"forget_bias": 2.0}, adding, 24, 400, 1 / 6),
        (tr.GRU, {"update_bias": -2.0}, adding, 24, 300, 1 / 6),
    ],
)
def test_it_learns(make, options, task, hidden, steps, guessing):
    rng = np.random.default_rng(0)
    model = Reader(make, 2 if task is adding else 1, hidden, rng, **options)
    optimizer = tr.Adam(model.parameters(), lr=0.01)

    def error(size):
        x, y = task(rng, size)
        return tr.mse_loss(model(x), y)

    assert error(500).item() > 0.5 * guessing
    for _ in range(steps):
        loss = error(32)
        optimizer.zero_grad()
        loss.backward()
        tr.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    assert error(500).item() < 0.1 * guessing


def test_step_by_step_is_the_whole_sequence():
    """As for generating: one step at a time, the state handed on."""
    layers = tr.LSTM(2, 3, num_layers=2, rng=0)
    x = np.random.default_rng(0).standard_normal((5, 1, 2))
    whole, state = layers(x).outputs, None
    for t in range(5):
        h, state = layers.step(x[t], state)
        np.testing.assert_allclose(h.data, whole.data[t], rtol=1e-14)
    with pytest.raises(ValueError, match="whole sequence"):
        tr.GRU(2, 3, bidirectional=True).step(x[0])
