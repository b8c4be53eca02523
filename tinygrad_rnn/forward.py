"""The forward sweep: tangents pushed from the inputs to the end of the graph, one jvp per edge.

    for every node, earliest first:
        tangent[node] = sum over its inputs of jvp(tangent[input])

It answers how the output moves when the inputs move along one direction, where the reverse sweep
answers how it depends on every input at once. Over a recurrent cell, one step after the other, it
is real-time recurrent learning (Williams & Zipser 1989): the reverse sweep's gradients, without
going back in time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.backward import recorded_inputs
from tinygrad_rnn.graph import topological
from tinygrad_rnn.tensor import Tensor


def pushforward(root: Tensor, tangents: dict[int, Any], create_graph: bool = False) -> Any:
    """Return the tangent of `root`, or None if nothing moves it.

    Args:
        root: the end of the graph.
        tangents: the tangents to start from, by the index of their node; the others are added.
        create_graph: run the rules on tensors, so that they record themselves.
    """
    for node in topological(root, differentiable=True):
        if node.op is None or node.index in tangents:
            continue
        total: Any = None
        for slot, source in enumerate(node.inputs):
            t = tangents.get(source.index) if isinstance(source, Tensor) else None
            if t is None:
                continue
            y, xs = (node, recorded_inputs(node)) if create_graph else (node._array, node._values)
            part = node.op.jvp(slot, t, y, xs, node.params)
            if part.shape != node.shape:
                part = np.broadcast_to(part, node.shape)
            if part.dtype != node.dtype:
                part = part.astype(node.dtype)
            total = part if total is None else total + part
        if total is not None:
            tangents[node.index] = total
    return tangents.get(root.index)
