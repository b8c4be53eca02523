"""The gradient at a cell's whole state, all of its parts together: one number for each step.

    |dL/ds_t|,    s_t = (h_t, c_t) for an LSTM

Of c_t counts what came back along c alone: what came by h_t = o * tanh(c_t) is in h's part already.
So step after step the Jacobian of the whole state takes it on, dL/ds_{t-1} = J_t^T dL/ds_t, where
no loss reads s_{t-1} itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_rnn.flow import Edge, GradientFlow
from tinygrad_rnn.graph import Array
from tinygrad_rnn.norms import norms
from tinygrad_rnn.state import flatten
from tinygrad_rnn.tensor import Tensor

if TYPE_CHECKING:
    from tinygrad_rnn.nn.run import Run


def joint_norms(flow: GradientFlow, run: Run) -> Array:
    """Return the norm of dL/ds_t for t = 0 .. T-1, over all parts of the state together.

    For a cell whose state has one part, as an RNN or GRU, it is what `GradientFlow.through_time`
    gives.

    Args:
        flow: what a sweep sent along every edge.
        run: what `unroll` or a recurrent layer returned, of which the flow saw the sweep.

    Returns:
        The l2 norms, shape (T,), over batch and units of h and c.

    Raises:
        GradientError: if the run was fused or checkpointed, or the flow saw no sweep of it.
        TypeError: if `run` is no run.

    >>> from tinygrad_rnn import LSTMCell, trace, unroll
    >>> run = unroll(LSTMCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> flow = trace(run.final.h.sum())
    >>> joint_norms(flow, run)[-1] == flow.through_time(run)["h"][-1]  # nothing comes back along c
    np.True_
    """
    if not hasattr(run, "has_steps"):
        raise TypeError(f"joint_norms takes what unroll returns, not a {type(run).__name__}")
    flow.through_time(run)  # raises where there is nothing to see
    states = [list(flatten(state).values()) for state in run.states]
    parts = {part.index for state in states for part in state}
    back: defaultdict[int, list[Edge]] = defaultdict(list)
    for edge in flow.edges:
        if edge.source.index in parts:
            back[edge.source.index].append(edge)
    found = []
    for state in states:
        last = max(part.index for part in state)  # what is made later is outside of the step
        sizes = norms([_from_outside(flow, part, back[part.index], last) for part in state])
        found.append(np.hypot.reduce([l2 for l2, _ in sizes]))
    return np.array(found)


def _from_outside(flow: GradientFlow, part: Tensor, back: list[Edge], last: int) -> Array:
    """Return what came back to a part of a state, but for what came by another part of it."""
    outside = [edge for edge in back if edge.consumer.index > last]
    gradient = flow.gradient(part)
    if len(outside) == len(back):
        return np.zeros(0) if gradient is None else gradient
    arrived = [flow.contribution(edge) for edge in outside]
    return np.sum(arrived, axis=0) if arrived else np.zeros(0)
