"""Threads that train side by side get, bit for bit, what each gets alone."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import tinygrad_rnn as tr

THREADS = 6


def train(cell_class, seed, engine, barrier=None):
    """Train a cell for some steps; return its parameters and the flow of the last step."""
    rng = np.random.default_rng(seed)
    cell = cell_class(3, 5, rng=seed)
    optimiser = tr.Adam(cell.parameters(), lr=0.01)
    norms = []
    for _ in range(15):
        if barrier is not None:
            barrier.wait()  # all start each step together, so that their work interleaves
        x = rng.standard_normal((8, 2, 3))
        optimiser.zero_grad()
        with tr.scope("seed", seed):
            run = tr.unroll(cell, x, engine=engine)
            loss = tr.mse_loss(run.outputs, np.zeros((8, 2, 5)))
        assert all(node.scope[0].index == seed for node in tr.graph.topological(loss) if node.op)
        flow = tr.trace(loss)
        loss.backward()
        norms.append([edge.l2 for edge in flow.edges])
        optimiser.step()
        with tr.no_grad():  # holds in this thread and in no other
            assert not tr.unroll(cell, x).outputs.requires_grad
    return [p.data for p in cell.parameters()], norms


@pytest.mark.parametrize("cell_class", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
@pytest.mark.parametrize("engine", ["graph", "fused"])
def test_training_side_by_side_is_training_alone(cell_class, engine):
    alone = [train(cell_class, seed, engine) for seed in range(THREADS)]
    barrier = Barrier(THREADS, timeout=60)
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(
            pool.map(lambda seed: train(cell_class, seed, engine, barrier), range(THREADS))
        )
    for (expected, norms), (parameters, other_norms) in zip(alone, together, strict=True):
        assert norms == other_norms
        for a, b in zip(expected, parameters, strict=True):
            np.testing.assert_array_equal(a, b)


def test_sweeps_from_many_threads_all_add_to_one_gradient():
    """`+=` on `.grad` reads and writes: without a lock, one thread overwrites another's sum."""
    w = tr.Tensor(np.ones(50_000), requires_grad=True)
    losses = [np.sum(w * 1.0) for _ in range(THREADS)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda loss: [loss.backward() for _ in range(20)], losses))
    finally:
        sys.setswitchinterval(interval)
    np.testing.assert_array_equal(w.grad, 20.0 * THREADS)


def test_one_cell_can_be_swept_by_threads_at_once():
    """`tr.grad` and `tr.trace` touch no shared state: they may run on one graph in many threads."""
    cell = tr.LSTMCell(3, 5, rng=0)
    run = tr.unroll(cell, np.random.default_rng(0).standard_normal((20, 2, 3)))
    loss = np.square(run.outputs).sum()
    expected = tr.grad(loss, [cell.weight_hh])[0].data

    def sweep(_):
        return tr.grad(loss, [cell.weight_hh])[0].data, len(tr.trace(loss).edges)

    with ThreadPoolExecutor(THREADS) as pool:
        for gradient, edges in pool.map(sweep, range(4 * THREADS)):
            np.testing.assert_array_equal(gradient, expected)
            assert edges == len(tr.trace(loss).edges)
