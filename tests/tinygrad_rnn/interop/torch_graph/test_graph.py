"""Each drawn edge is what PyTorch's own hook is told, and each value what PyTorch computed."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.graph import topological

torch = pytest.importorskip("torch", reason="watches PyTorch, which is not installed")
pytestmark = pytest.mark.oracle

from torch import nn  # noqa: E402  # after the skip

from tests.tinygrad_rnn.interop.torch_graph.networks import NETWORKS, network  # noqa: E402
from tests.tinygrad_rnn.interop.torch_graph.random_graphs import hooked  # noqa: E402
from tinygrad_rnn.interop.torch import watch  # noqa: E402


def traced(model, x, loss=lambda y: y.pow(2).mean()):
    with watch(model):
        out = loss(model(x))
    return out, tr.trace(out)


@pytest.mark.parametrize(
    "name", ["LSTMCell", "GRUCell", "RNNCell", "two cells", "weights", "gates"]
)
def test_every_edge_is_what_the_hook_is_told(name):
    loss, flow = traced(*network(name))
    sent, _ = hooked(loss)
    drawn = {}
    for edge in flow.edges:
        origin = edge.consumer.origins[edge.slot]
        drawn[origin.node, origin.slot] = edge.l2
    for place, l2 in drawn.items():
        assert l2 == pytest.approx(float(sent[place].norm()), rel=1e-12)
    # What is not drawn goes along inside one operation: a turned weight, rows of a stacked one,
    # the sum of two products.
    inner = {"TBackward0", "UnsafeSplitBackward0", "AddBackward0"}
    assert {node.name() for node, slot in sent if (node, slot) not in drawn} <= inner


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_node_receives_is_the_sum_of_what_its_edges_bring(name):
    dtype = torch.float32 if name == "translator" else torch.float64
    _, flow = traced(*network(name, dtype))
    checked = 0
    for node in flow.graph.nodes:
        parts, whole = flow.contributions(node), flow.gradient(node)
        if parts:
            checked += 1
            assert all(part.shape == node.shape for part in parts)
            np.testing.assert_allclose(sum(parts), whole, rtol=1e-5, atol=1e-7)
    assert checked > 10
    norms = [np.linalg.norm(flow.contribution(edge)) for edge in flow.edges]
    assert [edge.l2 for edge in flow.edges] == pytest.approx(norms, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_sum_at_each_parameter_is_its_gradient(name):
    dtype = torch.float32 if name == "translator" else torch.float64
    model, x = network(name, dtype)
    loss, flow = traced(model, x)
    loss.backward()
    leaves = {node.name: node for node in flow.graph.nodes if node.op is None}
    for parameter, value in model.named_parameters():
        if parameter in leaves:
            expected = value.grad.numpy()
            np.testing.assert_allclose(
                flow.gradient(leaves[parameter]), expected, rtol=1e-4, atol=1e-6
            )
    assert len({name for name, _ in model.named_parameters()} & set(leaves)) >= 2


def test_values_are_those_that_were_computed():
    model, x = network("LSTMCell")
    _, flow = traced(model, x)
    w_ih, w_hh = (getattr(model.cell, f"weight_{part}").detach().numpy() for part in ("ih", "hh"))
    bias = (model.cell.bias_ih + model.cell.bias_hh).detach().numpy()
    h = c = np.zeros((3, 5))

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    for t, x_t in enumerate(x.numpy()):
        i, f, g, o = np.split(x_t @ w_ih.T + h @ w_hh.T + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        here = [
            n for n in flow.graph.nodes if n.op and ("t", t) in [(s.name, s.index) for s in n.scope]
        ]
        by_gate = {node.scope[-1].name: node for node in here}  # the last of each
        np.testing.assert_allclose(by_gate["forget gate"].data, sigmoid(f))
        np.testing.assert_allclose(by_gate["candidate"].data, np.tanh(g))
        np.testing.assert_allclose(by_gate["cell state"].data, c)
        np.testing.assert_allclose(by_gate["hidden state"].data, h)
        leaf = next(
            n for n in flow.graph.nodes if n.name == "x" and n.scope and n.scope[-1].index == t
        )
        np.testing.assert_array_equal(leaf.data, x_t)


def test_what_was_written_to_since_has_no_value_rather_than_a_wrong_one():
    model = nn.Linear(2, 2)
    with watch(model):
        y = model(torch.ones(1, 2))
        y.mul_(2)
        loss = y.sum()
    flow = tr.trace(loss)
    multiplied = next(node for node in flow.graph.nodes if node.op and node.op.name == "multiply")
    affine = next(node for node in flow.graph.nodes if node.op and node.op.name == "affine")
    np.testing.assert_array_equal(multiplied.data, y.detach().numpy())
    assert affine.data.size == 0
    assert affine.shape == (1, 2)


def test_the_last_row_of_a_stack_is_what_was_stacked():
    _, flow = traced(*network("LSTM"))
    assert not {"stack", "getitem"} & {node.op.name for node in flow.graph.nodes if node.op}
    assert all(edge.max > 0 for edge in flow.edges if edge.source.name == "h")


def test_a_stack_that_is_also_read_otherwise_is_drawn():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(2, 3)

        def forward(self, x):
            y, _ = self.rnn(x)
            return y[-1].sum() + y.pow(2).sum()

    model = Both().double()
    _, flow = traced(model, torch.randn(4, 1, 2, dtype=torch.float64), lambda y: y)
    assert "stack" in {node.op.name for node in flow.graph.nodes if node.op}
    for node in flow.graph.nodes:
        if parts := flow.contributions(node):
            np.testing.assert_allclose(sum(parts), flow.gradient(node), atol=1e-12)


def test_an_operation_with_several_outputs_is_parted():
    class Two(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return 2 * a + 3 * b

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))

        def forward(self, x):
            a, b = Two.apply(x * self.scale)
            return (a * b).sum()

    model = Model()
    _, flow = traced(model, torch.ones(3), lambda y: y)
    names = [node.op.name for node in flow.graph.nodes if node.op]
    assert names == ["multiply", "two", "output 0", "output 1", "multiply", "sum"]
    (scale,) = [node for node in flow.graph.nodes if node.name == "scale"]
    np.testing.assert_allclose(flow.gradient(scale), 12.0)


def test_a_view_that_was_looked_at_after_a_write_is_in_order():
    class Writes(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))

        def forward(self, x):
            y = x * self.scale
            row = y[1:]
            y.mul_(2)
            return row.sum() * y.sum()

    loss, flow = traced(Writes(), torch.arange(4.0), lambda y: y)
    nodes = topological(flow.root)
    assert nodes == flow.graph.nodes
    place = {node.index: k for k, node in enumerate(nodes)}
    for node in nodes:
        assert all(place[s.index] < place[node.index] for s in node.inputs if hasattr(s, "inputs"))
    loss.backward()
    assert flow.gradient(nodes[0]).shape == (4,)


def test_slopes_are_told_in_symbols():
    _, flow = traced(*network("weights"))
    by_name = {node.op.name: node.op for node in flow.graph.nodes if node.op}
    assert by_name["tanh"].derivatives == ("g * (1 - y * y)",)
    assert by_name["matmul"].formula == "a @ b"
