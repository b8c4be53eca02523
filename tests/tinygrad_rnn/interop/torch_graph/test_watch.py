"""A watched model computes what it would have computed, and what cannot be watched says so."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz

torch = pytest.importorskip("torch", reason="watches PyTorch, which is not installed")
pytestmark = pytest.mark.oracle

from torch import nn  # noqa: E402  # after the skip

from tests.tinygrad_rnn.interop.torch_graph.networks import NETWORKS, network  # noqa: E402
from tinygrad_rnn.interop.torch import watch  # noqa: E402
from tinygrad_rnn.interop.torch_graph.watch import recordings  # noqa: E402


def trained(name, dtype, watched):
    """Return loss, gradients and the random generator's state after one pass in training."""
    model, x = network(name, dtype)
    x.requires_grad_()
    if watched:
        with watch(model):
            loss = model(x).pow(2).mean()
        tr.trace(loss)
        assert all(parameter.grad is None for parameter in model.parameters())
    else:
        loss = model(x).pow(2).mean()
    loss.backward()
    return [loss.detach(), *(p.grad for p in (*model.parameters(), x)), torch.get_rng_state()]


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_loss_gradients_and_random_numbers_are_bit_for_bit_what_they_were(name, dtype):
    if name == "translator" and dtype == torch.float64:
        dtype = torch.float32  # its input is of whole numbers
    for ours, theirs in zip(
        trained(name, dtype, watched=True), trained(name, dtype, watched=False), strict=True
    ):
        assert (ours is None and theirs is None) or torch.equal(ours, theirs)


def test_dropout_is_recorded_as_it_fell():
    model, x = network("LSTM, every output")
    with watch(model) as watched:
        model(x)
    assert watched.recording.notes == []  # step by step, the outputs are the same


def test_an_output_can_still_be_written_to():
    model = nn.LSTM(2, 3).double()
    with watch(model):
        outputs, _ = model(torch.ones(4, 1, 2, dtype=torch.float64))
        outputs += 1
    assert tr.trace(outputs.sum()).edges


def test_all_is_freed_with_the_graph():
    model, x = network("LSTM")
    with watch(model) as watched:
        loss = model(x).sum()
    flow = tr.trace(loss)
    kept = weakref.ref(watched.recording)
    node = weakref.ref(flow.root)
    del watched, loss, flow
    gc.collect()
    assert kept() is None
    assert node() is None
    assert not recordings


def test_a_model_is_drawn_with_its_loss_and_nothing_else():
    model, x = network("LSTM")
    with watch(model):
        loss = model(x).sum()
    flow = tr.trace(loss)
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    for detail in viz.reading.levels.LEVELS:
        picture = viz.draw(loss, flow, detail=detail)
        assert picture.model.steps == [0, 1, 2, 3]
        assert [strip.state for strip in picture.model.strips] == ["h", "c"]
    weight = next(n for n in flow.graph.nodes if n.name == "rnn.weight_hh_l0")
    assert not np.array_equal(weight.data, model.rnn.weight_hh_l0.detach().numpy())


def test_without_a_flow_the_structure_is_drawn():
    model, x = network("LSTMCell")
    with watch(model):
        loss = model(x).sum()
    assert viz.draw(loss).model.steps == [0, 1, 2, 3]


def test_two_models_are_compared():
    runs = {}
    for name in ("LSTM", "GRUCell"):
        model, x = network(name)
        with watch(model):
            loss = model(x).sum()
        runs[name] = loss, tr.trace(loss)
    assert [caption.text for caption in viz.compare(runs).model.captions] == list(runs)


# What cannot be watched.


def test_a_flow_of_pytorch_is_neither_pickled_nor_copied():
    model, x = network("LSTM")
    with watch(model):
        flow = tr.trace(model(x).sum())
    for again in (pickle.dumps, copy.deepcopy):
        with pytest.raises(tr.GradientError, match="take its norms and gradients"):
            again(flow)


def test_a_loss_of_an_unwatched_model():
    model, x = network("LSTM")
    loss = model(x).sum()
    with pytest.raises(tr.GradientError, match="made by no watched model"):
        tr.trace(loss)
    other, y = network("GRU")
    with watch(other):
        other(y)
        inside = model(x).sum()  # of another model, but computed in the block
    assert tr.trace(inside).edges
    with pytest.raises(tr.GradientError, match="made by no watched model"):
        viz.draw(model(x).sum())


def test_a_graph_that_was_freed():
    model, x = network("LSTMCell")
    with watch(model):
        loss = model(x).sum()
    loss.backward()
    with pytest.raises(tr.GradientError, match=r"backward\(\) has freed this graph"):
        tr.trace(loss)


def test_a_pass_without_gradients():
    model, x = network("LSTM")
    with watch(model), torch.no_grad():
        loss = model(x).sum()
    with pytest.raises(tr.GradientError, match="no_grad"):
        tr.trace(loss)


def test_a_loss_of_whole_numbers():
    model, x = network("LSTM")
    with watch(model):
        loss = model(x).argmax()
    with pytest.raises(tr.DtypeError, match="int64"):
        tr.trace(loss)


def test_a_loss_of_several_numbers_needs_a_gradient_of_its_shape():
    model, x = network("LSTM")
    with watch(model):
        loss = model(x)
    with pytest.raises(tr.GradientError, match=r"from shape \(3, 1\) needs gradient="):
        tr.trace(loss)
    with pytest.raises(tr.ShapeError, match=r"gradient of shape \(2,\) given"):
        tr.trace(loss, [1.0, 2.0])
    once, twice = tr.trace(loss, np.ones((3, 1))), tr.trace(loss, 2 * np.ones((3, 1)))
    assert [e.l2 * 2 for e in once.edges] == pytest.approx([e.l2 for e in twice.edges])


def test_what_is_no_module():
    with pytest.raises(TypeError, match=r"takes a torch\.nn\.Module, not a str"):
        watch("model")


def test_a_scripted_module():
    with pytest.warns(DeprecationWarning, match="script"):
        scripted = torch.jit.script(nn.Linear(2, 3))
    with pytest.raises(tr.GradientError, match="is scripted"):
        watch(nn.Sequential(scripted))


def test_a_compiled_module():
    model = nn.Linear(2, 3)
    model._compiled_call_impl = model.forward  # as model.compile() sets it
    with pytest.raises(tr.GradientError, match="is compiled"):
        watch(model)


def test_a_watch_within_a_watch_or_used_twice():
    model, _ = network("LSTM")
    with (
        watch(model) as watched,
        pytest.raises(tr.GradientError, match="watched already"),
        watch(model),
    ):
        pass
    with pytest.raises(tr.GradientError, match="this watch is over"), watched:
        pass


class Breaks(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.RNNCell(2, 3), nn.Linear(4, 1)

    def forward(self, x):
        h = torch.zeros(1, 3)
        for t in range(len(x)):
            h = self.cell(x[t], h)
        return self.head(h)


def test_an_error_in_the_middle_is_drawn_with_what_came_before():
    model = Breaks()
    with pytest.raises(RuntimeError, match="shapes"), watch(model) as watched:
        model(torch.ones(3, 1, 2))
    picture = viz.draw(watched)
    assert picture.model.steps == [0, 1, 2]
    end = next(node for node in picture.model.nodes if node.role == "loss")
    assert end.op == "RuntimeError"
    assert "shapes" in end.name
    assert not recordings or not any(recording.open for recording in recordings)


def test_a_watch_without_an_error_is_no_picture():
    model, x = network("LSTM")
    with watch(model) as watched:
        model(x)
    with pytest.raises(tr.GradientError, match="saw no error"):
        viz.draw(watched)
