"""The difference of two flows through one graph, as a flow that can be drawn.

One idea: where two sweeps part, the same gradient arrives at a node and something else is sent on.
Such an edge is at fault; whatever differs below it is a consequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_rnn import GradientFlow
from viz.errors import VizError

if TYPE_CHECKING:
    from tinygrad_rnn import Edge, Tensor

PARTING = "difference of two flows; dashed: they agree; red: here they part, the rest follows"
CLOSE = 1e-6  # of the larger one's largest element: rounding is far below, mistakes are far above


class Difference(GradientFlow):
    """What goes along each edge in one flow less what goes there in the other.

    Args:
        flow: what a sweep recorded.
        other: what another sweep of the same graph recorded; an edge that it lacks sent nothing.

    Attributes:
        departing: the consumer's index and the slot of every edge where the two first part.

    Raises:
        VizError: the flows are not from one tensor.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> x = tr.Tensor([1.0, 2.0], requires_grad=True)
    >>> y = x * x
    >>> difference = Difference(tr.trace(y, [1.0, 1.0]), tr.trace(y, [1.0, 0.0]))
    >>> difference.gradient(x), len(difference.departing)
    (array([0., 4.]), 0)
    """

    def __init__(self, flow: Any, other: Any) -> None:
        super().__init__()
        root = getattr(flow, "root", None)
        if root is None or getattr(other, "root", None) is not root:
            raise VizError("against= takes another flow that was traced from the same tensor")
        self.departing: set[tuple[int, int]] = set()
        self.flow, self.other = flow, other
        gradients = self.begin(flow.root)
        self.theirs = {(edge.consumer.index, edge.slot): edge for edge in other.edges}
        for edge in flow.edges:
            place = edge.consumer.index, edge.slot
            sent, given = self._sent(edge)
            self(edge.consumer, edge.slot, edge.source, _rest(sent, given))
            if not _agree(sent, given) and _agree(*self._both(edge.consumer)):
                self.departing.add(place)
            for node in (edge.consumer, edge.source):
                gradients[node.index] = _rest(*self._both(node))

    def _both(self, node: Tensor) -> tuple[Any, Any]:
        found = self.flow.gradient(node), self.other.gradient(node)
        return tuple(np.zeros(node.shape) if one is None else one for one in found)  # type: ignore[return-value]  # two of two

    def _sent(self, edge: Edge) -> tuple[Any, Any]:
        """What both flows sent along an edge of the first."""
        sent = self.flow.contribution(edge)
        other = self.theirs.get((edge.consumer.index, edge.slot))
        return sent, np.zeros_like(sent) if other is None else self.other.contribution(other)

    def contribution(self, edge: Edge) -> Any:
        """Return the difference of what went along one edge.

        Args:
            edge: one of `edges`.
        """
        return _rest(*self._sent(edge))


def _agree(one: Any, other: Any) -> bool:
    largest = max(np.abs(one).max(initial=0.0), np.abs(other).max(initial=0.0))
    return bool(np.abs(one - other).max(initial=0.0) <= CLOSE * largest)


def _rest(one: Any, other: Any) -> Any:
    """Return the difference, exactly 0 where there is none but rounding's."""
    return np.zeros_like(one) if _agree(one, other) else np.asarray(one - other)
