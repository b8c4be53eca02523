"""Time and memory grow with the work alone: nothing takes the square of a number of steps."""

import tracemalloc

import numpy as np
import pytest

import tinygrad_rnn as tr


def read_steps(n):
    """Differentiate a gradient twice through n reads of one tensor."""
    x = tr.Tensor(np.linspace(-1, 1, 4 * n).reshape(n, 4), requires_grad=True)
    total = sum((np.sum(x[t] ** 3) for t in range(n)), start=0.0)
    (g,) = tr.grad(total, [x], create_graph=True)
    np.sum(g * g).backward()
    np.testing.assert_allclose(x.grad, 36 * x.data**3, rtol=1e-12)


def join(n):
    x = tr.Tensor(np.ones((n, 4)), requires_grad=True)
    np.sum(np.concatenate([x[t] for t in range(n)]) ** 2).backward()
    np.testing.assert_array_equal(x.grad, 2.0)


def push_through(n):
    for put in (np.stack, np.concatenate):
        moved = tr.jvp(lambda x, put=put: np.sum(put([x * t for t in range(n)])), [[1.0]], [[1.0]])
        assert moved[1].item() == n * (n - 1) / 2


def multiply_with_a_zero(n):
    x = tr.Tensor(np.where(np.arange(n) == 3, 0.0, 1.0), requires_grad=True)
    np.prod(x).backward()
    assert np.sum(x.grad) == 1.0


def accumulate_products(n):
    x = tr.Tensor(np.where(np.arange(n) == 3, 0.0, 1.0), requires_grad=True)
    np.sum(np.cumprod(x)).backward()
    assert x.grad[3] == n - 3


def peak(work, n):
    """The most memory that the work holds at once."""
    tracemalloc.start()
    try:
        work(n)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "work", [read_steps, join, push_through, multiply_with_a_zero, accumulate_products]
)
def test_memory_grows_as_the_number_of_steps(work):
    """Four times the steps take four times the memory, where squares would take sixteen."""
    work(10)  # imports and caches
    assert peak(work, 1200) < 6 * peak(work, 300)


def test_second_derivatives_through_many_reads_are_those_of_one_each():
    """Against the same function without reading: x[t] and slices, overlapping and not."""
    rng = np.random.default_rng(0)
    x, v = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))

    def reading(x):
        parts = [x[0], x[1:3], x[3, 1], x[::2], x[-1:], x[..., 0]]
        return sum((np.sum(np.sin(part) * part) for part in parts), start=0.0)

    def whole(x):
        count = np.array([[3.0, 2, 2], [2, 1, 1], [3, 2, 2], [2, 2, 1]])
        return np.sum(np.sin(x) * x * count)

    np.testing.assert_allclose(tr.hvp(reading, x, v).data, tr.hvp(whole, x, v).data, rtol=1e-12)
    leaf = tr.Tensor(x, requires_grad=True)
    (g,) = tr.grad(reading(leaf), [leaf], create_graph=True)
    (back,) = tr.grad(np.sum(g * v), [leaf], create_graph=True)
    np.testing.assert_allclose(back.data, tr.hvp(whole, x, v).data, rtol=1e-12)
    third = tr.grad(np.sum(back * v), [leaf])[0].data
    (g,) = tr.grad(whole(leaf), [leaf], create_graph=True)
    (back,) = tr.grad(np.sum(g * v), [leaf], create_graph=True)
    np.testing.assert_allclose(third, tr.grad(np.sum(back * v), [leaf])[0].data, rtol=1e-12)
