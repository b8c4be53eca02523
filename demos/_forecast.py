"""What the demos that forecast share: windows of a table, and a network trained on them."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos._learning import Network, learn
from demos.common import UsageError
from tinygrad_rnn.tensor import Array


def windows(features: Array, length: int) -> Array:
    """Return every stretch of `length` rows that a row follows: (length, rows - length, F)."""
    count = len(features) - length
    return np.stack([features[k : k + count] for k in range(length)])


def check(rows: int, training: int, length: int) -> None:
    """Raise UsageError unless there are rows to learn from and to test with."""
    if training <= 2 * length or rows <= training:
        raise UsageError(
            f"{rows} rows, of which {training} are to learn from, are too few for windows of "
            f"{length}: give a longer table or a smaller --window"
        )


def forecast(
    kind: str, x: Array, y: Array, training: int, iterations: int, seed: int, hidden: int = 16
) -> Array:
    """Learn y (N,) from windows x (T, N, F) of the first `training`; return what it says of all.

    Both are scaled by the mean and the standard deviation of the training part.
    """
    part = x[:, :training].reshape(-1, x.shape[-1])
    x = ((x - part.mean(axis=0)) / (part.std(axis=0) + 1e-12)).astype(np.float32)
    middle, spread = y[:training].mean(), y[:training].std() + 1e-12
    target = ((y - middle) / spread).astype(np.float32)[:, np.newaxis]
    network = Network(kind, x.shape[-1], hidden, 1, seed)
    rng = np.random.default_rng([seed, 1])

    def loss() -> tr.Tensor:
        chosen = rng.choice(training, min(64, training), replace=False)
        return tr.mse_loss(network.last(x[:, chosen]), target[chosen])

    rate = tr.optim.cosine(0.005, iterations)
    learn(network, loss, iterations, rate, measure=lambda: 0.0, every=iterations, about=kind)
    with tr.no_grad():
        said: Array = network.last(x).data[:, 0]
    return np.asarray(said * spread + middle)
