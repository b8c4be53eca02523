"""One backward pass of PyTorch's, watched: what it sent along every edge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.autograd.graph import GradientEdge

from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.flow import MEASURED_AT_ONCE, Edge, GradientFlow
from tinygrad_rnn.graph import Array
from tinygrad_rnn.interop.torch_graph.graph import LEAF, Graph
from tinygrad_rnn.interop.torch_graph.nodes import Origin, TorchNode, as_numpy
from tinygrad_rnn.interop.torch_graph.opened import Spliced
from tinygrad_rnn.interop.torch_graph.states import states_of
from tinygrad_rnn.norms import MAX_ELEMENTS_JOINED, Norms, size, sizes
from tinygrad_rnn.stacked_sweep import Rows, RowStart

MAX_KEPT = 1 << 26  # elements of gradients that are kept; beyond, what went to a weight is measured


class Sent(NamedTuple):
    """What one node of PyTorch's graph received, and what it sent back to each input.

    Where that is too much to keep, its size stands there instead.
    """

    back: tuple[Any, ...]
    received: tuple[Any, ...]


class Sums(dict[int, Array]):
    """The gradient that reached each node, by its index, in NumPy's form once it is asked for."""

    def __init__(
        self, sent: dict[Any, Sent], leaves: dict[Any, Any], nodes: Sequence[TorchNode]
    ) -> None:
        super().__init__()
        self.sent, self.leaves = sent, leaves
        self.outs = {node.index: node for node in nodes if node.out is not None}

    def get(self, index: int, default: Any = None) -> Any:
        """Return the gradient of the node of this index, or None where none flowed."""
        node = self.outs.get(index)
        if index not in self and node is not None and node.out is not None:
            made, k = node.out
            if node.op is None:
                total = self.leaves.get(made)
            else:
                total = self.sent[made].received[k] if made in self.sent else None
            if total is not None:
                self[index] = as_numpy(total)
        return super().get(index, default)


class TorchFlow(GradientFlow):
    """What one backward pass of PyTorch's sent along each edge; see `GradientFlow`.

    Args:
        graph: what it went through.
        sent: by node of PyTorch's graph.
        leaves: by leaf, the sum of what it was sent.
    """

    def __init__(self, graph: Graph, sent: dict[Any, Sent], leaves: dict[Any, Any]) -> None:
        super().__init__()
        self.graph, self._sent = graph, sent
        self.begin(graph.root)  # type: ignore[arg-type]  # a TorchNode
        self._gradients = Sums(sent, leaves, graph.nodes)
        for node in reversed(graph.nodes):
            for slot, origin in enumerate(node.origins):
                part = None if origin is None else self._part(origin)
                if part is not None:
                    self._note(node, slot, node.inputs[slot], part)

    def __getstate__(self) -> dict[str, Any]:
        raise GradientError(
            "a flow of PyTorch's graph cannot be pickled or copied: take its norms and gradients"
        )

    def _note(self, consumer: Any, slot: int, source: Any, part: Any) -> None:
        """Note one edge, what went along it, or, where that was too much to keep, its norms."""
        self._consumers.append(consumer)
        self._slots.append(slot)
        self._sources.append(source)
        if isinstance(part, tuple):
            self._sizes.append(part)
        elif 0 < part.numel() <= MAX_ELEMENTS_JOINED and part.is_cpu and not part.is_sparse:
            self._sizes.append(_norms_of_parts)
            self._uses[_norms_of_parts].append(part)
            if len(self._uses[_norms_of_parts]) == MEASURED_AT_ONCE:
                self._measure()
        else:
            self._sizes.append(size(as_numpy(part)))

    def _part(self, origin: Origin) -> Any:
        """The gradient that a node sent to one of its inputs, as PyTorch handed it on."""
        found = self._sent.get(origin.node)
        if found is None:
            return None
        return found.back[origin.slot] if origin.slot >= 0 else found.received[-1 - origin.slot]

    def contribution(self, edge: Edge) -> Array:
        """Return what went along one edge of this flow, in its source's shape and dtype.

        Args:
            edge: one of `edges`.

        Raises:
            GradientError: if it was too large to keep, and PyTorch has freed what made it.
        """
        origin: Origin = edge.consumer.origins[edge.slot]  # type: ignore[attr-defined]  # a TorchNode
        part = self._part(origin)
        if isinstance(part, tuple):
            part = self._anew(origin)
        for node, k in reversed(origin.through):
            given: list[Any] = [None] * len(node._input_metadata)
            given[k] = part
            with torch.no_grad():
                part = node(*given)
        return as_numpy(part)

    def rows_back(
        self,
        seeds: Iterable[RowStart],
        targets: Sequence[TorchNode],
        arrived: Callable[[Any, Rows], None],
    ) -> None:
        """Sweep gradients of one's own back, each row by itself; see `stacked_sweep`.

        Args:
            seeds: where each row begins; several of one row add up.
            targets: the nodes to be told of.
            arrived: called with a target and what came back to it in one row.
        """
        rows: dict[int, list[RowStart]] = defaultdict(list)
        for seed in seeds:
            rows[seed.row].append(seed)
        ends = [GradientEdge(*node.out) for node in targets if node.out is not None]
        for row, begun in rows.items():
            starts: list[Any] = [seed.tensor for seed in begun]
            with unfreed():
                found = torch.autograd.grad(
                    [GradientEdge(*node.out) for node in starts],
                    ends,
                    [self._like(node, seed) for node, seed in zip(starts, begun, strict=True)],
                    retain_graph=True,
                    allow_unused=True,
                )
            for node, g in zip(targets, found, strict=True):
                if g is not None and torch.any(g != 0):
                    arrived(node, Rows(row, as_numpy(g)[np.newaxis]))

    @staticmethod
    def _like(node: TorchNode, seed: RowStart) -> Any:
        """Return a gradient where the node has its own, and in its dtype."""
        assert node.out is not None
        meta = node.out[0]._input_metadata[node.out[1]]
        return torch.as_tensor(np.array(seed.gradient), dtype=meta.dtype, device=meta.device)

    def _anew(self, origin: Origin) -> Any:
        """Compute what a node sent back, once more, in the shape that PyTorch brings it to."""
        with unfreed(), torch.no_grad():
            back = origin.node(*self._sent[origin.node].received)
        part = back[origin.slot] if isinstance(back, tuple) else back
        source, k = self.graph.edges[origin.node][origin.slot]
        expected = source._input_metadata[k]
        return part.sum_to_size(expected.shape).to(expected.dtype)

    def through_time(self, run: Any) -> dict[str, Array]:
        """Return the norm of dL/dstate_t for t = 0 .. T-1, one array for each part of the state.

        Args:
            run: a module of the model that was watched; of several layers in it, the last is
                meant, and of two directions the forward one.

        Returns:
            By part of the state, such as ``"h"``, the l2 norms (T,), over batch and units together.

        Raises:
            GradientError: if the module has no states that a gradient reached, or several
                sequences of them.
            TypeError: if `run` is no module.
        """
        if not isinstance(run, torch.nn.Module):
            raise TypeError(f"through_time takes a module here, not a {type(run).__name__}")
        states: Any = states_of(self.graph.nodes, self.graph.recording, run)
        return super().through_time(states)


def _norms_of_parts(parts: Sequence[Any]) -> list[Norms]:
    """Measure small gradients: joined by PyTorch, they come to NumPy in one piece."""
    elements = as_numpy(torch.cat([part.reshape(-1) for part in parts]))
    return sizes(elements, [part.numel() for part in parts])


@contextmanager
def unfreed() -> Iterator[None]:
    """Say what to do where PyTorch has freed the graph."""
    try:
        yield
    except RuntimeError as error:
        if "freed" not in str(error):
            raise
        raise GradientError(
            "backward() has freed this graph: trace the loss before that, or call "
            "loss.backward(retain_graph=True)"
        ) from error


class SentGradients:
    """Notes what each node sends back, and measures instead what would be too much to keep."""

    def __init__(self) -> None:
        self.sent: dict[Any, Sent] = {}
        self.room = MAX_KEPT

    def watch(self, node: Any) -> Any:
        """Return the handle of a hook on a node."""

        def note(back: tuple[Any, ...], received: tuple[Any, ...]) -> None:
            for part in back:
                if part is not None:
                    self.room -= part.numel()
            if self.room < 0:
                back = tuple(map(_measured, back))
            self.sent[node] = Sent(back, received)

        return node.register_hook(note)


def _measured(part: Any) -> Any:
    return part if part is None or part.numel() <= MAX_ELEMENTS_JOINED else size(as_numpy(part))


def sweep(graph: Graph, root: Any, gradient: Any) -> TorchFlow:
    """Send a gradient back from `root`, and watch; no `.grad` is touched.

    Raises:
        GradientError: if PyTorch has freed what it needs for that.
    """
    leaves = [node for node in graph.order if graph.kinds[node] == LEAF]
    seen = {node.out[0] for node in graph.nodes if node.op is not None and node.out is not None}
    seen |= {origin.node for node in graph.nodes for origin in node.origins if origin is not None}
    observer = SentGradients()
    handles = [observer.watch(node) for node in graph.order if node in seen]
    Spliced.tracing = True
    try:
        with unfreed():
            found = torch.autograd.grad(
                root,
                [leaf.variable for leaf in leaves],
                gradient,
                retain_graph=True,
                allow_unused=True,
            )
    finally:
        Spliced.tracing = False
        for handle in handles:
            handle.remove()
    return TorchFlow(graph, observer.sent, dict(zip(leaves, found, strict=True)))
