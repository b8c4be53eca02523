"""grad, vjp, jvp, jacobian and hvp: against each other, closed forms and finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tr
from tests.tinygrad_rnn.cases import CASES, COMPOSED
from tests.tinygrad_rnn.test_primitives import PROPERTY
from tinygrad_rnn.ops.cut import stop_gradient

ALL: dict = CASES | COMPOSED


@pytest.mark.parametrize("name", ALL, ids=lambda name: getattr(name, "__name__", name))
@PROPERTY
@given(data=st.data())
def test_forward_mode_is_the_transpose_of_reverse_mode(name, data):
    """<g, J t> = <J^T g, t> for random g and t: the two rules of a primitive agree."""
    f, arrays = ALL[name](data.draw)
    rng = np.random.default_rng(0)
    tangents = [rng.normal(size=array.shape) for array in arrays]
    y, moved = tr.jvp(f, arrays, tangents)
    assert moved.shape == y.shape
    assert moved.dtype == y.dtype
    g = rng.normal(size=y.shape)
    value, back = tr.vjp(f, *arrays)
    np.testing.assert_array_equal(value.data, y.data)
    gradients = back(g)
    forwards = np.sum(g * moved.data)
    backwards = sum(np.sum(d.data * t) for d, t in zip(gradients, tangents, strict=True))
    np.testing.assert_allclose(forwards, backwards, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ALL, ids=lambda name: getattr(name, "__name__", name))
@settings(PROPERTY, max_examples=8)
@given(data=st.data())
def test_second_derivatives_are_the_same_whichever_way_they_are_taken(name, data):
    """Forward over reverse, reverse over reverse and reverse over forward."""
    f, arrays = ALL[name](data.draw)
    shapes = [array.shape for array in arrays]
    ends = np.cumsum([array.size for array in arrays])
    rng = np.random.default_rng(1)
    v = rng.normal(size=int(ends[-1]))
    point = np.concatenate([array.ravel() for array in arrays])

    def scalar(flat):
        parts = [p.reshape(s) for p, s in zip(np.split(flat, ends[:-1]), shapes, strict=True)]
        out = f(*parts)
        weights = np.linspace(0.5, 1.5, out.size).reshape(out.shape)
        return np.sum(out * out * weights) + np.sum(flat * flat)

    forward_over_reverse = tr.hvp(scalar, point, v).data
    x = tr.Tensor(point, requires_grad=True)
    (slope,) = tr.grad(scalar(x), [x], create_graph=True)
    reverse_over_reverse = tr.grad(np.sum(slope * v), [x])[0].data
    np.testing.assert_allclose(forward_over_reverse, reverse_over_reverse, rtol=1e-9, atol=1e-10)
    _, speed = tr.jvp(scalar, [x], [v])
    assert speed.requires_grad
    np.testing.assert_allclose(
        tr.grad(speed, [x])[0].data, forward_over_reverse, rtol=1e-9, atol=1e-10
    )


def test_third_derivatives():
    x = tr.Tensor(0.7, requires_grad=True)
    d1 = tr.grad(np.sin(x), [x], create_graph=True)[0]
    d2 = tr.grad(d1, [x], create_graph=True)[0]
    d3 = tr.grad(d2, [x])[0]
    np.testing.assert_allclose(
        [d1.data, d2.data, d3.data], [np.cos(0.7), -np.sin(0.7), -np.cos(0.7)]
    )
    one = np.array(1.0)

    def along(f):
        return lambda x: tr.jvp(f, [x], [one])[1]

    np.testing.assert_allclose(along(along(along(np.sin)))(np.array(0.7)).data, -np.cos(0.7))


def test_nested_forward_mode_keeps_its_perturbations_apart():
    """d/dx [x * d/dy (x + y)] is 1, not 2: the inner derivative must not see the outer one."""

    def outer(x):
        return x * tr.jvp(lambda y: x + y, [1.0], [1.0])[1]

    assert tr.jvp(outer, [3.0], [1.0])[1].item() == 1.0
    assert (
        tr.grad(*(lambda x: (outer(x), [x]))(tr.Tensor(3.0, requires_grad=True)))[0].item() == 1.0
    )


def test_the_same_tensor_given_twice_is_two_inputs():
    x = tr.Tensor(3.0, requires_grad=True)
    assert tr.jvp(lambda a, b: a * b * b, [x, x], [1.0, 0.0])[1].item() == 9.0
    _, back = tr.vjp(lambda a, b: a * b * b, x, x)
    assert [g.item() for g in back(1.0)] == [9.0, 18.0]


@pytest.mark.parametrize("shape", [(2,), (3, 2), (), (5,)])
def test_jacobian_is_the_matrix_of_both_modes(shape):
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(3, 2)), rng.normal(size=(7, 4))
    wide = rng.normal(size=(4, 3))

    def narrow(x):  # fewer outputs than inputs: rows
        return np.tanh(a.T @ np.sin(x))

    def broad(x):  # more outputs than inputs: columns
        return np.tanh(b @ np.sin(x))

    x = rng.normal(size=3)
    u = a.T @ np.sin(x)
    expected = (1 - np.tanh(u) ** 2)[:, None] * a.T * np.cos(x)
    np.testing.assert_allclose(tr.jacobian(narrow, x).data, expected, rtol=1e-12, atol=1e-15)
    x = wide @ x
    u = b @ np.sin(x)
    expected = (1 - np.tanh(u) ** 2)[:, None] * b * np.cos(x)
    np.testing.assert_allclose(tr.jacobian(broad, x).data, expected, rtol=1e-12, atol=1e-15)
    x = rng.normal(size=shape)
    table = tr.jacobian(lambda x: np.exp(x) * 2, x).data
    assert table.shape == shape + shape
    np.testing.assert_allclose(
        table.reshape(x.size, x.size), np.diag(2 * np.exp(x).ravel()), rtol=1e-15
    )


def test_jacobian_takes_the_cheaper_mode(monkeypatch):
    calls = {"rows": 0, "columns": 0}
    for key, name in (("rows", "grad"), ("columns", "pushforward")):
        real = getattr(tr.functional, name)

        def counted(*args, key=key, real=real, **kwargs):
            calls[key] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(tr.functional, name, counted)
    tr.jacobian(lambda x: x.sum(), np.ones(5))
    assert calls == {"rows": 1, "columns": 0}
    tr.jacobian(lambda x: np.broadcast_to(x, (5,)), np.ones(()))
    assert calls == {"rows": 1, "columns": 1}


def test_jacobian_of_a_jacobian_is_the_hessian():
    rng = np.random.default_rng(3)
    x, m = rng.normal(size=3), rng.normal(size=(3, 3))
    hessian = tr.jacobian(lambda x: tr.jacobian(lambda x: x @ m @ x, x), x).data
    np.testing.assert_allclose(hessian, m + m.T, rtol=1e-13)
    twice = tr.jacobian(lambda x: tr.jacobian(lambda x: np.outer(x, x).ravel(), x).ravel(), x).data
    d = np.eye(3)
    expected = np.einsum("ik,jl->ijkl", d, d) + np.einsum("il,jk->ijkl", d, d)
    np.testing.assert_array_equal(twice.reshape(3, 3, 3, 3), expected)


def test_hvp_of_a_quadratic_is_its_matrix_times_the_vector():
    rng = np.random.default_rng(4)
    m, x, v = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
    np.testing.assert_allclose(tr.hvp(lambda x: x @ m @ x, x, v).data, (m + m.T) @ v, rtol=1e-13)
    np.testing.assert_array_equal(tr.hvp(lambda x: np.sum(x), x, v).data, np.zeros(4))
    np.testing.assert_array_equal(tr.hvp(lambda x: tr.Tensor(1.0), x, v).data, np.zeros(4))


def test_what_does_not_depend_on_the_input_has_derivative_zero():
    x = np.ones(3)
    constant = tr.Tensor([1.0, 2.0])
    np.testing.assert_array_equal(tr.jacobian(lambda x: constant, x).data, np.zeros((2, 3)))
    np.testing.assert_array_equal(tr.jvp(lambda x: constant, [x], [x])[1].data, np.zeros(2))
    np.testing.assert_array_equal(tr.vjp(lambda x: constant, x)[1](np.ones(2))[0].data, np.zeros(3))
    used, unused = (tr.Tensor(x, requires_grad=True) for _ in range(2))
    np.testing.assert_array_equal(tr.grad(used.sum(), [unused])[0].data, np.zeros(3))


@pytest.mark.parametrize("stop", [stop_gradient, tr.Tensor.detach])
def test_no_tangent_goes_through_a_cut(stop):
    value, moved = tr.jvp(lambda x: stop(x) * x + stop(x * 2.0), [3.0], [1.0])
    assert (value.item(), moved.item()) == (15.0, 3.0)
    assert tr.jvp(stop, [3.0], [1.0])[1].item() == 0.0


def test_derivatives_inside_no_grad_are_taken_and_are_constants():
    with tr.no_grad():
        assert tr.jvp(np.sin, [0.0], [1.0])[1].item() == 1.0
        assert tr.hvp(lambda x: x * x * x, 1.0, 1.0).item() == 6.0
        x = tr.Tensor(2.0, requires_grad=True)
        y, back = tr.vjp(lambda x: x * x, x)
        assert back(1.0)[0].item() == 4.0
        assert not y.requires_grad
        assert not (x * x).requires_grad  # and no_grad is still on
    assert (x * x).requires_grad


def test_grad_leaves_every_dot_grad_alone():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    first, second = tr.grad(np.sum(y * 3.0), [x, y])
    np.testing.assert_array_equal(first.data, [6.0, 12.0])
    np.testing.assert_array_equal(second.data, [3.0, 3.0])
    assert x.grad is None


def test_a_gradient_that_is_itself_a_tensor_is_differentiated():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    u = tr.Tensor([3.0, 5.0], requires_grad=True)
    (g,) = tr.grad(x * x, [x], gradient=u, create_graph=True)
    np.testing.assert_array_equal(tr.grad(g, [u], np.ones(2))[0].data, [2.0, 4.0])
    _, moved = tr.jvp(lambda x: x * x, [x], [u])
    np.testing.assert_array_equal(tr.grad(moved, [u], np.ones(2))[0].data, [2.0, 4.0])


def test_a_tangent_of_another_shape_is_refused():
    with pytest.raises(
        tr.ShapeError, match=r"tangent of shape \(3,\) given for a primal of \(2,\)"
    ):
        tr.jvp(np.sin, [np.ones(2)], [np.ones(3)])


def test_each_primal_has_its_tangent():
    with pytest.raises(ValueError, match="2 primals and 1 tangents"):
        tr.jvp(np.add, [1.0, 2.0], [1.0])


D, H, T, B = 2, 3, 5, 2


@pytest.mark.parametrize("kind", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_real_time_recurrent_learning_gives_the_gradient_of_bptt(kind):
    """Forward mode, one step at a time, against the reverse sweep over the whole run.

    The influence of each weight on the state is carried along with the state; the gradient is
    complete after the last step without any going back.
    """
    rng = np.random.default_rng(9)
    cell = kind(D, H, rng=1)
    for parameter in cell.parameters():
        parameter.data = rng.normal(0, 0.7, parameter.shape)
    x, target = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))

    def loss_at(h, t):
        return np.sum(np.square(h - target[t]))

    run = tr.unroll(cell, x)
    states = [getattr(state, "h", state) for state in run.states]
    bptt = tr.grad(sum(loss_at(h, t) for t, h in enumerate(states)), list(cell.parameters()))

    weights = [p.data for p in cell.parameters()]
    lstm = kind is tr.LSTMCell

    def step(state, x_t, *weights):
        vars(cell).update(weight_ih=weights[0], weight_hh=weights[1], bias=weights[2])
        state = cell(x_t, tr.LSTMState(state[0], state[1]) if lstm else state[0])
        return np.stack(list(state) if lstm else [state])

    state = np.zeros((2 if lstm else 1, B, H))
    rtrl = [np.zeros(w.shape) for w in weights]
    influence = [[np.zeros_like(state) for _ in range(w.size)] for w in weights]
    for t in range(T):
        primals = [state, x[t], *weights]
        for k, weight in enumerate(weights):
            for n in range(weight.size):
                tangents = [
                    influence[k][n],
                    np.zeros_like(x[t]),
                    *[np.zeros_like(w) for w in weights],
                ]
                tangents[2 + k].flat[n] = 1.0
                after, moved = tr.jvp(step, primals, tangents)
                influence[k][n] = moved.data
        state = after.data
        (dloss,) = tr.vjp(lambda h, t=t: loss_at(h, t), state[0])[1](1.0)
        for k in range(len(weights)):
            rtrl[k] += np.reshape(
                [np.sum(dloss.data * s[0]) for s in influence[k]], weights[k].shape
            )

    for forward, reverse in zip(rtrl, bptt, strict=True):
        np.testing.assert_allclose(forward, reverse.data, rtol=1e-12, atol=1e-12)
