"""Slopes where functions saturate: right to the last digits, however near its limit y is.

The truth is taken from mpmath, with fifty digits.
"""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.ops.gates import sigmoid_gate, tanh_gate

FAR = {np.float32: 40.0, np.float64: 345.0}  # where slopes are normal numbers still


def points(dtype):
    rng = np.random.default_rng(0)
    near, far = rng.uniform(-3, 3, 40), rng.uniform(-FAR[dtype], FAR[dtype], 60)
    return np.concatenate([near, far, [0.0, 9.5, -9.5, 18.0, -18.0]]).astype(dtype)


def exact(mp, f, order, x):
    formulas = {
        "tanh": [lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.tanh(x) * mp.sech(x) ** 2],
        "sigmoid": [
            lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
            lambda x: -mp.tanh(x / 2) * mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
        ],
        "softplus": [lambda x: 1 / (1 + mp.exp(-x)), lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2],
        "expm1": [mp.exp, mp.exp],
        "elu": [lambda x: 0.7 * mp.exp(x) if x <= 0 else 1, lambda x: 0.7 * mp.exp(x) * (x <= 0)],
    }
    return [float(formulas[f][order - 1](mp.mpf(float(v)))) for v in x]


FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": tr.f.sigmoid,
    "softplus": tr.f.softplus,
    "expm1": np.expm1,
    "elu": lambda x: tr.f.elu(x, alpha=0.7),
}


@pytest.fixture
def mp():
    mpmath = pytest.importorskip("mpmath", reason="the slopes to fifty digits")
    with mpmath.workdps(50):
        yield mpmath


@pytest.mark.oracle
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_slope_and_curvature_keep_all_digits(mp, name, dtype):
    x = points(dtype)
    if name in ("expm1", "elu"):
        x = -np.abs(x)
    leaf = tr.Tensor(x, requires_grad=True)
    for slope in (
        tr.grad(FUNCTIONS[name](leaf), [leaf], np.ones_like(x))[0].data,
        tr.jvp(FUNCTIONS[name], [x], [np.ones_like(x)])[1].data,
        tr.grad(FUNCTIONS[name](leaf), [leaf], np.ones_like(x), create_graph=True)[0].data,
    ):
        assert slope.dtype == dtype
        near = 40 * np.finfo(dtype).eps
        np.testing.assert_allclose(slope, exact(mp, name, 1, x), rtol=near, atol=0)
    curvature = tr.hvp(lambda x: np.sum(FUNCTIONS[name](x)), x, np.ones_like(x)).data
    expected = np.array(exact(mp, name, 2, x), dtype)
    np.testing.assert_allclose(curvature, expected, rtol=40 * np.finfo(dtype).eps, atol=0)


def test_the_values_named_by_those_who_found_them_wrong():
    """float32: tanh' at 9.5 is 2.24e-8, not 1.2e-7; sigmoid' at 18 is 1.52e-8, not 0."""
    x = tr.Tensor(9.5, requires_grad=True, dtype=np.float32)
    np.tanh(x).backward()
    assert x.grad == pytest.approx(4 * np.exp(-19.0) / (1 + np.exp(-19.0)) ** 2, rel=1e-6)
    x = tr.Tensor(18.0, requires_grad=True, dtype=np.float32)
    tr.f.sigmoid(x).backward()
    assert x.grad == pytest.approx(np.exp(-18.0), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("f", [np.tanh, tr.f.sigmoid, tr.f.softplus, np.expm1, tr.f.elu])
def test_nothing_overflows_at_the_ends(f, dtype):
    far = np.array([-np.inf, -np.finfo(dtype).max, -800.0, 800.0, np.inf], dtype)
    if f is np.expm1:
        far = far[:3]
    leaf = tr.Tensor(far, requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        slope = tr.grad(f(leaf), [leaf], np.ones_like(far), create_graph=True)[0]
        assert np.all(np.isfinite(slope.data))
        assert np.all(np.isfinite(tr.grad(slope, [leaf], np.ones_like(far))[0].data))
        assert np.all(np.isfinite(tr.grad(f(leaf), [leaf], np.ones_like(far))[0].data))


def test_a_chain_of_saturated_units_has_the_product_of_their_slopes():
    """float64, where each 1 - y * y is 0: the truth is 2e-155 and the like."""
    for f, step, slope in (
        (np.tanh, 60.0, 4 * np.exp(-120.0)),
        (tr.f.sigmoid, 60.0, np.exp(-60.0)),
    ):
        x = tr.Tensor(step, requires_grad=True)
        h = x
        for _ in range(3):
            h = f(h * 1.0 + (step - h.item()))  # every unit at the same point
        h.backward()
        assert x.grad == pytest.approx(slope**3, rel=1e-13, abs=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gates_have_the_slopes_of_their_nonlinearities(dtype):
    """However they are swept: each rule alone, joined in one buffer, measured by a flow."""
    rng = np.random.default_rng(1)
    scale = FAR[dtype] / 4
    a = tr.Tensor(rng.normal(0, scale, (3, 8)), requires_grad=True, dtype=dtype)
    weights = rng.uniform(0.5, 1.5, (3, 8)).astype(dtype)
    parts = [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8)]
    kinds = [(sigmoid_gate, tr.f.sigmoid), (sigmoid_gate, tr.f.sigmoid),
             (tanh_gate, np.tanh), (sigmoid_gate, tr.f.sigmoid)]  # fmt: skip
    plain = sum(
        np.sum(f(a[:, part]) * weights[:, part]) for (_, f), part in zip(kinds, parts, strict=True)
    )
    gated = sum(
        np.sum(gate(a, columns=part) * weights[:, part])
        for (gate, _), part in zip(kinds, parts, strict=True)
    )
    expected = tr.grad(plain, [a])[0].data
    assert np.all(expected != 0)
    near = {"rtol": 40 * np.finfo(dtype).eps, "atol": 0}
    np.testing.assert_allclose(tr.grad(gated, [a])[0].data, expected, **near)
    np.testing.assert_allclose(tr.grad(gated, [a], create_graph=True)[0].data, expected, **near)
    flow = tr.trace(gated)
    np.testing.assert_allclose(flow.gradient(a), expected, **near)
    norms = sorted(edge.l2 for edge in flow.edges if edge.source is a)
    np.testing.assert_allclose(
        norms, sorted(np.linalg.norm(np.float64(expected[:, part])) for part in parts), rtol=1e-5
    )


@pytest.mark.oracle
def test_a_sure_softmax_still_says_by_how_much_it_is_not_sure(mp):
    """The gradient of cross-entropy at the right class is p - 1, of which float64 keeps nothing."""
    logits, v = [50.0, 0.0, -3.0], np.array([1.0, 2.0, -0.5])
    e = [mp.exp(mp.mpf(z)) for z in logits]
    p = [x / sum(e) for x in e]
    x = tr.Tensor([logits], requires_grad=True)
    (g,) = tr.grad(tr.cross_entropy(x, [0]), [x], create_graph=True)
    expected = [float(-(p[1] + p[2])), float(p[1]), float(p[2])]
    np.testing.assert_allclose(g.data[0], expected, rtol=1e-14, atol=0)
    moved = tr.jvp(lambda x: -tr.f.log_softmax(x)[0, 0], [[logits]], [v[None]])[1]
    np.testing.assert_allclose(moved.data, v @ expected, rtol=1e-13)
    jacobian = [[float(p[i] * ((i == j) - p[j])) for j in range(3)] for i in range(3)]
    jacobian[0][0] = float(p[0] * (p[1] + p[2]))
    np.testing.assert_allclose(tr.jacobian(tr.f.softmax, logits).data, jacobian, rtol=1e-13, atol=0)
    curved = tr.grad(np.sum(g * v), [x])[0].data[0]  # the Hessian is that Jacobian
    np.testing.assert_allclose(curved, np.array(jacobian) @ v, rtol=1e-12, atol=0)


@pytest.mark.oracle
def test_a_sure_logistic_loss_does_so_too(mp):
    for logit, target in ((40.0, 1.0), (-40.0, 0.0), (40.0, 0.0), (3.0, 0.3)):
        x = tr.Tensor([logit], requires_grad=True)
        tr.bce_with_logits(x, [target]).backward()
        z = mp.mpf(logit)
        expected = (1 - mp.mpf(target)) / (1 + mp.exp(-z)) - mp.mpf(target) / (1 + mp.exp(z))
        np.testing.assert_allclose(x.grad, [float(expected)], rtol=1e-13, atol=0)


@pytest.mark.parametrize("kind", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_float32_and_float64_agree_on_what_vanishes(kind):
    """Saturated throughout: dL/dh_0 in float32 is that of float64, where 1 - y * y would be 0."""
    found = {}
    for dtype in (np.float32, np.float64):
        cell = kind(2, 3, rng=0, dtype=dtype)
        cell.bias.data = np.full(cell.bias.shape, 9.0)
        h = tr.Tensor(np.full((1, 3), 0.1), requires_grad=True, dtype=dtype)
        state = tr.LSTMState(h, tr.Tensor(np.full((1, 3), 6.0), dtype=dtype))
        run = tr.unroll(cell, np.ones((2, 1, 2), dtype), state if kind is tr.LSTMCell else h)
        last = run.final.h if kind is tr.LSTMCell else run.final
        found[dtype] = tr.grad(np.sum(last), [h])[0].data
    assert np.all(found[np.float64] != 0)
    np.testing.assert_allclose(found[np.float32], found[np.float64], rtol=1e-3)
