"""The reverse sweep: from the end of the graph to its leaves, each node's rule applied once.

    for every node, latest first:
        for every input:  gradient[input] += vjp(gradient[node])

Run over an unrolled recurrent network, this loop is backpropagation through time (Werbos 1990): the
sum over the steps of a shared weight is the `+=`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from functools import partial
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.errors import DtypeError, GradientError, ShapeError, StaleValueError
from tinygrad_rnn.graph import Array, Node, read_only, real_array, topological
from tinygrad_rnn.memory import collector_paused
from tinygrad_rnn.scope import current, no_grad

GATHERED_AT_ONCE = 1 << 17  # elements: bounds the memory held for contributions put off


_accumulating = RLock()  # `+=` of a thread must not overwrite another's

Rule = Callable[..., Any]  # a vjp or a jvp of one slot
Uses = list[tuple[Any, Node]]  # (what reached the consumer, the consumer)
Total = Callable[[Uses], Any]  # the sum of what they send back


class BatchedVJP:
    """A way to treat many uses of one input together that is faster than one vjp for each.

    Args:
        total: from n uses of one tensor to the sum of what they send back, of its shape.
        norms: from n uses to the l2 norm and the largest magnitude of what each sends back.
        cheaper: from what reached a consumer to whether `norms` is quicker than its vjp.

    >>> from tinygrad_rnn.ops.index import getitem
    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor([1.0, 2.0], requires_grad=True)
    >>> getitem.batched[0].total([(3.0, x[0]), (4.0, x[0])])
    array([7., 0.])
    """

    def __init__(
        self,
        total: Total,
        norms: Callable[[Uses], list[tuple[float, float]]],
        cheaper: Callable[[Any], bool] = lambda g: True,
    ) -> None:
        self.total = total
        self.norms = norms
        self.cheaper = cheaper


# Told `(consumer, slot, source, contribution)` for every edge. One that has a method `begin(root)`
# is asked for a dictionary to put the finished sum of every node into, by the node's index; one
# that has `defer(consumer, slot, source, g)` is asked, where contributions can be gathered,
# whether it can do without this one: then it is told no more of that edge.
Observer = Callable[[Any, int, Any, Array], None]


def backward(root: Node, gradient: ArrayLike | None, observer: Observer | None) -> None:
    """Sweep back from `root` and add what arrives at each leaf to its `.grad`."""
    with no_grad():
        arrived = sweep(root, initial_gradient(root, gradient), observer=observer)
        for leaf, total in arrived:
            if total.shape != leaf.shape:  # before any is added to: all of them, or none
                raise ShapeError(
                    f"a rule gave {leaf!r} a gradient of shape {total.shape}: mend the vjp of the "
                    "primitive that uses it; gradcheck says of which input"
                )
        with _accumulating:
            for leaf, total in arrived:
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


@collector_paused()
def sweep(
    root: Node,
    start: Any,
    targets: Collection[Node] | None = None,
    observer: Observer | None = None,
    create_graph: bool = False,
) -> list[tuple[Node, Any]]:
    """Return the gradient that reaches each leaf, or each of `targets`, from `start` at `root`.

    Args:
        root: where the sweep begins.
        start: the gradient there.
        targets: the nodes whose gradient is wanted; None for all leaves.
        observer: told `(consumer, slot, source, contribution)` for every edge.
        create_graph: run the rules on tensors, so that they record themselves.
    """
    begin = getattr(observer, "begin", None)
    finished = None if begin is None else begin(root)
    defer = getattr(observer, "defer", None)
    # A contribution may be another's, too: who observes may not write to it. A flow does not.
    view = read_only if defer is None else np.asarray
    anomalies = current.anomalies
    everything = create_graph or anomalies is not None  # is to be seen one by one
    gathering = not everything and (observer is None or defer is not None)
    wanted = None if targets is None else {target.index for target in targets}
    sums: dict[int, Any] = {root.index: start}  # what has come back to each node so far
    owned: set[int] = set()  # whose sum is an array made here: only such are added into
    # Uses of a node whose contributions are computed together, by the way to do so.
    waiting: dict[int, dict[Total, Uses]] = defaultdict(partial(defaultdict, list))
    arrived: list[tuple[Node, Any]] = []
    for node in reversed(topological(root, differentiable=True)):
        key = node.index
        if key in waiting:
            _flush(sums, key, waiting.pop(key))
        g = sums.pop(key, None)
        if g is None:
            continue
        if finished is not None:
            finished[key] = np.asarray(g)
        op = node.op
        if op is None if wanted is None else key in wanted:
            arrived.append((node, g))
        if op is None:
            continue
        y, xs = (node, recorded_inputs(node)) if create_graph else (node._array, node._values)
        for slot, source in enumerate(node.inputs):
            if not (isinstance(source, Node) and source.requires_grad):
                continue
            key = source.index
            gather = op.batched.get(slot) if gathering else None
            if gather is not None and (defer is None or defer(node, slot, source, g)):
                uses = waiting[key][gather.total]
                uses.append((g, node))
                if len(uses) * g.size > GATHERED_AT_ONCE:
                    _flush(sums, key, waiting.pop(key))
                continue
            rule: Any = op.vjps[slot]  # not None: checked on recording
            given = (xs,) if op.variadic else xs
            contribution = rule(g, y, *given, **node.params)
            value = source._array
            if op.broadcasts and contribution.shape != value.shape:
                contribution = unbroadcast(contribution, value.shape)
            if contribution.dtype is not value.dtype:
                contribution = _cast(contribution, node, source)
            if anomalies is not None:
                anomalies.swept(node, slot, source, contribution)
            if observer is not None:
                observer(node, slot, source, view(np.asarray(contribution)))
            if key not in sums:
                sums[key] = contribution
            elif key in owned:
                sums[key] += contribution
            else:  # it may be another node's gradient too: a new array, not an in-place sum
                sums[key] = sums[key] + contribution
                if not create_graph:
                    owned.add(key)
    return arrived


def _cast(contribution: Any, node: Node, source: Node) -> Any:
    """Give a contribution the dtype of what it goes back to."""
    if contribution.dtype.kind == "c":
        raise DtypeError(f"{node.op} was given complex numbers, which have no gradient here")
    if source._array.dtype.kind != "f":  # requires_grad was set by hand
        raise DtypeError(f"{source!r} cannot have a gradient: its dtype is not floating")
    return contribution.astype(source._array.dtype)


def _flush(sums: dict[int, Any], key: int, rules: dict[Total, Uses]) -> None:
    """Add what the waiting uses of a tensor send back to it."""
    for total, uses in rules.items():
        sums[key] = sums[key] + total(uses) if key in sums else total(uses)


def recorded_inputs(node: Node) -> tuple[Any, ...]:
    """Return the inputs as tensors, provided that they still hold what was recorded."""
    for source, value in zip(node.inputs, node._values, strict=True):
        if isinstance(source, Node) and source._array is not value:
            raise StaleValueError(
                f"{source!r} was given new data after {node.op} had used it: "
                "second derivatives need it unchanged until they are taken"
            )
    return tuple(
        source if isinstance(source, Node) else value
        for source, value in zip(node.inputs, node._values, strict=True)
    )


def unbroadcast(contribution: Any, shape: tuple[int, ...]) -> Any:
    """Sum a contribution over the axes that broadcasting added or stretched: the adjoint of it.

    Args:
        contribution: an array or tensor of the broadcast shape.
        shape: what was broadcast, and is returned.

    >>> unbroadcast(np.ones((4, 2, 3)), (2, 1))
    array([[12.],
           [12.]])
    """
    added = contribution.ndim - len(shape)
    stretched = [k + added for k, n in enumerate(shape) if n == 1 != contribution.shape[k + added]]
    total = np.sum(contribution, axis=(*range(added), *stretched))
    return np.reshape(total, shape)
