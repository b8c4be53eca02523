"""The gradient at the whole state is what the Jacobians of the whole state make of it."""

import numpy as np
import pytest

import tinygrad_rnn as tr


@pytest.fixture
def inputs():
    return np.random.default_rng(0).standard_normal((6, 1, 2))


def swept(cell, inputs):
    """Return the flow of one loss at the end, its run, and dL/ds_{T-1} (S,)."""
    run = tr.unroll(cell, inputs)
    parts = run.final if isinstance(run.final, tuple) else (run.final,)
    gs = [np.random.default_rng(k + 1).standard_normal(part.shape) for k, part in enumerate(parts)]
    loss = sum((part * g).sum() for part, g in zip(parts, gs, strict=True))
    return tr.trace(loss), run, np.concatenate(gs, axis=1)[0]


CELLS = {
    "rnn": lambda: tr.RNNCell(2, 3, rng=0),
    "gru": lambda: tr.GRUCell(2, 3, rng=0),
    "lstm": lambda: tr.LSTMCell(2, 3, rng=0),
    "lstm with peepholes": lambda: tr.LSTMCell(2, 3, rng=0, peepholes=True),
}


@pytest.mark.parametrize("name", CELLS)
def test_step_after_step_it_is_the_jacobians_product(name, inputs):
    cell = CELLS[name]()
    flow, run, g = swept(cell, inputs)
    expected = [np.linalg.norm(g)]
    for J in tr.analysis.step_jacobians(cell, inputs)[:0:-1]:
        g = J.T @ g
        expected.append(np.linalg.norm(g))
    np.testing.assert_allclose(tr.joint_norms(flow, run), expected[::-1], rtol=1e-12)


def test_of_one_part_it_is_that_part_and_of_two_not_their_whole_gradients(inputs):
    flow, run, _ = swept(CELLS["gru"](), inputs)
    np.testing.assert_array_equal(tr.joint_norms(flow, run), flow.through_time(run)["h"])
    flow, run, _ = swept(CELLS["lstm"](), inputs)
    norms = flow.through_time(run)
    both = np.hypot(norms["h"], norms["c"])  # counts what comes by tanh(c) twice
    assert np.abs(tr.joint_norms(flow, run) / both - 1).max() > 0.01


def test_losses_at_every_step_and_a_root_that_is_a_state(inputs):
    run = tr.unroll(CELLS["lstm"](), inputs)
    flow = tr.trace(run.outputs.sum())
    assert tr.joint_norms(flow, run)[-1] == pytest.approx(3**0.5)
    flow = tr.trace(run.final.c, np.ones((1, 3)))
    assert tr.joint_norms(flow, run)[-1] == pytest.approx(3**0.5)


def test_what_cannot_be_is_refused(inputs):
    run = tr.unroll(CELLS["lstm"](), inputs, engine="fused")
    flow = tr.trace(run.outputs.sum())
    with pytest.raises(tr.GradientError, match="engine='graph'"):
        tr.joint_norms(flow, run)
    with pytest.raises(TypeError, match="what unroll returns, not a list"):
        tr.joint_norms(flow, [])
