"""The reverse sweep for many gradients side by side: K losses swept back in one pass.

    g (K, *shape) of a node:  row k is d(loss k)/d(node)

A vjp is linear in g and knows nothing of other rows, so each rule is applied to all rows at once
where it is known how, and to one row after another where it is not. What a rule needs of the
recorded values it reads once, not K times. Rows of zeros, of losses that a node comes after, are
not carried along.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.graph import Array, topological
from tinygrad_rnn.memory import collector_paused
from tinygrad_rnn.ops.activations import sigmoid, tanh
from tinygrad_rnn.ops.index import _is_basic
from tinygrad_rnn.primitive import Primitive
from tinygrad_rnn.scope import no_grad
from tinygrad_rnn.tensor import Tensor


class RowStart(NamedTuple):
    """Where a row begins: the gradient of `row` at `tensor`."""

    row: int
    tensor: Tensor
    gradient: Array  # of the tensor's shape


class Rows(NamedTuple):
    """The gradients at one node: those of the rows `first` .. `first + len(g) - 1`."""

    first: int
    g: Array  # (rows, *shape)


@collector_paused()
def stacked_sweep(
    seeds: Iterable[RowStart],
    rows: int,
    wanted: Container[int],
    arrived: Callable[[Tensor, Rows], None],
    inside: Callable[[Tensor], bool] = lambda tensor: True,
) -> None:
    """Sweep all rows back, and hand over what has come back to each wanted node.

    Args:
        seeds: where each row begins; several of one row add up.
        rows: K; the memory in use grows with it.
        wanted: the nodes to be told of, by their index.
        arrived: called with a wanted node and all its rows that are not zero.
        inside: the sweep stays among the nodes of which this is true.
    """
    sums = _Sums(rows)
    seeds = list(seeds)
    for row, tensor, gradient in seeds:
        sums.add(tensor, Rows(row, np.asarray(gradient, tensor.dtype)[np.newaxis]))
    order = topological(*{seed.tensor.index: seed.tensor for seed in seeds}.values(),
                        differentiable=True)  # fmt: skip
    leading = _leading_to(order, wanted, inside)
    with no_grad():
        for node in reversed(order):
            if node.index not in leading:
                continue
            found = sums.pop(node)
            if found is None:
                continue
            if node.index in wanted:
                found = _without_zeros(found)
                if not len(found.g):
                    continue
                arrived(node, found)
            if node.op is None:
                continue
            for slot, source in enumerate(node.inputs):
                if isinstance(source, Tensor) and source.index in leading:
                    _send(node, node.op, slot, source, found, sums)


def _leading_to(
    order: list[Tensor], wanted: Container[int], inside: Callable[[Tensor], bool]
) -> set[int]:
    """Return the nodes, by index, from which a wanted one can be reached, themselves included."""
    found: set[int] = set()
    for node in order:  # inputs first
        below = any(isinstance(s, Tensor) and s.index in found for s in node.inputs)
        if (below or node.index in wanted) and inside(node):
            found.add(node.index)
    return found


def _without_zeros(rows: Rows) -> Rows:
    """Return the rows without those at either end that are zero throughout."""
    some = np.flatnonzero(rows.g.reshape(len(rows.g), -1).any(axis=1))
    if not len(some):
        return Rows(rows.first, rows.g[:0])
    return Rows(rows.first + int(some[0]), rows.g[some[0] : some[-1] + 1])


class _Sums:
    """What has come back to each node so far."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.found: dict[int, Rows] = {}
        self.whole: dict[int, Array] = {}  # (K, *shape), made here, where rows of several meet

    def add(self, tensor: Tensor, rows: Rows) -> None:
        """Add some rows to a node's."""
        before = self.found.get(tensor.index)
        if before is None:
            self.found[tensor.index] = rows
            return
        first = min(before.first, rows.first)
        last = max(before.first + len(before.g), rows.first + len(rows.g))
        whole = self.buffer(tensor)
        whole[rows.first : rows.first + len(rows.g)] += rows.g
        self.found[tensor.index] = Rows(first, whole[first:last])

    def buffer(self, tensor: Tensor) -> Array:
        """Return an array (K, *shape) that holds the node's sum, and may be added into."""
        whole = self.whole.get(tensor.index)
        if whole is None:
            whole = self.whole[tensor.index] = np.zeros((self.rows, *tensor.shape), tensor.dtype)
            before = self.found.get(tensor.index)
            if before is not None:
                whole[before.first : before.first + len(before.g)] = before.g
        return whole

    def extend(self, tensor: Tensor, first: int, count: int) -> Array:
        """Return the part of the node's own array for these rows, to be added into in place."""
        whole = self.buffer(tensor)
        before = self.found.get(tensor.index)
        low = first if before is None else min(before.first, first)
        high = first + count
        high = high if before is None else max(before.first + len(before.g), high)
        self.found[tensor.index] = Rows(low, whole[low:high])
        return whole[first : first + count]

    def pop(self, node: Tensor) -> Rows | None:
        """Return a node's rows, and forget them."""
        self.whole.pop(node.index, None)
        return self.found.pop(node.index, None)


def _send(node: Tensor, op: Primitive, slot: int, source: Tensor, rows: Rows, sums: _Sums) -> None:
    """Apply the rule of one input to all rows."""
    if op.name in GATES:  # into the columns of one buffer that all gates of the step share
        gate = GATES[op.name]
        columns = node.params["columns"]
        a = node._values[0]
        part = sums.extend(source, rows.first, len(rows.g))
        part[..., columns] += gate.vjp(0, rows.g, node._array, [a[..., columns]], {})
        return
    rule = BY_NAME.get(op.name)
    out = None
    if op.elementwise:
        out = _each_element(node, op, slot, source, rows.g)
    elif rule is not None:
        out = rule(node, slot, source, rows.g)
    if out is None:
        out = _row_by_row(node, op, slot, source, rows.g)
    sums.add(source, Rows(rows.first, out.astype(source.dtype, copy=False)))


def _each_element(node: Tensor, op: Primitive, slot: int, source: Tensor, g: Array) -> Array:
    out = op.vjp(slot, g, node._array, node._values, node.params)
    return unbroadcast_rows(np.broadcast_to(out, g.shape), source.shape)


def unbroadcast_rows(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum each row over the axes that broadcasting added or stretched.

    Args:
        g: (K, *broadcast shape).
        shape: what was broadcast.

    >>> unbroadcast_rows(np.ones((4, 2, 3)), (1,)).ravel()
    array([6., 6., 6., 6.])
    """
    if g.shape[1:] == shape:
        return g
    added = g.ndim - 1 - len(shape)
    stretched = [k + 1 + added for k, n in enumerate(shape) if n == 1 != g.shape[k + 1 + added]]
    total: Array = np.sum(g, axis=(*range(1, 1 + added), *stretched))
    return total.reshape(len(g), *shape)


def _row_by_row(node: Tensor, op: Primitive, slot: int, source: Tensor, g: Array) -> Array:
    out = []
    for row in g:
        one = op.vjp(slot, row, node._array, node._values, node.params)
        if op.broadcasts and np.shape(one) != source.shape:
            one = unbroadcast_rows(np.asarray(one)[np.newaxis], source.shape)[0]
        out.append(one)
    return np.stack(out)


# Rules for all rows at once: (node, slot, source, g (K, *shape)) -> (K, *source.shape), or None
# where this use of the primitive needs to be taken row by row.
RowRule = Callable[[Tensor, int, Tensor, Array], Array | None]


def _stacked_affine(node: Tensor, slot: int, source: Tensor, g: Array) -> Array | None:
    if slot % 2 or slot == len(node.inputs) - 1:  # a weight or a bias
        return None
    weight = node._values[slot + 1]
    rows = node.params.get("rows")
    weight = weight if rows is None else weight[rows]
    flat: Array = np.matmul(g.reshape(-1, g.shape[-1]), weight)
    return flat.reshape(len(g), *source.shape)


def _matmul(node: Tensor, slot: int, source: Tensor, g: Array) -> Array | None:
    b = node._values[1]
    if slot or np.ndim(b) != 2:
        return None
    flat: Array = np.matmul(g.reshape(-1, g.shape[-1]), np.asarray(b).T)
    return flat.reshape(len(g), *source.shape)


def _stacked_getitem(node: Tensor, slot: int, source: Tensor, g: Array) -> Array | None:
    index = node.params["index"]
    if not _is_basic(index):
        return None
    out = np.zeros((len(g), *source.shape), g.dtype)
    out[(slice(None), *(index if isinstance(index, tuple) else (index,)))] = g
    return out


def _stacked_stack(node: Tensor, slot: int, source: Tensor, g: Array) -> Array:
    row: Array = g[(slice(None),) * (1 + node.params["axis"] % node.ndim) + (slot,)]
    return row


def _stacked_concatenate(node: Tensor, slot: int, source: Tensor, g: Array) -> Array:
    axis = node.params["axis"] % node.ndim
    start = sum(np.shape(x)[axis] for x in node._values[:slot])
    part: Array = g[(slice(None),) * (1 + axis) + (slice(start, start + source.shape[axis]),)]
    return part


def _stacked_reshape(node: Tensor, slot: int, source: Tensor, g: Array) -> Array:
    return g.reshape(len(g), *source.shape)


def _stacked_broadcast_to(node: Tensor, slot: int, source: Tensor, g: Array) -> Array:
    return unbroadcast_rows(g, source.shape)


BY_NAME: dict[str, RowRule] = {
    **dict.fromkeys(("linear", "affine", "linear_pair", "affine_pair"), _stacked_affine),
    "matmul": _matmul,
    "getitem": _stacked_getitem,
    "stack": _stacked_stack,
    "concatenate": _stacked_concatenate,
    **dict.fromkeys(("reshape", "expand_dims", "squeeze"), _stacked_reshape),
    "broadcast_to": _stacked_broadcast_to,
}

# The gates of a stacked pre-activation, and the nonlinearity whose slope each has.
GATES = {"sigmoid_gate": sigmoid, "tanh_gate": tanh}
