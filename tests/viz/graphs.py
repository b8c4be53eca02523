"""Small recorded graphs for the picture tests."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr

CELLS = {"rnn": tr.RNNCell, "lstm": tr.LSTMCell, "gru": tr.GRUCell}


def last_loss(kind: str, steps: int, seed: int = 0) -> Any:
    """The loss of a linear read-out after the last step."""
    rng = np.random.default_rng(seed)
    run = tr.unroll(CELLS[kind](3, 4, rng=rng), rng.normal(size=(steps, 2, 3)))
    hidden = run.final.h if kind == "lstm" else run.final
    weight = tr.Parameter(rng.normal(size=(5, 4)), name="readout.weight")
    return tr.cross_entropy(tr.f.linear(hidden, weight), np.array([1, 3]))


def loss_at_every_step(kind: str, steps: int, seed: int = 0) -> Any:
    """The sum of a loss at each step."""
    rng = np.random.default_rng(seed)
    run = tr.unroll(CELLS[kind](3, 4, rng=rng), rng.normal(size=(steps, 2, 3)))
    weight = tr.Parameter(rng.normal(size=(5, 4)), name="readout.weight")
    total: Any = 0.0
    for state in run.states:
        hidden = state.h if kind == "lstm" else state
        total = total + tr.cross_entropy(tr.f.linear(hidden, weight), np.array([1, 3]))
    return total
