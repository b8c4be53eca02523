"""Whatever steps are drawn, lines lead from each to the loss, and from where all begins."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from viz.model import OUT, Model

STEPS = 12


def runs() -> dict[str, Any]:
    """A loss of the last step, of a middle one, of every one, of both directions."""
    x = np.random.default_rng(0).normal(size=(STEPS, 1, 2))
    lstm, gru = tr.LSTMCell(2, 3, rng=0), tr.GRUCell(2, 3, rng=0)
    both = tr.RNN(2, 3, num_layers=2, bidirectional=True, rng=0)(x)
    start = tr.Tensor(np.ones((1, 3)), requires_grad=True)
    ending = tr.unroll(lstm, x).final
    return {
        "last": np.sum(tr.unroll(lstm, x).final.h),
        "both parts": np.sum(ending.h * ending.c),
        "middle": np.sum(tr.unroll(gru, x).hidden[8]),
        "every": sum(np.sum(np.square(h)) for h in tr.unroll(gru, x).hidden),
        "backwards": np.sum(tr.unroll(lstm, x, reverse=True).hidden[0]),
        "both ways": np.sum(np.square(both.outputs[-1])),
        "learned start": np.sum(tr.unroll(gru, x, start).final),
    }


def led_to(found: Model) -> set[str]:
    """The ids of all nodes from which lines that are drawn lead to the loss."""
    before = defaultdict(set)
    for line in found.edges:
        assert line.points
        before[line.target] |= {line.source, line.via}
        before[line.via].add(line.source)
    cells = {node.block: node.id for node in found.nodes if node.role == "cell"}
    for node in found.nodes:
        if node.role == "state" and node.block in cells:  # which stands inside its cell
            before[node.id].add(cells[node.block])
            before[cells[node.block]].add(node.id)
    known, todo = {found.root}, [found.root]
    while todo:
        new = before[todo.pop()] - known
        known |= new
        todo += new
    return known


@pytest.mark.parametrize("name", runs())
@pytest.mark.parametrize("detail", ["op", "gate", "cell", "step"])
def test_every_state_and_start_leads_to_the_loss(name: str, detail: str) -> None:
    loss = runs()[name]
    flow = tr.trace(loss)
    last = 8 if name == "middle" else STEPS - 1
    for steps in ([5], [0], [last], [2, 6], "auto"):
        drawn = viz.draw(loss, flow, detail=detail, steps=steps).model
        reached = led_to(drawn)
        for node in drawn.nodes:
            flows = node.gradient is not None and node.gradient.l2 > 0
            if node.role == "initial" or (node.role == "state" and node.layer != OUT and flows):
                assert node.id in reached, (node.key, node.step, steps)


def test_the_step_that_holds_the_loss_is_drawn() -> None:
    h: Any = tr.Tensor(np.ones(3), requires_grad=True)
    for t in range(STEPS):
        with tr.scope("t", t):
            h = np.tanh(h)
            loss = np.sum(h)
    drawn = viz.draw(loss, tr.trace(loss), steps=[4]).model
    assert drawn.shown == [4, STEPS - 1]
    assert any(node.id == drawn.root for node in drawn.nodes)
