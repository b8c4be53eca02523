"""Random graphs, built step by step in the engine and in its naive twin: all must agree.

Sharing, multi-edges, views, broadcasts, truncation, new data between forward and backward, and
sweeps that add to one another come up in any order.
"""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

import tinygrad_rnn as tr
from tests.tinygrad_rnn import naive
from tinygrad_rnn.ops.cut import stop_gradient

SHAPES = st.sampled_from([(), (1,), (3,), (2, 3), (2, 1), (1, 3), (3, 3)])
SEEDS = st.integers(0, 2**32 - 1)

UNARY = {
    "tanh": np.tanh,
    "sin": np.sin,
    "negative": lambda x: -x,
    "half": lambda x: x * 0.5,
    "exp": lambda x: np.exp(x * 0.1),
    "shift": lambda x: 1.5 - x,
    "reciprocal": lambda x: 1.0 / (x * x + 1.0),
    "transpose": lambda x: x.T,
    "flatten": lambda x: x.reshape(-1),
    "newaxis": lambda x: x[None],
    "sum": np.sum,
    "mean": lambda x: np.sum(x) / x.size,
}
INDEXED = {  # for tensors with at least one axis
    "first": lambda x: x[0],
    "reverse": lambda x: x[::-1],
    "repeat": lambda x: x[[0, -1, 0]],
    "mask": lambda x: x[np.arange(x.shape[0]) != 1],
    "last": lambda x: x[..., -1:],
    "fold": lambda x: np.sum(x, axis=0),
    "product": lambda x: x @ np.linspace(-1.0, 1.0, x.shape[-1]),
}
BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "stack": lambda a, b: np.stack([a, b]),
    "matmul": lambda a, b: a @ b,
}


class Pair:
    """One tensor and its twin."""

    def __init__(self, tensor, twin):
        self.tensor, self.twin = tensor, twin


class EngineAndTwin(RuleBasedStateMachine):
    pairs = Bundle("pairs")
    leaves = Bundle("leaves")

    def __init__(self):
        super().__init__()
        self.expected_grad = {}
        self.all = []

    def keep(self, tensor, twin):
        pair = Pair(tensor, twin)
        self.all.append(pair)
        return pair

    @initialize(target=pairs, seed=SEEDS)
    def start(self, seed):
        return self.new_pair((2, 3), seed)

    def new_pair(self, shape, seed):
        array = np.random.default_rng(seed).uniform(-1.5, 1.5, shape)
        tensor = tr.Tensor(array, requires_grad=True)
        return self.keep(tensor, naive.leaf(array, tensor.index))

    @rule(target=leaves, shape=SHAPES, seed=SEEDS)
    def new_leaf(self, shape, seed):
        return self.new_pair(shape, seed)

    @rule(target=pairs, leaf=leaves)
    def use_leaf(self, leaf):
        return leaf

    @rule(target=pairs, pair=pairs, name=st.sampled_from(sorted(UNARY)))
    def unary(self, pair, name):
        return self.apply(UNARY[name], pair)

    @rule(target=pairs, pair=pairs, name=st.sampled_from(sorted(INDEXED)))
    def indexed(self, pair, name):
        return self.apply(INDEXED[name], pair) if pair.tensor.ndim else multiple()

    @rule(target=pairs, a=pairs, b=pairs, name=st.sampled_from(sorted(BINARY)))
    def binary(self, a, b, name):
        return self.apply(BINARY[name], a, b)

    @rule(target=pairs, a=pairs, name=st.sampled_from(["add", "multiply", "stack"]))
    def with_itself(self, a, name):
        return self.apply(BINARY[name], a, a)

    @rule(target=pairs, pair=pairs, how=st.sampled_from([stop_gradient, tr.Tensor.detach]))
    def truncate(self, pair, how):
        return self.keep(how(pair.tensor), naive.constant(pair.twin))

    @rule(target=leaves, leaf=consumes(leaves), seed=SEEDS)
    def update(self, leaf, seed):
        """What used the old value keeps it; from now on the leaf has the new one."""
        array = np.random.default_rng(seed).uniform(-1.5, 1.5, leaf.tensor.shape)
        leaf.tensor.data = array
        leaf.twin = naive.leaf(array, leaf.tensor.index)
        return leaf

    def apply(self, f, *inputs):
        """Apply f in both, noting which edges of the engine are which variables of the twin."""
        if any(p.tensor.size > 12 for p in inputs):
            return multiple()
        try:
            tensor = f(*[pair.tensor for pair in inputs])
        except tr.ShapeError:
            return multiple()
        if not tensor.size or np.max(np.abs(tensor.data)) > 1e3:
            return multiple()
        twin = _Recorder(tensor, inputs).run(f)
        return self.keep(tensor, twin)

    @rule(pair=pairs, seed=SEEDS)
    def sweep(self, pair, seed):
        root = pair.tensor
        if not root.requires_grad:
            return
        g = np.random.default_rng(seed).normal(size=root.shape)
        expected = naive.slopes(np.asarray(pair.twin, object), g)
        seen = {}

        def watch(consumer, slot, source, contribution):
            seen[consumer.index, slot] = contribution, source

        root.backward(gradient=g, observer=watch)
        flow = tr.trace(root, gradient=g)
        assert [(e.consumer.index, e.slot) for e in flow.edges] == list(seen)
        for edge, (contribution, _) in zip(flow.edges, seen.values(), strict=True):
            np.testing.assert_allclose(edge.l2, np.linalg.norm(contribution), rtol=1e-9, atol=1e-9)
        for (consumer, slot), (contribution, source) in seen.items():
            found = naive.as_array(expected.pop((consumer, slot), {}), source.shape)
            np.testing.assert_allclose(contribution, found, rtol=1e-9, atol=1e-9)
        leaves = {
            n.index: n for n in tr.graph.topological(root) if n.op is None and n.requires_grad
        }
        for index, leaf in leaves.items():
            total = naive.as_array(expected.pop(index, {}), leaf.shape)
            known = self.expected_grad.get(index)
            self.expected_grad[index] = total if known is None else known + total
            np.testing.assert_allclose(flow.gradient(leaf), total, rtol=1e-9, atol=1e-9)
            if root is not leaf:
                shares = flow.contributions(leaf)
                np.testing.assert_allclose(sum(shares), total, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(leaf.grad, self.expected_grad[index], rtol=1e-9, atol=1e-9)
        assert not expected  # no edge and no leaf of the twin's was missed
        gathered = tr.grad(root, list(leaves.values()), gradient=g)  # unwatched: another way
        for leaf, gradient in zip(leaves.values(), gathered, strict=True):
            np.testing.assert_allclose(gradient.data, flow.gradient(leaf), rtol=1e-9, atol=1e-9)

    @precondition(lambda self: self.all)
    @invariant()
    def values_agree(self):
        pair = self.all[-1]
        np.testing.assert_allclose(
            pair.tensor.data, naive.values(np.asarray(pair.twin, object)), rtol=1e-10, atol=1e-12
        )


class _Recorder:
    """Runs f on the twin with each engine node's inputs passed through that node's edges.

    f may make several nodes. They are found between the result and the inputs, and replayed one at
    a time on the twin, from the name of their primitive.
    """

    def __init__(self, tensor, inputs):
        self.tensor = tensor
        self.twins = {pair.tensor.index: pair.twin for pair in inputs}

    def run(self, f):
        if not self.tensor.requires_grad:  # nothing was recorded: only the value matters
            return np.asarray(naive.constant(self.tensor.data), object)
        return self.twin_of(self.tensor)

    def twin_of(self, node):
        if node.index not in self.twins:
            arguments = []
            for slot, source in enumerate(node.inputs):
                if not isinstance(source, tr.Tensor):
                    arguments.append(source)
                    continue
                twin = np.asarray(self.twin_of(source), object)
                if source.requires_grad:
                    twin = naive.along_edge(twin, (node.index, slot))
                arguments.append(twin)
            self.twins[node.index] = PLAIN[node.op.name](*arguments, **node.params)
        return self.twins[node.index]


def _matmul(a, b):
    a, b = np.asarray(a, object), np.asarray(b, object)
    return np.asarray(np.dot(a, b) if a.ndim < 3 and b.ndim < 3 else _batched(a, b), object)


def _batched(a, b):
    if a.ndim == 1:
        return _batched(a[None], b)[..., 0, :]
    if b.ndim == 1:
        return _batched(a, b[:, None])[..., 0]
    return (a[..., :, :, None] * b[..., None, :, :]).sum(axis=-2)


PLAIN = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda x: -x,
    "tanh": np.tanh,
    "sin": np.sin,
    "exp": np.exp,
    "sum": lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims),
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, axes: np.transpose(x, axes),
    "getitem": lambda x, index: x[index],
    "pick": lambda x, index: x[index],
    "stack": lambda *xs, axis: np.stack([np.asarray(x, object) for x in xs], axis),
    "matmul": _matmul,
}

TestEngineAndTwin = EngineAndTwin.TestCase
TestEngineAndTwin.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_the_twin_knows_calculus():
    """It is held to closed forms by itself."""
    x = naive.leaf([0.3, -0.7], "x")
    y = np.sin(x) * np.tanh(x) / (x * x + 1.0) - np.exp(-x)
    v = np.array([0.3, -0.7])
    s, t, q = np.sin(v), np.tanh(v), v * v + 1
    expected = (np.cos(v) * t + s * (1 - t * t)) / q - s * t * 2 * v / q**2 + np.exp(-v)
    found = naive.slopes(y, np.ones(2))["x"]
    np.testing.assert_allclose(naive.as_array(found, (2,)), expected, rtol=1e-14)
    np.testing.assert_allclose(naive.values(y), s * t / q - np.exp(-v), rtol=1e-14)
