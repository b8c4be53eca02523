"""Networks with a fault planted in them, and healthy ones: drawn at random, from a seed.

Each function takes a generator and returns a loss and its run; a run of None means that the states
are to be found in the graph.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from tinygrad_rnn.nn import init


class Loop(tr.Cell):
    """A cell of one's own, h_t = f(W x_t + U h_{t-1}), that may detach its state."""

    def __init__(self, inputs, hidden, rng, function=np.tanh, detach=()):
        self.W = tr.Parameter(rng.standard_normal((inputs, hidden)) / np.sqrt(inputs))
        self.U = tr.Parameter(init.orthogonal(rng, (hidden, hidden)))
        self.function, self.detach, self.step = function, detach, 0

    def initial_state(self, batch):
        self.step = 0
        return tr.Tensor(np.zeros((batch, self.U.shape[0])))

    def __call__(self, x, h):
        h = h.detach() if self.step in self.detach else h
        self.step += 1
        return self.function(0.3 * (x @ self.W) + h @ self.U)


def sizes(rng, shortest=12, longest=60):
    """Draw T, B, F, H."""
    return (
        int(rng.integers(shortest, longest)),
        int(rng.integers(1, 5)),
        int(rng.integers(1, 6)),
        int(rng.integers(6, 33)),
    )


def inputs(rng, steps, batch, features, scale=1.0):
    return scale * rng.standard_normal((steps, batch, features))


def loss_of(rng, run, every=None):
    """The loss of a random read-out, at the last step or at every step."""
    hidden = run.hidden if hasattr(run, "hidden") else run.runs[-1][0].hidden
    readout = tr.Linear(hidden[0].shape[1], 2, rng=rng)
    every = bool(rng.integers(2)) if every is None else every
    chosen = hidden if every else hidden[-1:]
    targets = rng.standard_normal((len(chosen), hidden[0].shape[0], 2))
    losses = [tr.mse_loss(readout(h), y) for h, y in zip(chosen, targets, strict=True)]
    return losses[0] if len(losses) == 1 else np.stack(losses).mean()


def orthogonal_rnn(rng, features, hidden, gain=1.0, nonlinearity="tanh"):
    cell = tr.RNNCell(features, hidden, rng=rng, nonlinearity=nonlinearity)
    cell.weight_hh.data = init.orthogonal(rng, (hidden, hidden), gain)
    cell.weight_ih.data = 0.3 * cell.weight_ih.data
    return cell


def keeping(rng, features, hidden, layers=None):
    """Layers that keep a gradient over some tens of steps."""
    layers = int(rng.integers(1, 4)) if layers is None else layers
    if rng.integers(2):
        return tr.LSTM(features, hidden, layers, rng=rng, forget_bias=float(rng.uniform(2, 5)))
    return tr.GRU(features, hidden, layers, rng=rng, update_bias=-float(rng.uniform(2, 5)))


# Faults.


def small_recurrent_weights(rng):
    T, B, F, H = sizes(rng, 15)
    kind = rng.integers(4)
    gain = float(rng.uniform(0.1, 0.6))
    if kind == 3:
        cell = Loop(F, H, rng)
        cell.U.data = gain * cell.U.data
        run = tr.unroll(cell, inputs(rng, T, B, F))
    elif kind == 2:
        network = tr.RNN(F, H, 2, rng=rng)
        for one in network.layers:
            one.weight_hh.data = init.orthogonal(rng, (H, H), gain)
        run = network(inputs(rng, T, B, F))
    else:
        nonlinearity = ["tanh", "relu", "identity"][rng.integers(3)]
        cell = orthogonal_rnn(rng, F, H, gain, nonlinearity)
        if kind == 1:
            cell.weight_hh.data = gain * rng.standard_normal((H, H)) / np.sqrt(H)
        run = tr.unroll(cell, inputs(rng, T, B, F))
    return loss_of(rng, run), run


def saturated_units(rng):
    T, B, F, H = sizes(rng, 15)
    kind = rng.integers(4)
    if kind == 0:  # inputs that nobody scaled
        cell = tr.RNNCell(F, H, rng=rng)
        run = tr.unroll(cell, inputs(rng, T, B, F, float(rng.uniform(30, 200))))
    elif kind == 1:
        cell = orthogonal_rnn(rng, F, H)
        cell.bias.data = np.where(rng.integers(2, size=H), 1, -1) * rng.uniform(4, 8, size=H)
        run = tr.unroll(cell, inputs(rng, T, B, F))
    elif kind == 2:
        network = [tr.LSTM, tr.GRU][rng.integers(2)](F, H, rng=rng)
        run = network(inputs(rng, T, B, F, float(rng.uniform(100, 500))))
    else:
        cell = Loop(F, H, rng)
        run = tr.unroll(cell, inputs(rng, T, B, F, float(rng.uniform(50, 200))))
    return loss_of(rng, run), run


def gates_closed(rng):
    T, B, F, H = sizes(rng, 15)
    kind, bias = rng.integers(4), float(rng.uniform(1.5, 6))
    layers = int(rng.integers(1, 3))
    network = [
        lambda: tr.LSTM(F, H, layers, rng=rng, forget_bias=-bias),
        lambda: tr.GRU(F, H, layers, rng=rng, update_bias=bias),
        lambda: tr.LSTM(F, H, layers, rng=rng, forget_bias=-bias, coupled=True),
        lambda: tr.GRU(F, H, layers, rng=rng, update_bias=bias, reset="after"),
    ][kind]()
    run = network(inputs(rng, T, B, F))
    return loss_of(rng, run), run


def truncated(rng):
    T, B, F, H = sizes(rng)
    run = keeping(rng, F, H)(inputs(rng, T, B, F), truncate=int(rng.integers(3, T - 1)))
    return loss_of(rng, run), run


def detached(rng):
    T, B, F, H = sizes(rng)
    kind = rng.integers(4)
    x = inputs(rng, T, B, F)
    if kind == 0:
        run = tr.unroll(Loop(F, H, rng, detach=range(1000)), x)
    elif kind == 1:
        run = tr.unroll(Loop(F, H, rng, detach={int(rng.integers(2, T - 1))}), x)
    else:  # a loop of one's own
        cell = tr.LSTMCell(F, H, rng=rng, forget_bias=4.0)
        at, state, states = int(rng.integers(2, T - 1)), cell.initial_state(B), []
        for t in range(T):
            if t == at:
                state = tr.LSTMState(*[tr.Tensor(part.data) for part in state])
            with tr.scope("t", t):
                state = cell(x[t], state)
            for name, part in zip("hc", state, strict=True):
                part.name = name
            states.append(state)
        run = tr.Run(states, state)
        if kind == 3:
            return loss_of(rng, run, every=False), None
    return loss_of(rng, run), run


def lost_in_depth(rng):
    T, B, F, H = sizes(rng, 8, 30)
    layers = int(rng.integers(3, 6))
    network = keeping(rng, F, H, layers)
    weak = [rng.integers(1, layers)] if rng.integers(2) else range(1, layers)
    for k in weak:
        cell = network.layers[k]
        cell.weight_ih.data = cell.weight_ih.data * (0.003 if len(list(weak)) == 1 else 0.02)
    run = network(inputs(rng, T, B, F))
    return loss_of(rng, run), run


def exploding(rng):
    T, B, F, H = sizes(rng, 25)
    kind = rng.integers(3)
    gain = float(rng.uniform(1.6, 2.5))
    if kind == 0:
        cell = orthogonal_rnn(rng, F, H, gain, "identity")
    elif kind == 1:
        cell = orthogonal_rnn(rng, F, H, gain + 0.5, "relu")
        cell.weight_hh.data = np.abs(cell.weight_hh.data) * 0.6
    else:
        H = max(H, 24)
        cell = orthogonal_rnn(rng, F, H, gain, "tanh")
        cell.weight_ih.data = 0.0 * cell.weight_ih.data
    run = tr.unroll(cell, inputs(rng, T, B, F))
    return loss_of(rng, run), run


def non_finite(rng):
    T, B, F, H = sizes(rng)
    x = inputs(rng, T, B, F)
    kind = rng.integers(4)
    if kind == 0:
        x[rng.integers(T), rng.integers(B)] = np.nan
    network = keeping(rng, F, H)
    run = network(x)
    loss = loss_of(rng, run)
    with np.errstate(all="ignore"):
        if kind == 1:
            loss = loss + np.log(run.outputs).sum()
        elif kind == 2:
            loss = loss + np.sqrt(run.outputs[0] * 0.0).sum()  # finite, but its slope is not
        elif kind == 3:
            loss = loss + np.exp(1e5 * run.outputs[-1] ** 2 + 800.0).sum()
    return loss, run


def dead_units(rng):
    T, B, F, H = sizes(rng)
    if rng.integers(2):
        cell = orthogonal_rnn(rng, F, H, 1.0, "relu")
        dead = rng.permutation(H) < rng.uniform(0.7, 1.01) * H
        cell.bias.data = np.where(dead, -rng.uniform(15, 60), 0.1)
    else:
        cell = Loop(F, H, rng, tr.f.relu)
        cell.W.data = -np.abs(cell.W.data)
        run = tr.unroll(cell, 1 + np.abs(inputs(rng, T, B, F)))
        return loss_of(rng, run), run
    run = tr.unroll(cell, inputs(rng, T, B, F))
    return loss_of(rng, run), run


def unreached(rng):
    T, B, F, H = sizes(rng)
    network = keeping(rng, F, H, int(rng.integers(2, 4)))
    run = network(inputs(rng, T, B, F))
    kind = rng.integers(2)
    if kind == 0:  # the loss of a lower layer alone
        return loss_of(rng, run.runs[0][0]), run
    upper = keeping(rng, H, H, 1)(run.outputs.detach())
    both = type(run)([*run.runs, *upper.runs])
    return loss_of(rng, both), both


def stale_state(rng):
    T, B, F, H = sizes(rng)
    network = keeping(rng, F, H)
    before = network(inputs(rng, T, B, F))
    run = network(inputs(rng, T, B, F), before.final)
    return loss_of(rng, run), run


PLANTED = {
    "small-recurrent-weights": small_recurrent_weights,
    "saturated-units": saturated_units,
    "gates-closed": gates_closed,
    "truncated": truncated,
    "detached": detached,
    "lost-in-depth": lost_in_depth,
    "exploding": exploding,
    "non-finite": non_finite,
    "dead-units": dead_units,
    "unreached": unreached,
    "stale-state": stale_state,
}


def healthy(rng):
    """A network whose gradient arrives."""
    T, B, F, H = sizes(rng, 5)
    kind = rng.integers(7)
    x = inputs(rng, T, B, F)
    if kind == 0:
        run = tr.unroll(orthogonal_rnn(rng, F, H), x)
    elif kind == 1:  # an identity, as Le et al. 2015 start rectified networks
        cell = orthogonal_rnn(rng, F, H, nonlinearity="relu")
        cell.weight_hh.data, cell.bias.data = np.eye(H), np.full(H, 0.5)
        run = tr.unroll(cell, x)
    elif kind == 2:
        run = tr.unroll(Loop(F, H, rng), x)
    elif kind == 3:  # padded
        lengths = rng.integers(3, T + 1, size=B)
        run = keeping(rng, F, H)(x, lengths=lengths)
    elif kind == 4:
        network = tr.LSTM(F, H, 2, bidirectional=True, rng=rng, forget_bias=3.0)
        run = network(x)
        return np.square(run.outputs - rng.standard_normal(run.outputs.shape)).mean(), run
    elif kind == 5:  # as they are by default, over few steps
        run = tr.LSTM(F, H, rng=rng)(x[:20])
    else:
        run = keeping(rng, F, H)(x)
    return loss_of(rng, run), (None if kind == 6 else run)
