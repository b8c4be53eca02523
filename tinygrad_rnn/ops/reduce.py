"""Primitives that fold axes away: sums, products, extremes and spreads."""

from __future__ import annotations

import math

import numpy as np

from tinygrad_rnn.batched import Rule
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.ops.elementwise import ratio
from tinygrad_rnn.primitive import Primitive, linear
from tinygrad_rnn.tensor import Value

Axis = int | tuple[int, ...] | None


def spread(g: Value, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Value:
    """Broadcast what came back to a reduction over the axes that it folded.

    Args:
        g: of the reduction's shape.
        shape: what was reduced, and is returned.
        axis: one axis, several, or None for all.
        keepdims: whether the folded axes stayed, with length 1.

    >>> spread(np.array([1.0, 2.0]), (2, 3), axis=1, keepdims=False)
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    if axis is not None and not keepdims and shape:  # NumPy lets a 0-d array have an axis 0 here
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, shape)


def folded(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """Return the axes that a reduction folds, counted from the front.

    Args:
        shape: what is reduced.
        axis: one axis, several, or None for all.

    >>> folded((2, 3), -1), folded((2, 3), None)
    ((1,), (0, 1))
    """
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple([k % len(shape) for k in axes]) if shape else ()


def count(shape: tuple[int, ...], axis: Axis) -> int:
    """Return how many elements fold into one.

    Args:
        shape: what is reduced.
        axis: one axis, several, or None for all.

    >>> count((2, 3), None)
    6
    """
    return math.prod(shape[k] for k in folded(shape, axis))


sum_ = linear(
    "sum",
    np.sum,
    "sum(x)",
    (
        "g, broadcast",
        lambda g, y, x, axis, keepdims: spread(g, x.shape, axis, keepdims),
    ),
)

mean = linear(
    "mean",
    np.mean,
    "mean(x)",
    (
        "g / n, broadcast",
        lambda g, y, x, axis, keepdims: spread(
            over(g, max(count(x.shape, axis), 1)), x.shape, axis, keepdims
        ),
    ),
)


def over(x: Value, n: int) -> Value:
    """Return x / n, also where n is beyond the largest number of x's dtype, or 1 / n has no digits.

    Args:
        x: any shape.
        n: a count.

    >>> over(np.ones((), np.float16), 70_000) > 0
    np.True_
    """
    if x.dtype == np.float16 and n > 2048:  # beyond, it does not count
        return (x.astype(np.float32) / n).astype(np.float16)
    return x / n


def _cumsum_vjp(g: Value, y: Value, x: Value, axis: int) -> Value:
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


cumsum = linear(
    "cumsum",
    np.cumsum,
    "x[0] + ... + x[k]",
    ("g[k] + ... + g[n]", _cumsum_vjp),
)


def reduction(
    name: str,
    forward: Function,
    formula: str,
    text: str,
    slope: Rule,
    selects: bool = False,
) -> Primitive:
    """Declare a primitive that folds axes, by its slope dy/dx at every element of x.

    Args:
        name: how pictures and messages call it.
        forward: the function, on arrays; it takes `axis` and `keepdims`.
        formula: y in symbols.
        text: the vjp in symbols.
        slope: ``(y, x, axis, **more)``, where y has been spread over x's shape.
        selects: whether nothing flows where the slope is 0, even if g is infinite.

    >>> from tinygrad_rnn.gradcheck import gradcheck
    >>> from tinygrad_rnn.primitive import REGISTRY
    >>> energy = reduction(
    ...     "energy",
    ...     lambda x, axis, keepdims: np.sum(x * x, axis=axis, keepdims=keepdims),
    ...     "sum(x ** 2)",
    ...     "g * 2 * x",
    ...     lambda y, x, axis: 2 * x,
    ... )
    >>> gradcheck(lambda x: energy(x, axis=1, keepdims=False), [[1.0, 2.0], [3.0, 4.0]])
    True
    >>> REGISTRY.pop("energy")
    <primitive energy: y = sum(x ** 2)>
    """

    def vjp(g: Value, y: Value, x: Value, axis: Axis, keepdims: bool, **more: object) -> Value:
        at_each = slope(spread(y, x.shape, axis, keepdims), x, axis, **more)
        g = spread(g, x.shape, axis, keepdims)
        return (np.where(at_each == 0, 0, g) if selects else g) * at_each

    def jvp(t: Value, y: Value, x: Value, axis: Axis, keepdims: bool, **more: object) -> Value:
        at_each = slope(spread(y, x.shape, axis, keepdims), x, axis, **more)
        return np.sum(t * at_each, axis=axis, keepdims=keepdims)

    return Primitive(name, forward, [vjp], [jvp], formula, text)


def _share_of_ties(y: Value, x: Value, axis: Axis) -> Value:
    hit = (x == y) | (x != x)  # the second is where x is NaN, and then so is y
    return (hit / np.sum(hit, axis=axis, keepdims=True)).astype(x.dtype)


max_ = reduction("max", np.max, "max(x)", "g where x = y, shared by ties", _share_of_ties, True)
min_ = reduction("min", np.min, "min(x)", "g where x = y, shared by ties", _share_of_ties, True)


def _product_of_others(y: Value, x: Value, axis: Axis) -> Value:
    if np.all(x != 0):
        return y / x
    # Dividing would lose what a zero multiplies.
    axes = folded(x.shape, axis)
    order = [k for k in range(x.ndim) if k not in axes] + list(axes)
    moved = np.transpose(x, order)
    rows = np.reshape(moved, (*moved.shape[: x.ndim - len(axes)], count(x.shape, axis)))
    others = np.reshape(_others_of_row(rows), moved.shape)
    return np.transpose(others, np.argsort(order))


def _others_of_row(x: Value) -> Value:
    """Return for each element of the last axis the product of the others, by halves, in O(n).

    What others an element of a pair has is what others the pair has, times its partner. Made of
    products alone, it stays right however often it is differentiated.
    """
    n = x.shape[-1]
    if n == 1:
        return np.ones_like(x)
    ones = np.ones((*x.shape[:-1], n % 2), x.dtype)
    pairs = np.reshape(np.concatenate([x, ones], axis=-1), (*x.shape[:-1], -1, 2))
    of_pair = _others_of_row(pairs[..., 0] * pairs[..., 1])
    both = np.stack([of_pair * pairs[..., 1], of_pair * pairs[..., 0]], axis=-1)
    return np.reshape(both, (*x.shape[:-1], -1))[..., :n]


prod = reduction("prod", np.prod, "product(x)", "g * product of the others", _product_of_others)


def _deviation(x: Value, axis: Axis) -> Value:
    return x - np.mean(x, axis=axis, keepdims=True)


def _freedom(x: Value, axis: Axis, ddof: int) -> int:
    return max(count(x.shape, axis) - ddof, 0)  # as NumPy divides


var = reduction(
    "var",
    np.var,
    "sum((x - mean(x)) ** 2) / (n - ddof)",
    "g * 2 * (x - mean(x)) / (n - ddof)",
    lambda y, x, axis, ddof: over(2 * _deviation(x, axis), _freedom(x, axis, ddof)),
)


std = reduction(
    "std",
    np.std,
    "sqrt(var(x))",
    "g * (x - mean(x)) / ((n - ddof) * y)",
    lambda y, x, axis, ddof: over(ratio(_deviation(x, axis), y), _freedom(x, axis, ddof)),
)

norm = reduction(
    "norm",
    np.linalg.norm,
    "sqrt(sum(x ** 2))",
    "g * x / y, 0 where y = 0",
    lambda y, x, axis: ratio(x, y),
)
