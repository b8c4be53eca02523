"""NumPy's breadth: value, gradient, jvp and second derivatives of every call in breadth.py."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.tinygrad_rnn.breadth import ALL, arrays_of

CALLS = pytest.mark.parametrize(
    ("f", "inputs"), [(f, inputs) for _, f, inputs in ALL], ids=[name for name, _, _ in ALL]
)


@CALLS
def test_value_is_numpys_and_gradient_its_slope(f, inputs):
    arrays = arrays_of(inputs)
    xs = [tr.Tensor(x, requires_grad=True) for x in arrays]
    out, plain = f(*xs), f(*arrays)
    assert isinstance(out, tr.Tensor)
    assert out.shape == np.shape(plain)
    np.testing.assert_allclose(out.data, plain, rtol=1e-15, atol=1e-15)
    if out.size and out.requires_grad:
        assert tr.gradcheck(f, *arrays, rtol=2e-5, atol=1e-7)


@CALLS
def test_forward_mode_is_the_transpose_of_reverse_mode(f, inputs):
    arrays = arrays_of(inputs)
    rng = np.random.default_rng(0)
    tangents = [rng.normal(size=x.shape) for x in arrays]
    y, moved = tr.jvp(f, arrays, tangents)
    g = rng.normal(size=y.shape)
    back = tr.vjp(f, *arrays)[1](g)
    np.testing.assert_allclose(
        np.sum(g * moved.data),
        sum(np.sum(d.data * t) for d, t in zip(back, tangents, strict=True)),
        rtol=1e-9,
        atol=1e-11,
    )


@CALLS
def test_second_derivatives_are_the_slopes_of_the_first(f, inputs):
    arrays = arrays_of(inputs)
    if not f(*arrays).size:
        return

    def slopes(*xs):
        out = f(*xs)
        weights = np.random.default_rng(2).uniform(0.5, 1.5, out.shape)
        gradients = tr.grad(out * out * out, xs, weights, create_graph=True)
        return sum((np.sum(g * g) for g in gradients), start=np.sum(out * weights))

    assert tr.gradcheck(slopes, *arrays, rtol=2e-4, atol=1e-5)


@CALLS
def test_float32_stays_float32(f, inputs):
    arrays = [x.astype(np.float32) for x in arrays_of(inputs)]
    xs = [tr.Tensor(x, requires_grad=True) for x in arrays]
    out = f(*xs)
    assert out.dtype == np.asarray(f(*arrays)).dtype
    if out.size and out.requires_grad:
        out.backward(np.ones(out.shape))
        assert all(x.grad is None or x.grad.dtype == np.float32 for x in xs)
