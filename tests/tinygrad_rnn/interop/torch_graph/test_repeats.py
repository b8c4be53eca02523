"""Time as it is read off a model, and states as they are handed on."""

import numpy as np
import pytest

import tinygrad_rnn as tr

torch = pytest.importorskip("torch", reason="watches PyTorch, which is not installed")
pytestmark = pytest.mark.oracle

from torch import nn  # noqa: E402  # after the skip

from tests.tinygrad_rnn.interop.torch_graph.networks import network  # noqa: E402
from tinygrad_rnn.interop.torch import watch  # noqa: E402


def traced(model, x):
    with watch(model):
        loss = model(x).sum()
    return tr.trace(loss)


def steps(flow):
    """Return how many operations each layer has at each step."""
    found = {}
    for node in flow.graph.nodes:
        names = [part.name for part in node.scope]
        if node.op is not None and "t" in names:
            at = names.index("t")
            layer = " / ".join(str(part) for part in node.scope[:at])
            counts = found.setdefault(layer, {})
            counts[node.scope[at].index] = counts.get(node.scope[at].index, 0) + 1
    return found


def test_a_cell_in_a_loop_is_a_layer_and_its_read_out_another():
    found = steps(traced(*network("LSTMCell")))
    assert found == {"cell": dict.fromkeys(range(4), 10), "head": dict.fromkeys(range(4), 1)}


def test_cells_above_one_another_are_layers():
    assert list(steps(traced(*network("two cells")))) == ["lower", "upper"]


def test_bare_weights_tell_the_time():
    flow = traced(*network("weights"))
    assert steps(flow) == {"": dict.fromkeys(range(4), 4)}  # not the total that is carried along
    states = [n for n in flow.graph.nodes if n.name == "h"]
    assert [node.op.name for node in states] == ["tanh"] * 4
    assert [n.name for n in flow.graph.nodes if n.op is None and n.name not in "WUx"] == ["h_0"]


def test_a_loop_of_several_modules_is_one_layer():
    flow = traced(*network("gates"))
    found = steps(flow)
    assert list(found) == [""]
    # The first step has no concatenation: neither of its parts has a gradient.
    assert found[""] == {0: 13, 1: 14, 2: 14, 3: 14}
    assert [n.op.name for n in flow.graph.nodes if n.name == "h"] == ["multiply"] * 4
    assert [n.op.name for n in flow.graph.nodes if n.name == "c"] == ["add"] * 4


def test_a_decoder_with_attention_is_one_layer():
    found = steps(traced(*network("translator", torch.float32)))
    assert found[""] == {0: 24, 1: 23, 2: 23}  # the first also makes the state it starts from
    assert set(found) == {"", "encoder", "encoder / direction = 0", "encoder / direction = 1"}


class Twice(nn.Module):
    """Shares a layer between two branches: nothing is handed on."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(2, 2)

    def forward(self, x):
        return self.shared(x) * self.shared(x + 1)


def test_a_shared_layer_is_no_recurrence():
    assert steps(traced(Twice(), torch.ones(1, 2))) == {}


class Activations(nn.Module):
    """Uses one activation over and over, as many networks do."""

    def __init__(self):
        super().__init__()
        self.layers, self.relu = nn.ModuleList(nn.Linear(2, 2) for _ in range(3)), nn.ReLU()

    def forward(self, x):
        for layer in self.layers:
            x = self.relu(layer(x))
        return x


def test_a_shared_activation_is_no_recurrence():
    assert steps(traced(Activations(), torch.ones(1, 2))) == {}


def test_a_scope_of_the_users_own_comes_first():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.RNNCell(2, 3)

        def forward(self, x):
            h = None
            for t in reversed(range(len(x))):
                with tr.scope("t", t):
                    h = self.cell(x[t], h)
            return h

    model = Named()
    flow = traced(model, torch.ones(4, 1, 2))
    assert list(steps(flow)["cell"]) == [3, 2, 1, 0]
    norms = flow.through_time(model.cell)["h"]
    assert norms.argmax() == 0  # the last to be made


def test_an_outer_module_that_is_called_over_and_over_is_the_step():
    class Step(nn.Module):
        def __init__(self):
            super().__init__()
            self.join, self.norm = nn.Linear(5, 3), nn.LayerNorm(3)

        def forward(self, x, h):
            return torch.tanh(self.norm(self.join(torch.cat([x, h], -1))))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.step = Step()

        def forward(self, x):
            h = torch.zeros(1, 3)
            for x_t in x:
                h = self.step(x_t, h)
            return h

    flow = traced(Model(), torch.ones(4, 1, 2))
    assert list(steps(flow)) == ["step"]
    gates = {node.scope[-1].name for node in flow.graph.nodes if node.op and node.scope}
    assert {"join", "norm"} <= gates


def test_a_training_loop_that_calls_the_model_step_by_step():
    model = nn.RNNCell(2, 3)
    with watch(model):
        h = torch.zeros(1, 3)
        for _ in range(5):
            h = model(torch.ones(1, 2), h)
        loss = h.sum()
    assert len(tr.trace(loss).through_time(model)["h"]) == 5


def test_a_second_sequence_begins_anew():
    cell = nn.RNNCell(2, 3)
    with watch(cell):
        total = 0
        for length in (3, 2):
            h = None
            for _ in range(length):
                h = cell(torch.ones(1, 2), h)
            total = total + h.sum()
    found = steps(tr.trace(total))
    assert {layer: list(counts) for layer, counts in found.items()} == {
        "": [0, 1, 2],
        "sequence = 1": [0, 1],
    }


# Marks.


@pytest.mark.parametrize(("name", "parts"), [("LSTM", ("h", "c")), ("GRUCell", ("h",))])
def test_each_step_is_marked_with_what_it_reads_takes_and_gives(name, parts):
    flow = traced(*network(name))
    calls = {}
    for node in flow.graph.nodes:
        for part in node.scope:
            if part.call is not None and part.call.parts:
                calls[part.index] = part.call
    by_index = {node.index: node for node in flow.graph.nodes}
    assert len({id(call.chain) for call in calls.values()}) == 1
    for t in range(4):
        assert calls[t].parts == parts
        assert [by_index[k].name for k in calls[t].gives] == list(parts)
        assert by_index[calls[t].reads].name == "x"
        assert t == 0 or calls[t].takes == calls[t - 1].gives
    assert [by_index[k].name for k in calls[0].takes] == [f"{part}_0" for part in parts]


def test_a_direction_that_goes_back_is_marked():
    model = nn.RNN(2, 3, bidirectional=True)
    with watch(model):
        loss = model(torch.ones(4, 1, 2))[0].sum()
    flow = tr.trace(loss)
    calls = {
        (node.scope[0].index, part.index): part.call
        for node in flow.graph.nodes
        for part in node.scope
        if part.call is not None and part.call.parts
    }
    assert {d: calls[d, 1].reverse for d in (0, 1)} == {0: False, 1: True}
    assert calls[1, 0].takes == calls[1, 1].gives


def test_through_time_of_what_has_no_states():
    model, x = network("LSTM")
    flow = traced(model, x)
    with pytest.raises(tr.GradientError, match="has none"):
        flow.through_time(model.head)
    with pytest.raises(tr.GradientError, match="no part of the model"):
        flow.through_time(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="takes a module"):
        flow.through_time("h")


def test_through_time_is_the_norm_of_each_gradient():
    model, x = network("LSTMCell")
    states = []
    model.cell.register_forward_hook(lambda _, __, out: states.append(out))
    with watch(model):
        loss = model(x).pow(2).sum()
    flow = tr.trace(loss)
    for part in (0, 1):
        expected = [
            float(g.norm())
            for g in torch.autograd.grad(loss, [s[part] for s in states], retain_graph=True)
        ]
        np.testing.assert_allclose(flow.through_time(model.cell)["hc"[part]], expected, rtol=1e-12)
