"""Cell options against their equations, written out once more in plain NumPy; initialisers."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.nn import init

rng = np.random.default_rng(0)
B, D, H = 2, 3, 4
X, PAST, C = rng.standard_normal((B, D)), *rng.standard_normal((2, B, H))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def randomised(cell):
    for parameter in cell.parameters():
        parameter.data = rng.uniform(-1, 1, parameter.shape)
    return cell


def gate(cell, k, h):
    rows = slice(k * H, (k + 1) * H)
    w, u, b = (p.data[rows] for p in (cell.weight_ih, cell.weight_hh, cell.bias))
    return X @ w.T + h @ u.T + b


def test_lstm_with_peepholes():
    cell = randomised(tr.LSTMCell(D, H, peepholes=True, rng=0))
    p_i, p_f, p_o = cell.peephole.data.reshape(3, H)
    i = sigmoid(gate(cell, 0, PAST) + p_i * C)
    f = sigmoid(gate(cell, 1, PAST) + p_f * C)
    c = f * C + i * np.tanh(gate(cell, 2, PAST))
    h = sigmoid(gate(cell, 3, PAST) + p_o * c) * np.tanh(c)
    state = cell(X, tr.LSTMState(tr.Tensor(PAST), tr.Tensor(C)))
    np.testing.assert_allclose(state.h.data, h, rtol=1e-13)
    np.testing.assert_allclose(state.c.data, c, rtol=1e-13)


@pytest.mark.parametrize("peepholes", [False, True])
def test_lstm_with_coupled_gates(peepholes):
    cell = randomised(tr.LSTMCell(D, H, coupled=True, peepholes=peepholes, rng=0))
    p_i, p_o = cell.peephole.data.reshape(2, H) if peepholes else (0.0, 0.0)
    i = sigmoid(gate(cell, 0, PAST) + p_i * C)
    c = (1 - i) * C + i * np.tanh(gate(cell, 1, PAST))
    h = sigmoid(gate(cell, 2, PAST) + p_o * c) * np.tanh(c)
    state = cell(X, tr.LSTMState(tr.Tensor(PAST), tr.Tensor(C)))
    np.testing.assert_allclose(state.h.data, h, rtol=1e-13)
    np.testing.assert_allclose(state.c.data, c, rtol=1e-13)
    assert cell.weight_ih.shape == (3 * H, D)


@pytest.mark.parametrize("reset", ["before", "after"])
def test_gru(reset):
    cell = randomised(tr.GRUCell(D, H, reset=reset, rng=0))
    r, z = sigmoid(gate(cell, 0, PAST)), sigmoid(gate(cell, 1, PAST))
    if reset == "before":
        n = np.tanh(gate(cell, 2, r * PAST))
    else:
        u_n = cell.weight_hh.data[2 * H :]
        n = np.tanh(gate(cell, 2, np.zeros((B, H))) + r * (PAST @ u_n.T + cell.bias_hn.data))
    expected = (1 - z) * PAST + z * n
    np.testing.assert_allclose(cell(X, tr.Tensor(PAST)).data, expected, rtol=1e-13)


@pytest.mark.parametrize(("name", "f"), [("relu", lambda a: np.maximum(a, 0)), ("identity", None)])
def test_rnn_nonlinearities(name, f):
    cell = randomised(tr.RNNCell(D, H, nonlinearity=name, rng=0))
    a = gate(cell, 0, PAST)
    got = cell(X, tr.Tensor(PAST)).data
    np.testing.assert_allclose(got, a if f is None else f(a), rtol=1e-13)


@pytest.mark.parametrize(
    "cell",
    [
        tr.RNNCell(D, H, nonlinearity="identity", rng=0),
        tr.LSTMCell(D, H, peepholes=True, rng=0),
        tr.LSTMCell(D, H, peepholes=True, coupled=True, rng=0),
        tr.GRUCell(D, H, reset="after", rng=0),
    ],
)
def test_gradients_of_the_options(cell):
    x = rng.standard_normal((3, B, D))
    names = [name for name, _ in cell.named_parameters()]

    def f(*arrays):
        for name, array in zip(names, arrays, strict=True):
            vars(cell)[name] = array
        return tr.unroll(cell, x).outputs

    values = [rng.uniform(-1, 1, parameter.shape) for parameter in cell.parameters()]
    assert tr.gradcheck(f, *values)


# -- exact identities


def test_a_zero_weight_lstm_carries_c_by_its_forget_bias():
    cell = tr.LSTMCell(D, H, rng=0)
    b_f = rng.standard_normal(H)
    for parameter in cell.parameters():
        parameter.data = np.zeros(parameter.shape)
    cell.bias.data = np.concatenate([np.zeros(H), b_f, np.zeros(2 * H)])
    c_0 = tr.Tensor(C, requires_grad=True)
    steps = 20
    x = rng.standard_normal((steps, B, D))
    np.sum(tr.unroll(cell, x, (np.zeros((B, H)), c_0)).final.c).backward()
    np.testing.assert_allclose(c_0.grad, np.tile(sigmoid(b_f) ** steps, (B, 1)), rtol=1e-12)


def test_a_zero_weight_gru_carries_h_by_its_update_bias():
    cell = tr.GRUCell(D, H, rng=0)
    b_z = rng.standard_normal(H)
    for parameter in cell.parameters():
        parameter.data = np.zeros(parameter.shape)
    cell.bias.data = np.concatenate([np.zeros(H), b_z, np.zeros(H)])
    h_0 = tr.Tensor(PAST, requires_grad=True)
    steps = 20
    np.sum(tr.unroll(cell, rng.standard_normal((steps, B, D)), h_0).final).backward()
    np.testing.assert_allclose(h_0.grad, np.tile((1 - sigmoid(b_z)) ** steps, (B, 1)), rtol=1e-12)


# -- where biases start


def test_biases():
    np.testing.assert_array_equal(tr.LSTMCell(D, 1).bias.data, [0, 1, 0, 0])
    np.testing.assert_array_equal(tr.LSTMCell(D, 1, forget_bias=3.0).bias.data, [0, 3, 0, 0])
    np.testing.assert_array_equal(tr.LSTMCell(D, 1, forget_bias=None).bias.data, [0, 0, 0, 0])
    np.testing.assert_array_equal(tr.LSTMCell(D, 1, coupled=True).bias.data, [-1, 0, 0])
    np.testing.assert_array_equal(tr.GRUCell(D, 1, update_bias=-2.0).bias.data, [0, -2, 0])
    assert tr.GRUCell(D, 1, bias=False, reset="after").bias_hn is None


def test_dtype_of_everything():
    for make in (tr.RNNCell, tr.LSTMCell, tr.GRUCell):
        cell = make(D, H, dtype=np.float32, learn_state=True)
        assert {parameter.dtype for parameter in cell.parameters()} == {np.dtype(np.float32)}
        assert tr.unroll(cell, np.ones((2, B, D), np.float32)).outputs.dtype == np.float32


# -- initialisers


@pytest.mark.parametrize("size", [5, (3, 7), (7, 3)])
def test_orthogonal(size):
    q = init.orthogonal(rng, size, gain=2.0)
    np.testing.assert_allclose(np.linalg.svd(q)[1], 2.0, rtol=1e-13)


def test_orthogonal_is_drawn_evenly():
    """There are two of one row and column, 1 and -1, and QR alone gives one of them."""
    draws = [init.orthogonal(rng, 1).item() for _ in range(200)]
    assert set(draws) == {1.0, -1.0}
    assert 0.35 < np.mean(np.array(draws) > 0) < 0.65


def test_the_orthogonal_linear_network_keeps_every_norm():
    cell = tr.RNNCell(D, H, nonlinearity="identity", bias=False, rng=0)
    cell.weight_hh.data = init.orthogonal(rng, H)
    run = tr.unroll(cell, rng.standard_normal((100, 1, D)))
    through = tr.trace(np.sum(run.final * rng.standard_normal(H))).through_time(run)["h"]
    np.testing.assert_allclose(through, through[-1], rtol=1e-12)


def test_scaled_initialisers():
    shape, gain = (300, 500), 1.7
    draws = {
        "glorot": (init.glorot_uniform(rng, shape, gain), gain * np.sqrt(2 / 800)),
        "glorot normal": (init.glorot_normal(rng, shape, gain), gain * np.sqrt(2 / 800)),
        "he": (init.he_uniform(rng, shape), np.sqrt(2 / 500)),
        "he normal": (init.he_normal(rng, shape), np.sqrt(2 / 500)),
        "uniform": (init.uniform(rng, shape, 0.3), 0.3 / np.sqrt(3)),
    }
    for name, (values, deviation) in draws.items():
        assert values.shape == shape
        np.testing.assert_allclose(values.std(), deviation, rtol=0.01, err_msg=name)
        assert abs(values.mean()) < 0.01
    bound = gain * np.sqrt(6 / 800)
    assert np.abs(init.glorot_uniform(rng, shape, gain)).max() <= bound
    np.testing.assert_array_equal(init.identity(2, 0.5), [[0.5, 0], [0, 0.5]])


def test_the_same_seed_gives_the_same_cell():
    one, other = tr.GRUCell(D, H, rng=7), tr.GRUCell(D, H, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(one.weight_hh.data, other.weight_hh.data)


@pytest.mark.parametrize("kind", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_weights_are_drawn_evenly_up_to_one_over_the_root_of_h(kind):
    cell = kind(7, 25, rng=0)
    for weight in (cell.weight_ih.data, cell.weight_hh.data):
        assert 0.19 < np.abs(weight).max() <= 1 / 5
        assert abs(weight.mean()) < 0.03
        assert weight.std() == pytest.approx(0.2 / np.sqrt(3), rel=0.15)


def test_chrono_spreads_the_time_scales_and_closes_the_input_gate():
    cell = tr.LSTMCell(2, 1000, forget_bias="chrono", max_length=40, rng=0)
    b = cell.bias.data.reshape(4, 1000)
    scales = 1 / (1 - sigmoid(b[1]))  # a gate f forgets over 1 / (1 - f) steps
    assert scales.min() >= 2
    assert scales.max() <= 40
    np.testing.assert_allclose(np.quantile(scales, [0.25, 0.5, 0.75]), [11.5, 21, 30.5], atol=1.5)
    np.testing.assert_array_equal(b[0], -b[1])
    assert not b[2:].any()


def test_chrono_of_a_gru_and_of_a_coupled_lstm_is_that_of_what_replaces():
    gru = tr.GRUCell(2, 500, update_bias="chrono", max_length=40, rng=0).bias.data.reshape(3, 500)
    lstm = tr.LSTMCell(2, 500, forget_bias="chrono", max_length=40, coupled=True, rng=0)
    assert (gru[1] <= 0).all()
    np.testing.assert_array_equal(lstm.bias.data[:500], gru[1])  # the same draws
    assert not gru[[0, 2]].any()
    assert tr.LSTM(2, 3, num_layers=2, forget_bias="chrono", max_length=9).layers[1].bias.data.any()


def test_a_reset_bias_closes_the_reset_gate():
    cell = tr.GRUCell(D, H, reset_bias=-30.0, rng=0)
    assert (cell.bias.data[:H] == -30).all()
    assert not cell.bias.data[H:].any()
    one, other = (np.asarray(cell(X, tr.Tensor(h)).data) for h in (PAST, PAST + 1))
    z = sigmoid(gate(cell, 1, PAST)), sigmoid(gate(cell, 1, PAST + 1))
    n = np.tanh(gate(cell, 2, 0 * PAST))  # nothing of the past
    np.testing.assert_allclose(one, (1 - z[0]) * PAST + z[0] * n, rtol=1e-10)
    np.testing.assert_allclose(other, (1 - z[1]) * (PAST + 1) + z[1] * n, rtol=1e-10)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: tr.LSTMCell(1, 2, forget_bias="chrono"), "needs max_length"),
        (lambda: tr.LSTMCell(1, 2, max_length=9), "for forget_bias='chrono' alone"),
        (lambda: tr.LSTMCell(1, 2, forget_bias="large"), "a number or 'chrono', not 'large'"),
        (lambda: tr.GRUCell(1, 2, update_bias="chrono"), "needs max_length"),
        (lambda: tr.GRUCell(1, 2, update_bias="chrono", max_length=2), "not above 2"),
        (
            lambda: tr.LSTMCell(1, 2, bias=False, forget_bias="chrono", max_length=9),
            "bias=False has none",
        ),
    ],
)
def test_chrono_and_its_length_come_together(make, said):
    with pytest.raises(ValueError, match=said):
        make()
