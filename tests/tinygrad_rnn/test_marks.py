"""What a call of a cell marks: its chain, and the nodes that it read, took and gave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.scope import Call


def call_of(node: Any) -> Call:
    (found,) = [entry.call for entry in node.scope if entry.call is not None]
    return found


def inputs(steps: int = 3) -> Any:
    return np.random.default_rng(0).normal(size=(steps, 1, 2))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [2]])
def test_each_step_of_a_run_says_what_it_took_and_gave(reverse: bool, lengths: Any) -> None:
    start = tr.LSTMState(tr.Tensor(np.zeros((1, 3))), tr.Tensor(np.zeros((1, 3))))
    run = tr.unroll(
        tr.LSTMCell(2, 3, rng=0), inputs(), state=start, lengths=lengths, reverse=reverse
    )
    before: Any = start
    for t in (2, 1, 0) if reverse else (0, 1, 2):
        call = call_of(run.states[t].h)
        assert call is call_of(run.states[t].c)
        assert (call.kind, call.parts, call.reverse) == ("LSTMCell", ("h", "c"), reverse)
        assert call.takes == tuple(part.index for part in before)
        assert call.gives == tuple(part.index for part in run.states[t])
        before = run.states[t]
    assert len({id(call_of(state.h).chain) for state in run.states}) == 1


def test_two_runs_are_two_chains_though_one_goes_on_from_the_other() -> None:
    cell = tr.RNNCell(2, 3, rng=0)
    first = tr.unroll(cell, inputs())
    second = tr.unroll(cell, inputs(), state=first.final)
    assert call_of(first.final).chain is not call_of(second.final).chain
    assert call_of(second.states[0]).takes == (first.final.index,)


def test_a_bare_cell_in_a_loop_of_ones_own_marks_itself() -> None:
    lower, upper = tr.GRUCell(2, 3, rng=0), tr.GRUCell(3, 3, rng=1)
    low, high = lower.initial_state(1), upper.initial_state(1)
    calls = []
    for t, x in enumerate(inputs(2)):
        with tr.scope("t", t):
            low = lower(x, low)
            high = upper(low, high)
        calls.append((call_of(low), call_of(high)))
        assert [low.name, high.name] == ["h", "h"]
        assert (calls[t][0].reads, calls[t][1].reads) == (None, low.index)
    (a, b), (c, d) = calls
    assert (a.chain, b.chain) == (c.chain, d.chain) == (lower, upper)
    assert c.takes == a.gives
    assert d.takes == b.gives


def test_a_cell_inside_another_does_not_mark_itself_in_a_run() -> None:
    class Twice(tr.Cell):
        def __init__(self) -> None:
            self.inner = tr.RNNCell(3, 3, rng=0)

        def initial_state(self, batch: int) -> Any:
            return self.inner.initial_state(batch)

        def __call__(self, x: Any, state: Any) -> Any:
            return self.inner(x, self.inner(x, state))

    run = tr.unroll(Twice(), np.ones((2, 1, 3)))
    assert call_of(run.final).kind == "Twice"


def test_layers_mark_their_steps_when_taken_one_by_one() -> None:
    layers = tr.LSTM(2, 3, num_layers=2, rng=0)
    with tr.scope("t", 7):
        _, states = layers.step(np.ones((1, 2)))
    for k, state in enumerate(states):
        assert [str(part) for part in state.h.scope] == [
            "t = 7", f"layer = {k}", "LSTMCell", "hidden state"
        ]  # fmt: skip
        assert call_of(state.h).chain is layers.layers[k]
