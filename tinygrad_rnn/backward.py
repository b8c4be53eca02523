"""The reverse sweep: from the end of the graph to its leaves, each node's rule applied once.

    for every node, latest first:
        for every input:  gradient[input] += vjp(gradient[node])

Run over an unrolled recurrent network, this loop is backpropagation through time (Werbos 1990): the
sum over the steps of a shared weight is the `+=`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.batched import batched_sweep, fitted
from tinygrad_rnn.errors import DtypeError, GradientError, ShapeError, StaleValueError
from tinygrad_rnn.graph import Array, Node, read_only, real_array, recorded_inputs, topological
from tinygrad_rnn.memory import collector_paused
from tinygrad_rnn.scope import no_grad, surroundings

if TYPE_CHECKING:
    from tinygrad_rnn.anomaly import detect_anomaly
    from tinygrad_rnn.tensor import Value

_accumulating = RLock()  # `+=` of a thread must not overwrite another's

# Told `(consumer, slot, source, contribution)` for every edge. One that has a method `begin(root)`
# is asked for a dictionary to put the finished sum of every node into, by the node's index; one
# that has `defer(consumer, slot, source, g)` is asked, where contributions can be batched,
# whether it can do without this one: then it is told no more of that edge.
Observer = Callable[[Any, int, Any, Array], None]


def sweep(
    root: Node,
    start: Value,
    observer: Callable[[Node, int, Node, Value], None] | None = None,
    create_graph: bool = False,
) -> Iterator[tuple[Node, Value]]:
    """Yield every node that a gradient reaches with its whole gradient, latest first.

    Args:
        root: where the sweep begins.
        start: the gradient there.
        observer: told `(consumer, slot, source, contribution)` for every edge.
        create_graph: run the rules on tensors, so that they record themselves.
    """
    gradients: dict[int, Value] = {root.index: start}
    for node in reversed(topological(root, differentiable=True)):
        g = gradients.pop(node.index, None)
        if g is None:
            continue
        yield node, g
        y, xs = (node, recorded_inputs(node)) if create_graph else (node._array, node._values)
        for slot, source in enumerate(node.inputs):
            if not (isinstance(source, Node) and source.requires_grad):
                continue
            contribution = fitted(node.op.vjp(slot, g, y, xs, node.params), node, source)
            if observer is not None:
                observer(node, slot, source, contribution)
            so_far = gradients.get(source.index)
            gradients[source.index] = contribution if so_far is None else so_far + contribution


@collector_paused()
def sweep_to(
    root: Node,
    start: Value,
    targets: Collection[Node] | None = None,
    observer: Observer | None = None,
    create_graph: bool = False,
    mixed: bool = False,
) -> list[tuple[Node, Value]]:
    """Return the gradient that reaches each leaf, or each of `targets`, from `start` at `root`.

    Where no one asks for every contribution, it takes the quicker `batched_sweep`.

    Args:
        root: where the sweep begins.
        start: the gradient there.
        targets: the nodes whose gradient is wanted; None for all leaves.
        observer: told of every edge.
        create_graph: let the gradients record how they were made.
        mixed: whether a leaf may have been used before and after it was given new data.
    """
    wanted = None if targets is None else {target.index for target in targets}
    begin, defer = getattr(observer, "begin", None), getattr(observer, "defer", None)
    gradients = None if begin is None else begin(root)
    anomalies = surroundings().anomalies
    if anomalies is not None or (observer is not None and (create_graph or defer is None)):
        steps = sweep(root, start, _observer(observer, anomalies), create_graph)
    else:
        steps = batched_sweep(root, start, observer, defer, create_graph)
    found, earliest = [], root.index
    for node, g in steps:
        if node.op is not None:
            earliest = node.index
        if gradients is not None:
            gradients[node.index] = np.asarray(g)
        if node.op is None if wanted is None else node.index in wanted:
            found.append((node, g))
    if not mixed:
        _check_unmixed(root, earliest, [leaf for leaf, _ in found if leaf.op is None])
    return found


def _check_unmixed(root: Node, earliest: int, leaves: list[Node]) -> None:
    """Refuse a sum of gradients that were recorded with different values of one leaf."""
    moved = {leaf.index: leaf for leaf in leaves if earliest < leaf.moved < root.index}
    if not moved:
        return
    after: set[int] = set()  # leaves that were also used after they had been given new data
    for node in reversed(topological(root, differentiable=True)):
        for source in node.inputs:
            leaf = moved.get(source.index) if isinstance(source, Node) else None
            if leaf is None:
                continue
            if node.index > leaf.moved:
                after.add(leaf.index)
            elif leaf.index in after:
                raise StaleValueError(
                    f"{leaf!r} was given new data between uses that this sweep adds up: a state "
                    "was carried on from before an optimiser's step; cut it off with "
                    "state = tr.detach(run.final) before the next window"
                )


def _observer(
    observer: Observer | None, anomalies: detect_anomaly | None
) -> Callable[[Node, int, Node, Value], None]:
    """Return what tells an open detect_anomaly block of every edge, and then the observer."""

    def observe(consumer: Any, slot: int, source: Any, contribution: Value) -> None:
        if anomalies is not None:
            anomalies.swept(consumer, slot, source, contribution)
        if observer is not None:
            # It may be another's, too: who observes may not write to it.
            observer(consumer, slot, source, read_only(np.asarray(contribution)))

    return observe


def backward(root: Node, gradient: ArrayLike | None, observer: Observer | None) -> None:
    """Sweep back from `root` and add what arrives at each leaf to its `.grad`."""
    with no_grad():
        gradients = sweep_to(root, initial_gradient(root, gradient), observer=observer)
        for leaf, total in gradients:
            if total.shape != leaf.shape:  # before any is added to: all of them, or none
                raise ShapeError(
                    f"a rule gave {leaf!r} a gradient of shape {total.shape}: mend the vjp of the "
                    "primitive that uses it; gradcheck says of which input"
                )
        with _accumulating:
            for leaf, total in gradients:
                leaf.grad = np.array(total if leaf.grad is None else leaf.grad + total)


def initial_gradient(root: Node, gradient: ArrayLike | None) -> Array:
    """Return what the sweep starts with: the given gradient, or 1 for a single element."""
    if not root.requires_grad:
        raise GradientError(
            f"no gradient flows from {root!r}: nothing it was made from requires one "
            "(requires_grad=True), or it was made inside no_grad()"
        )
    if root.dtype.kind != "f":
        raise DtypeError(f"no gradient flows from {root!r}: its dtype is not floating")
    if gradient is None:
        if root.size != 1:
            raise GradientError(
                f"backward from shape {root.shape} needs gradient= of that shape; "
                "for a scalar loss use .sum() or .mean()"
            )
        return np.ones(root.shape, root.dtype)
    array = real_array(gradient, root.dtype)
    if array.shape != root.shape:
        raise ShapeError(f"gradient of shape {array.shape} given to a tensor of {root.shape}")
    return array
