"""GradientFlow: what one reverse sweep sent along each edge, and what that says through time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.backward import seed, sweep
from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.primitive import unbroadcast
from tinygrad_rnn.protocols import Array
from tinygrad_rnn.scope import no_grad
from tinygrad_rnn.tensor import Tensor

if TYPE_CHECKING:
    from tinygrad_rnn.nn.unroll import Run


class Edge(NamedTuple):
    """The gradient that `consumer` sent back to its input `slot`, which is `source`."""

    consumer: Tensor
    slot: int
    source: Tensor
    l2: float
    rms: float
    max: float
    finite: bool


class GradientFlow:
    """Watches one reverse sweep: pass it as ``loss.backward(observer=flow)``, or use `trace`.

    >>> x = Tensor([3.0, 4.0], requires_grad=True)
    >>> flow = trace((x * x).sum())
    >>> [(edge.consumer.op.name, edge.slot, edge.l2) for edge in flow.edges]
    [('sum', 0, 1.4142135623730951), ('multiply', 0, 5.0), ('multiply', 1, 5.0)]
    >>> flow.norm(x)
    10.0
    """

    def __init__(self) -> None:
        self.edges: list[Edge] = []
        self.root: Tensor | None = None
        self._totals: dict[int, Array] = {}

    def started(self, root: Tensor, gradient: Array) -> None:
        """Note where the sweep starts and with what; called by the sweep."""
        if self.root is not None:
            raise GradientError("this flow has watched a sweep already: make a new GradientFlow()")
        self.root = root
        self._totals[root.index] = gradient

    def __call__(self, consumer: Tensor, slot: int, source: Tensor, contribution: Array) -> None:
        """Note one edge; called by the sweep."""
        self.edges.append(Edge(consumer, slot, source, *measure(contribution)))
        total = self._totals.get(source.index)
        self._totals[source.index] = contribution if total is None else total + contribution

    def gradient(self, tensor: Tensor) -> Array | None:
        """Return the summed gradient that reached a node, or None where none flowed."""
        return self._totals.get(tensor.index)

    def norm(self, tensor: Tensor, norm: str = "l2") -> float:
        """Return the norm (``"l2"``, ``"rms"`` or ``"max"``) of the summed gradient of a node."""
        total = self._totals.get(tensor.index)
        if total is None:
            return 0.0
        return measure(total)[("l2", "rms", "max").index(norm)]

    def contributions(self, tensor: Tensor) -> list[Array]:
        """Return what each use of a tensor sent back to it, oldest first; they sum to its gradient.

        They are computed anew from the gradient of each consumer, so that a long run need not hold
        one array of the weight's size per step.
        """
        found = []
        for edge in sorted(self.edges, key=lambda edge: (edge.consumer.index, edge.slot)):
            if edge.source is tensor:
                found.append(self.contribution(edge))
        return found

    def contribution(self, edge: Edge) -> Array:
        """Return what went along one edge of this flow, in its source's shape and dtype."""
        node = edge.consumer
        assert node.op is not None
        g = self._totals[node.index]
        with no_grad():
            rule = node.op.vjps[edge.slot]
            assert rule is not None
            out = rule(g, node._data, *node._values, **node.params)
        shape = edge.source.shape
        if node.op.broadcasts and out.shape != shape:
            out = unbroadcast(out, shape)
        return np.asarray(out, edge.source.dtype)

    def through_time(self, run: Run) -> dict[str, Array]:
        """Return the norm of dL/dstate_t for t = 0 .. T-1, one array for each part of the state.

        The parts are ``"h"`` and, for an LSTM, ``"c"``.

        Raises:
            GradientError: if the run was fused, so that no step of it was seen.
        """
        if not run.stepwise:
            raise GradientError(
                "a fused run has no gradient to see between its steps: unroll with engine='graph'"
            )
        parts: dict[str, list[float]] = {}
        for state in run.states:
            for name, tensor in state_parts(state).items():
                parts.setdefault(name, []).append(self.norm(tensor))
        return {name: np.array(norms) for name, norms in parts.items()}


def state_parts(state: Any) -> dict[str, Tensor]:
    """Return the tensors of a cell's state by name: a bare tensor is the hidden state ``"h"``."""
    if isinstance(state, Tensor):
        return {"h": state}
    if hasattr(state, "_asdict"):
        return dict(state._asdict())
    return {f"state_{k}": part for k, part in enumerate(state)}


def measure(array: Array) -> tuple[float, float, float, bool]:
    """Return the l2 norm, root mean square, largest magnitude, and whether all is finite."""
    if array.size == 0:
        return 0.0, 0.0, 0.0, True
    flat = np.abs(array, dtype=np.float64).ravel()
    largest = float(flat.max())
    if not np.isfinite(largest) or largest == 0.0:
        return largest, largest, largest, bool(np.isfinite(largest))
    # Dividing first keeps the squares of tiny gradients from underflowing to zero.
    l2 = largest * float(np.sqrt(np.sum(np.square(flat / largest))))
    return l2, l2 / float(np.sqrt(flat.size)), largest, True


def trace(root: Tensor, gradient: ArrayLike | None = None) -> GradientFlow:
    """Sweep back from `root` and return the flow; no `.grad` is touched.

    Args:
        root: the loss, or any tensor if `gradient` is given.
        gradient: what is swept back, of the root's shape; 1 for a single element.

    Raises:
        GradientError: if no gradient flows from `root`.
    """
    flow = GradientFlow()
    with no_grad():
        sweep(root, seed(root, gradient), observer=flow)
    return flow
