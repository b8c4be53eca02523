"""Bad input gets one clear, named error with the remedy."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import primitive


def leaf(*shape):
    return tr.Tensor(np.ones(shape), requires_grad=True)


def test_mismatched_shapes_name_the_operation_and_both_shapes():
    with pytest.raises(tr.ShapeError, match=r"add: shapes \(2, 3\) and \(4,\) do not fit"):
        leaf(2, 3) + leaf(4)
    with pytest.raises(tr.ShapeError, match=r"matmul: shapes \(2, 3\) and \(2, 3\) do not fit"):
        leaf(2, 3) @ np.ones((2, 3))
    with pytest.raises(tr.ShapeError, match=r"reshape: shape \(2, 3\) does not fit"):
        leaf(2, 3).reshape(4)


@pytest.mark.parametrize("x", [2.0, np.float64(2), np.ones(())])
def test_a_linear_map_takes_no_number_for_a_vector(x):
    with pytest.raises(tr.ShapeError, match="an input has at least one axis, a weight two"):
        tr.f.linear(x, leaf(2, 3))


@pytest.mark.parametrize("shape", [(), (3,), (2, 5, 3)])
def test_a_linear_map_takes_nothing_but_a_matrix_for_a_weight(shape):
    for x in (leaf(3), leaf(2, 3), leaf(4, 2, 3)):
        with pytest.raises(tr.ShapeError, match="an input has at least one axis, a weight two"):
            tr.f.linear(x, leaf(*shape))
        with pytest.raises(tr.ShapeError, match="an input has at least one axis, a weight two"):
            tr.f.linear_pair(x, leaf(5, 3), x, leaf(*shape))


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 4)])
def test_a_linear_map_takes_one_bias_for_each_row(shape):
    with pytest.raises(tr.ShapeError, match="one bias is needed for each row of the weight"):
        tr.f.linear(leaf(2, 3), leaf(4, 3), leaf(*shape))


def test_mismatched_shapes_name_the_time_step():
    class Broken(tr.RNNCell):
        def __call__(self, x, state):
            if state.op is not None:  # the second step
                state = state[:, 1:]
            return super().__call__(x, state)

    with pytest.raises(tr.ShapeError) as caught:
        tr.unroll(Broken(2, 3, rng=0), np.ones((4, 5, 2)))
    message = str(caught.value)
    assert "affine_pair: shapes (5, 2), (3, 2), (5, 2), (3, 3) and (3,) do not fit" in message
    assert "t = 1" in message
    assert isinstance(caught.value, ValueError)


def test_backward_needs_a_gradient_unless_there_is_one_element():
    x = leaf(2)
    with pytest.raises(tr.GradientError, match=r"shape \(2,\) needs gradient="):
        (x * 2).backward()
    (x * 2).backward(gradient=[1.0, 10.0])
    np.testing.assert_array_equal(x.grad, [2.0, 20.0])
    y = leaf(1, 1)
    (y * 3).backward()
    np.testing.assert_array_equal(y.grad, [[3.0]])


def test_gradient_of_another_shape_is_refused():
    with pytest.raises(tr.ShapeError, match=r"\(3,\) given to a tensor of \(2,\)"):
        leaf(2).backward(gradient=np.ones(3))


def test_a_rule_that_gives_another_shape_is_found_before_any_gradient_is_kept(monkeypatch):
    """The share of a scalar that was broadcast is to be summed; here that was forgotten."""
    monkeypatch.setattr(primitive, "REGISTRY", dict(primitive.REGISTRY))
    scaled = primitive.linear(
        "scaled",
        np.multiply.outer,
        "x s",
        ("g s", lambda g, y, x, s: g * s),
        ("g x", lambda g, y, x, s: g * x),
    )
    x, s = leaf(3), leaf()
    with pytest.raises(tr.ShapeError, match=r"shape=\(\).* gradient of shape \(3,\): mend the vjp"):
        scaled(x, s).sum().backward()
    assert x.grad is None
    assert s.grad is None
    with pytest.raises(tr.GradcheckError, match="input 1: the rules give shape"):
        tr.gradcheck(scaled, np.ones(3), 2.0)


def test_backward_from_a_constant_is_refused():
    with pytest.raises(tr.GradientError, match="requires_grad=True"):
        tr.Tensor(1.0).backward()
    with tr.no_grad():
        inside = leaf() * 2
    with pytest.raises(tr.GradientError, match=r"no_grad\(\)"):
        inside.backward()


@pytest.mark.parametrize("data", [1j, "text", ["a", "b"], [None], [object()]])
def test_a_tensor_holds_real_numbers_or_booleans(data):
    with pytest.raises(tr.DtypeError, match="real numbers or booleans"):
        tr.Tensor(data)


def test_complex_constants_are_refused():
    for use in (lambda x: x * 1j, lambda x: x @ np.array([1j, 2.0])):
        with pytest.raises(tr.DtypeError, match="complex"):
            use(leaf(2))


def test_requiring_a_gradient_of_integers_by_hand_is_refused_by_the_sweep():
    x = tr.Tensor([1, 2])
    x.requires_grad = True
    for y in (x * 2, x * 2.0):
        with pytest.raises(tr.DtypeError, match="not floating"):
            y.backward(gradient=np.ones(2))
    assert x.grad is None


@pytest.mark.parametrize("data", [1, [True, False], np.arange(3)])
def test_only_floating_tensors_can_require_a_gradient(data):
    with pytest.raises(tr.DtypeError, match=r"dtype=np\.float64"):
        tr.Tensor(data, requires_grad=True)


def test_every_error_is_named_and_is_what_python_would_raise():
    assert issubclass(tr.ShapeError, ValueError)
    assert issubclass(tr.DtypeError, TypeError)
    assert issubclass(tr.NotDifferentiableError, TypeError)
    assert issubclass(tr.GradientError, RuntimeError)
    assert issubclass(tr.StaleValueError, RuntimeError)
    assert issubclass(tr.AnomalyError, ArithmeticError)
    assert issubclass(tr.GradcheckError, AssertionError)
    for error in vars(tr.errors).values():
        if isinstance(error, type):
            assert issubclass(error, tr.TinygradError)
