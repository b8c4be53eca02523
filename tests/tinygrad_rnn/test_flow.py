"""What a flow cannot know it does not say: no zero stands for a gradient that was not watched.

That what it does say is right, test_bptt.py and test_traps.py show.
"""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tr

X = np.random.default_rng(0).standard_normal((4, 2, 3))


def unrolled():
    run = tr.unroll(tr.LSTMCell(3, 4, rng=0), X)
    return run, np.sum(run.final.h)


def test_a_flow_that_watched_nothing_has_no_norms_through_time():
    run, loss = unrolled()
    flow = tr.GradientFlow()
    loss.backward()  # the observer was forgotten
    with pytest.raises(tr.GradientError, match="observer=flow"):
        flow.through_time(run)


def test_a_run_that_the_loss_was_not_made_from_has_no_norms_through_time():
    (run, loss), (other, _) = unrolled(), unrolled()
    flow = tr.trace(loss)
    with pytest.raises(tr.GradientError, match="another than the loss was made from"):
        flow.through_time(other)
    assert (flow.through_time(run)["c"] > 0).all()


def test_a_frozen_cell_has_no_norms_through_time():
    """dL/dh_t is not zero there, it was never computed."""
    cell, readout = tr.RNNCell(3, 4, rng=0), tr.Parameter(np.ones(4))
    for parameter in cell.parameters():
        parameter.requires_grad = False
    run = tr.unroll(cell, X)
    flow = tr.trace(np.sum(run.final * readout))
    with pytest.raises(tr.GradientError, match="requires a gradient"):
        flow.through_time(run)


def test_one_state_that_was_reached_is_enough():
    """The gradient at the steps after the loss is truly zero."""
    run, _ = unrolled()
    norms = tr.trace(np.sum(run.states[1].h)).through_time(run)["h"]
    assert (norms[:2] > 0).all()
    np.testing.assert_array_equal(norms[2:], 0)


def test_what_is_no_run_and_no_tensor_is_refused():
    run, loss = unrolled()
    with pytest.raises(TypeError, match="through_time takes what unroll returns, not a Tensor"):
        tr.trace(loss).through_time(loss)
    for wrong in (1.0, run, loss.data):
        with pytest.raises(TypeError, match="trace takes a Tensor"):
            tr.trace(wrong)


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("again", [pickled, copy.deepcopy])
@pytest.mark.parametrize("flow_first", [True, False])
def test_a_copy_answers_for_what_was_copied_with_it(again, flow_first):
    cell = tr.LSTMCell(3, 4, rng=0)
    run = tr.unroll(cell, X)
    flow = tr.trace(np.sum(run.states[2].h * run.states[1].c))
    if flow_first:
        twin, cells, runs = again((flow, cell, run))
    else:
        cells, runs, twin = again((cell, run, flow))
    assert cells.weight_hh.index != cell.weight_hh.index
    for mine, other in zip(cell.parameters(), cells.parameters(), strict=True):
        assert twin.norm(other) == flow.norm(mine) > 0
        np.testing.assert_array_equal(twin.gradient(other), flow.gradient(mine))
    for part, norms in flow.through_time(run).items():
        np.testing.assert_array_equal(twin.through_time(runs)[part], norms)
    assert [edge[3:] for edge in twin.edges] == [edge[3:] for edge in flow.edges]
    assert repr(twin) == repr(flow)
    twice = again((twin, cells))
    assert twice[0].norm(twice[1].weight_hh) == flow.norm(cell.weight_hh)


def test_a_copy_does_not_take_what_it_never_saw_for_what_got_nothing():
    """The numbers by which it knows its nodes are another process's."""
    run, loss = unrolled()
    flow = tr.trace(loss)
    twin = pickled(flow)
    tensor = flow.edges[-1].source
    for ask in (twin.norm, twin.gradient, twin.contributions):
        with pytest.raises(tr.GradientError, match=r"copy them together"):
            ask(tensor)
    with pytest.raises(tr.GradientError, match="another than the loss was made from"):
        twin.through_time(run)
    assert copy.deepcopy(flow).norm(tensor) == copy.copy(flow).norm(tensor) == flow.norm(tensor)


def test_a_copy_has_no_graph_to_compute_contributions_from():
    cell = tr.LSTMCell(3, 4, rng=0)
    twin, cell = pickled((tr.trace(np.sum(tr.unroll(cell, X).outputs)), cell))
    with pytest.raises(tr.GradientError, match="ask for them before"):
        twin.contributions(cell.weight_hh)
    assert repr(pickled(tr.GradientFlow())) == repr(tr.GradientFlow())
