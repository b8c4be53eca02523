"""Products: matmul in NumPy's forms, and the weight product that every cell is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import numpy as np

from tinygrad_rnn.batched import BatchedVJP, Uses, unbroadcast
from tinygrad_rnn.buffers import POOLED_FROM, pool
from tinygrad_rnn.graph import Array
from tinygrad_rnn.norms import Norms, norms, norms_of_outer_products
from tinygrad_rnn.ops.index import scatter
from tinygrad_rnn.primitive import Primitive, linear
from tinygrad_rnn.tensor import Value


def _matmul_to_a(g: Value, y: Value, a: Value, b: Value) -> Value:
    if b.ndim == 1:
        g = np.expand_dims(g, -1) * b
    elif a.ndim == 1:
        g = np.matmul(np.expand_dims(g, -2), np.swapaxes(b, -1, -2))
    else:
        g = np.matmul(g, np.swapaxes(b, -1, -2))
    return unbroadcast(g, a.shape) if g.shape != a.shape else g


def _matmul_to_b(g: Value, y: Value, a: Value, b: Value) -> Value:
    if a.ndim == 1:
        g = a * np.expand_dims(g, -1) if b.ndim == 1 else _outer_rows(a, g)
    elif b.ndim == 1:
        g = np.matmul(np.swapaxes(a, -1, -2), np.expand_dims(g, -1))
        g = np.squeeze(g, -1)
    else:
        g = np.matmul(np.swapaxes(a, -1, -2), g)
    return unbroadcast(g, b.shape) if g.shape != b.shape else g


def _outer_rows(a: Value, g: Value) -> Value:
    return np.expand_dims(a, -1) * np.expand_dims(g, -2)


matmul = linear("matmul", np.matmul, "a @ b", ("g @ b.T", _matmul_to_a), ("a.T @ g", _matmul_to_b))


def _fold(array: Value) -> Value:
    """Fold all axes but the last into one: a batch of rows."""
    if array.ndim == 2:
        return array
    return np.reshape(array, (-1, array.shape[-1]))


def _product(a: Value, b: Value) -> Value:
    """Return ``a @ b``; on small matrices `dot` takes half the time, on others it is not that."""
    return np.dot(a, b) if 1 <= a.ndim <= 2 == b.ndim else np.matmul(a, b)


def _project(x: Array, weight: Array) -> Array:
    """Return ``x @ W.T``."""
    try:
        rows, _ = weight.shape
        small = x.size * rows * x.itemsize < POOLED_FROM * x.shape[-1]
    except (AttributeError, IndexError, ValueError):
        raise ValueError("an input has at least one axis, a weight two") from None
    if small or not x.size:
        return _product(x, weight.T)  # type: ignore[return-value]  # of arrays
    return np.matmul(x, weight.T, pool.empty((*x.shape[:-1], rows), np.result_type(x, weight)))


ALL_ROWS = slice(None)


def _affine(*inputs: Array, rows: slice = ALL_ROWS) -> Array:
    """Sum the products ``x @ W[rows].T`` of inputs ``x, W, h, U, ...``, and the last one's bias."""
    if rows is not ALL_ROWS:
        inputs = tuple([x[rows] if _is_stacked(k, inputs) else x for k, x in enumerate(inputs)])
    out = _project(inputs[0], inputs[1])
    for slot in range(2, len(inputs) - 1, 2):
        term = _project(inputs[slot], inputs[slot + 1])
        if term.shape != out.shape:
            raise ValueError(f"products of shapes {out.shape} and {term.shape} to be added")
        np.add(out, term, out)
    if len(inputs) % 2:
        if inputs[-1].shape != out.shape[-1:]:
            raise ValueError("one bias is needed for each row of the weight")
        np.add(out, inputs[-1], out)
    return out


def _is_stacked(slot: int, inputs: Sequence[Value]) -> bool:
    """Whether a slot holds a weight or a bias, which have one row per output."""
    return slot % 2 == 1 or slot == len(inputs) - 1


def _affine_vjp(slot: int, g: Value, y: Value, *inputs: Value, rows: slice = ALL_ROWS) -> Value:
    if slot % 2 == 0 and _is_stacked(slot, inputs):
        out = np.sum(_fold(g), axis=0)
    elif slot % 2:
        out = np.matmul(_fold(g).T, _fold(inputs[slot - 1]))
    else:
        return _product(g, inputs[slot + 1] if rows is ALL_ROWS else inputs[slot + 1][rows])
    return out if rows is ALL_ROWS else scatter(out, index=rows, shape=inputs[slot].shape)


def _affine_jvp(slot: int, t: Value, y: Value, *inputs: Value, rows: slice = ALL_ROWS) -> Value:
    if slot % 2 == 0 and _is_stacked(slot, inputs):
        return np.broadcast_to(t[rows], y.shape)
    if slot % 2:
        return AFFINE[2](inputs[slot - 1], t, rows=rows)
    return AFFINE[2](t, inputs[slot + 1], rows=rows)


def _gather_affine(slot: int, uses: Uses) -> Array:
    """Sum what many uses of a weight or bias send back: all their rows in one product."""
    groups: dict[int, Uses] = defaultdict(list)  # by the slice of rows that they read
    for use in uses:
        groups[id(use[1].params.get("rows", ALL_ROWS))].append(use)
    whole = uses[0][1]._values[slot]
    if list(groups) == [id(ALL_ROWS)]:
        return _sum_of(slot, uses).astype(whole.dtype, copy=False)
    total = np.zeros(whole.shape, whole.dtype)
    for group in groups.values():
        total[group[0][1].params.get("rows", ALL_ROWS)] += _sum_of(slot, group)
    return total


def _sum_of(slot: int, uses: Uses) -> Array:
    gs = np.concatenate([_fold(g) for g, _ in uses])
    if slot % 2 == 0:
        return np.sum(gs, axis=0)
    return np.matmul(gs.T, np.concatenate([_fold(node._values[slot - 1]) for _, node in uses]))


def _norms_affine(slot: int, uses: Uses) -> list[Norms]:
    """Measure what each use of a single row sends back: an outer product, of known norms."""
    gs = [g for g, _ in uses]
    if slot % 2 == 0:
        return norms(gs)
    return norms_of_outer_products(gs, [node._values[slot - 1] for _, node in uses])


def _is_single_row(g: Array) -> bool:
    return g.size == g.shape[-1]


def _affine_of(name: str, formula: str, *derivatives: str) -> Primitive:
    slots = range(len(derivatives))
    return Primitive(
        name,
        _affine,
        [partial(_affine_vjp, slot) for slot in slots],
        [partial(_affine_jvp, slot) for slot in slots],
        formula,
        derivatives,
        batched={
            slot: BatchedVJP(
                partial(_gather_affine, slot), partial(_norms_affine, slot), _is_single_row
            )
            for slot in slots
            if slot % 2 or slot == len(slots) - 1
        },
    )


# What a cell computes before its nonlinearities, by the number of inputs.
AFFINE = {
    2: _affine_of("linear", "x @ W.T", "g @ W", "g.T @ x"),
    3: _affine_of("affine", "x @ W.T + b", "g @ W", "g.T @ x", "sum(g)"),
    4: _affine_of("linear_pair", "x @ W.T + h @ U.T", "g @ W", "g.T @ x", "g @ U", "g.T @ h"),
    5: _affine_of(
        "affine_pair", "x @ W.T + h @ U.T + b", "g @ W", "g.T @ x", "g @ U", "g.T @ h", "sum(g)"
    ),
}
