"""What each way into a chain sends back: it sums to the gradient, and is a sweep of its own."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.diagnosis.examined import Examined

T, B, F, H = 6, 2, 3, 4
X = np.random.default_rng(0).standard_normal((T, B, F))


def curves_of(loss, run):
    seen = Examined(tr.trace(loss), run)
    return [{(c.part, c.steps[0]): c for c in ways.curves} for ways in seen.ways]


def test_a_loss_at_every_step_computed_as_one_mean_is_told_apart():
    """The mean over all steps has no node for one step's loss; sweeps of each step's own agree."""
    run = tr.unroll(tr.LSTMCell(F, H, rng=0), X)
    target = np.random.default_rng(1).standard_normal((T, B, H))
    (found,) = curves_of(tr.mse_loss(run.outputs, target), run)
    for t in range(T):
        flow = tr.trace(np.square(run.hidden[t] - target[t]).sum() / target.size)
        for part, norms in flow.through_time(run).items():
            curve = found[part, t]
            assert curve.steps == list(range(t, -1, -1))
            np.testing.assert_allclose(curve.norms, norms[t::-1], rtol=1e-10)
            assert not curve.alone
            assert curve.top


def test_a_single_loss_is_the_whole_gradient():
    run = tr.unroll(tr.GRUCell(F, H, rng=0), X)
    loss = np.square(run.final).sum()
    (found,) = curves_of(loss, run)
    ((_, curve),) = found.items()
    np.testing.assert_allclose(curve.norms[::-1], tr.trace(loss).through_time(run)["h"], rtol=1e-12)
    assert curve.alone
    assert curve.share == pytest.approx(curve.norms[-1] / curve.norms[0])


def test_a_lower_layer_is_looked_at_for_itself():
    """What comes from above at one step goes back through the lower layer's own steps."""
    run = tr.RNN(F, H, 2, rng=0)(X)
    lower, upper = curves_of(np.square(run.outputs[-1]).sum(), run)
    assert set(upper) == {("h", T - 1)}
    assert set(lower) == {("h", t) for t in range(T)}
    assert not any(curve.top or curve.alone for curve in lower.values())
    flow = tr.trace(np.square(run.outputs[-1]).sum())
    state = run.runs[0][0].hidden[2]
    above = [
        e for e in flow.edges if e.source is state and "layer = 1" in map(str, e.consumer.scope)
    ]
    entering = sum(flow.contribution(edge) for edge in above)
    own = tr.trace(np.sum(state * entering)).through_time(run.runs[0][0])["h"]
    np.testing.assert_allclose(lower["h", 2].norms[::-1], own[:3], rtol=1e-10)


def test_padding_is_no_time_for_the_longest_sequences():
    cell = tr.RNNCell(F, H, rng=0)
    run = tr.unroll(cell, X, lengths=[4, 2])
    (found,) = curves_of(np.square(run.final).sum(), run)
    alone = tr.unroll(cell, X[:4, :1])
    (expected,) = curves_of(np.square(alone.final).sum(), alone)
    np.testing.assert_allclose(found["h", 3].norms, expected["h", 3].norms, rtol=1e-12)


def test_many_ways_in_are_looked_at_evenly_the_last_included():
    x = np.random.default_rng(0).standard_normal((50, 1, F))
    run = tr.unroll(tr.GRUCell(F, H, rng=0), x)
    (found,) = curves_of(np.square(run.outputs).sum(), run)
    starts = [t for _, t in found]
    assert len(starts) == 8
    assert {0, 49} <= set(starts)


def test_a_penalty_on_a_gate_enters_where_it_is():
    run = tr.unroll(tr.GRUCell(F, H, rng=0), X)
    gates = [n for n in tr.graph.topological(run.final) if str(n.scope[-1:]).count("update gate")]
    loss = np.square(run.final).sum() + np.sum(gates[2]) * 0.1
    (found,) = curves_of(loss, run)
    assert {t for _, t in found} == {T - 1, 1}  # the gate of t = 2 goes back to the state of t = 1
