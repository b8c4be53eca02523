"""Checkpointed runs: the same numbers as the full graph, for less memory."""

import tracemalloc
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tr

CELLS = [tr.RNNCell, tr.LSTMCell, tr.GRUCell]
T, B, D, H = 7, 3, 2, 4
rng = np.random.default_rng(0)
X = rng.standard_normal((T, B, D))


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def results(make, **options):
    cell = make(D, H, rng=0, learn_state=True)
    x = tr.Tensor(X, requires_grad=True)
    run = tr.unroll(cell, x, **options)
    draw = np.random.default_rng(1)
    used = [run.outputs, *parts(run.states[1]), *parts(run.states[4]), *parts(run.final)]
    loss = tr.Tensor(0.0)
    for tensor in used:
        loss = loss + np.sum(tensor * draw.standard_normal(tensor.shape))
    loss.backward()
    out = {f"value {k}": tensor.data for k, tensor in enumerate(used)}
    return out | {"dx": x.grad} | {name: p.grad for name, p in cell.named_parameters()}


@pytest.mark.parametrize("engine", ["graph", "fused"])
@pytest.mark.parametrize("make", CELLS)
def test_equals_the_full_graph(make, engine):
    for size, reverse, lengths in product((1, 3, T, 99), (False, True), (None, [T, 4, 0])):
        form = {"reverse": reverse, "lengths": lengths, "engine": engine}
        expected, found = results(make, **form), results(make, **form, checkpoint=size)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-13, err_msg=name)


def test_layers():
    found = []
    for checkpoint in (None, 3):
        layers = tr.GRU(D, H, num_layers=2, bidirectional=True, rng=0)
        np.sum(np.square(layers(X, checkpoint=checkpoint).outputs)).backward()
        found.append([p.grad for p in layers.parameters()])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


class Odd(NamedTuple):
    h: tr.Tensor
    memory: tr.Tensor


class OddCell(tr.Cell):
    """A cell of one's own, whose state has parts of different shapes."""

    def __init__(self):
        self.weight = tr.Parameter(np.random.default_rng(0).standard_normal((D, D)))

    def initial_state(self, batch):
        return Odd(tr.Tensor(np.zeros((batch, D))), tr.Tensor(np.zeros((batch, 1, D))))

    def __call__(self, x, state):
        h = np.tanh(x + state.h @ self.weight + state.memory[:, 0])
        return Odd(h, state.memory * 0.5 + h.reshape(-1, 1, D))


def test_a_cell_of_ones_own():
    found = []
    for checkpoint in (None, 2):
        cell = OddCell()
        np.sum(tr.unroll(cell, X, checkpoint=checkpoint).final.memory).backward()
        found.append(cell.weight.grad)
    np.testing.assert_allclose(*found, rtol=1e-13)


def peak(steps, checkpoint):
    cell = tr.LSTMCell(4, 8, rng=0)
    x = np.random.default_rng(0).standard_normal((steps, 1, 4))
    tracemalloc.start()
    np.sum(tr.unroll(cell, x, checkpoint=checkpoint).final.h).backward()
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return memory


def test_memory_grows_as_the_root_of_the_number_of_steps():
    """What is kept of each step is its state and input; the graph is that of one segment."""
    full = peak(400, None)
    assert 3 < full / peak(100, None) < 6  # the full graph: 4 times the steps
    kept = peak(400, 20)
    assert kept / peak(100, 10) < 3.5  # 2 for the graph, and a little for the states
    assert kept < full / 6


def test_moved_parameters_are_noticed():
    cell = tr.LSTMCell(D, H, rng=0)
    loss = np.sum(tr.unroll(cell, X, checkpoint=3).outputs)
    cell.weight_hh.data = cell.weight_hh.data * 2
    with pytest.raises(tr.StaleValueError, match="weight_hh"):
        loss.backward()


def test_a_tensor_from_outside_is_noticed():
    outside = tr.Tensor(np.ones(D), requires_grad=True, name="context")

    class Attends(OddCell):
        def __call__(self, x, state):
            return super().__call__(x + outside, state)

    loss = np.sum(tr.unroll(Attends(), X, checkpoint=3).final.h)
    with pytest.raises(tr.GradientError, match="context"):
        loss.backward()


def test_a_cell_that_is_not_a_function_is_noticed():
    class Noisy(OddCell):
        drop = tr.Dropout(0.5, rng=0)

        def __call__(self, x, state):
            return super().__call__(self.drop(x), state)

    loss = np.sum(tr.unroll(Noisy(), X, checkpoint=3).final.h)
    with pytest.raises(tr.GradientError, match="Noisy gave something else"):
        loss.backward()


def test_second_order_and_the_view_between_steps_are_refused():
    cell = tr.RNNCell(D, H, rng=0)
    run = tr.unroll(cell, X, checkpoint=3)
    with pytest.raises(tr.NotDifferentiableError, match="first derivatives only"):
        tr.grad(np.sum(run.final), [cell.weight_hh], create_graph=True)
    with pytest.raises(tr.GradientError, match="between its steps"):
        tr.trace(np.sum(run.final)).through_time(run)


def test_recording_stops_again_after_the_sweep():
    with tr.no_grad():
        run = tr.unroll(tr.RNNCell(D, H, rng=0), X, checkpoint=3)
        assert not run.final.requires_grad
    loss = np.sum(tr.unroll(tr.RNNCell(D, H, rng=0), X, checkpoint=3).final)
    loss.backward()
    assert (tr.Tensor(1.0, requires_grad=True) * 2).requires_grad
