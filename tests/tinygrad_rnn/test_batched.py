"""Contributions put off and summed in one go must equal the sum of the contributions one by one."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.backward import initial_gradient, sweep, sweep_to
from tinygrad_rnn.batched import batched_sweep
from tinygrad_rnn.ops.gates import sigmoid_gate, tanh_gate


def both_ways(loss, tensors):
    """Gradients of a sweep that batches, and of one edge by edge."""

    def watcher(consumer, slot, source, contribution):
        pass

    start = initial_gradient(loss, None)
    found = {t.index: g for t, g in sweep_to(loss, start, tensors, observer=watcher)}
    return tr.grad(loss, tensors), [found[t.index] for t in tensors]


@pytest.mark.parametrize("kind", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_sweeps_yield_the_same_gradient_at_every_node_in_the_same_order(kind, dtype):
    rng = np.random.default_rng(4)
    x = tr.Tensor(rng.normal(size=(7, 2, 3)), requires_grad=True, dtype=dtype)
    run = tr.unroll(kind(3, 5, rng=rng, dtype=dtype), x)
    loss = (run.outputs * rng.normal(size=(7, 2, 5)).astype(dtype)).sum() + (run.outputs**2).sum()
    start = initial_gradient(loss, None)
    plain, batched = list(sweep(loss, start)), list(batched_sweep(loss, start))
    assert [node.index for node, _ in plain] == [node.index for node, _ in batched]
    assert len(plain) > 30
    for (node, g), (_, other) in zip(plain, batched, strict=True):
        assert g.dtype == other.dtype == dtype
        assert g.shape == node.shape
        np.testing.assert_allclose(g, other, rtol=1e-4 if dtype == np.float32 else 1e-11, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("other", [np.float32, np.float64])
def test_gathered_gradients_have_the_dtype_of_their_tensor(dtype, other):
    rng = np.random.default_rng(0)
    weight = tr.Tensor(rng.normal(size=(2, 3)), requires_grad=True, dtype=dtype)
    inputs = tr.Tensor(rng.normal(size=(4, 3)), requires_grad=True, dtype=other)
    loss = sum(tr.f.linear(inputs[t], weight).sum() for t in range(4))
    for gathered, single in zip(*both_ways(loss, [weight, inputs]), strict=True):
        assert gathered.dtype == single.dtype
        np.testing.assert_allclose(gathered.data, single, rtol=1e-6)


@pytest.mark.parametrize(
    "rows", [np.s_[:], np.s_[1:3], np.s_[0:4:2], np.s_[::-1], np.s_[-2:], np.s_[:2]]
)
def test_rows_of_a_shared_weight_are_gathered_where_they_belong(rows):
    rng = np.random.default_rng(1)
    x = tr.Tensor(rng.normal(size=(5, 3)), requires_grad=True)
    weight = tr.Tensor(rng.normal(size=(4, 3)), requires_grad=True)
    bias = tr.Tensor(rng.normal(size=4), requires_grad=True)
    parts = [
        tr.f.linear(x, weight, bias),
        tr.f.linear(x, weight, bias, rows=rows),
        tr.f.linear(x, weight, bias, rows=np.s_[1:3]),
        tr.f.linear(x * 2, weight, bias, rows=rows),
        tr.f.linear(x[0], weight, bias),
    ]
    loss = sum((np.tanh(part)).sum() for part in parts)
    for gathered, single in zip(*both_ways(loss, [weight, bias]), strict=True):
        np.testing.assert_allclose(gathered.data, single, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("length", [3, 300])
def test_gathering_in_several_goes_loses_nothing(length, monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.batched.MAX_DEFERRED", 40)
    rng = np.random.default_rng(2)
    x = tr.Tensor(rng.normal(size=(length, 2, 3)), requires_grad=True)
    weight = tr.Tensor(rng.normal(size=(3, 3)), requires_grad=True)
    h = tr.Tensor(np.zeros((2, 3)))
    for t in range(length):
        h = np.tanh(tr.f.linear_pair(x[t], weight, h, weight))
    for gathered, single in zip(*both_ways(h.sum(), [weight, x]), strict=True):
        np.testing.assert_allclose(gathered.data, single, rtol=1e-11, atol=1e-14)


def test_reads_of_every_kind_are_gathered_into_one_gradient():
    x = tr.Tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
    indices = [0, np.s_[1:], np.s_[:, [0, 0, 3]], np.s_[2, 1], x.data > 4, np.s_[..., None, 2]]
    loss = sum((x[i] ** 2).sum() for i in indices) + (x * 3.0).sum()
    for gathered, single in zip(*both_ways(loss, [x]), strict=True):
        np.testing.assert_allclose(gathered.data, single, rtol=1e-13)


@pytest.mark.parametrize(
    "columns",
    [
        [np.s_[0:2], np.s_[2:3], np.s_[3:6]],  # side by side, as cells read them
        [np.s_[3:6], np.s_[0:2], np.s_[2:3]],  # in another order
        [np.s_[0:2], np.s_[2:5]],  # the last column left out
        [np.s_[1:3], np.s_[3:6]],  # the first
        [np.s_[0:2], np.s_[3:6]],  # one between
        [np.s_[0:4], np.s_[2:6]],  # overlapping
        [np.s_[0:6], np.s_[0:6]],  # read twice
        [np.s_[:2], np.s_[2:4], np.s_[-2:]],  # written otherwise
        [np.s_[0:-2], np.s_[-2:6]],
        [np.s_[0:], np.s_[:6]],
        [np.s_[0:6:2]],
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gates_in_any_arrangement_send_back_what_they_would_one_by_one(columns, dtype, monkeypatch):
    rng = np.random.default_rng(3)
    a = tr.Tensor(rng.normal(size=(2, 6)), requires_grad=True, dtype=dtype)
    kinds = (sigmoid_gate, tanh_gate, sigmoid_gate)
    gates = [kind(a, columns=place) for kind, place in zip(kinds, columns, strict=False)]
    loss = sum((gate * rng.normal(size=gate.shape).astype(dtype)).sum() for gate in gates)
    # What is never written to must show.
    monkeypatch.setattr(np, "empty", lambda shape, dtype: np.full(shape, np.nan, dtype))
    [gathered], [single] = both_ways(loss, [a])
    assert gathered.dtype == dtype
    np.testing.assert_allclose(gathered.data, single, rtol=1e-6 if dtype == np.float32 else 1e-14)
