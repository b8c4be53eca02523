"""Gradients and gates unit by unit: which units keep the gradient.

One idea: what is multiplied along an LSTM's cell state is its forget gate, and along a GRU's state
1 - z; so the sum of its logarithms up to each step gives the product between any two of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_rnn.diagnosis.chains import Chain, gate_of, last_chain
from viz.reading.story import has_gradient

MOST_UNITS_SHOWN, MOST_STEPS_SHOWN, MOST_CELLS_SHOWN = 64, 200, 2000  # that a page has room for
GATE_NAMES = ("input gate", "forget gate", "output gate", "reset gate", "update gate")
LEAST_OPEN = 1e-30  # of a gate, so that there is a logarithm


@dataclass
class Units:
    """The last layer, some units by some steps; arrays are (H, T).

    Args:
        state: the part that the gradient is of: "c" where there is one, else "h".
        steps: of the columns.
        gradients: the norm over the batch of dL/dstate_t of each unit.
        gates: by name, the mean over the batch.
        kept: the sum up to each step of the decimal logarithms of what the state is multiplied by,
            mean over the batch; empty for a cell without such a gate.
    """

    state: str
    steps: list[int]
    gradients: np.ndarray
    gates: dict[str, np.ndarray] = field(default_factory=dict)
    kept: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


def units_of(flow: Any) -> Units | None:
    """Return the units of the last layer.

    Args:
        flow: one sweep; None for a graph without one.

    Returns:
        None for a graph without states, or with too many units.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> run = tr.unroll(tr.LSTMCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> found = units_of(tr.trace(run.final.h.sum()))
    >>> found.gradients.shape, list(found.gates), found.kept.shape
    ((3, 4), ['input gate', 'forget gate', 'output gate'], (3, 4))
    """
    if not has_gradient(flow):
        return None
    chain = last_chain(flow)
    if chain is None:
        return None
    state = "c" if "c" in chain.parts else next(iter(chain.parts))
    nodes = chain.parts[state]
    if any(node is None or node.ndim != 2 or node.shape[1] > MOST_UNITS_SHOWN for node in nodes):
        return None
    count = min(len(nodes), MOST_STEPS_SHOWN, max(2, MOST_CELLS_SHOWN // nodes[0].shape[1]))
    order = np.argsort(chain.steps)
    some = np.unique(np.linspace(0, len(order) - 1, count).round().astype(int))
    at = order[some]
    found = Units(
        state,
        [chain.steps[k] for k in at],
        np.transpose([_sizes(flow.gradient(nodes[k]), nodes[k].shape[1]) for k in at]),
    )
    values = {name: _gate(chain, name) for name in GATE_NAMES}
    found.gates = {
        name: np.mean(gate[at], axis=1).T for name, gate in values.items() if gate is not None
    }
    kept, replaced = values["forget gate"], values["update gate"]
    factor = kept if kept is not None else 1 - replaced if replaced is not None else None
    if factor is not None:
        logs = np.log10(np.maximum(factor, LEAST_OPEN)).mean(axis=1)[order]
        found.kept = np.cumsum(logs, axis=0)[some].T
    return found


def _sizes(gradient: Any, units: int) -> np.ndarray:
    """Return the norm over the batch of each unit's gradient."""
    return np.zeros(units) if gradient is None else np.linalg.norm(gradient, axis=0)


def _gate(chain: Chain, name: str) -> np.ndarray | None:
    """Return a gate's values at every place along the chain, (T, B, H); None if it has none."""
    found = []
    for nodes in chain.nodes:
        here = [n for n in nodes if gate_of(n) == name and n.op is not None]
        here = [n for n in here if n.op.name in ("sigmoid", "sigmoid_gate")]
        if not here or here[-1].ndim != 2:
            return None
        found.append(np.asarray(here[-1].data, float))
    return np.array(found) if len({one.shape for one in found}) == 1 else None
