"""The forms of NumPy's reductions: the plain ones, and dtype, where, initial and the like.

The plain forms are the primitives of ops/reduce.py; all others are differentiated by a formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.ops import reduce
from tinygrad_rnn.ops.composed import compose
from tinygrad_rnn.ops.reduce import Axis
from tinygrad_rnn.primitive import Primitive
from tinygrad_rnn.tensor import Value


def _dispatch_forms(
    function: Function, primitive: Primitive, formula: Function, **extra: object
) -> None:
    """Let `function` be the primitive in its plain form, and the formula in all others.

    Args:
        function: NumPy's.
        primitive: takes `axis`, `keepdims`, and the names in `extra`.
        formula: takes what NumPy's function takes.
        extra: further arguments of the plain form, and their values by default.
    """
    name = function.__name__
    compose(function, formula, f"{name} of what is chosen", name=f"{name} of some")
    otherwise = FUNCTIONS[function]

    def meaning(
        a: Value, axis: Axis = None, *args: object, keepdims: bool = False, **more: object
    ) -> Value:
        if args or not more.keys() <= extra.keys():
            if keepdims:
                more["keepdims"] = keepdims
            return otherwise(a, axis, *args, **more)
        return primitive(a, axis=axis, keepdims=keepdims, **(extra | more))

    FUNCTIONS[function] = meaning


def _cast(a: Value, dtype: DTypeLike | None) -> Value:
    return a if dtype is None else a.astype(dtype)


def _sum(
    a: Value,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: Value | None = None,
    keepdims: bool = False,
    initial: Any = 0,
    where: Value | bool = True,
) -> Value:
    chosen = np.where(where, _cast(a, dtype), 0)
    return np.sum(chosen, axis=axis, keepdims=keepdims) + initial


def _prod(
    a: Value,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: Value | None = None,
    keepdims: bool = False,
    initial: Any = 1,
    where: Value | bool = True,
) -> Value:
    chosen = np.where(where, _cast(a, dtype), 1)
    return np.prod(chosen, axis=axis, keepdims=keepdims) * initial


def _extreme(fold: Any, of_two: Any) -> Function:
    def formula(
        a: Value,
        axis: Axis = None,
        out: Value | None = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Value | bool = True,
    ) -> Value:
        chosen = a if where is True else np.where(where, a, initial)
        found = fold(chosen, axis=axis, keepdims=keepdims)
        return found if initial is None else of_two(found, initial)

    return formula


def _mean(
    a: Value,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: Value | None = None,
    keepdims: bool = False,
    *,
    where: Value | bool = True,
) -> Value:
    """Return the mean of what `where` chooses, in NumPy's words: ``sum(a) / n``."""
    a = _cast(a, dtype)
    n = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
    return np.sum(np.where(where, a, 0), axis=axis, keepdims=keepdims) / n.astype(a.dtype)


def _var(
    a: Value,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: Value | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Value | bool = True,
    mean: Any = None,
    correction: Any = None,
) -> Value:
    """Return the variance of what `where` chooses, ``sum((a - mean)**2) / (n - ddof)``."""
    a = _cast(a, dtype)
    n = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims).astype(a.dtype)
    middle = _mean(a, axis, keepdims=True, where=where) if mean is None else mean
    squares = np.square(np.where(where, a - middle, 0))
    lost = ddof if correction is None else correction
    return np.sum(squares, axis=axis, keepdims=keepdims) / np.maximum(n - lost, 0)


def _std(*args: Any, **kwargs: Any) -> Value:
    """Return the root of `_var`."""
    return np.sqrt(_var(*args, **kwargs))


_dispatch_forms(np.sum, reduce.sum_, _sum)
_dispatch_forms(np.prod, reduce.prod, _prod)
_dispatch_forms(np.mean, reduce.mean, _mean)
_dispatch_forms(np.max, reduce.max_, _extreme(np.max, np.maximum))
_dispatch_forms(np.min, reduce.min_, _extreme(np.min, np.minimum))
_dispatch_forms(np.var, reduce.var, _var, ddof=0)
_dispatch_forms(np.std, reduce.std, _std, ddof=0)
FUNCTIONS[np.amax], FUNCTIONS[np.amin] = FUNCTIONS[np.max], FUNCTIONS[np.min]


def _cumsum(a: Value, axis: Axis = None, dtype: DTypeLike | None = None) -> Value:
    a = _cast(a, dtype)
    return reduce.cumsum(np.ravel(a), axis=0) if axis is None else reduce.cumsum(a, axis=axis)


FUNCTIONS[np.cumsum] = _cumsum
