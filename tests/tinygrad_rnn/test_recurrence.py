"""A linear recurrence as one primitive, against the same cell unrolled."""

import numpy as np
import pytest

import tinygrad_rnn as tr


class Decay(tr.Cell):
    """h_t = a_t * h_{t-1} + b_t, where x_t holds a_t and b_t."""

    def initial_state(self, batch):
        return tr.Tensor(np.zeros((batch, 3)))

    def __call__(self, x, state):
        return x[:, :3] * state + x[:, 3:]


def test_it_is_the_unrolled_cell_with_all_its_gradients():
    rng = np.random.default_rng(0)
    x = tr.Tensor(rng.standard_normal((6, 2, 6)), requires_grad=True)
    start = tr.Tensor(rng.standard_normal((2, 3)), requires_grad=True)
    weights = rng.standard_normal((6, 2, 3))
    cell = (tr.unroll(Decay(), x, start).outputs * weights).sum()
    h = tr.f.linear_recurrence(x[:, :, :3], x[:, :, 3:], start)
    one = (h * weights).sum()
    assert one.item() == pytest.approx(cell.item(), rel=1e-13)
    for found, truth in zip(tr.grad(one, [x, start]), tr.grad(cell, [x, start]), strict=True):
        np.testing.assert_allclose(found.data, truth.data, rtol=1e-11)
    assert h.op.name == "linear_recurrence"


def test_it_stays_in_single_precision():
    a = np.full((3, 2), 0.5, np.float32)
    b = tr.Tensor(np.ones((3, 2), np.float32), requires_grad=True)
    h = tr.f.linear_recurrence(a, b)
    h.sum().backward()
    assert h.dtype == b.grad.dtype == np.float32
    np.testing.assert_array_equal(b.grad[:, 0], [1.75, 1.5, 1.0])


@pytest.mark.parametrize(
    ("a", "b", "start"),
    [
        (np.ones((3, 2)), np.ones((4, 2)), None),
        (np.ones((4, 3)), np.ones((4, 2)), None),
        (np.ones((4, 2)), np.ones((4, 2)), np.ones(3)),
        (1.0, 1.0, None),
        (np.ones((1, 4, 2)), np.ones((4, 2)), None),
    ],
)
def test_shapes_that_do_not_fit_are_refused(a, b, start):
    with pytest.raises(tr.ShapeError, match="linear_recurrence"):
        tr.f.linear_recurrence(a, b, start)
