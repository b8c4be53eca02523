"""Every primitive against NumPy (its value) and against central differences (its derivative)."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tr
import tinygrad_rnn.nn.checkpoint
import tinygrad_rnn.nn.fused  # both declare primitives, and are imported only where needed
from tests.tinygrad_rnn.breadth import ALL as ALL_CALLS
from tests.tinygrad_rnn.breadth import CALLS, arrays_of
from tests.tinygrad_rnn.cases import CASES, COMPOSED
from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.ops.nondifferentiable import NOT_NUMERIC, ROUNDED
from tinygrad_rnn.primitive import REGISTRY, VariadicRule

REGISTERED = set(REGISTRY)  # before any test declares one of its own
ALL: dict = CASES | COMPOSED

PROPERTY = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


# Primitives that a general case cannot meet, and the tests that meet them.
ELSEWHERE = {
    "cut": "nn/test_unroll.py",
    "scatter_all": "test_growth.py",
    "sigmoid_slope": "test_saturation.py",
    "tanh_slope": "test_saturation.py",
    "fused rnn": "nn/test_fused.py",
    "segment": "nn/test_checkpoint.py",
    "fused lstm": "nn/test_fused.py",
    "fused gru": "nn/test_fused.py",
}


def test_every_primitive_has_a_case():
    assert REGISTERED - {*CASES, *ELSEWHERE} <= met_by_calls()


def met_by_calls():
    """The primitives that are in the graph of a call of breadth.py."""
    found = set()
    for _, f, inputs in ALL_CALLS:
        out = f(*[tr.Tensor(x, requires_grad=True) for x in arrays_of(inputs)])
        found |= {node.op.name for node in tr.graph.topological(out) if node.op}
    return found


def test_every_function_of_numpys_has_a_case():
    """Under its own name where it is a primitive, else among those that are composed of some."""
    missing = [f for f in FUNCTIONS if f not in COMPOSED and f not in {*NOT_NUMERIC, *ROUNDED}]
    assert not [f.__name__ for f in missing if f.__name__ not in {*CASES, *CALLS}]


def test_every_primitive_says_what_it_computes_and_sends_back():
    """One text for each slot, or one for all where there are any number of them."""
    for name in REGISTERED:
        primitive = REGISTRY[name]
        assert primitive.formula, name
        assert all(isinstance(text, str) and text for text in primitive.derivatives), name
        slots = 1 if isinstance(primitive.vjps, VariadicRule) else len(primitive.vjps)
        assert len(primitive.derivatives) == slots, name
    assert REGISTRY["tanh"].derivatives == ("g * (1 - y * y)",)
    assert REGISTRY["multiply"].derivatives == ("g * b", "g * a")


@pytest.mark.parametrize("name", ALL, ids=lambda name: getattr(name, "__name__", name))
@PROPERTY
@given(data=st.data())
def test_value_is_numpys_and_gradient_is_the_slope(name, data):
    f, arrays = ALL[name](data.draw)
    tensors = [tr.Tensor(array, requires_grad=True) for array in arrays]
    out = f(*tensors)
    plain = f(*arrays)

    assert isinstance(out, tr.Tensor)
    met = {node.op.name for node in tr.graph.topological(out) if node.op}
    assert name in met if name in CASES else met
    assert out.shape == np.shape(plain)
    assert out.dtype == np.float64
    np.testing.assert_allclose(out.data, plain, rtol=0 if name in CASES else 1e-14)
    assert tr.gradcheck(f, *arrays)


@pytest.mark.parametrize("name", ALL, ids=lambda name: getattr(name, "__name__", name))
@PROPERTY
@given(data=st.data())
def test_float32_stays_float32_and_agrees_with_float64(name, data):
    f, arrays = ALL[name](data.draw)
    gradients = {}
    for dtype in (np.float32, np.float64):
        tensors = [tr.Tensor(array, requires_grad=True, dtype=dtype) for array in arrays]
        out = f(*tensors)
        weights = np.random.default_rng(1).uniform(0.5, 1.5, out.shape)
        out.backward(gradient=weights)
        gradients[dtype] = [t.grad for t in tensors]
        for t in tensors:
            assert t.grad.shape == t.shape
            assert t.grad.dtype == dtype
        if dtype == np.float32 and not _asks_for_float64(out):
            assert out.dtype == np.float32
    for a, b in zip(gradients[np.float32], gradients[np.float64], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)


def _asks_for_float64(root):
    """Whether there is a cast, or an array of float64 with axes, which decides the dtype."""
    return any(node.op and node.op.name == "cast" for node in tr.graph.topological(root)) or any(
        not isinstance(x, tr.Tensor) and getattr(x, "dtype", None) == np.float64 and np.ndim(x)
        for node in tr.graph.topological(root)
        for x in [*node.inputs, *getattr(node.params.get("call"), "args", ())]
    )


@pytest.mark.parametrize("name", ALL, ids=lambda name: getattr(name, "__name__", name))
@settings(PROPERTY, max_examples=8)
@given(data=st.data())
def test_derivative_of_the_derivative_is_its_slope(name, data):
    f, arrays = ALL[name](data.draw)

    def slopes(*tensors):
        out = f(*tensors)
        weights = np.random.default_rng(2).uniform(0.5, 1.5, out.shape)
        # Cubed, so that the second derivative of a linear primitive is not zero throughout.
        gradients = tr.grad(out * out * out, tensors, gradient=weights, create_graph=True)
        return sum((np.sum(g * g) for g in gradients), start=np.sum(out * weights))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tr.gradcheck(slopes, *arrays, rtol=1e-4, atol=1e-6)
