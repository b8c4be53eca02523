"""A tensor given to Python, NumPy's arrays and other libraries: no gradient is lost unseen."""

import copy
import math

import numpy as np
import pytest

import tinygrad_rnn as tr


def leaf(data, **kwargs):
    return tr.Tensor(data, requires_grad=True, **kwargs)


@pytest.mark.parametrize(
    "write",
    [
        lambda x, b: b.__setitem__(0, x[0] ** 2),
        lambda x, b: b.__setitem__(slice(None), x),
        lambda x, b: b.__setitem__(0, b[0] + x[0]),
        lambda x, b: b.fill(x[0]),
        lambda x, b: np.fromiter(x, float),
        lambda x, b: np.array([x[0], 1.0]),
        lambda x, b: math.exp(x[0]),
        lambda x, b: math.floor(x[0]),
        lambda x, b: float(x[0]),
        lambda x, b: int(x[0]),
        lambda x, b: complex(x[0]),
        lambda x, b: np.arange(3).__setitem__(0, x[0]),
        lambda x, b: sum(map(float, x)),
    ],
)
def test_a_gradient_is_not_lost_in_a_number(write):
    b = np.zeros(2)
    with pytest.raises((tr.NotDifferentiableError, ValueError)) as caught:
        write(leaf([1.0, 2.0]), b)
    said = caught.value.__cause__ or caught.value  # NumPy puts a line of its own around it
    assert isinstance(said, tr.NotDifferentiableError)
    assert "np.stack" in str(said)
    np.testing.assert_array_equal(b, [0.0, 0.0])


def test_adding_to_an_element_of_an_array():
    b, t = np.zeros(2), leaf(3.0)
    with pytest.raises(ValueError, match="setting an array element") as caught:
        b[0] += t
    assert isinstance(caught.value.__cause__, tr.NotDifferentiableError)
    with pytest.raises(tr.NotDifferentiableError):
        b += t
    np.testing.assert_array_equal(b, [0.0, 0.0])


def test_a_constant_becomes_a_number():
    t = tr.Tensor(2.0)
    b = np.zeros(1)
    b[0] = t
    assert (float(t), int(t), complex(t), math.sqrt(t), b[0]) == (2.0, 2, 2.0, math.sqrt(2), 2.0)
    with tr.no_grad():
        assert float(leaf(2.0) * 2.0) == 4.0
    assert leaf(2.0).item() == 2.0
    assert f"{leaf(2.0):.2f}" == "2.00"
    assert bool(leaf(2.0)) is True  # a decision has no gradient


def test_a_copy_of_what_was_computed_passes_its_gradient_on():
    x = leaf([1.0, 2.0])
    y = x * 3.0
    y.name = "y"
    twin = copy.copy(y)
    assert twin is not y
    assert twin.name == "y"
    np.sum(twin * y).backward()
    np.testing.assert_array_equal(x.grad, [18.0, 36.0])
    other = copy.copy(x)
    assert other.requires_grad
    assert other.op is None
    np.sum(other * other).backward()
    np.testing.assert_array_equal(x.grad, [18.0, 36.0])
    assert copy.copy(tr.Tensor([True])).data.dtype == bool


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.uint8, bool])
def test_dlpack_hands_out_a_copy(dtype):
    t = tr.Tensor(np.array([[0, 1, 1], [1, 0, 1]]), dtype=dtype)
    array = np.from_dlpack(t)
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, t.data)
    assert not np.shares_memory(array, t.data)
    with pytest.raises(tr.NotDifferentiableError, match=r"\.data"):
        np.from_dlpack(leaf([1.0]))


@pytest.mark.oracle
def test_pytorch_takes_a_tensor():
    torch = pytest.importorskip("torch", reason="the other side of the exchange")
    for value in ([[1.0, 2.0]], 3.0, [True, False], np.zeros((0, 2)), np.arange(3)):
        t = tr.Tensor(value)
        for take in (torch.as_tensor, torch.tensor, torch.from_dlpack, torch.asarray):
            out = take(t)
            assert tuple(out.shape) == t.shape
            np.testing.assert_array_equal(out.numpy(), t.data)
    with pytest.raises(TypeError, match=r"\.data"):
        torch.as_tensor(leaf([1.0]))


@pytest.mark.oracle
def test_pytorch_does_not_share_memory_that_a_graph_needs():
    torch = pytest.importorskip("torch", reason="the other side of the exchange")
    t = tr.Tensor([1.0, 2.0])
    torch.as_tensor(t).zero_()
    np.testing.assert_array_equal(t.data, [1.0, 2.0])
    constant, x = torch.tensor([3.0, 4.0], dtype=torch.float64), leaf([1.0, 2.0])
    y = np.sum(x * constant)
    constant.zero_()
    y.backward()
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])
