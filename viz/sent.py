"""What went along edges, one by one or together, and how large it is.

One idea: where a picture shows several uses of a tensor as one edge, their gradients are added up
before they are measured. The norm of a sum says what crossed that edge; a sum or mean of norms
would hide what cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from tinygrad_rnn.norms import norms
from viz.blocks import Use, op_name
from viz.model import Size


def measure(gradient: np.ndarray) -> Size:
    """The three norms of an array.

    >>> size = measure(np.array([3.0, -4.0]))
    >>> size.l2, round(size.rms, 4), size.max, size.finite
    (5.0, 3.5355, 4.0, True)
    """
    ((l2, largest),) = norms([gradient])
    rms = l2 / math.sqrt(max(gradient.size, 1))
    return Size(l2, rms, largest, math.isfinite(largest))


class Sent:
    """A flow's edges by consumer and slot. Without a flow, nothing is known of any."""

    def __init__(self, flow: Any) -> None:
        self.flow = flow
        edges = flow.edges if flow is not None else ()
        self.edges = {(edge.consumer.index, edge.slot): edge for edge in edges}

    def total(self, tensor: Any) -> Size | None:
        """The size of the summed gradient that reached a tensor."""
        gradient = self.flow.gradient(tensor) if self.flow is not None else None
        return None if gradient is None else measure(gradient)

    def reached(self, use: Use) -> bool:
        """Whether the sweep sent something along this edge."""
        return (use.consumer.index, use.slot) in self.edges

    def along(self, uses: Sequence[Use]) -> tuple[str, Size | None]:
        """What came back along edges of one tensor: summed first, then measured.

        For several edges this is the true gradient across the boundary that they cross together;
        their norms do not add up to it.
        """
        if self.flow is None:
            return "unknown", None
        found = [self.edges[(u.consumer.index, u.slot)] for u in uses if self.reached(u)]
        if not found:
            return ("cut" if op_name(uses[0].consumer) == "cut" else "none"), None
        if len(found) == 1:
            edge = found[0]
            size = Size(edge.l2, edge.rms, edge.max, edge.finite)
        else:
            size = measure(reduce(add, map(self.flow.contribution, found)))
        return ("nonfinite" if not size.finite else "flows" if size.max else "zero"), size
