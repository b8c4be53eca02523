"""Against PyTorch: a few of the random graphs that `make graphs` checks by the thousand; kinks."""

from collections import Counter

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.tinygrad_rnn.test_primitives import CASES, ELSEWHERE

torch = pytest.importorskip("torch", reason="torch is not installed: no oracle to compare with")
pytestmark = pytest.mark.oracle

from tests.tinygrad_rnn.random_graphs import (  # noqa: E402
    ALIKE,
    ANY,
    AXES,
    MATRICES,
    TWO,
    agree,
    compare,
)


@pytest.fixture
def one_thread():
    """PyTorch's threads take longer to meet than these graphs take to compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_random_graphs_agree_with_pytorch():
    met = sum((compare(seed) for seed in range(0, 10_000, 4)), Counter())
    apart = {"linear_recurrence"}  # PyTorch has none; test_recurrence.py holds it to a loop
    assert not set(CASES) - set(met) - set(ELSEWHERE) - apart, "primitives that no graph met"


# What is made of the above, and would only lengthen the random graphs.
MADE = [
    (np.vstack, torch.vstack, [(3,), (2, 3)]),
    (np.hstack, torch.hstack, [(2, 3), (2, 1)]),
    (lambda xs: np.diff(xs[0], 2, axis=0), lambda xs: torch.diff(xs[0], 2, 0), [(4, 3)]),
    (
        lambda xs: np.tensordot(*xs, axes=([2, 0], [1, 2])),
        lambda xs: torch.tensordot(*xs, dims=([2, 0], [1, 2])),
        [(2, 3, 4), (5, 4, 2)],
    ),
    (lambda xs: np.tensordot(*xs), lambda xs: torch.tensordot(*xs), [(3, 2), (3, 2)]),
]


@pytest.mark.parametrize(("ours", "theirs", "shapes"), MADE)
def test_what_is_made_of_others_agrees_with_pytorch(ours, theirs, shapes):
    """The value, and the gradient of the sum of its cubes, which needs the value."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in shapes]
    xs = [tr.Tensor(array, requires_grad=True) for array in arrays]
    ts = [torch.tensor(array, requires_grad=True) for array in arrays]
    x, t = ours(xs), theirs(ts)
    agree("value", x.data, t, 0)
    expected = torch.autograd.grad((t**3).sum(), ts)
    for slope, other in zip(tr.grad(np.sum(x**3), xs), expected, strict=True):
        agree("gradient", slope.data, other, 0)


@pytest.mark.parametrize("point", ["zeros", "ties"])
@pytest.mark.parametrize(
    ("table", "shapes"),
    [
        (ANY, [(2, 3)]),
        (ANY, [()]),
        (AXES, [(2, 3)]),
        (TWO, [(2, 3), (1, 3)]),
        (ALIKE, [(2, 3), (2, 3)]),
        (MATRICES, [(2, 3), (2, 3)]),
    ],
)
def test_exactly_on_a_kink_the_derivative_is_pytorchs(table, shapes, point):
    rng = np.random.default_rng(0)
    for ours, theirs, *_ in table:
        low, high = (0, 1) if point == "zeros" else (-1, 2)
        arrays = [rng.integers(low, high, shape).astype(float) for shape in shapes]
        xs = [tr.Tensor(array, requires_grad=True) for array in arrays]
        ts = [torch.tensor(array, requires_grad=True) for array in arrays]
        x, y = ours(*xs), theirs(*ts)
        if not x.size or not x.requires_grad:
            continue
        agree("value", x.data, y, point)
        g = rng.normal(size=x.shape)
        expected = torch.autograd.grad(y, ts, torch.tensor(g), materialize_grads=True)
        for slope, other in zip(tr.grad(x, xs, gradient=g), expected, strict=True):
            agree("gradient", slope.data, other, point)
