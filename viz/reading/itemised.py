"""The rows of the page's triangle: what each loss alone sends back through time.

One idea: a page has room for some rows of a large triangle. Those are true rows, of single losses
that are spread over all there are, and never means of several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_rnn import graph
from tinygrad_rnn.diagnosis.chains import last_chain
from tinygrad_rnn.diagnosis.curves import Ways
from viz.reading.story import has_gradient

MOST_ROWS, MOST_STEPS_ITEMISED = 40, 200  # of a page, at most


@dataclass
class Itemised:
    """The triangle of one part of the last layer's state.

    Args:
        layer: the layer's name; "" where there is one alone.
        state: "h", or the name of another part.
        losses: the steps at which losses enter, one per row, (K,).
        steps: one per column, (T,).
        norms: |dL_k/dstate_t|, (K, T); 0 for t after k.
    """

    layer: str
    state: str
    losses: list[int]
    steps: list[int]
    norms: np.ndarray


def itemised_of(flow: Any) -> Itemised | None:
    """Return what each of several losses sends back to the last layer.

    Args:
        flow: one sweep; None for a graph without one.

    Returns:
        The triangle; None where fewer than two steps have a loss, so that the strips say it all.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> found = itemised_of(tr.trace(np.square(run.outputs).mean()))
    >>> found.losses, found.norms.shape, bool(found.norms[0, 1:].any())
    ([0, 1, 2, 3], (4, 4), False)
    >>> itemised_of(tr.trace(run.final.sum())) is None
    True
    """
    if not has_gradient(flow):
        return None
    chain = last_chain(flow)
    if chain is None:
        return None
    ways = Ways(flow, graph.topological(flow.root), chain, top=True, at_most=MOST_ROWS)
    losses = [step for step in ways.keys if step is not None]
    if len(losses) < 2:
        return None
    state = next(iter(chain.parts))
    rows = ways.norms[state][[step is not None for step in ways.keys]]
    order = np.argsort(chain.steps)
    order = order[
        np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_STEPS_ITEMISED)).astype(int))
    ]
    by_time = np.argsort(losses)
    return Itemised(
        chain.label,
        state,
        [losses[k] for k in by_time],
        [chain.steps[t] for t in order],
        rows[by_time][:, order],
    )
