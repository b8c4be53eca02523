"""Small graphs recorded by hand, and what their models say of them."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from viz.model import Model, ModelEdge, ModelNode
from viz.reading.reader import read


def leaf(name: str | None = None, value: Any = 1.0, grad: bool = True) -> tr.Tensor:
    return tr.Tensor(value, requires_grad=grad, name=name)


def drawn(loss: tr.Tensor, detail: str = "op", flow: bool = True) -> Model:
    return read(loss, tr.trace(loss) if flow else None, detail=detail)


def ends(model: Model, edge: ModelEdge) -> tuple[str, str]:
    labels = {node.id: node.label for node in model.nodes}
    return labels[edge.source], labels[edge.target]


def find(model: Model, label: str) -> ModelNode:
    (node,) = (node for node in model.nodes if node.label == label)
    return node


def two_steps(**names: str) -> tuple[list[tr.Tensor], tr.Tensor]:
    """States h of two steps from an initial state, `names` of what surrounds them."""
    h: Any = leaf(names.get("start", "h_0"), np.ones(2))
    start, states = h, []
    for t in range(2):
        with tr.scope("t", t):
            h = np.tanh(h)
            h.name = "h"
            states.append(h)
    return states, start
