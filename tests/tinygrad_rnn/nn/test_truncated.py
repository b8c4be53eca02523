"""Truncated backpropagation with a sliding window: exactly as far as k2, exactly as often as k1."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import truncated_bptt

CELLS = [tr.RNNCell, tr.LSTMCell, tr.GRUCell]
T, B, D, H = 11, 2, 2, 3
rng = np.random.default_rng(0)
X = rng.standard_normal((T, B, D))
TARGET = rng.standard_normal((T, B, H))


def loss(t, h):
    return np.sum(np.square(h - TARGET[t]))


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def by_definition(make, k1, k2):
    """For each sweep, run the window alone from the plain value of the state before it."""
    cell, x = make(D, H, rng=0), tr.Tensor(X, requires_grad=True)
    plain = tr.unroll(cell, X)
    for stop in [*range(k1, T, k1), T]:
        first_due = (stop - 1) // k1 * k1
        start = max(0, stop - k2)
        state = None
        if start:
            state = [p.detach() for p in parts(plain.states[start - 1])]
            state = state[0] if len(state) == 1 else state
        run = tr.unroll(cell, x[start:stop], state)
        for t in range(first_due, stop):
            loss(t, run.hidden[t - start]).backward()
    return {"dx": x.grad} | {name: p.grad for name, p in cell.named_parameters()}


@pytest.mark.parametrize("k1_k2", [(1, 1), (1, 4), (2, 4), (3, 5), (4, 4), (5, 99), (T, T)])
@pytest.mark.parametrize("make", CELLS)
def test_equals_its_definition(make, k1_k2):
    cell, x = make(D, H, rng=0), tr.Tensor(X, requires_grad=True)
    final, total = truncated_bptt(cell, x, loss, *k1_k2)
    found = {"dx": x.grad} | {name: p.grad for name, p in cell.named_parameters()}
    for name, expected in by_definition(make, *k1_k2).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-11, atol=1e-13, err_msg=name)
    plain = tr.unroll(make(D, H, rng=0), X)
    expected = sum(loss(t, h).item() for t, h in enumerate(plain.hidden))
    assert total == pytest.approx(expected, rel=1e-13)
    for mine, theirs in zip(parts(final), parts(plain.final), strict=True):
        np.testing.assert_allclose(mine.data, theirs.data, rtol=1e-13)
        assert not mine.requires_grad


@pytest.mark.parametrize("make", CELLS)
def test_k1_all_steps_is_the_full_gradient_and_less_is_not(make):
    full = make(D, H, rng=0)
    run = tr.unroll(full, X)
    sum((loss(t, h) for t, h in enumerate(run.hidden)), start=tr.Tensor(0.0)).backward()
    for k2, same in ((T, True), (T - 1, False)):
        cell = make(D, H, rng=0)
        truncated_bptt(cell, X, loss, T - 1 if k2 < T else T, k2)
        # W alone tells: the first step's share of U's gradient is 0, as the first state is.
        close = np.allclose(cell.weight_ih.grad, full.weight_ih.grad, rtol=1e-10)
        assert close == same


@pytest.mark.parametrize("make", CELLS)
def test_a_loss_reaches_exactly_k2_steps_back(make):
    for at in range(T):
        x = tr.Tensor(X, requires_grad=True)

        def only(t, h, at=at):
            return loss(t, h) if t == at else None

        truncated_bptt(make(D, H, rng=0), x, only, k1=1, k2=4)
        reached = [bool(np.any(g != 0)) for g in x.grad]
        assert reached == [at - 4 < s <= at for s in range(T)]


def test_updates_come_after_each_sweep_and_the_window_keeps_its_values():
    cell = tr.GRUCell(D, H, rng=0)
    optimizer = tr.SGD(cell.parameters(), lr=0.01)
    seen = []

    def update():
        seen.append(cell.weight_hh.grad)
        optimizer.step()
        optimizer.zero_grad()

    truncated_bptt(cell, X, loss, k1=3, k2=6, update=update)
    assert len(seen) == 4
    assert all(np.any(g != 0) for g in seen)
    assert cell.weight_hh.grad is None


def test_the_window_alone_is_kept():
    """All but the last k2 steps are let go of."""
    alive = []

    class Watched(tr.RNNCell):
        def __call__(self, x, state):
            import weakref

            out = super().__call__(x, state)
            alive.append(weakref.ref(out))
            return out

    held = []
    truncated_bptt(
        Watched(D, H, rng=0),
        np.concatenate([X] * 4),
        lambda t, h: np.sum(h * h),
        k1=2,
        k2=5,
        update=lambda: held.append(sum(ref() is not None for ref in alive)),
    )
    assert max(held) == 5


@pytest.mark.parametrize(("k1", "k2"), [(0, 1), (3, 2)])
def test_bad_windows(k1, k2):
    with pytest.raises(ValueError, match=r"truncated_bptt: k1 = "):
        truncated_bptt(tr.RNNCell(D, H), X, loss, k1, k2)


def test_bad_inputs():
    with pytest.raises(tr.ShapeError, match="T, B, I"):
        truncated_bptt(tr.RNNCell(D, H), X[0], loss, 1, 1)


def test_steps_without_a_loss_add_nothing_to_the_sum():
    rng = np.random.default_rng(5)
    cell = tr.GRUCell(2, 3, rng=0)
    every, x = {}, rng.normal(size=(6, 1, 2))

    def loss(t, h):
        every[t] = np.sum(h * h)
        return every[t] if t % 3 == 2 else None

    _, total = tr.truncated_bptt(cell, x, loss, k1=2, k2=4)
    assert total == pytest.approx(every[2].item() + every[5].item(), rel=1e-14)
