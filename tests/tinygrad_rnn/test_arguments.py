"""What stands for several tensors, for numbers or for an array: taken as meant, or refused."""

import array
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import tinygrad_rnn as tr


def leaf(data):
    return tr.Tensor(data, requires_grad=True)


def with_gradient(data):
    x = leaf(data)
    x.grad = np.full(x.shape, 10.0)
    return x


# -- one tensor, several, and what is neither


def test_one_tensor_is_as_good_as_a_list_of_it():
    w = leaf([1.0, 2.0])
    (g,) = tr.grad(np.sum(w * w), w)
    np.testing.assert_array_equal(g.data, [2.0, 4.0])
    w = with_gradient([3.0, 4.0])
    assert tr.clip_grad_norm_(w, 1.0) == pytest.approx(10 * 2**0.5)
    np.testing.assert_allclose(w.grad, [2**-0.5, 2**-0.5])
    tr.clip_grad_value_(w, 0.5)
    np.testing.assert_array_equal(w.grad, [0.5, 0.5])
    value, moved = tr.jvp(np.sin, tr.Tensor([0.0, 1.0]), [1.0, 10.0])
    assert value.shape == (2,)
    np.testing.assert_allclose(moved.data, [1.0, 10 * np.cos(1.0)])


def test_a_generator_is_read_once():
    a, b = leaf([1.0, 2.0]), leaf(3.0)
    gradients = tr.grad(np.sum(a * b), (x for x in (a, b)))
    assert [g.data.tolist() for g in gradients] == [[3.0, 3.0], 3.0]
    a.grad, b.grad = np.array([3.0, 0.0]), np.array(4.0)
    assert tr.clip_grad_norm_(iter([a, b]), 1.0) == 5.0
    np.testing.assert_allclose([a.grad[0], b.grad], [0.6, 0.8])
    tr.clip_grad_value_({"a": a, "b": b}.values(), 0.1)
    assert b.grad == 0.1
    assert tr.SGD((x for x in (a, b)), lr=1.0).parameters == [a, b]


@pytest.mark.parametrize(
    "given", [np.ones(2), 1.0, None, "w", {"w": 1}, [1.0], [None], [np.ones(2)], tr.Linear(1, 1)]
)
@pytest.mark.parametrize(
    "call",
    [
        lambda given: tr.grad(np.sum(leaf([1.0]) * 2), given),
        lambda given: tr.clip_grad_norm_(given, 1.0),
        lambda given: tr.clip_grad_value_(given, 1.0),
        lambda given: tr.SGD(given, lr=1.0),
        lambda given: tr.Adam(given),
    ],
)
def test_anything_else_is_refused_by_name(call, given):
    with pytest.raises(TypeError, match=r"takes (tensors, not|the parameters themselves)"):
        call(given)


def test_an_optimiser_takes_a_list_as_in_pytorch():
    with pytest.raises(TypeError, match="put the one into a list"):
        tr.SGD(leaf([1.0, 2.0]), lr=1.0)


def test_the_output_of_grad_is_a_tensor():
    with pytest.raises(TypeError, match="the output is a tensor, not of type float64"):
        tr.grad(np.float64(1.0), [leaf(1.0)])


# -- numbers that are no real numbers


NO_NUMBERS = [
    1j, np.array([1j]), np.complex64(1), Fraction(1, 2), Decimal("0.5"), "1.0", ["1", "2"],
    [None, 1.0], np.array([1.0, None]), b"1", np.datetime64("2020-01-01"),
]  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize(
    "use",
    [
        lambda v: tr.Tensor(v),
        lambda v: tr.Tensor(v, dtype=np.float64),
        lambda v: leaf([1.0, 2.0]) * v,
        lambda v: v + tr.Tensor([1.0, 2.0]),
        lambda v: np.maximum(leaf([1.0, 2.0]), v),
        lambda v: np.where([True, False], leaf([1.0, 2.0]), v),
        lambda v: setattr(leaf([1.0, 2.0]), "data", v),
        lambda v: (leaf([1.0, 2.0]) * 2).backward(v),
        lambda v: tr.jvp(np.sin, [np.ones(np.shape(v))], [v]),
    ],
)
def test_what_is_no_real_number_is_refused_when_it_is_given(use, value):
    with np.errstate(all="ignore"), pytest.raises(TypeError):
        use(value)


@pytest.mark.parametrize("dtype", [str, complex, object, "S3", "datetime64[s]"])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_no_cast_leads_out_of_the_real_numbers(dtype, requires_grad):
    with pytest.raises(tr.DtypeError):
        tr.Tensor([1.0], requires_grad=requires_grad).astype(dtype)
    with pytest.raises(tr.DtypeError):
        tr.Tensor([1.0], dtype=dtype)


def test_masked_arrays_are_refused_and_not_read_under_their_mask():
    masked = np.ma.masked_array([1.0, 1e6], mask=[False, True])
    for use in (
        lambda: tr.Tensor(masked),
        lambda: leaf([1.0, 2.0]) * masked,
        lambda: masked * leaf([1.0, 2.0]),
        lambda: np.ma.add(masked, leaf([1.0, 2.0])),
        lambda: tr.mse_loss(leaf([1.0, 2.0]), masked),
        lambda: setattr(leaf([1.0, 2.0]), "data", masked),
    ):
        with pytest.raises(TypeError, match=r"mask|drop the gradient"):
            use()


# -- what stands for an array


class Lent:
    """An array by NumPy's protocol, as a pandas Series or an xarray DataArray is."""

    def __init__(self, data):
        self.data = np.array(data)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype=dtype, copy=copy)


@pytest.mark.parametrize(
    ("make", "write"),
    [
        (lambda: array.array("d", [1.0, 2.0]), lambda c: c.__setitem__(0, 99.0)),
        (lambda: memoryview(np.array([1.0, 2.0])), lambda c: c.__setitem__(0, 99.0)),
        (lambda: Lent([1.0, 2.0]), lambda c: c.data.__setitem__(0, 99.0)),
        (lambda: np.array([1.0, 2.0]), lambda c: c.__setitem__(0, 99.0)),
        (lambda: [1.0, 2.0], lambda c: c.__setitem__(0, 99.0)),
        (lambda: [np.float64(1), np.array(2.0)], lambda c: c.__setitem__(0, 99.0)),
    ],
)
@pytest.mark.parametrize(
    "use",
    [lambda x, c: x * c, lambda x, c: x / c, lambda x, c: np.where([True, True], x * c, c),
     lambda x, c: x**c, lambda x, c: np.matmul(x, c), lambda x, c: np.stack([x * 3.0, x]) @ c,
     lambda x, c: np.hypot(x, c), lambda x, c: np.einsum("i,i", x, c)],
)  # fmt: skip
def test_a_constant_is_copied_whatever_kind_of_array_it_is(use, make, write):
    constant, x = make(), leaf([3.0, 5.0])
    np.sum(use(x, np.array([1.0, 2.0]))).backward()
    expected, x.grad = x.grad, None
    y = np.sum(use(x, constant))
    write(constant)
    y.backward()
    np.testing.assert_array_equal(x.grad, expected)


@pytest.mark.parametrize(
    ("make", "write"),
    [
        (lambda: array.array("q", [1, 0]), lambda c: c.__setitem__(0, 0)),
        (lambda: memoryview(np.array([1, 0])), lambda c: c.__setitem__(0, 0)),
        (lambda: Lent([1, 0]), lambda c: c.data.__setitem__(0, 0)),
        (lambda: [1, 0], lambda c: c.__setitem__(0, 0)),
    ],
)
@pytest.mark.parametrize("read", [lambda x, i: x[i], lambda x, i: np.take(x, i)])
def test_an_index_is_copied_whatever_kind_of_array_it_is(read, make, write):
    index, x = make(), leaf([3.0, 5.0])
    y = np.sum(read(x, index) * [1.0, 10.0])
    write(index)
    y.backward()
    np.testing.assert_array_equal(x.grad, [10.0, 1.0])


# -- what is handed out


def test_what_a_flow_hands_out_is_read_only():
    x = leaf([3.0, 4.0])
    y = x * 2.0
    flow = tr.trace(np.sum(y * y))
    for handed in (flow.gradient(x), flow.gradient(y), *flow.contributions(y)):
        with pytest.raises(ValueError, match="read-only"):
            handed /= 5.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            handed.setflags(write=True)
    assert flow.norm(x) == pytest.approx(40.0)


def test_an_observer_cannot_write_into_what_others_get():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])

    def scaling(consumer, slot, source, contribution):
        with pytest.raises(ValueError, match="read-only"):
            contribution *= 0.0

    np.sum(a + b).backward(observer=scaling)
    np.testing.assert_array_equal([a.grad, b.grad], np.ones((2, 2)))


def test_data_cannot_be_made_writable():
    for x in (leaf([1.0]), leaf([1.0]) * 2.0, leaf(np.zeros((0, 2))), leaf(1.0)):
        with pytest.raises(ValueError, match="WRITEABLE"):
            x.data.setflags(write=True)
        with pytest.raises(ValueError, match="WRITEABLE"):
            np.asarray(x.detach()).setflags(write=True)
