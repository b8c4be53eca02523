"""Pascanu's regulariser: its value by definition, its gradient by differences, and what it does."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import analysis
from tinygrad_rnn.nn import init

T, B, D, H = 6, 2, 2, 4
rng = np.random.default_rng(0)
X = rng.standard_normal((T, B, D))
WEIGHTS = rng.standard_normal((T, B, H))


def loss_of(run):
    return np.sum(np.square(run.outputs) * WEIGHTS)


def state_gradients(run, loss):
    """dL/ds_t as (T, B, S)."""
    found = []
    for state in run.states:
        parts = list(state) if isinstance(state, tuple) else [state]
        found.append(np.concatenate([g.data for g in tr.grad(loss, parts)], axis=1))
    return np.stack(found)


@pytest.mark.parametrize("make", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_value_is_its_definition_by_jacobians(make):
    cell = make(D, H, rng=0)
    run = tr.unroll(cell, X)
    loss = loss_of(run)
    g = state_gradients(run, loss)
    terms = []
    for b in range(B):
        jacobians = analysis.step_jacobians(cell, X, batch=b)
        for t in range(1, T):
            ratio = np.linalg.norm(g[t, b] @ jacobians[t]) / np.linalg.norm(g[t, b])
            terms.append((ratio - 1) ** 2)
    got = tr.vanishing_penalty(cell, X, run, loss)
    np.testing.assert_allclose(got.item(), np.mean(terms), rtol=1e-12)


def test_gradient_is_the_slope_with_states_and_their_gradients_held():
    cell = tr.RNNCell(D, H, rng=0)
    run = tr.unroll(cell, X)
    loss = loss_of(run)
    g = state_gradients(run, loss)
    h = np.stack([state.data for state in run.states])
    tr.vanishing_penalty(cell, X, run, loss).backward()

    def by_hand(u):
        total = 0.0
        for t in range(1, T):
            new = np.tanh(X[t] @ cell.weight_ih.data.T + h[t - 1] @ u.T + cell.bias.data)
            sent = (g[t] * (1 - new * new)) @ u
            ratio = np.linalg.norm(sent, axis=1) / np.linalg.norm(g[t], axis=1)
            total += np.sum((ratio - 1) ** 2)
        return total / ((T - 1) * B)

    u, eps = cell.weight_hh.data.copy(), 1e-6
    for index in np.ndindex(u.shape):
        moved = [u.copy(), u.copy()]
        moved[0][index] += eps
        moved[1][index] -= eps
        slope = (by_hand(moved[0]) - by_hand(moved[1])) / (2 * eps)
        np.testing.assert_allclose(cell.weight_hh.grad[index], slope, rtol=1e-6, atol=1e-9)


def test_an_orthogonal_linear_network_has_none():
    cell = tr.RNNCell(D, H, nonlinearity="identity", rng=0)
    cell.weight_hh.data = init.orthogonal(rng, H)
    run = tr.unroll(cell, X)
    assert tr.vanishing_penalty(cell, X, run, np.sum(run.final)).item() < 1e-28


def test_descending_it_keeps_the_gradient_from_vanishing():
    cell = tr.RNNCell(D, H, rng=3)
    optimizer = tr.Adam(cell.parameters(), lr=0.02)

    def kept():
        run = tr.unroll(cell, X)
        through = tr.trace(np.sum(run.final)).through_time(run)["h"]
        return through[0] / through[-1]

    before = kept()
    for _ in range(60):
        run = tr.unroll(cell, X)
        optimizer.zero_grad()
        tr.vanishing_penalty(cell, X, run, np.sum(run.final)).backward()
        optimizer.step()
    assert before < 0.05
    assert kept() > 10 * before


def test_where_nothing_goes_on_the_term_is_one():
    cell = tr.RNNCell(D, H, nonlinearity="relu", rng=0)
    cell.bias.data = np.full(H, -100.0)
    run = tr.unroll(cell, X)
    penalty = tr.vanishing_penalty(cell, X, run, np.sum(run.outputs))
    assert penalty.item() == 1.0
    total = penalty + np.sum(run.outputs)
    total.backward()
    assert np.all(np.isfinite(cell.weight_hh.grad))


def test_refused():
    cell = tr.RNNCell(D, H, rng=0)
    run = tr.unroll(cell, X, engine="fused")
    with pytest.raises(tr.GradientError, match="engine='graph'"):
        tr.vanishing_penalty(cell, X, run, np.sum(run.final))
    for run in (tr.unroll(cell, X, reverse=True), tr.unroll(cell, X, lengths=[T, 2])):
        with pytest.raises(tr.GradientError, match="does not follow"):
            tr.vanishing_penalty(cell, X, run, np.sum(run.outputs))
    run = tr.unroll(cell, X)
    with pytest.raises(tr.GradientError, match="after the first step"):
        tr.vanishing_penalty(cell, X, run, np.sum(run.states[0]))
