"""Derivatives that are finite numbers where a formula taken literally gives NaN, inf or 0."""

import warnings

import numpy as np
import pytest

import tinygrad_rnn as tr

INF = np.inf


def gradients(f, *points, dtype=np.float64):
    xs = [tr.Tensor(p, requires_grad=True, dtype=dtype) for p in points]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "divide by zero")  # sqrt'(0) says so, as in NumPy
        np.sum(f(*xs)).backward()
    return [x.grad.tolist() for x in xs]


@pytest.mark.parametrize(
    ("f", "points", "expected"),
    [
        (np.logaddexp, [-INF, -INF], [0.5, 0.5]),
        (np.logaddexp, [INF, INF], [0.5, 0.5]),
        (np.logaddexp, [INF, 0.0], [1.0, 0.0]),
        (np.logaddexp, [-INF, 0.0], [0.0, 1.0]),
        (np.logaddexp, [[-INF, 0.0], [-INF, 0.0]], [[0.5, 0.5], [0.5, 0.5]]),
        (tr.f.logsumexp, [[INF, 0.0]], [[1.0, 0.0]]),
        (tr.f.logsumexp, [[INF, INF, 0.0]], [[0.5, 0.5, 0.0]]),
        (tr.f.logsumexp, [[-INF, 0.0]], [[0.0, 1.0]]),
        (tr.f.logsumexp, [[-INF, -INF]], [[0.0, 0.0]]),
        (
            lambda x: tr.f.logsumexp(x, axis=1),
            [[[INF, 1.0], [0.0, 0.0]]],
            [[[1.0, 0.0], [0.5, 0.5]]],
        ),
        (lambda x: np.sqrt(tr.f.relu(x)), [[-1.0, 4.0]], [[0.0, 0.25]]),
        (lambda x: np.sqrt(np.max(x)), [[-1.0, 0.0]], [[0.0, INF]]),
        (lambda x: np.sqrt(np.min(x)), [[1.0, 0.0]], [[0.0, INF]]),
        (lambda x: np.sqrt(np.clip(x, 0, 4)), [[-1.0, 1.0, 9.0]], [[0.0, 0.5, 0.0]]),
        (lambda x: np.sqrt(np.abs(x)), [[0.0, -1.0]], [[0.0, -0.5]]),
        (lambda x: np.sqrt(np.maximum(x, 0.0)), [[-1.0, 4.0]], [[0.0, 0.25]]),
        (lambda x: np.log(np.where(x > 0, x, 1.0)), [[0.0, -2.0, 4.0]], [[0.0, 0.0, 0.25]]),
        (lambda x: x ** np.array([2, 0], np.uint8), [[3.0, 3.0]], [[6.0, 0.0]]),
        (lambda x: x ** np.array([0, 200], np.uint8), [[0.0, 1.0]], [[0.0, 200.0]]),
        (lambda x: x ** np.array([-128, 1], np.int8), [[1.0, 1.0]], [[-128.0, 1.0]]),
        (lambda x: x ** np.array([True, False]), [[3.0, 3.0]], [[1.0, 0.0]]),
        (lambda x: x ** tr.Tensor(np.array([0, 3], np.uint8)), [[2.0, 2.0]], [[0.0, 12.0]]),
        (
            lambda x: np.array([2, 100], np.int8) ** x,
            [[1.0, 1.0]],
            [[2 * np.log(2), 100 * np.log(100)]],
        ),
        (lambda x: np.arctan2(x, np.array([100], np.int8)), [[100.0]], [[1 / 200]]),
        (lambda x: np.hypot(x, np.array([100], np.uint8)), [[100.0]], [[0.5**0.5]]),
        (np.arctan2, [1e-200, 1e-200], [5e199, -5e199]),
        (np.arctan2, [1e200, 1e200], [5e-201, -5e-201]),
        (np.arctan2, [0.0, 1e-300], [1e300, 0.0]),
        (np.hypot, [3e-300, 4e-300], [0.6, 0.8]),
        (np.hypot, [3e300, 4e300], [0.6, 0.8]),
        (np.hypot, [0.0, 0.0], [0.0, 0.0]),
        (np.arctan, [[1e200, -1e200]], [[0.0, 0.0]]),
        (np.arctan, [1e100], [1e-200]),
        (np.linalg.norm, [[0.0, 0.0]], [[0.0, 0.0]]),
        (lambda x: np.prod(x * [1.0, 0.0, 2.0]), [[3.0, 1.0, 1.0]], [[0.0, 0.0, 0.0]]),
    ],
)
def test_the_derivative_is_a_number(f, points, expected):
    found = gradients(f, *points)
    for g, truth in zip(found, expected, strict=True):
        np.testing.assert_allclose(g, truth, rtol=1e-14, atol=2e-308)  # what exp cuts off


@pytest.mark.parametrize(
    ("f", "point"),
    [
        (lambda x: np.sum(np.hypot(x, 4.0)), [0.0, 3.0]),
        (lambda x: np.sum(np.arctan2(x, 4.0)), [0.0, 3.0]),
        (lambda x: np.sum(np.arctan(x)), [0.0, 3.0]),
        (lambda x: np.sum(tr.f.relu(x) ** 2), [-1.0, 3.0]),
        (lambda x: np.sum(np.abs(x) * x), [-1.0, 3.0]),
        (lambda x: np.max(x) ** 2, [-1.0, 3.0]),
        (lambda x: np.prod(x) ** 2, [0.0, 3.0, 2.0, 5.0, 7.0]),
        (lambda x: np.prod(x), [0.0, 3.0, 0.0, 5.0, 7.0]),
        (lambda x: np.sum(x ** np.array([3, 2], np.uint8)), [2.0, 3.0]),
        (lambda x: np.std(x) * x[0], [1.0, 3.0, 2.0]),
    ],
)
def test_the_second_derivative_is_the_slope_of_the_first(f, point):
    assert tr.gradcheck(lambda x: tr.grad(f(x), [x], create_graph=True)[0], point, rtol=1e-5)


# -- counts beyond what the dtype can hold or tell apart


@pytest.mark.parametrize("n", [3_000, 70_000])
def test_half_precision_counts_right(n):
    x = np.linspace(-1, 1, n)
    for f, truth in [
        (np.mean, np.full(n, 1 / n)),
        (np.var, 2 * x / n),
        (np.std, x / (n * x.std())),
        (lambda x: np.std(x, ddof=1), x / ((n - 1) * x.std(ddof=1))),
        (lambda x: tr.f.logsumexp(x), np.exp(x) / np.exp(x).sum()),
    ]:
        (g,) = gradients(f, x, dtype=np.float16)
        np.testing.assert_allclose(g, truth, rtol=0.02, atol=1e-7)
    for f in (tr.f.softmax, tr.f.log_softmax):
        half, double = f(tr.Tensor(x, dtype=np.float16)), f(x)
        np.testing.assert_allclose(half.data, double, rtol=0.02, atol=1e-7)
    _, moved = tr.jvp(np.mean, [x.astype(np.float16)], [np.ones(n)])
    np.testing.assert_allclose(moved.data, 1.0, rtol=1e-3)


def test_variance_with_more_delta_degrees_than_numbers():
    """NumPy divides by 0 then, not by a negative number; so does the derivative."""
    for ddof in (2, 3, 5):
        x = tr.Tensor([1.0, 2.0], requires_grad=True)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            y = np.var(x, ddof=ddof)
            y.backward()
        assert y.item() == INF
        np.testing.assert_array_equal(x.grad, [-INF, INF])


def test_a_product_of_many_with_a_zero_takes_no_square_of_memory():
    """200,000 numbers squared would not fit anywhere."""
    x = np.linspace(0.999, 1.001, 200_001)
    x[77] = 0.0
    (g,) = gradients(np.prod, x)
    expected = np.zeros_like(x)
    expected[77] = np.prod(np.delete(x, 77))
    np.testing.assert_allclose(g, expected, rtol=1e-10)
