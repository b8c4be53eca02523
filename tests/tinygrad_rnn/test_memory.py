"""Graphs of any depth run and are freed without recursion, and by reference counting alone."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.memory import collector_paused

DEEP = 100_000


def ours_alive():
    """How many objects of this package's classes there are, dead cycles included."""
    return sum(str(type(x).__module__).startswith("tinygrad_rnn") for x in gc.get_objects())


def chain(x, length):
    for _ in range(length):
        x = x * 1.0
    return x


def test_a_chain_of_100_000_operations_runs_and_is_freed_without_the_collector():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        end = chain(x, DEEP)
        middle = weakref.ref(end.inputs[0])
        before_backward = len(gc.get_objects())
        end.backward(gradient=[1.0, 3.0])
        np.testing.assert_array_equal(x.grad, [1.0, 3.0])
        assert len(gc.get_objects()) - before_backward < 1000  # the sweep leaves nothing behind
        del end
        assert middle() is None
        assert before_backward - len(gc.get_objects()) > DEEP
    finally:
        gc.enable()


def test_no_operation_leaves_a_reference_cycle():
    """An unrolled cell, its loss and sweeps over it are all freed by counting."""

    def work():
        cell = tr.LSTMCell(2, 3, rng=0)
        run = tr.unroll(cell, np.ones((4, 2, 2)))
        loss = tr.mse_loss(run.outputs, np.zeros((4, 2, 3)))
        flow = tr.trace(loss)
        loss.backward()
        flow.contributions(cell.weight_hh)
        tr.grad(loss, [cell.bias], create_graph=True)

    work()
    gc.collect()
    gc.disable()
    try:
        before = ours_alive()
        work()
        assert ours_alive() == before
    finally:
        gc.enable()


def test_the_graph_outlives_a_backward():
    """It is still there to be drawn, and to be swept again."""
    x = tr.Tensor(3.0, requires_grad=True)
    y = x * x
    y.backward()
    assert y.inputs == (x, x)
    y.backward()
    assert x.grad == 12.0


def test_the_collector_is_as_it_was_however_blocks_end():
    with collector_paused():
        with pytest.raises(KeyError), collector_paused():
            raise KeyError
        assert not gc.isenabled()
    assert gc.isenabled()
    first, second = collector_paused(), collector_paused()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)  # as two threads may do
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_long_run_and_its_sweep_bring_one_collection_of_the_young_each():
    """While the graph grows there is none: it would walk all of it, to find nothing."""
    generations = []

    def note(phase, info):
        if phase == "start":
            generations.append(info["generation"])

    gc.collect()
    gc.callbacks.append(note)
    try:
        run = tr.unroll(tr.LSTMCell(2, 3, rng=0), np.ones((3_000, 1, 2)))
        run.final.h.backward(np.ones((1, 3)))
    finally:
        gc.callbacks.remove(note)
    assert len(generations) <= 3
    assert set(generations) <= {0}
