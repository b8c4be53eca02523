"""The forward sweep: tangents pushed from the inputs to the end of the graph, one jvp per edge.

    for every node, earliest first:
        tangent[node] = sum over its inputs of jvp(tangent[input])

It answers how the output moves when the inputs move along one direction, where the reverse sweep
answers how it depends on every input at once. Over a recurrent cell, one step after the other, it
is real-time recurrent learning (Williams & Zipser 1989): the reverse sweep's gradients, without
going back in time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.graph import Params, recorded_inputs, topological
from tinygrad_rnn.tensor import Tensor, Value


def pushforward(
    root: Tensor, tangents: dict[int, Value], create_graph: bool = False
) -> Value | None:
    """Return the tangent of `root`, or None if nothing moves it.

    Args:
        root: the end of the graph.
        tangents: the tangents to start from, by the index of their node; the others are added.
        create_graph: run the rules on tensors, so that they record themselves.
    """
    for node in topological(root, differentiable=True):
        if node.op is None or node.index in tangents:
            continue
        ts = [tangents.get(x.index) if isinstance(x, Tensor) else None for x in node.inputs]
        if not any(t is not None for t in ts):
            continue
        y, xs = (node, recorded_inputs(node)) if create_graph else (node._array, node._values)
        total: Any = None
        for part in _changes(node.op, ts, y, xs, node.params):
            if part.shape != node.shape:
                part = np.broadcast_to(part, node.shape)
            if part.dtype != node.dtype:
                part = part.astype(node.dtype)
            total = part if total is None else total + part
        tangents[node.index] = total
    return tangents.get(root.index)


def _changes(
    op: Any, ts: list[Value | None], y: Value, xs: Sequence[Any], params: Params
) -> Iterator[Value]:
    """Give the change of y by each input that moves, or by all at once where there is a rule."""
    if op.variadic and op.jvps.together is not None:
        yield op.jvps.together(ts, y, xs, **params)
        return
    for slot, t in enumerate(ts):
        if t is not None:
            yield op.jvp(slot, t, y, xs, params)
