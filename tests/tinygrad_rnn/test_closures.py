"""Derivatives as functions see what their function closes over, in every pair of them."""

import itertools

import numpy as np
import pytest

import tinygrad_rnn as tr


def by_jvp(f, y):
    return tr.jvp(f, [y], [1.0])[1]


def by_vjp(f, y):
    return tr.vjp(f, y)[1](1.0)[0]


def by_jacobian(f, y):
    return tr.jacobian(f, y)


def by_grad(f, y):
    y = y if isinstance(y, tr.Tensor) and y.requires_grad else tr.Tensor(y, requires_grad=True)
    return tr.grad(f(y), [y], create_graph=True)[0]


FIRST = [by_jvp, by_vjp, by_jacobian, by_grad]


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(FIRST, FIRST)))
def test_the_inner_derivative_depends_on_the_outer_variable(outer, inner):
    """d/dx [x * d/dy (x * y)] at y = 1 is 2 x, and with sin(x y) the chain rule's."""
    assert outer(lambda x: x * inner(lambda y: x * y, 1.0), 4.0).item() == 8.0
    found = outer(lambda x: x * inner(lambda y: np.sin(x * y), 0.7), 1.3).item()
    x, y = 1.3, 0.7  # x * x cos(x y)
    assert found == pytest.approx(2 * x * np.cos(x * y) - x * x * y * np.sin(x * y), rel=1e-14)


@pytest.mark.parametrize("outer", FIRST)
def test_a_hessian_product_inside_depends_on_the_outer_variable(outer):
    """d/dx [d2/dy2 (x y^3)] at y = 2 is 12, and likewise with three levels."""
    assert outer(lambda x: tr.hvp(lambda y: x * y * y * y, 2.0, 1.0), 5.0).item() == 12.0
    deep = outer(lambda x: by_jvp(lambda y: tr.hvp(lambda z: x * y * z * z, 1.0, 1.0), 3.0), 7.0)
    assert deep.item() == 2.0


@pytest.mark.parametrize("inner", FIRST)
def test_a_hessian_product_outside_sees_the_inner_derivative(inner):
    """d2/dx2 [x * d/dy (x x y)] is 6 x."""
    assert tr.hvp(lambda x: x * inner(lambda y: x * x * y, 1.0), 4.0, 1.0).item() == 24.0
    assert tr.hvp(lambda x: tr.hvp(lambda y: x * x * y * y, 1.0, 1.0), 4.0, 1.0).item() == 4.0


@pytest.mark.parametrize(("a", "b", "c"), list(itertools.product(FIRST[:3], repeat=3)))
def test_three_levels_each_closing_over_those_around_it(a, b, c):
    """d/dx d/dy d/dz x^2 y^3 z^4 = 24 x y^2 z^3."""
    f = lambda x: b(lambda y: c(lambda z: x * x * y * y * y * z**4, 1.1), 1.3)  # noqa: E731  # one of three
    assert a(f, 0.9).item() == pytest.approx(24 * 0.9 * 1.3**2 * 1.1**3, rel=1e-13)


@pytest.mark.parametrize("shape", [(2, 3), (4, 3)])
def test_a_penalty_on_a_jacobian_reaches_the_weight(shape):
    """Both modes of jacobian, against finite differences."""
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=shape), rng.normal(size=3)

    def penalty(w):
        return np.sum(np.square(tr.jacobian(lambda q: np.tanh(w @ q), x)))

    leaf = tr.Tensor(w, requires_grad=True)
    penalty(leaf).backward()
    assert np.all(leaf.grad != 0)
    assert tr.gradcheck(penalty, w)


def test_a_cells_jacobian_is_differentiated_with_respect_to_its_weights():
    cell = tr.RNNCell(2, 3, rng=0)
    x, h = np.ones((1, 2)), np.full((1, 3), 0.3)
    size = np.sum(np.square(tr.jacobian(lambda h: cell(x, h), h)))
    size.backward()
    weight, eps = cell.weight_hh.data.copy(), 1e-6
    for index in [(0, 0), (2, 1)]:
        values = []
        for sign in (1, -1):
            moved = weight.copy()
            moved[index] += sign * eps
            cell.weight_hh.data = moved
            values.append(np.sum(np.square(tr.jacobian(lambda h: cell(x, h), h))).item())
        slope = (values[0] - values[1]) / (2 * eps)
        assert cell.weight_hh.grad[index] == pytest.approx(slope, rel=1e-7)


def test_the_value_depends_on_closures_too():
    w = tr.Tensor(3.0, requires_grad=True)
    for value in (tr.jvp(lambda x: w * x, [2.0], [1.0])[0], tr.vjp(lambda x: w * x, 2.0)[0]):
        assert tr.grad(value, [w])[0].item() == 2.0


def test_a_gradient_or_tangent_that_is_differentiated_is_recorded():
    u = tr.Tensor(3.0, requires_grad=True)
    _, back = tr.vjp(lambda x: x * x, 2.0)
    assert tr.grad(back(u)[0], [u])[0].item() == 4.0
    assert tr.grad(tr.jvp(lambda x: x * x, [2.0], [u])[1], [u])[0].item() == 4.0


def test_a_function_of_its_closure_alone_has_derivative_zero():
    w = tr.Tensor(np.ones(4), requires_grad=True)
    assert not tr.jacobian(lambda x: w * 2.0, 1.0).data.any()
    assert not tr.jacobian(lambda x: w[:1] * 2.0, np.ones(3)).data.any()
    assert tr.jvp(lambda x: w[0], [1.0], [1.0])[1].item() == 0.0
    assert tr.hvp(lambda x: w[0] * w[1], 1.0, 1.0).item() == 0.0
    assert tr.hvp(lambda x: 5.0, 1.0, 1.0).item() == 0.0


def test_nothing_is_recorded_that_depends_on_nothing_else():
    assert not tr.jvp(np.sin, [1.0], [1.0])[1].requires_grad
    assert not tr.jacobian(np.sin, [1.0]).requires_grad
    assert not tr.hvp(np.sin, 1.0, 1.0).requires_grad
    w = tr.Tensor(2.0, requires_grad=True)
    with tr.no_grad():
        assert not tr.jacobian(lambda x: w * x, 1.0).requires_grad
        assert tr.jvp(lambda x: w * x, [1.0], [1.0])[1].item() == 2.0
