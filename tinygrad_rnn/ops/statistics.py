"""Averages, quantiles, and what leaves NaN out."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.graph import Array
from tinygrad_rnn.ops.composed import compose
from tinygrad_rnn.ops.reduce import Axis, count, folded
from tinygrad_rnn.tensor import Value, value_of


def _average(
    a: Value,
    axis: Axis = None,
    weights: Value | None = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Value | tuple[Value, Value]:
    if weights is None:
        mean = np.mean(a, axis, keepdims=keepdims)
        total: Any = np.full(mean.shape, count(a.shape, axis), mean.dtype)
    else:
        if np.shape(weights) != a.shape:  # of the axes that are folded
            axes = folded(a.shape, axis)
            weights = np.transpose(weights, np.argsort(axes)) if len(axes) > 1 else weights
            weights = np.expand_dims(weights, [k for k in range(a.ndim) if k not in axes])
        total = np.sum(np.broadcast_to(weights, a.shape), axis, keepdims=keepdims)
        mean = np.sum(a * weights, axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


def _ptp(a: Value, axis: Axis = None, out: Value | None = None, keepdims: bool = False) -> Value:
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


def _without_nan(function: Function, filling: float) -> Function:
    """Return the formula of a function that leaves NaN out: NaN becomes what changes nothing."""

    def formula(a: Value, *args: object, **kwargs: object) -> Value:
        return function(np.where(np.isnan(a), filling, a), *args, **kwargs)

    return formula


def _where_no_nan(formula: Function) -> Function:
    """Return the formula of a function that takes `where`: for all but the NaN."""

    def without(a: Value, *args: object, **kwargs: object) -> Value:
        return formula(a, *args, where=~np.isnan(a), **kwargs)

    return without


def _as_rows(x: Value, rowvar: bool) -> Value:
    return np.atleast_2d(x) if rowvar or np.ndim(x) < 2 else np.transpose(x)


def _cov(
    m: Value, y: Value | None = None, rowvar: bool = True, bias: bool = False, ddof: Any = None
) -> Value:
    x = np.concatenate([_as_rows(x, rowvar) for x in (m, y) if x is not None])
    deviation = x - np.mean(x, axis=1, keepdims=True)
    lost = (0 if bias else 1) if ddof is None else ddof
    return np.squeeze(np.matmul(deviation, deviation.T) / (x.shape[1] - lost))


def _corrcoef(x: Value, y: Value | None = None, rowvar: bool = True) -> Value:
    c = _cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    d = np.sqrt(np.diagonal(c))
    return c / np.expand_dims(d, 1) / d


def _weights(q: ArrayLike, n: int, dtype: DTypeLike) -> Array:
    """Return how much of each of n sorted elements is in each quantile, (..., n), interpolated."""
    at = np.asarray(q) * (n - 1)
    low = np.clip(np.floor(at).astype(int), 0, n - 1)
    high = np.minimum(low + 1, n - 1)
    share = np.asarray(at - low)[..., None]
    one = np.eye(n)
    return np.asarray((1 - share) * one[low] + share * one[high], dtype)


def _quantile_formula(a: Value, q: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Value:
    axes = folded(a.shape, axis)
    kept = [k for k in range(a.ndim) if k not in axes]
    flat = np.reshape(np.transpose(a, [*kept, *axes]), (*[a.shape[k] for k in kept], -1))
    order = np.argsort(value_of(flat), axis=-1, kind="stable")
    values = np.take_along_axis(flat, order, axis=-1)
    out = np.tensordot(_weights(q, flat.shape[-1], a.dtype), values, (-1, -1))
    return np.expand_dims(out, [np.ndim(q) + k for k in axes]) if keepdims else out


def _quantile(
    a: Value, q: Value, axis: Axis = None, *others: object, keepdims: bool = False, **named: object
) -> Value:
    return _quantile_formula(a, q, axis, bool(others[3]) if len(others) > 3 else keepdims)


def _percentile(a: Value, q: Array, *args: Any, **kwargs: Any) -> Value:
    return _quantile(a, np.asarray(q) / 100, *args, **kwargs)


def _interpolated(function: Function, formula: Function) -> None:
    """Compose a function that is differentiated in its usual form only."""
    compose(function, formula, "between two of sorted x", fixed=("q",))
    usual, signature = FUNCTIONS[function], inspect.signature(function)

    def meaning(*args: object, **kwargs: object) -> Value:
        given = signature.bind(*args, **kwargs).arguments
        if given.get("method", "linear") != "linear" or given.get("weights") is not None:
            raise NotDifferentiableError(
                f"np.{function.__name__} is differentiated with method='linear', unweighted"
            )
        return usual(*args, **kwargs)

    FUNCTIONS[function] = meaning


def _median(
    a: Value,
    axis: Axis = None,
    out: Value | None = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Value:
    return _quantile_formula(a, 0.5, axis, keepdims)


def _nan_to_num(x: Value, *others: object, **named: object) -> Value:
    return np.where(np.isfinite(x), x, 0)


compose(np.average, _average, "sum(w * x) / sum(w)")
compose(np.ptp, _ptp, "max(x) - min(x)")
compose(np.nansum, _without_nan(np.sum, 0.0), "sum(x), without NaN")
compose(np.nanprod, _without_nan(np.prod, 1.0), "product(x), without NaN")
compose(np.nancumsum, _without_nan(np.cumsum, 0.0), "x[0] + ... + x[k], without NaN")
compose(np.nancumprod, _without_nan(np.cumprod, 1.0), "x[0] * ... * x[k], without NaN")
compose(np.nanmax, _without_nan(np.max, -np.inf), "max(x), without NaN")
compose(np.nanmin, _without_nan(np.min, np.inf), "min(x), without NaN")
compose(np.nanmean, _where_no_nan(np.mean), "mean(x), without NaN")
compose(np.nanvar, _where_no_nan(np.var), "var(x), without NaN")
compose(np.nanstd, _where_no_nan(np.std), "std(x), without NaN")
compose(np.cov, _cov, "mean of products of deviations")
compose(np.corrcoef, _corrcoef, "cov(x) over the standard deviations")
compose(np.median, _median, "the middle of sorted x")
_interpolated(np.quantile, _quantile)
_interpolated(np.percentile, _percentile)
compose(np.nan_to_num, _nan_to_num, "x where it is finite")
