"""The states through time, by a run and by the graph alone, which must agree."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.diagnosis.chains import chains_of
from tinygrad_rnn.graph import topological

T, B, F, H = 6, 3, 2, 4
X = np.random.default_rng(0).standard_normal((T, B, F))

NETWORKS = {
    "rnn": lambda **k: tr.unroll(tr.RNNCell(F, H, rng=0), X, **k),
    "lstm": lambda **k: tr.unroll(tr.LSTMCell(F, H, rng=0), X, **k),
    "backwards": lambda **k: tr.unroll(tr.GRUCell(F, H, rng=0), X, reverse=True, **k),
    "truncated": lambda **k: tr.unroll(tr.GRUCell(F, H, rng=0), X, truncate=2, **k),
    "layers": lambda **k: tr.LSTM(F, H, 2, rng=0)(X, **k),
    "both ways": lambda **k: tr.GRU(F, H, 2, bidirectional=True, rng=0)(X, **k),
}


def known(chains, graph):
    """What a graph can show of them: the state that nothing uses is not in it."""
    held = {node.index for node in graph}
    return {
        (chain.layer, chain.direction): (
            chain.steps,
            {
                name: [n.index if n is not None and n.index in held else None for n in nodes]
                for name, nodes in chain.parts.items()
            },
        )
        for chain in chains
    }


@pytest.mark.parametrize("lengths", [None, [6, 4, 2], [5, 5, 1]])
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_graph_shows_the_states_that_the_run_holds(make, lengths):
    if lengths is not None and make is NETWORKS["truncated"]:
        pytest.skip("each alone")
    run = make() if lengths is None else make(lengths=lengths)
    graph = topological(np.square(run.outputs).sum())
    by_run, by_graph = chains_of(run, graph), chains_of(None, graph)
    assert known(by_run, graph) == known(by_graph, graph)
    steps = max(lengths or [T])
    for chain in by_run:
        assert sorted(chain.steps) == list(range(steps))
        assert chain.steps == sorted(chain.steps, reverse=chain.steps[0] > chain.steps[-1])
        for place, nodes in enumerate(chain.nodes):
            made = {node.index for node in nodes}
            held = {node.index for node in graph}
            assert {node.index for node in chain.states(place)} & held <= made
            assert all(
                ("t", chain.steps[place]) in [(s.name, s.index) for s in n.scope] for n in nodes
            )


def test_steps_run_in_the_order_in_which_they_were_taken():
    (chain,) = chains_of(NETWORKS["backwards"](), [])
    assert chain.steps == [5, 4, 3, 2, 1, 0]


def test_padding_of_the_whole_batch_is_left_out():
    run = tr.unroll(tr.LSTMCell(F, H, rng=0), X, lengths=[4, 2, 4])
    (chain,) = chains_of(run, topological(np.square(run.final.h).sum()))
    assert chain.steps == [0, 1, 2, 3]
    assert chain.longest.tolist() == [True, False, True]
    assert [len(part) for part in chain.parts.values()] == [4, 4]


def test_a_loop_of_ones_own_without_names():
    W, U = (tr.Parameter(np.random.default_rng(k).standard_normal((H, H))) for k in (0, 1))
    h, states = tr.Tensor(np.zeros((1, H))), []
    for t in range(T):
        with tr.scope("t", t):
            a = h @ U + np.ones((1, H)) @ W
            h = np.tanh(a)
        states.append(h)
    (chain,) = chains_of(None, topological(h.sum()))
    assert chain.steps == list(range(T))
    assert [n.index for n in chain.parts["h"]] == [n.index for n in states]


def test_a_cell_unrolled_twice_is_two_chains():
    cell = tr.GRUCell(F, H, rng=0)
    first = tr.unroll(cell, X)
    second = tr.unroll(cell, X[:4], first.final)
    one, two = chains_of(None, topological(second.final.sum()))
    assert [n.index for n in one.parts["h"]] == [n.index for n in first.hidden]
    assert [n.index for n in two.parts["h"]] == [n.index for n in second.hidden]
    indices = [node.index for chain in (one, two) for nodes in chain.nodes for node in nodes]
    assert len(indices) == len(set(indices))


def test_no_steps_are_no_chain():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    assert chains_of(None, topological((x * x).sum())) == []
