"""A state carried from one window to the next: cut off it is right, carried on it is refused."""

import numpy as np
import pytest

import tinygrad_rnn as tr

RNG = np.random.default_rng(0)
WINDOWS = RNG.normal(size=(3, 5, 2, 3))
TARGET = RNG.normal(size=(2, 4))
MAKERS = {
    "RNN": lambda: tr.RNNCell(3, 4, rng=0),
    "LSTM": lambda: tr.LSTMCell(3, 4, rng=0),
    "GRU": lambda: tr.GRUCell(3, 4, rng=0),
    "layers": lambda: tr.LSTM(3, 4, num_layers=2, rng=0),
}


def run_of(model, x, state):
    return model(x, state) if isinstance(model, tr.LSTM) else tr.unroll(model, x, state)


def loss_of(run):
    return tr.mse_loss(run.outputs[-1], TARGET)


@pytest.mark.parametrize("engine", ["backward", "grad"])
@pytest.mark.parametrize("kind", MAKERS)
def test_a_state_from_before_an_update_is_refused_in_the_sweep(kind, engine):
    model = MAKERS[kind]()
    optimiser = tr.SGD(model.parameters(), lr=0.1)
    first = run_of(model, WINDOWS[0], None)
    loss_of(first).backward()
    optimiser.step()
    optimiser.zero_grad()
    loss = loss_of(run_of(model, WINDOWS[1], first.final))
    with pytest.raises(tr.StaleValueError, match=r"tr\.detach\(run\.final\)"):
        loss.backward() if engine == "backward" else tr.grad(loss, model.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("kind", MAKERS)
def test_a_detached_state_trains_as_one_given_as_arrays(kind):
    """Three windows, an update after each: the same as with plain arrays between them."""

    def train(carry):
        model, state = MAKERS[kind](), None
        optimiser = tr.SGD(model.parameters(), lr=0.1)
        for window in WINDOWS:
            run = run_of(model, window, state)
            loss_of(run).backward()
            optimiser.step()
            optimiser.zero_grad()
            state = carry(run.final)
        return model.state_dict()

    def arrays(final):
        if isinstance(final, list):
            return [arrays(part) for part in final]
        return tr.state.tree_map(lambda part: part.data.copy(), final)

    detached, plain = train(tr.detach), train(arrays)
    for name in plain:
        np.testing.assert_array_equal(detached[name], plain[name])
    by_method = train(lambda final: final.detach())
    for name in plain:
        np.testing.assert_array_equal(by_method[name], plain[name])


def test_a_state_carried_on_without_an_update_is_one_long_sequence():
    cell = tr.GRUCell(3, 4, rng=0)
    first = tr.unroll(cell, WINDOWS[0])
    loss_of(tr.unroll(cell, WINDOWS[1], first.final)).backward()
    together = tr.GRUCell(3, 4, rng=0)
    loss_of(tr.unroll(together, np.concatenate(WINDOWS[:2]))).backward()
    np.testing.assert_allclose(cell.weight_hh.grad, together.weight_hh.grad, rtol=1e-12)


def test_a_graph_from_before_an_update_is_swept_at_the_point_where_it_was_recorded():
    cell = tr.GRUCell(3, 4, rng=0)
    loss = loss_of(tr.unroll(cell, WINDOWS[0]))
    (before,) = tr.grad(loss, [cell.weight_hh])
    cell.weight_hh.data = cell.weight_hh.data * 2
    loss.backward()
    np.testing.assert_array_equal(cell.weight_hh.grad, before.data)


def test_another_network_that_moved_meanwhile_is_no_reason():
    """Features of a frozen network, made once, under a head that learns: nothing is mixed."""
    frozen, head = tr.RNNCell(3, 4, rng=0), tr.Linear(4, 1, rng=1)
    features = tr.unroll(frozen, WINDOWS[0]).final
    optimiser = tr.SGD(head.parameters(), lr=0.1)
    for _ in range(3):
        head(features).sum().backward()
        optimiser.step()


def test_a_flow_may_look_at_what_is_mixed():
    cell = tr.RNNCell(3, 4, rng=0)
    first = tr.unroll(cell, WINDOWS[0])
    cell.weight_hh.data = cell.weight_hh.data * 0.5
    second = tr.unroll(cell, WINDOWS[1], first.final)
    assert tr.trace(loss_of(second)).through_time(first)["h"][-1] > 0


@pytest.mark.parametrize("state", [3, "h", None, [1.0]])
def test_what_is_no_state_is_not_detached(state):
    with pytest.raises(TypeError, match=r"detach takes a state"):
        tr.detach(state)
