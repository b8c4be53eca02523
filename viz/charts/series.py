"""Series through time of a flow: the gradient at a state, of its units, and a parameter's shares.

One idea: these are the numbers that `viz.charts` draws, and nothing of how they are drawn. A time
step is known by its scope, `t[3]`, so whatever was unrolled is found, and in which step.
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn import GradientFlow, Scope, Tensor, graph
from tinygrad_rnn.diagnosis.chains import chains_of_flow, home, last_chain
from tinygrad_rnn.diagnosis.curves import Ways
from tinygrad_rnn.tensor import Array
from viz.errors import VizError

_BACKWARDS = Scope("direction", 1)


def states_through_time(flow: GradientFlow, state: str = "h") -> dict[int, Tensor]:
    """Return a part of the state, (B, H), at each time step of the graph that was swept.

    Of stacked layers it is the last one's, nearest the loss; of a bidirectional layer the forward
    direction's. Where no state has such a part, it is the last tensor of that name in each step;
    empty where there is none.

    Raises:
        VizError: if the flow has seen no sweep.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> from viz.charts.series import states_through_time
    >>> run = tr.unroll(tr.LSTMCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> cells = states_through_time(tr.trace(run.final.h.sum()), "c")
    >>> list(cells), cells[2] is run.states[2].c
    ([0, 1, 2, 3], True)
    """
    if flow.root is None:
        raise VizError("this flow has seen no sweep yet: loss.backward(observer=flow) comes first")
    chains = [c for c in chains_of_flow(flow) if c.direction != 1 and state in c.parts]
    if chains:
        parts = zip(chains[-1].steps, chains[-1].parts[state], strict=True)
        return dict(sorted((step, node) for step, node in parts if node is not None))
    homes = ((home(node), node) for node in graph.topological(flow.root) if node.name == state)
    named = {where.step: node for where, node in homes if where and _BACKWARDS not in node.scope}
    return dict(sorted(named.items()))


def norms_through_time(
    flow: GradientFlow, state: str = "h", norm: str = "l2", label: str = "this flow"
) -> tuple[Array, Array]:
    """Return the time steps, (T,), and the norm of dL/dstate_t at each, (T,).

    Raises:
        VizError: if the flow has seen no sweep, or has no such state; `label` names it.
    """
    states = _states_or_error(label, flow, state)
    return np.array(list(states)), np.array([flow.norm(node, norm) for node in states.values()])


def units_through_time(
    flow: GradientFlow, state: str = "h", label: str = "this flow"
) -> tuple[Array, Array]:
    """Return the time steps, (T,), and the l2 norm of dL/dstate_t over the batch, (H, T).

    Raises:
        VizError: if the flow has seen no sweep, or has no such state; `label` names it.
    """
    states = _states_or_error(label, flow, state)
    sizes = np.transpose([_unit_norms(flow, node) for node in states.values()])
    return np.array(list(states)), sizes


def losses_through_time(flow: GradientFlow, state: str = "h") -> tuple[Array, Array]:
    """Return the steps at which losses enter, (K,), and |dL_k/dstate_t| of each, (K, T).

    The losses of a step are whatever sends a gradient into the last layer there, be they single
    nodes or parts of one mean; all of them sum to the gradient.

    Raises:
        VizError: if the flow has seen no sweep, or has no such state.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> from viz.charts.series import losses_through_time
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> steps, norms = losses_through_time(tr.trace(np.square(run.outputs).mean()))
    >>> [int(step) for step in steps], norms.shape
    ([0, 1, 2, 3], (4, 4))
    """
    _states_or_error("itemised", flow, state)
    found = last_chain(flow)
    if found is None or state not in found.parts:
        raise VizError(f"itemised: no chain of states has a part {state!r}")
    ways = Ways(flow, graph.topological(flow.root), found, top=True, at_most=len(found.steps) + 1)
    entered = zip(ways.keys, ways.norms[state], strict=True)
    known = sorted([(k, row) for k, row in entered if k is not None], key=lambda one: one[0])
    norms = np.zeros((len(known), max(found.steps) + 1))
    for k, (_, row) in enumerate(known):
        norms[k, found.steps] = row
    return np.array([step for step, _ in known]), norms


def shares_through_time(flow: GradientFlow, parameter: Tensor) -> dict[int, float]:
    """Return each time step's share in dL/dW = sum over t of G_t: <G_t, dL/dW> / |dL/dW|^2.

    That is the length of its contribution along the whole gradient, over the length of the whole.

    Raises:
        VizError: if no time step uses the parameter, or its gradient is 0 or not finite.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> from viz.charts.series import shares_through_time
    >>> cell = tr.RNNCell(2, 3, rng=0)
    >>> run = tr.unroll(cell, np.ones((4, 1, 2)))
    >>> shares = shares_through_time(tr.trace(run.final.sum()), cell.weight_hh)
    >>> list(shares), round(sum(shares.values()), 12)
    ([0, 1, 2, 3], 1.0)
    """
    name = parameter.name or "the parameter"
    steps = [
        None if (where := home(edge.consumer)) is None else where.step
        for edge in sorted(flow.edges, key=lambda edge: (edge.consumer.index, edge.slot))
        if edge.source is parameter
    ]
    whole = flow.gradient(parameter)
    if whole is None or all(step is None for step in steps):
        raise VizError(f"no time step of this flow sends a gradient to {name}")
    size = np.max(np.abs(whole))
    if not 0 < size < np.inf:
        raise VizError(f"the gradient of {name} is {size}: it has no shares")
    found: dict[int, float] = {}
    direction = whole / size  # so that squares of tiny gradients do not underflow
    for step, part in zip(steps, flow.contributions(parameter), strict=True):
        if step is not None:
            along = np.sum(part / size * direction) / np.sum(direction * direction)
            found[step] = found.get(step, 0.0) + float(along)
    return found


def _states_or_error(label: str, flow: GradientFlow, state: str) -> dict[int, Tensor]:
    states = states_through_time(flow, state)
    if not states:
        raise VizError(
            f"{label}: no tensor named {state!r} inside a time step; "
            "unroll a cell with engine='graph', or give the name of another part of its state"
        )
    return states


def _unit_norms(flow: GradientFlow, node: Tensor) -> Array:
    """Return the l2 norm of a node's gradient for each unit, its last axis, over all others."""
    gradient = flow.gradient(node)
    if gradient is None:
        return np.zeros(node.shape[-1])
    rows = np.abs(gradient, dtype=np.float64).reshape(-1, node.shape[-1])
    largest = rows.max()
    if not 0 < largest < np.inf:
        return np.asarray(rows.max(axis=0))
    # Dividing first keeps the squares of tiny gradients from underflowing to zero.
    return np.asarray(largest * np.linalg.norm(rows / largest, axis=0))
