"""gradcheck finds a derivative that is wrong by 1e-4 in one element, and says which."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.primitive import REGISTRY, elementwise


@pytest.fixture
def declared():
    """Declares primitives that are forgotten after the test; not of a ufunc, which would stay."""
    before = set(REGISTRY)
    yield elementwise
    for name in set(REGISTRY) - before:
        del REGISTRY[name]


@pytest.mark.parametrize("index", [(0, 0), (1, 2)])
@pytest.mark.parametrize("wrong", [1e-4, -1e-4])
@pytest.mark.parametrize("size", [1.0, 0.01])
def test_finds_one_wrong_element_and_names_it(declared, index, wrong, size):
    def slope(g, y, x):
        out = g * np.cos(x)
        bump = np.zeros(out.shape)
        bump[index] = wrong
        return out + bump

    crooked = declared("crooked_sine", lambda x: np.sin(x), "sin(x)", ("g * cos(x)", slope))
    x = size * np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    with pytest.raises(tr.GradcheckError) as caught:
        tr.gradcheck(lambda a, b: a * 1.0 + crooked(b), np.ones((2, 3)), x)
    message = str(caught.value)
    assert f"input 1 at index {index}" in message
    right = np.cos(x[index]) * np.random.default_rng(0).uniform(0.5, 1.5, (2, 3))[index]
    given, measured = map(float, re.findall(r"-?\d+\.\d+(?:e-?\d+)?", message))
    assert given == pytest.approx(right + wrong, abs=1e-6)
    assert measured == pytest.approx(right, abs=1e-6)


@pytest.mark.parametrize("factor", [1 + 1e-4, 1 - 1e-4, 0.0, -1.0, 2.0])
def test_finds_a_small_element_that_is_wrong_beside_a_large_one(declared, factor):
    def slope(g, y, x):
        out = g * 2 * x
        return out * np.where(np.abs(x) < 0.1, factor, 1.0)

    crooked = declared("crooked_square", lambda x: np.square(x), "x ** 2", ("g * 2 * x", slope))
    with pytest.raises(tr.GradcheckError, match=r"index \(1,\)"):
        tr.gradcheck(crooked, [10.0, 0.01])


def test_wrong_shape_and_nan_are_found(declared):
    transposed = declared(
        "transposed", lambda x: np.exp(x), "exp(x)", ("g * y", lambda g, y, x: (g * y).T)
    )
    with pytest.raises(tr.GradcheckError, match=r"input 0: the rules give shape \(3, 2\)"):
        tr.gradcheck(transposed, np.ones((2, 3)))
    broken = declared(
        "broken", lambda x: np.exp(x), "exp(x)", ("g * y", lambda g, y, x: g * np.nan)
    )
    with pytest.raises(tr.GradcheckError, match="nan"):
        tr.gradcheck(broken, np.ones(2))


def test_passes_what_is_right_at_any_size():
    for size in (1e-3, 1.0, 1e3):
        assert tr.gradcheck(
            lambda x: np.sum(x * x * x), size * np.array([0.3, -0.7]), eps=1e-6 * size
        )
    assert tr.gradcheck(lambda x, y: x @ y, np.eye(3), tr.Tensor(np.ones((3, 2))))
    assert tr.gradcheck(np.exp, np.zeros((0, 2)))


def test_leaves_its_inputs_alone():
    x = np.array([1.0, 2.0])
    tr.gradcheck(np.exp, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_a_missing_contribution_is_found():
    def forgets(x):
        return x * x.detach()

    with pytest.raises(tr.GradcheckError, match=r"input 0 at index \(0,\)"):
        tr.gradcheck(forgets, [3.0])
