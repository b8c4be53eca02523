"""A watched model of PyTorch's is diagnosed as this library's own network of the same weights."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.diagnosis import diagnose

torch = pytest.importorskip("torch", reason="it compares with PyTorch")
watching = pytest.importorskip("tinygrad_rnn.interop.torch")
pytestmark = pytest.mark.oracle


def both(kind, every, layers=1, prepare=lambda module: None):
    """What is said of a module that was watched, and of its weights in a network of our own."""
    torch.manual_seed(0)
    module = getattr(torch.nn, kind)(3, 8, layers).double()
    with torch.no_grad():
        prepare(module)
    x = torch.randn(15, 2, 3, dtype=torch.float64)
    with watching.watch(module):
        y, _ = module(x)
        loss = (y**2).mean() if every else (y[-1] ** 2).sum()
    theirs = diagnose(loss, tr.trace(loss))
    run = tr.from_torch(module)(x.numpy())
    own = np.square(run.outputs).mean() if every else np.square(run.outputs[-1]).sum()
    return theirs, diagnose(own, run=run)


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize(("kind", "layers"), [("RNN", 1), ("GRU", 1), ("LSTM", 1), ("LSTM", 2)])
def test_the_same_is_said_and_rests_on_the_same_numbers(kind, layers, every):
    theirs, own = both(kind, every, layers)
    assert theirs.headline == own.headline
    assert [f.cause for f in theirs.findings] == [f.cause for f in own.findings]
    assert len(theirs.curves) == len(own.curves)
    for one, two in zip(theirs.curves, own.curves, strict=True):
        assert (one.part, one.steps) == (two.part, two.steps)
        np.testing.assert_allclose(one.norms, two.norms, rtol=1e-9)


def closed(module):
    module.bias_ih_l0[8:16] = -4.0  # PyTorch's forget gate


def saturated(module):
    module.weight_ih_l0.mul_(200)


def small(module):
    module.weight_hh_l0.mul_(0.2)


@pytest.mark.parametrize(
    ("kind", "prepare", "cause"),
    [
        ("LSTM", closed, "gates-closed"),
        ("RNN", saturated, "saturated-units"),
        ("RNN", small, "small-recurrent-weights"),
    ],
)
def test_planted_faults_have_their_cause(kind, prepare, cause):
    theirs, own = both(kind, True, prepare=prepare)
    assert theirs.findings[0].cause == own.findings[0].cause == cause


def test_a_packed_batch_whose_sequences_end_one_after_the_other():
    torch.manual_seed(0)
    module = torch.nn.LSTM(3, 8).double()
    x = torch.randn(20, 3, 3, dtype=torch.float64)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, [20, 12, 7])
    with watching.watch(module):
        _, (h, _) = module(packed)
        loss = h.square().sum()
    assert diagnose(loss).findings[0].cause == "gates-closed"
