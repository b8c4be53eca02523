"""Unrolled cells against backpropagation through time written out by hand, equation by equation."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.nn import init

T, B, D, H = 6, 3, 4, 5  # steps, batch, input features, hidden units


def sigma(x):
    return 1 / (1 + np.exp(-x))


def rnn_by_hand(x, W, U, b, dh_out):
    """Return outputs and gradients of  h_t = tanh(W x_t + U h_{t-1} + b)."""
    h = [np.zeros((B, H))]
    for t in range(T):
        h.append(np.tanh(x[t] @ W.T + h[t] @ U.T + b))
    dW, dU, db, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(x)
    dh, rail = np.zeros((B, H)), []
    for t in reversed(range(T)):
        dh = dh + dh_out[t]
        rail.append(dh)
        da = dh * (1 - h[t + 1] ** 2)
        dW += da.T @ x[t]
        dU += da.T @ h[t]
        db += da.sum(0)
        dx[t] = da @ W
        dh = da @ U
    return np.array(h[1:]), (dx, dW, dU, db), {"h": rail[::-1]}


def lstm_by_hand(x, W, U, b, dh_out):
    """Return outputs and gradients of the LSTM, rows i, f, g, o."""
    h, c, gates = [np.zeros((B, H))], [np.zeros((B, H))], []
    for t in range(T):
        a = x[t] @ W.T + h[t] @ U.T + b
        i, f = sigma(a[:, :H]), sigma(a[:, H : 2 * H])
        g, o = np.tanh(a[:, 2 * H : 3 * H]), sigma(a[:, 3 * H :])
        gates.append((i, f, g, o))
        c.append(f * c[t] + i * g)
        h.append(o * np.tanh(c[t + 1]))
    dW, dU, db, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(x)
    dh, dc, rail = np.zeros((B, H)), np.zeros((B, H)), []
    rail_c = []
    for t in reversed(range(T)):
        i, f, g, o = gates[t]
        dh = dh + dh_out[t]
        rail.append(dh)
        dc = dc + dh * o * (1 - np.tanh(c[t + 1]) ** 2)
        rail_c.append(dc)
        da = np.concatenate(
            [
                dc * g * i * (1 - i),
                dc * c[t] * f * (1 - f),
                dc * i * (1 - g**2),
                dh * np.tanh(c[t + 1]) * o * (1 - o),
            ],
            axis=1,
        )
        dW += da.T @ x[t]
        dU += da.T @ h[t]
        db += da.sum(0)
        dx[t] = da @ W
        dh = da @ U
        dc = dc * f
    return np.array(h[1:]), (dx, dW, dU, db), {"h": rail[::-1], "c": rail_c[::-1]}


def gru_by_hand(x, W, U, b, dh_out):
    """Return outputs and gradients of the GRU, rows r, z, n, reset before the product."""
    Wr, Wz, Wn = W[:H], W[H : 2 * H], W[2 * H :]
    Ur, Uz, Un = U[:H], U[H : 2 * H], U[2 * H :]
    br, bz, bn = b[:H], b[H : 2 * H], b[2 * H :]
    h, gates = [np.zeros((B, H))], []
    for t in range(T):
        r = sigma(x[t] @ Wr.T + h[t] @ Ur.T + br)
        z = sigma(x[t] @ Wz.T + h[t] @ Uz.T + bz)
        n = np.tanh(x[t] @ Wn.T + (r * h[t]) @ Un.T + bn)
        gates.append((r, z, n))
        h.append((1 - z) * h[t] + z * n)
    dW, dU, db, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(x)
    dh, rail = np.zeros((B, H)), []
    for t in reversed(range(T)):
        r, z, n = gates[t]
        dh = dh + dh_out[t]
        rail.append(dh)
        dan = dh * z * (1 - n**2)
        daz = dh * (n - h[t]) * z * (1 - z)
        dreset = dan @ Un
        dar = dreset * h[t] * r * (1 - r)
        dW += np.concatenate([dar.T @ x[t], daz.T @ x[t], dan.T @ x[t]])
        dU += np.concatenate([dar.T @ h[t], daz.T @ h[t], dan.T @ (r * h[t])])
        db += np.concatenate([dar.sum(0), daz.sum(0), dan.sum(0)])
        dx[t] = dar @ Wr + daz @ Wz + dan @ Wn
        dh = dh * (1 - z) + dar @ Ur + daz @ Uz + dreset * r
    return np.array(h[1:]), (dx, dW, dU, db), {"h": rail[::-1]}


CELLS = [
    (tr.RNNCell, rnn_by_hand),
    (tr.LSTMCell, lstm_by_hand),
    (tr.GRUCell, gru_by_hand),
]


def with_random_weights(kind, dtype, rng):
    """A cell whose every weight and bias is random, so that no two gates are alike."""
    cell = kind(D, H, dtype=dtype, rng=0)
    for parameter in cell.parameters():
        parameter.data = rng.normal(0, 0.6, parameter.shape)
    return cell


@pytest.mark.parametrize(("kind", "by_hand"), CELLS)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-11), (np.float32, 2e-4)])
def test_reverse_sweep_over_an_unrolled_cell_is_bptt(kind, by_hand, dtype, rtol):
    rng = np.random.default_rng(7)
    cell = with_random_weights(kind, dtype, rng)
    x = rng.normal(size=(T, B, D)).astype(dtype)
    weights = rng.normal(size=(T, B, H)).astype(dtype)
    inputs = tr.Tensor(x, requires_grad=True)
    run = tr.unroll(cell, inputs)
    flow = tr.GradientFlow()
    run.outputs.backward(gradient=weights, observer=flow)

    exact = [a.astype(np.float64) for a in (x, *[p.data for p in cell.parameters()], weights)]
    outputs, gradients, rails = by_hand(*exact)
    np.testing.assert_allclose(run.outputs.data, outputs, rtol=rtol, atol=rtol)
    for tensor, expected in zip([inputs, *cell.parameters()], gradients, strict=True):
        assert tensor.grad.dtype == dtype
        np.testing.assert_allclose(tensor.grad, expected, rtol=rtol, atol=rtol)
    for part, expected in rails.items():
        np.testing.assert_allclose(
            flow.through_time(run)[part], [np.linalg.norm(g) for g in expected], rtol=rtol
        )


@pytest.mark.parametrize("kind", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_gradient_of_an_unrolled_cell_is_the_slope(kind):
    rng = np.random.default_rng(3)
    cell = with_random_weights(kind, np.float64, rng)
    x = rng.normal(size=(3, 2, D))

    def f(inputs, *weights):
        vars(cell).update(weight_ih=weights[0], weight_hh=weights[1], bias=weights[2])
        return tr.unroll(cell, inputs).outputs

    assert tr.gradcheck(f, x, *cell.parameters())


@pytest.mark.parametrize(("gain", "decay"), [(1.0, 1.0), (0.9, 0.9)])
def test_a_linear_network_with_an_orthogonal_weight_scales_the_gradient_by_its_gain(gain, decay):
    """dL/dh_{t-1} = W^T dL/dh_t, and an orthogonal W keeps every norm."""
    rng = np.random.default_rng(5)
    weight = tr.Tensor(init.orthogonal(rng, 16, gain), requires_grad=True)
    state = tr.Tensor(rng.normal(size=(1, 16)), requires_grad=True)
    states = [state]
    for _ in range(100):
        states.append(tr.f.linear(states[-1], weight))
    flow = tr.trace(states[-1], gradient=rng.normal(size=(1, 16)))
    norms = np.array([flow.norm(h) for h in states])
    np.testing.assert_allclose(norms[:-1] / norms[1:], decay, rtol=1e-12)
    np.testing.assert_allclose(norms[0] / norms[-1], decay**100, rtol=1e-12)


@pytest.mark.parametrize("kind", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_each_steps_share_of_a_weight_sums_to_its_gradient(kind):
    rng = np.random.default_rng(11)
    cell = with_random_weights(kind, np.float64, rng)
    run = tr.unroll(cell, rng.normal(size=(T, B, D)))
    flow = tr.GradientFlow()
    (run.outputs * rng.normal(size=(T, B, H))).sum().backward(observer=flow)
    for parameter in cell.parameters():
        shares = flow.contributions(parameter)
        assert len(shares) == T * (2 if kind is tr.GRUCell else 1)
        assert all(share.shape == parameter.shape for share in shares)
        np.testing.assert_allclose(sum(shares), parameter.grad, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(flow.gradient(parameter), parameter.grad, rtol=1e-15)


def test_contributions_are_in_time_order():
    """The last step's share does not depend on how the earlier states came about."""
    rng = np.random.default_rng(12)
    cell = with_random_weights(tr.RNNCell, np.float64, rng)
    x = rng.normal(size=(4, B, D))
    run = tr.unroll(cell, x)
    last = tr.trace(run.final.sum()).contributions(cell.weight_ih)[-1]
    np.testing.assert_allclose(last, (1 - run.final.data**2).T @ x[-1], rtol=1e-13)


@pytest.mark.parametrize("kind", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_what_arrives_at_a_node_is_the_sum_over_its_outgoing_edges(kind):
    rng = np.random.default_rng(13)
    cell = with_random_weights(kind, np.float64, rng)
    run = tr.unroll(cell, rng.normal(size=(T, B, D)))
    root = run.outputs.sum()
    sums, norms = {}, {}

    def watch(consumer, slot, source, contribution):
        assert contribution.shape == source.shape
        assert contribution.dtype == source.dtype
        sums[source] = sums.get(source, 0) + contribution
        norms[consumer, slot] = np.linalg.norm(contribution), np.abs(contribution).max()

    root.backward(observer=watch)
    flow = tr.trace(root)
    for edge in flow.edges:
        assert (edge.l2, edge.max) == pytest.approx(
            norms.pop((edge.consumer, edge.slot)), rel=1e-12
        )
    assert not norms
    needing = tr.graph.topological(root, differentiable=True)
    assert set(sums) == set(needing) - {root}
    for node, total in sums.items():
        gradient = tr.grad(root, [node])[0].data
        np.testing.assert_allclose(total, gradient, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(flow.gradient(node), gradient, rtol=1e-12, atol=1e-15)
        assert flow.norm(node) == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
