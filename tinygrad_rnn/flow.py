"""GradientFlow: what one reverse sweep sent along each edge, and what that says through time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.backward import initial_gradient, sweep_to
from tinygrad_rnn.batched import Uses, unbroadcast
from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.graph import read_only
from tinygrad_rnn.memory import collector_paused
from tinygrad_rnn.norms import MAX_ELEMENTS_JOINED, Norms, norms, root_mean_square, size
from tinygrad_rnn.scope import no_grad
from tinygrad_rnn.state import flatten
from tinygrad_rnn.tensor import Array, Tensor

if TYPE_CHECKING:
    from tinygrad_rnn.nn.run import Run

Measure = Callable[..., list[Norms]]  # of many gradients, or uses, at once
MEASURED_AT_ONCE = 1 << 14  # small gradients: they wait for so many, at most 128 MiB of them


class Edge(NamedTuple):
    """The gradient that `consumer` sent back to its input `slot`, which is `source`.

    Attributes:
        consumer: the tensor that a primitive made, whose gradient goes back.
        slot: to which of that primitive's inputs, from 0.
        source: the tensor that went in there.
        l2: the gradient's norm, the root of its sum of squares.
        max: the largest magnitude of an element.

    >>> x = Tensor([3.0, 4.0], requires_grad=True)
    >>> (edge,) = trace(np.sum(x)).edges
    >>> edge.source is x, edge.max, edge.finite
    (True, 1.0, True)
    """

    consumer: Tensor
    slot: int
    source: Tensor
    l2: float
    max: float

    @property
    def rms(self) -> float:
        """The norm over the root of the number of elements: how large a typical one is."""
        return root_mean_square(self.l2, self.source.size)

    @property
    def finite(self) -> bool:
        """Whether all elements are."""
        return math.isfinite(self.max)


class GradientFlow:
    """Watches one reverse sweep: pass it as ``loss.backward(observer=flow)``, or use `trace`.

    Pickled or deep-copied, it answers for the tensors and runs that were pickled or copied with it,
    but holds no graph: what each use of a tensor contributed cannot be computed anew then.

    Attributes:
        root: the tensor that the sweep began at; None before.

    >>> x = Tensor([3.0, 4.0], requires_grad=True)
    >>> flow = trace((x * x).sum())
    >>> [(edge.consumer.op.name, edge.slot, edge.l2) for edge in flow.edges]
    [('sum', 0, 1.4142135623730951), ('multiply', 0, 5.0), ('multiply', 1, 5.0)]
    >>> flow.norm(x)
    10.0
    """

    def __init__(self) -> None:
        self.root: Tensor | None = None
        self._gradients: dict[int, Array] = {}  # the finished sum of each node
        self._totals: dict[int, Norms] = {}  # the norms of those that were asked for
        self._edges: list[Edge] = []
        # What was noted since, one column for each fact; the last has sizes, or rules for them.
        self._consumers: list[Tensor] = []
        self._slots: list[int] = []
        self._sources: list[Tensor] = []
        self._sizes: list[Norms | Measure] = []
        self._small: list[Array] = []  # for the rule `norms`
        self._uses: defaultdict[Measure, Uses] = defaultdict(list)  # for the rules of batched
        self._copied: set[int] = set()  # in a copy, the nodes that it knows

    def __repr__(self) -> str:
        """How many edges, and from which gradient to which."""
        if self.root is None:
            return "GradientFlow(nothing watched yet: loss.backward(observer=flow))"
        sizes = [edge.l2 for edge in self.edges]
        sent = [size for size in sizes if size > 0]
        ends = f", l2 from {min(sent):.2g} to {max(sent):.2g}" if sent else ""
        name = self.root.name or ""
        name = f" from {name if name.isprintable() else repr(name)}" if name else ""
        return f"GradientFlow({len(sizes)} edges back{name}{ends})"

    def __getstate__(self) -> dict[str, Any]:
        # Gradients are kept by the index of their node, and a node's copy has another.
        edges = self.edges
        nodes = [self.root, *(node for edge in edges for node in (edge.consumer, edge.source))]
        known = {node.index: node for node in nodes if node is not None}
        found = [(node, self._gradients.get(index)) for index, node in known.items()]
        return {"root": self.root, "found": found, "edges": [tuple(edge) for edge in edges]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        GradientFlow.__init__(self)
        self.root = state["root"]
        self._gradients.update((node.index, g) for node, g in state["found"] if g is not None)
        self._edges += map(Edge._make, state["edges"])
        self._copied = {node.index for node, _ in state["found"]}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = memo[id(self)] = type(self).__new__(type(self))
        state = self.__getstate__()
        twin.__setstate__(deepcopy(state, memo))
        twin._gradients |= self._gradients  # it answers for the nodes themselves, too
        twin._copied |= {node.index for node, _ in state["found"]}
        return twin

    def begin(self, root: Tensor) -> dict[int, Array]:
        """Begin to watch a sweep; called by it.

        Args:
            root: where it begins.

        Returns:
            Where it is to put dL/d(node) of every node, by the node's index.

        Raises:
            GradientError: if this flow has watched a sweep already.
        """
        if self.root is not None:
            raise GradientError("this flow has watched a sweep already: make a new GradientFlow()")
        self.root = root
        return self._gradients

    def __call__(self, consumer: Tensor, slot: int, source: Tensor, contribution: Array) -> None:
        """Note one edge; called by the sweep.

        Args:
            consumer: the tensor whose gradient goes back.
            slot: to which of its inputs.
            source: that input.
            contribution: what goes there, of the shape of `source`.
        """
        self._consumers.append(consumer)
        self._slots.append(slot)
        self._sources.append(source)
        if 0 < contribution.size <= MAX_ELEMENTS_JOINED:
            self._sizes.append(norms)
            self._small.append(contribution)
            if len(self._small) == MEASURED_AT_ONCE:
                self._measure()
        else:  # at once, while the processor's cache has it
            self._sizes.append(size(contribution))

    def defer(self, consumer: Tensor, slot: int, source: Tensor, g: Array) -> bool:
        """Note an edge whose contribution the sweep could leave out, to sum it up with others.

        Args:
            consumer: the tensor whose gradient goes back.
            slot: to which of its inputs.
            source: that input.
            g: the gradient of the consumer, of its shape.

        Returns:
            Whether it is noted; otherwise the contribution itself is needed.
        """
        assert consumer.op is not None
        gather = consumer.op.batched[slot]
        if not gather.cheaper(g):
            return False
        self._consumers.append(consumer)
        self._slots.append(slot)
        self._sources.append(source)
        if 0 < g.size <= MAX_ELEMENTS_JOINED:
            self._sizes.append(gather.norms)
            self._uses[gather.norms].append((g, consumer))
        else:
            self._sizes += gather.norms([(g, consumer)])
        return True

    @collector_paused()
    def _measure(self) -> None:
        """Turn what has been noted into edges, and let go of the arrays."""
        found: dict[Measure, Iterator[Norms]] = {
            rule: iter(rule(w)) for rule, w in self._uses.items()
        }
        found[norms] = iter(norms(self._small))
        sizes = [size if isinstance(size, tuple) else next(found[size]) for size in self._sizes]
        l2, largest = [size[0] for size in sizes], [size[1] for size in sizes]
        edges = zip(self._consumers, self._slots, self._sources, l2, largest, strict=True)
        self._edges += map(Edge._make, edges)
        for column in (self._consumers, self._slots, self._sources, self._sizes):
            column.clear()
        self._small.clear()
        self._uses.clear()

    @property
    def edges(self) -> list[Edge]:
        """Every edge, from the root backwards."""
        self._measure()
        return self._edges

    def gradient(self, tensor: Tensor) -> Array | None:
        """Return the summed gradient that reached a node, or None where none flowed.

        Args:
            tensor: a node of the graph.

        Returns:
            A read-only array of the tensor's shape.

        Raises:
            GradientError: if this flow was pickled or deep-copied apart from the tensor.
        """
        self._check_known(tensor)
        gradient = self._gradients.get(tensor.index)
        return None if gradient is None else read_only(gradient)

    def norm(self, tensor: Tensor, norm: str = "l2") -> float:
        """Return how large the summed gradient of a node is; 0 where none flowed.

        Args:
            tensor: a node of the graph.
            norm: ``"l2"``, ``"rms"`` or ``"max"``, as of an `Edge`.

        Raises:
            ValueError: if there is no such norm.
            GradientError: if this flow was pickled or deep-copied apart from the tensor.
        """
        self._check_known(tensor)
        if norm not in ("l2", "rms", "max"):
            raise ValueError(f"there is no norm {norm!r}: choose l2, rms or max")
        (found,) = self.norms_of([tensor])
        if found is None:
            return 0.0
        l2, largest = found
        return {"l2": l2, "rms": root_mean_square(l2, tensor.size), "max": largest}[norm]

    def norms_of(self, tensors: Iterable[Tensor]) -> list[Norms | None]:
        """Return how large the summed gradients of many nodes are: measured together, and once.

        Args:
            tensors: nodes of the graph.

        Returns:
            For each the l2 norm and the largest magnitude; None where no gradient flowed.

        >>> x = Tensor([3.0, 4.0], requires_grad=True)
        >>> trace(np.sum(x * x)).norms_of([x, Tensor(0.0)])
        [(10.0, 8.0), None]
        """
        wanted = [tensor.index for tensor in tensors]
        known = self._totals
        new = {
            index: gradient
            for index in wanted
            if index not in known and (gradient := self._gradients.get(index)) is not None
        }
        known.update(zip(new, norms(list(new.values())), strict=True))
        return [known.get(index) for index in wanted]

    def contributions(self, tensor: Tensor) -> list[Array]:
        """Return what each use of a tensor sent back to it, oldest first; they sum to its gradient.

        They are computed anew from the gradient of each consumer, so that a long run need not hold
        one array of the weight's size per step.

        Args:
            tensor: a node of the graph, such as a weight.

        Raises:
            GradientError: if this flow was pickled or deep-copied, since its graph was not.

        >>> x = Tensor([3.0, 4.0], requires_grad=True)
        >>> trace(np.sum(x * x) + 5.0 * np.sum(x)).contributions(x)
        [array([3., 4.]), array([3., 4.]), array([5., 5.])]
        """
        self._check_known(tensor)
        found = []
        for edge in sorted(self.edges, key=lambda edge: (edge.consumer.index, edge.slot)):
            if edge.source is tensor:
                found.append(self.contribution(edge))
        return found

    def contribution(self, edge: Edge) -> Array:
        """Return what went along one edge of this flow, in its source's shape and dtype.

        Args:
            edge: one of `edges`.

        Raises:
            GradientError: if this flow was pickled or deep-copied, since its graph was not.
        """
        node = edge.consumer
        if node.op is None:
            raise GradientError(
                "a flow that was pickled or deep-copied has no graph to compute contributions "
                "from: ask for them before"
            )
        g = self._gradients[node.index]
        with no_grad():
            out = node.op.vjp(edge.slot, g, node._array, node._values, node.params)
        shape = edge.source.shape
        if node.op.broadcasts and out.shape != shape:
            out = unbroadcast(out, shape)
        return read_only(np.asarray(out, edge.source.dtype))

    def _check_known(self, tensor: Tensor) -> None:
        """Refuse to take a tensor that was not copied with this flow for one that got nothing."""
        if self._copied and tensor.index not in self._copied:
            raise GradientError(
                f"this flow was pickled or deep-copied without {tensor.name or 'this tensor'}: "
                "copy them together, such as (cell, flow)"
            )

    def through_time(self, run: Run) -> dict[str, Array]:
        """Return the norm of dL/dstate_t for t = 0 .. T-1, one array for each part of the state.

        Args:
            run: what `unroll` or a recurrent layer returned, of which this flow saw the sweep.

        Returns:
            By part of the state, ``"h"`` and for an LSTM ``"c"``, the l2 norms (T,), over batch
            and units together.

        Raises:
            GradientError: if the run was fused or checkpointed, so that no step of it was seen, or
                if this flow has watched no sweep, or none that reached the run's states.
            TypeError: if `run` is no run.

        >>> from tinygrad_rnn.nn import RNNCell, unroll
        >>> run = unroll(RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
        >>> trace(np.sum(run.final)).through_time(run)["h"].shape
        (4,)
        """
        if not hasattr(run, "has_steps"):
            raise TypeError(f"through_time takes what unroll returns, not a {type(run).__name__}")
        if self.root is None:
            raise GradientError(
                "this flow has watched no sweep: loss.backward(observer=flow), or trace(loss)"
            )
        if not run.has_steps:
            raise GradientError(
                "a fused run has no gradient to see between its steps: unroll with engine='graph'"
            )
        parts: dict[str, list[Tensor]] = {}
        for state in run.states:
            for name, tensor in flatten(state).items():
                parts.setdefault(name, []).append(tensor)
        found = {name: self.norms_of(part) for name, part in parts.items()}
        if all(one is None for part in found.values() for one in part):
            raise GradientError(
                "no gradient reached a state of this run: it is another than the loss was made "
                "from, or nothing in it requires a gradient"
            )
        return {
            name: np.array([0.0 if one is None else one[0] for one in part])
            for name, part in found.items()
        }


def trace(root: Any, gradient: ArrayLike | None = None) -> GradientFlow:
    """Sweep back from `root` and return the flow; no `.grad` is touched.

    Args:
        root: the loss, or any tensor if `gradient` is given; also one of PyTorch's, made while its
            model was watched (`tinygrad_rnn.interop.torch.watch`).
        gradient: what is swept back, of the root's shape; 1 for a single element.

    Returns:
        What went along every edge.

    Raises:
        GradientError: if no gradient flows from `root`, or it has several elements and no
            `gradient`.
        ShapeError: if `gradient` has another shape.
        TypeError: if `root` is no tensor.

    >>> x = Tensor([3.0, 4.0], requires_grad=True)
    >>> trace(np.sum(x * x)).norm(x)
    10.0
    """
    if hasattr(root, "grad_fn"):  # PyTorch's
        from tinygrad_rnn.interop import torch_graph

        return torch_graph.trace(root, gradient)
    if not isinstance(root, Tensor):
        raise TypeError(f"trace takes a Tensor, such as a loss, not a {type(root).__name__}")
    flow = GradientFlow()
    with no_grad():
        sweep_to(root, initial_gradient(root, gradient), observer=flow, mixed=True)
    return flow
