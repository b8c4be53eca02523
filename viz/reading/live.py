"""A recorded cell small enough to be computed anew in the page: its weights, inputs and loss.

One idea: nothing is guessed. The numbers are those that were recorded, and the cell is taken for
one of the library's own only if its equations, written out once more, give the recorded states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_rnn import graph
from tinygrad_rnn.diagnosis.chains import Chain, call_of, chains_of_flow
from viz.reading.story import has_gradient

MOST_LIVE_UNITS, MOST_LIVE_STEPS = 32, 100  # that the page computes in a frame of the screen
KIND_OF = {"RNNCell": "RNN", "LSTMCell": "LSTM", "GRUCell": "GRU"}
ROWS_PER_UNIT = {"RNN": 1, "LSTM": 4, "GRU": 3}
SAME_STATE = 1e-4  # of a recorded state: float32 may be what it was computed in


@dataclass
class LiveCell:
    """One layer, of the first sequence of its batch.

    Args:
        kind: "RNN", "LSTM" or "GRU".
        reset: of a GRU, "before" or "after" the product; else "".
        weights: `weight_ih` (G*H, I), `weight_hh` (G*H, H), `bias` (G*H,), `bias_hn` (H,).
        start: the state before the first step: h, and of an LSTM c, each (H,).
        inputs: x_t, (T, I).
        seed: dL/dh at the last step, (H,).
    """

    kind: str
    reset: str
    weights: dict[str, np.ndarray]
    start: list[np.ndarray]
    inputs: np.ndarray
    seed: np.ndarray


def live_cell_of(flow: Any) -> LiveCell | None:
    """Return the one layer that a graph holds, if the page can compute it anew.

    Args:
        flow: one sweep; None for a graph without one.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> run = tr.unroll(tr.GRUCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> found = live_cell_of(tr.trace(run.final.sum()))
    >>> found.kind, found.reset, found.inputs.shape
    ('GRU', 'before', (4, 2))
    """
    if not has_gradient(flow):
        return None
    chains = chains_of_flow(flow)
    if (
        len(chains) != 1
        or chains[0].direction is not None
        or len(chains[0].steps) > MOST_LIVE_STEPS
    ):
        return None
    (chain,) = chains
    states = chain.parts.get("h", [])
    if not states or any(state is None or state.ndim != 2 for state in states):
        return None
    call = call_of(states[0])
    kind = KIND_OF.get(call.kind, "") if call is not None else ""
    seed = flow.gradient(states[-1])
    if call is None or not kind or states[0].shape[1] > MOST_LIVE_UNITS or seed is None:
        return None
    by_index = {node.index: node for node in graph.topological(flow.root)}
    start = [np.asarray(by_index[i].data[0], float) for i in call.takes if i in by_index]
    read = _read(chain)
    if read is None or len(start) != len(chain.parts) or not seed[0].any():
        return None
    weights, inputs = read
    for reset in ("before", "after") if kind == "GRU" else ("",):
        cell = LiveCell(kind, reset, weights, start, inputs, np.asarray(seed[0], float))
        if _agrees(cell, states):
            return cell
    return None


def _read(chain: Chain) -> tuple[dict[str, np.ndarray], np.ndarray] | None:
    """Return the recorded weights by name, and the inputs of every step."""
    weights: dict[str, np.ndarray] = {}
    inputs = []
    for nodes in chain.nodes:
        x = None
        for node in nodes:
            for slot, source in enumerate(node.inputs):
                if getattr(source, "op", "") is None and source.requires_grad and source.name:
                    name = source.name.rpartition(".")[2]
                    weights[name] = np.asarray(node.input_values[slot], float)
                    if name == "weight_ih" and x is None:  # x stands before it: x W^T
                        x = np.asarray(node.input_values[slot - 1], float)
        if x is None or x.ndim != 2:
            return None
        inputs.append(x[0])
    if not {"weight_ih", "weight_hh"} <= set(weights):
        return None
    rows, units = weights["weight_hh"].shape
    weights.setdefault("bias", np.zeros(rows))
    weights.setdefault("bias_hn", np.zeros(units))
    return weights, np.array(inputs)


def _agrees(cell: LiveCell, states: list[Any]) -> bool:
    """Return whether the cell's equations give what was recorded."""
    units = len(cell.seed)
    if cell.weights["weight_hh"].shape != (ROWS_PER_UNIT[cell.kind] * units, units):
        return False
    state = cell.start
    for x, recorded in zip(cell.inputs, states, strict=True):
        with np.errstate(all="ignore"):
            state = _step(cell, x, state)
        if not np.allclose(state[0], recorded.data[0], SAME_STATE, SAME_STATE):
            return False
    return True


def _step(cell: LiveCell, x: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
    """Return the state after one step: the equations of `tinygrad_rnn.nn.cells`."""
    w, u, b = (cell.weights[name] for name in ("weight_ih", "weight_hh", "bias"))
    h, size = state[0], len(state[0])
    if cell.kind == "RNN":
        return [np.tanh(w @ x + u @ h + b)]
    if cell.kind == "LSTM":
        i, f, g, o = np.split(w @ x + u @ h + b, 4)
        c = _sigmoid(f) * state[1] + _sigmoid(i) * np.tanh(g)
        return [_sigmoid(o) * np.tanh(c), c]
    r, z = np.split(_sigmoid((w @ x + u @ h + b)[: 2 * size]), 2)
    inner = (w @ x + b)[2 * size :]
    if cell.reset == "before":
        n = np.tanh(inner + u[2 * size :] @ (r * h))
    else:
        n = np.tanh(inner + r * (u[2 * size :] @ h + cell.weights["bias_hn"]))
    return [(1 - z) * h + z * n]


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-a)))
