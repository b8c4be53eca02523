"""Fused layers by their steps, and the same network carried over to this project."""

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz

torch = pytest.importorskip("torch", reason="watches PyTorch, which is not installed")
pytestmark = pytest.mark.oracle

from torch import nn  # noqa: E402  # after the skip

from tests.tinygrad_rnn.interop.torch_graph.networks import network  # noqa: E402
from tinygrad_rnn.interop.torch import watch  # noqa: E402

KINDS = [nn.RNN, nn.LSTM, nn.GRU]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layers", "both"), [(1, False), (2, True)])
def test_a_network_and_its_weights_carried_over_have_the_same_gradients(kind, layers, both):
    torch.manual_seed(1)
    module = kind(3, 4, layers, bidirectional=both).double()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    with watch(module):
        loss = module(x)[0].pow(2).sum()
    theirs = tr.trace(loss)
    run = tr.from_torch(module)(x.numpy())
    total = (run.outputs**2).sum()
    ours = tr.trace(total)
    expected = ours.through_time(run)
    for part, norms in theirs.through_time(module).items():
        np.testing.assert_allclose(norms, expected[part], rtol=1e-12)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM])
@pytest.mark.parametrize("detail", ["gate", "cell", "step"])
def test_a_network_and_its_weights_carried_over_are_the_same_picture(kind, detail):
    torch.manual_seed(2)
    module = kind(3, 4, bias=False).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    with watch(module):
        outputs, _ = module(x)
        loss = outputs[-1].sum()
    run = tr.from_torch(module)(x.numpy())
    total = run.runs[-1][0].hidden[-1].sum()
    pictures = [viz.draw(loss, tr.trace(loss), detail), viz.draw(total, tr.trace(total), detail)]
    theirs, ours = (
        [(e.flow, e.gradient.l2 if e.gradient else 0) for e in p.model.edges] for p in pictures
    )
    assert len(theirs) == len(ours)
    for (flow, l2), (expected_flow, expected) in zip(sorted(theirs), sorted(ours), strict=True):
        assert flow == expected_flow
        assert l2 == pytest.approx(expected, rel=1e-9)
    labels = [sorted(n.label for n in p.model.nodes if n.role != "parameter") for p in pictures]
    assert labels[0] == labels[1]
    texts = [[s.values for s in p.model.strips] for p in pictures]
    np.testing.assert_allclose(texts[0], texts[1], rtol=1e-9)


def scopes(flow):
    return {" / ".join(str(s) for s in node.scope) for node in flow.graph.nodes if node.op}


def test_layers_directions_steps_and_gates_are_scopes():
    model, x = network("LSTM, both ways")
    with watch(model):
        loss = model(x).sum()
    found = scopes(tr.trace(loss))
    for layer in (0, 1):
        for direction in (0, 1):
            for gate in ("input gate", "forget gate", "candidate", "cell state", "output gate"):
                path = f"rnn / layer = {layer} / direction = {direction} / t = 3 / {gate}"
                assert path in found
    assert "head" in found


def test_one_step_at_a_time_goes_on_counting():
    gru = nn.GRU(2, 3)
    with watch(gru):
        h = None
        for _ in range(4):
            out, h = gru(torch.ones(1, 1, 2), h)
        loss = out.sum()
    flow = tr.trace(loss)
    assert len(flow.through_time(gru)["h"]) == 4
    assert (flow.through_time(gru)["h"] > 0).all()


def test_two_sequences_through_one_layer_are_two():
    gru = nn.GRU(2, 3)
    with watch(gru):
        loss = gru(torch.ones(3, 1, 2))[0].sum() + gru(torch.ones(2, 1, 2))[0].sum()
    flow = tr.trace(loss)
    assert any(scope.startswith("sequence = 1 / t = 1") for scope in scopes(flow))
    with pytest.raises(tr.GradientError, match="has several"):
        flow.through_time(gru)


def test_a_sequence_that_has_no_batch_axis_and_a_state_of_ones_own():
    lstm = nn.LSTM(2, 3).double()
    h = torch.randn(1, 3, dtype=torch.float64, requires_grad=True)
    with watch(lstm):
        outputs, _ = lstm(torch.ones(4, 2, dtype=torch.float64), (h, torch.zeros_like(h)))
        loss = outputs.pow(2).sum()
    flow = tr.trace(loss)
    loss.backward()
    (leaf,) = [
        node
        for node in flow.graph.nodes
        if node.op is None and node.shape == (1, 3) and node.requires_grad
    ]
    np.testing.assert_allclose(flow.gradient(leaf), h.grad.numpy(), rtol=1e-12)


def test_a_frozen_layer_is_passed_through():
    class Frozen(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.rnn = nn.Linear(2, 2), nn.GRU(2, 3)
            self.rnn.requires_grad_(False)

        def forward(self, x):
            return self.rnn(self.embed(x))[0][-1]

    model = Frozen()
    with watch(model):
        loss = model(torch.ones(3, 1, 2)).sum()
    flow = tr.trace(loss)
    assert (flow.through_time(model.rnn)["h"] > 0).all()
