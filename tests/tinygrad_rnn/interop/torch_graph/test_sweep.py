"""What is kept of a backward pass, and what is computed when it is asked for."""

import numpy as np
import pytest

import tinygrad_rnn as tr

torch = pytest.importorskip("torch", reason="watches PyTorch, which is not installed")
pytestmark = pytest.mark.oracle

from tests.tinygrad_rnn.interop.torch_graph.networks import network  # noqa: E402
from tinygrad_rnn.interop.torch import watch  # noqa: E402
from tinygrad_rnn.interop.torch_graph import sweep  # noqa: E402


def traced(name="LSTMCell"):
    model, x = network(name)
    with watch(model):
        loss = model(x).pow(2).mean()
    return loss, tr.trace(loss)


def test_what_is_too_large_to_keep_is_computed_anew(monkeypatch):
    monkeypatch.setattr(sweep, "MAX_ELEMENTS_JOINED", 0)
    loss, whole = traced()
    monkeypatch.setattr(sweep, "MAX_KEPT", 0)
    again = tr.trace(loss)
    for kept, computed in zip(whole.edges, again.edges, strict=True):
        assert kept.l2 == pytest.approx(computed.l2, rel=1e-12)
        np.testing.assert_allclose(whole.contribution(kept), again.contribution(computed))
    loss.backward()
    assert whole.contribution(whole.edges[3]) is not None
    with pytest.raises(tr.GradientError, match="has freed this graph"):
        [again.contribution(edge) for edge in again.edges]


def test_a_hook_of_the_users_own_is_obeyed():
    model, x = network("LSTMCell")
    with watch(model):
        loss = model(x).sum()
    handle = model.head.weight.register_hook(lambda g: g * 0)
    flow = tr.trace(loss)
    handle.remove()
    (weight,) = [node for node in flow.graph.nodes if node.name == "head.weight"]
    assert flow.norm(weight) == 0
    assert model.head.weight.grad is None


def test_nan_and_infinity_are_told():
    model, x = network("LSTMCell")
    with watch(model):
        loss = model(x * float("nan")).sum()
    assert any(not edge.finite for edge in tr.trace(loss).edges)


def test_bfloat16_is_measured():
    model, x = network("LSTM", torch.bfloat16)
    with watch(model):
        loss = model(x).sum()
    flow = tr.trace(loss)
    assert {node.dtype for node in flow.graph.nodes} == {np.dtype(np.float32)}
    assert flow.through_time(model.rnn)["h"][-1] > 0


def test_a_second_trace_is_the_same():
    loss, first = traced()
    second = tr.trace(loss)
    assert first.root is second.root
    assert [edge.l2 for edge in first.edges] == [edge.l2 for edge in second.edges]
