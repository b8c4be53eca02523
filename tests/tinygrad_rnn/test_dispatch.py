"""What NumPy refuses is refused with its own kind of error; what has no gradient names a remedy."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.dispatch import REMEDIES

A, S, V, ONE = np.ones((2, 3)), np.ones((3, 3)), np.arange(4.0), np.ones((2, 1))

REFUSED = [
    (lambda x: np.tensordot(x, np.ones((4, 2))), A),
    (lambda x: np.tensordot(x, ONE, axes=([1], [1])), A),
    (lambda x: np.tensordot(x, S, axes=([0, 1], [0])), A),
    (lambda x: np.dot(x, np.ones((2, 3))), A),
    (lambda x: np.dot(x, np.ones((2, 1, 4))), A),
    (lambda x: np.inner(x, V), A),
    (lambda x: np.vdot(x, V), A),
    (lambda x: np.cross(x, x), V),
    (lambda x: np.take(x, [0], axis=2), A),
    (lambda x: np.take(x, [7], axis=1), A),
    (lambda x: np.take_along_axis(x, np.array([0, 1]), axis=1), A),
    (lambda x: np.take_along_axis(x, np.array([[0.0]]), axis=1), A),
    (lambda x: np.diff(x, axis=2), A),
    (lambda x: np.diff(x, n=-1), A),
    (lambda x: np.diff(x, prepend=np.ones((5, 1))), A),
    (lambda x: np.flip(x, axis=(0, 0)), A),
    (lambda x: np.flip(x, axis=5), A),
    (lambda x: np.fliplr(x), V),
    (lambda x: np.roll(x, 1, axis=3), A),
    (lambda x: np.rot90(x, axes=(0, 0)), A),
    (lambda x: np.repeat(x, [1, 2], axis=1), A),
    (lambda x: np.repeat(x, -1), A),
    (lambda x: np.tile(x, -1), A),
    (lambda x: np.sort(x, axis=2), A),
    (lambda x: np.sort(x, kind="bubble"), A),
    (lambda x: np.partition(x, 9), A),
    (lambda x: np.diagonal(x), V),
    (lambda x: np.diagonal(x, axis1=0, axis2=0), A),
    (lambda x: np.diag(x), np.ones((2, 2, 2))),
    (lambda x: np.trace(x, axis1=0, axis2=4), A),
    (lambda x: np.split(x, 2, axis=1), A),
    (lambda x: np.split(x, 2, axis=4), A),
    (lambda x: np.hsplit(x, 2), A),
    (lambda x: np.dsplit(x, 2), A),
    (lambda x: np.clip(x, 0, 1, max=2), A),
    (lambda x: np.clip(x, 0.0, 1.0, min=0.0), A),
    (lambda x: np.delete(x, 7, axis=1), A),
    (lambda x: np.concatenate([x, V]), A),
    (lambda x: np.concatenate([x, x], axis=2), A),
    (lambda x: np.stack([x, ONE]), A),
    (lambda x: np.vstack([x, np.ones((2, 2))]), A),
    (lambda x: np.moveaxis(x, 0, 5), A),
    (lambda x: np.transpose(x, (0, 0)), A),
    (lambda x: np.transpose(x, (0, 1, 2)), A),
    (lambda x: np.swapaxes(x, 0, 2), A),
    (lambda x: np.squeeze(x, 0), A),
    (lambda x: np.expand_dims(x, 7), A),
    (lambda x: np.broadcast_to(x, (3, 2)), A),
    (lambda x: np.reshape(x, (4, 2)), A),
    (lambda x: np.reshape(x, (-1, -1)), A),
    (lambda x: np.sum(x, axis=2), A),
    (lambda x: np.sum(x, axis=(0, 0)), A),
    (lambda x: np.max(x, axis=3), A),
    (lambda x: np.max(x, where=[True, False, True]), A),
    (lambda x: np.cumsum(x, axis=2), A),
    (lambda x: np.cumprod(x, axis=2), A),
    (lambda x: np.quantile(x, 1.5), A),
    (lambda x: np.median(x, axis=4), A),
    (lambda x: np.average(x, weights=[1.0, 2.0]), A),
    (lambda x: np.convolve(x, []), V),
    (lambda x: np.convolve(x, V, "half"), V),
    (lambda x: np.gradient(x), np.ones((1, 4))),
    (lambda x: np.interp(x, [0.0, 1.0], [0.0]), V),
    (lambda x: np.trapezoid(x, [0.0, 1.0, 2.0]), V),
    (lambda x: np.linalg.inv(x), A),
    (lambda x: np.linalg.inv(x), np.zeros((2, 2))),
    (lambda x: np.linalg.solve(x, V), S),
    (lambda x: np.linalg.cholesky(x), -np.eye(2)),
    (lambda x: np.linalg.det(x), V),
    (lambda x: np.linalg.norm(x, 3), A),
    (lambda x: np.einsum("ij,jk", x, x), A),
    (lambda x: np.einsum("ijk->i", x), A),
    (lambda x: np.pad(x, -1), A),
    (lambda x: np.matmul(x, x), A),
    (lambda x: x + V, A),
    (lambda x: x[5], A),
    (lambda x: x[0, 0, 0], A),
    (lambda x: x[[0.5]], A),
    (lambda x: np.select([[True, False]], [x]), A),
    (lambda x: np.meshgrid(x, indexing="ji"), V),
    (lambda x: np.block([[x, x], [x]]), A),
]  # fmt: skip


@pytest.mark.parametrize(("call", "array"), REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("requires_grad", [True, False])
def test_what_numpy_refuses_is_refused_with_its_kind_of_error(call, array, requires_grad):
    with np.errstate(all="ignore"), pytest.raises(Exception) as theirs:  # noqa: PT011  # of any kind
        call(array)
    with pytest.raises(type(theirs.value)):
        call(tr.Tensor(array, requires_grad=requires_grad))


def test_an_error_that_is_not_of_shapes_is_not_called_one():
    x = tr.Tensor(A, requires_grad=True)
    for call in (
        lambda: np.sort(x, kind="bubble"),
        lambda: np.take(x, [0], mode="around"),
        lambda: np.quantile(x, 1.5),
    ):
        with pytest.raises(ValueError, match=r"\w") as caught:
            call()
        assert not isinstance(caught.value, tr.ShapeError)
    with pytest.raises(np.exceptions.AxisError):
        np.sum(x, axis=2)


@pytest.mark.parametrize("name", REMEDIES)
def test_a_remedy_is_for_a_function_there_is(name):
    """By its name in NumPy, which no meaning hides."""
    thing = np
    for part in name.split(".")[1:]:
        thing = getattr(thing, part)
    assert callable(thing)
    with pytest.raises(tr.NotDifferentiableError) as caught:
        raise tr.dispatch.not_differentiable(name)
    assert REMEDIES[name] in str(caught.value)


def test_methods_of_ufuncs_are_what_they_stand_for():
    x = tr.Tensor(A * [[1.0, 2.0, 3.0]], requires_grad=True)
    for method, function in [
        (np.add.reduce, np.sum), (np.multiply.reduce, np.prod), (np.maximum.reduce, np.max),
        (np.minimum.reduce, np.min), (np.add.accumulate, np.cumsum),
        (np.multiply.accumulate, np.cumprod),
    ]:  # fmt: skip
        np.testing.assert_array_equal(method(x).data, method(x.data))
        np.testing.assert_array_equal(method(x, axis=1).data, function(x, axis=1).data)
    np.testing.assert_array_equal(np.add.outer(x, V).data, np.add.outer(x.data, V))
    np.testing.assert_array_equal(np.multiply.outer(V, x).data, np.multiply.outer(V, x.data))
