"""Values do not change under the graph: a later backward is right at the recorded point."""

import operator
from contextlib import nullcontext

import numpy as np
import pytest

import tinygrad_rnn as tr


def test_writing_to_the_array_that_a_tensor_was_made_from():
    array = np.array([1.0, 2.0])
    x = tr.Tensor(array, requires_grad=True)
    y = x * x
    array[:] = 99.0
    y.sum().backward()
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_writing_to_a_constant_that_a_graph_uses():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    factor, table, cond = np.array([3.0, 5.0]), [7.0, 11.0], np.array([True, False])
    y = x * factor + x * table + np.where(cond, x, 0.0) + np.maximum(x, factor)
    factor[:] = table[:] = [0.0, 0.0]
    cond[:] = True
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0 + 7 + 1, 5.0 + 11])


def test_writing_to_an_index_that_a_graph_uses():
    x = tr.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    where, mask, order = np.array([0, 0]), np.array([False, False, True]), [1, 0]
    y = x[where].sum() * 2.0 + x[mask].sum() + np.take(x, where).sum()
    z = np.transpose(np.reshape(x, (3, 1)), order)[0]
    where[:], mask[:], order[:] = 2, True, [0, 1]
    (y + z[1]).backward()
    np.testing.assert_array_equal(x.grad, [6.0, 1.0, 1.0])


def test_a_tensors_data_is_read_only_and_so_are_its_views():
    x = tr.Tensor([[1.0, 2.0]], requires_grad=True)
    for tensor in (x, x * 1.0, x.reshape(2), x.T, x[0], x.detach(), np.broadcast_to(x, (3, 2))):
        with pytest.raises(ValueError, match="read-only"):
            tensor.data[...] = 0.0
    constant = tr.Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(constant)[0] = 5.0
    np.array(constant)[0] = 5.0  # a copy, as NumPy's own is
    np.testing.assert_array_equal(constant.data, [1.0, 2.0])


@pytest.mark.parametrize(
    "write",
    [
        lambda x, a: np.add(x, 1.0, out=x),
        lambda x, a: np.add(a, 1.0, out=x),
        lambda x, a: np.exp(x, out=a),
        lambda x, a: np.add.at(x, [0], 1.0),
        lambda x, a: a.__iadd__(x),
        lambda x, a: np.copyto(x, a),
        lambda x, a: np.copyto(a, x),
        lambda x, a: np.put(x, [0], [1.0]),
        lambda x, a: np.sum(x, out=a),
        lambda x, a: x.__setitem__(0, 1.0),
        lambda x, a: np.clip(x, 0, 1, out=a),
        lambda x, a: np.multiply(x, a, where=[True, False]),
    ],
)
def test_writing_through_numpy_is_refused_by_name(write):
    x, a = tr.Tensor([1.0, 2.0], requires_grad=True), np.zeros(2)
    with pytest.raises(TypeError) as caught:
        write(x, a)
    assert isinstance(caught.value, tr.NotDifferentiableError)
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    np.testing.assert_array_equal(a, 0.0)


def test_augmented_assignment_makes_a_new_tensor():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    z = y = x * 1.0
    y += 1.0
    y *= y
    assert y is not z
    y.sum().backward()
    np.testing.assert_array_equal(z.data, [1.0, 2.0])
    np.testing.assert_array_equal(x.grad, [4.0, 6.0])
    a = b = tr.Tensor([1.0])
    a -= 2.0
    a /= 2.0
    assert (b.item(), a.item()) == (1.0, -0.5)


@pytest.mark.parametrize("move", [operator.iadd, operator.isub, operator.imul, operator.itruediv])
@pytest.mark.parametrize("around", [nullcontext, tr.no_grad])
def test_a_leaf_that_is_to_be_learned_is_not_moved_by_augmented_assignment(move, around):
    """The name would go to a new tensor, and the next sweep leave its gradient None."""
    w = tr.Tensor([1.0, 2.0], requires_grad=True)
    with around(), pytest.raises(tr.NotDifferentiableError, match=r"p\.data = p\.data - step"):
        move(w, np.array([0.1, 0.1]))
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


def test_new_data_does_not_change_a_graph_that_used_the_old():
    w = tr.Tensor([3.0], requires_grad=True)
    old = w * w
    w.data = [10.0]
    new = w * w
    old.backward()
    np.testing.assert_array_equal(w.grad, [6.0])
    w.grad = None
    new.backward()
    np.testing.assert_array_equal(w.grad, [20.0])


def test_new_data_is_copied_and_keeps_dtype_and_shape():
    w = tr.Tensor(np.zeros(2, np.float32), requires_grad=True)
    array = np.array([1.0, 2.0])
    w.data = array
    array[:] = 7.0
    assert w.dtype == np.float32
    np.testing.assert_array_equal(w.data, [1.0, 2.0])
    with pytest.raises(tr.ShapeError, match=r"\(3,\) given to a tensor of \(2,\)"):
        w.data = np.zeros(3)
    with pytest.raises(tr.GradientError, match="only a leaf"):
        (w * 2).data = array


def test_an_optimizer_step_between_forward_and_backward():
    cell = tr.RNNCell(2, 3, rng=0)
    x = np.random.default_rng(0).normal(size=(4, 1, 2))
    expected = tr.grad(tr.unroll(cell, x).final.sum(), [cell.weight_hh])[0].data
    loss = tr.unroll(cell, x).final.sum()
    for parameter in cell.parameters():
        parameter.data = parameter.data + 1.0
    loss.backward()
    np.testing.assert_array_equal(cell.weight_hh.grad, expected)


def test_second_derivatives_after_new_data_are_refused():
    """The rules would have to read the old value from a tensor that now holds the new."""
    w = tr.Tensor([3.0], requires_grad=True)
    loss = (w * w * w).sum()
    w.data = [10.0]
    with pytest.raises(tr.StaleValueError, match="new data"):
        tr.grad(loss, [w], create_graph=True)
    np.testing.assert_array_equal(tr.grad(loss, [w])[0].data, [27.0])


def test_gradients_of_leaves_are_arrays_of_their_own():
    a, b = (tr.Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    (a + b).sum().backward()
    a.grad *= 0.5
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])
    seed = np.array([1.0, 1.0])
    a.grad = None
    (+a).backward(gradient=seed)
    a.grad[:] = 7.0
    np.testing.assert_array_equal(seed, 1.0)


def test_accumulating_does_not_write_into_a_gradient_taken_before():
    x = tr.Tensor([1.0], requires_grad=True)
    (x * 2).backward()
    first = x.grad
    (x * 3).backward()
    np.testing.assert_array_equal(first, [2.0])
    np.testing.assert_array_equal(x.grad, [5.0])
