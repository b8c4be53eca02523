"""Values and derivatives where they are hard: kinks, ties, poles, zeros, infinities, emptiness."""

import warnings

import numpy as np
import pytest

import tinygrad_rnn as tr


def gradient(f, *arrays, dtype=np.float64):
    tensors = [tr.Tensor(array, requires_grad=True, dtype=dtype) for array in arrays]
    f(*tensors).sum().backward()
    out = [t.grad for t in tensors]
    return out[0] if len(out) == 1 else out


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (np.abs, [-2.0, 0.0, -0.0, 3.0], [-1.0, 0.0, 0.0, 1.0]),
        (np.sign, [-2.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
        (tr.f.relu, [-1.0, 0.0, 1.0], [0.0, 0.0, 1.0]),
        (lambda x: tr.f.leaky_relu(x, 0.1), [-1.0, 0.0, 1.0], [0.1, 0.1, 1.0]),
        (lambda x: tr.f.elu(x, 2.0), [-800.0, 0.0, 800.0], [0.0, 2.0, 1.0]),
        (lambda x: np.clip(x, 0.0, 1.0), [-1.0, 0.0, 0.5, 1.0, 2.0], [0.0, 1.0, 1.0, 1.0, 0.0]),
        (lambda x: np.clip(x, None, 1.0), [0.5, 2.0], [1.0, 0.0]),
        (lambda x: np.clip(x, 1.0, None), [0.5, 2.0], [0.0, 1.0]),
        (lambda x: np.maximum(x, 1.0), [0.0, 1.0, 2.0], [0.0, 0.5, 1.0]),
        (lambda x: np.minimum(x, 1.0), [0.0, 1.0, 2.0], [1.0, 0.5, 0.0]),
        (lambda x: np.maximum(1.0, x), [0.0, 1.0, 2.0], [0.0, 0.5, 1.0]),
        (lambda x: np.minimum(1.0, x), [0.0, 1.0, 2.0], [1.0, 0.5, 0.0]),
        (np.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
        (np.min, [1.0, 1.0, 1.0, 3.0], [1 / 3, 1 / 3, 1 / 3, 0.0]),
        (np.std, [2.0, 2.0], [0.0, 0.0]),
        (np.linalg.norm, [0.0, 0.0], [0.0, 0.0]),
        (np.linalg.norm, [3.0, 4.0], [0.6, 0.8]),
        (np.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
        (np.prod, [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]),
        (np.prod, [-2.0, 3.0], [3.0, -2.0]),
        (lambda x: x**2, [-3.0, 0.0], [-6.0, 0.0]),
        (lambda x: x**1, [-3.0, 0.0], [1.0, 1.0]),
        (lambda x: x**0, [-3.0, 0.0], [0.0, 0.0]),
        (lambda x: x**-1, [2.0, -4.0], [-0.25, -1 / 16]),
        (lambda x: x**3.0, [0.0, -2.0], [0.0, 12.0]),
        (lambda x: 0.0**x, [1.0, 2.0], [0.0, 0.0]),
        (lambda x: 2**x, [0.0, 3.0], [np.log(2), 8 * np.log(2)]),
        (tr.f.sigmoid, [-800.0, 0.0, 800.0], [0.0, 0.25, 0.0]),
        (np.tanh, [-800.0, 0.0, 800.0], [0.0, 1.0, 0.0]),
        (tr.f.softplus, [-800.0, 0.0, 800.0], [0.0, 0.5, 1.0]),
        (tr.f.logsumexp, [1000.0, 1000.0], [0.5, 0.5]),
        (tr.f.logsumexp, [-1000.0, -np.inf], [1.0, 0.0]),
        (tr.f.logsumexp, [-np.inf, -np.inf], [0.0, 0.0]),
        (lambda x: np.logaddexp(x, 1000.0), [-1000.0, 1000.0], [0.0, 0.5]),
        (lambda x: tr.f.softmax(x)[0], [1000.0, 0.0], [0.0, 0.0]),
        (lambda x: tr.f.log_softmax(x)[1], [1000.0, 0.0], [-1.0, 1.0]),
        (np.expm1, [1e-20, -800.0], [1.0, 0.0]),
        (np.log1p, [1e-20, 0.0], [1.0, 1.0]),
        (lambda x: np.where(x > 0, x, 0.0), [-1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
        (np.sort, [2.0, 2.0, 1.0], [1.0, 1.0, 1.0]),
        (lambda x: np.sort(x) * np.arange(3.0), [2.0, 2.0, 1.0], [1.0, 2.0, 0.0]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_slope_at_a_kink_or_an_end(f, x, slope, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gradient(f, x, dtype=dtype)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, slope, rtol=1e-6, atol=1e-12)


def test_sqrt_at_zero_is_infinitely_steep_as_numpy_has_it():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.testing.assert_array_equal(gradient(np.sqrt, [4.0, 0.0]), [0.25, np.inf])


def test_dividing_by_a_python_zero_gives_infinity_not_an_exception():
    with np.errstate(divide="ignore", invalid="ignore"):
        np.testing.assert_array_equal(gradient(lambda x: x / 0.0, [1.0]), [np.inf])
        np.testing.assert_array_equal(gradient(lambda x: 1.0 / x, 0.0), -np.inf)
        np.testing.assert_array_equal(gradient(lambda x: x**-1, 0.0), -np.inf)
        assert (tr.Tensor(1.0) / 0.0).item() == np.inf


def test_ties_of_two_tensors_are_split_evenly():
    a, b = gradient(np.maximum, [1.0, 2.0, 5.0], [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(a, [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(b, [1.0, 0.5, 0.0])
    a, b = gradient(np.minimum, [1.0, 2.0, 5.0], [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(a, [1.0, 0.5, 0.0])
    np.testing.assert_array_equal(b, [0.0, 0.5, 1.0])


def test_ties_along_an_axis_share_what_comes_back_and_no_more():
    x = tr.Tensor([[1.0, 1.0, 0.0], [2.0, 3.0, 3.0]], requires_grad=True)
    np.max(x, axis=1).backward(gradient=[4.0, 6.0])
    np.testing.assert_array_equal(x.grad, [[2.0, 2.0, 0.0], [0.0, 3.0, 3.0]])


def test_the_largest_of_nan_is_nan_and_so_is_where_its_gradient_goes():
    x = tr.Tensor([1.0, np.nan, 3.0], requires_grad=True)
    y = np.max(x)
    y.backward()
    assert np.isnan(y.data)
    np.testing.assert_array_equal(x.grad, [0.0, 1.0, 0.0])


def test_second_derivatives_of_a_product_with_zeros():
    x = np.array([0.0, 2.0, 0.0, 3.0])
    hessian = tr.jacobian(lambda x: tr.jacobian(np.prod, x), x).data
    expected = np.zeros((4, 4))
    expected[0, 2] = expected[2, 0] = 6.0
    np.testing.assert_array_equal(hessian, expected)
    table = tr.jacobian(lambda x: tr.jacobian(lambda x: np.prod(x, axis=0).sum(), x), np.eye(2))
    np.testing.assert_array_equal(table.data.sum(), 4.0)


def test_second_derivatives_of_powers_at_zero():
    for exponent, expected in ((0, 0.0), (1, 0.0), (2, 2.0), (3, 0.0)):
        assert tr.hvp(lambda x, n=exponent: x**n, 0.0, 1.0).item() == expected


def test_powers_of_two_tensors_at_zero():
    a, b = gradient(np.power, [0.0, 0.0, 2.0], [0.0, 2.0, 0.0])
    np.testing.assert_array_equal(a, [0.0, 0.0, 0.0])
    np.testing.assert_allclose(b, [0.0, 0.0, np.log(2)])
    mixed = tr.jacobian(
        lambda b: tr.grad(*(lambda a: (a**b, [a]))(tr.Tensor(2.0, requires_grad=True)), None, True)[
            0
        ],
        0.0,
    )
    assert mixed.item() == 0.5  # d/db b a^(b-1) = 1 / a


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (3, 0, 2)])
def test_empty_arrays_have_empty_gradients(shape):
    x = np.zeros(shape)
    fine = [
        np.sum, np.prod, np.exp, np.square, tr.f.sigmoid, np.ravel, np.transpose, tr.f.erf,
        lambda x: x + 1.0, lambda x: x * x, lambda x: np.concatenate([x, x]), np.sort,
        lambda x: np.stack([x, x]), lambda x: x[..., :0], lambda x: np.sum(x, axis=0),
        lambda x: np.cumsum(x), lambda x: np.flip(x), lambda x: np.roll(x, 1), np.linalg.norm,
    ]  # fmt: skip
    for f in fine:
        if f is np.linalg.norm and x.ndim > 2:
            f = lambda x: np.linalg.norm(np.ravel(x))  # noqa: E731  # one of many, each a line
        assert gradient(f, x).shape == shape
    with pytest.warns(RuntimeWarning, match="empty slice|invalid value|Degrees"):
        assert gradient(np.mean, x).shape == shape
    with pytest.raises(tr.ShapeError, match="max: shape"):
        np.max(tr.Tensor(x, requires_grad=True))


def test_a_sum_over_nothing_sends_back_nothing():
    x = tr.Tensor(np.ones((3, 0)), requires_grad=True)
    np.sum(x, axis=1).backward(gradient=np.ones(3))
    assert x.grad.shape == (3, 0)
    y = tr.Tensor(np.ones((2, 0)), requires_grad=True)
    z = tr.Tensor(np.ones((0, 3)), requires_grad=True)
    out = y @ z
    np.testing.assert_array_equal(out.data, np.zeros((2, 3)))
    out.backward(gradient=np.ones((2, 3)))
    assert (y.grad.shape, z.grad.shape) == ((2, 0), (0, 3))


def test_zero_dimensional_tensors_stay_arrays():
    x = tr.Tensor(2.0, requires_grad=True)
    for f in (np.sum, np.exp, np.max, np.prod, tr.f.logsumexp, tr.f.sigmoid, np.mean, np.var):
        for axis in (None, -1, 0) if f in (np.sum, np.max, np.prod) else (None,):
            y = f(x) if axis is None else f(x, axis=axis)
            assert type(y.data) is np.ndarray
            assert y.shape == ()
            x.grad = None
            y.backward()
            assert type(x.grad) is np.ndarray
            assert x.grad.shape == ()


def test_erf_is_right_to_the_last_digits():
    """Against the values of Abramowitz & Stegun, table 7.1, given there to ten digits."""
    table = {0.1: 0.1124629160, 0.5: 0.5204998778, 1.0: 0.8427007929, 2.0: 0.9953222650}
    x = np.array(list(table))
    np.testing.assert_allclose(tr.f.erf(tr.Tensor(x)).data, list(table.values()), atol=5e-11)
    np.testing.assert_array_equal(tr.f.erf(-x), -tr.f.erf(x))
    np.testing.assert_array_equal(tr.f.erf(np.array([0.0, np.inf])), [0.0, 1.0])


def test_float16_is_kept():
    x = tr.Tensor([-700.0, 0.5], requires_grad=True, dtype=np.float16)
    y = tr.f.sigmoid(x) * 2.0
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float16
    np.testing.assert_allclose(y.data, [0.0, 1.2449], atol=2e-3)


def test_differences_are_along_the_last_axis_unless_told_otherwise():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for arguments in ({}, {"axis": 1}, {"n": 2}):
        given = tr.Tensor(x, requires_grad=True)
        np.testing.assert_allclose(np.diff(given, **arguments).data, np.diff(x, **arguments))
