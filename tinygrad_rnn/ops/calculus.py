"""Differences, running sums and products, integrals, convolution and interpolation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.ops.composed import compose
from tinygrad_rnn.ops.recurrence import linear_recurrence
from tinygrad_rnn.ops.reduce import Axis
from tinygrad_rnn.ops.shape import moveaxis
from tinygrad_rnn.primitive import Primitive
from tinygrad_rnn.tensor import Value, value_of


def _diff(
    a: Value, n: int = 1, axis: int = -1, prepend: Value | None = None, append: Value | None = None
) -> Value:
    if n and (prepend is not None or append is not None):
        one = [1 if k == axis % a.ndim else length for k, length in enumerate(a.shape)]
        ends = [
            np.broadcast_to(x, one) if x is not None and np.ndim(x) == 0 else x
            for x in (prepend, append)
        ]
        a = np.concatenate([x for x in (ends[0], a, ends[1]) if x is not None], axis)
    before = (slice(None),) * (axis % a.ndim)
    for _ in range(n):
        a = a[(*before, slice(1, None))] - a[(*before, slice(None, -1))]
    return a


def _ediff1d(ary: Value, to_end: Value | None = None, to_begin: Value | None = None) -> Value:
    flat = np.ravel(ary)
    parts = [to_begin, flat[1:] - flat[:-1], to_end]
    return np.concatenate([np.ravel(x) for x in parts if x is not None])


def _trapezoid(y: Value, x: Value | None = None, dx: Any = 1.0, axis: int = -1) -> Value:
    y = moveaxis(y, axis, -1)
    if x is None:
        width = dx
    elif np.ndim(x) == 1:
        width = np.diff(x)
    else:
        width = np.diff(moveaxis(x, axis, -1), axis=-1)
    return np.sum(width * (y[..., 1:] + y[..., :-1]), axis=-1) / 2


def _gradient(
    f: Value, *varargs: object, axis: Any = None, edge_order: Literal[1, 2] = 1
) -> Value | list[Value]:
    """It is linear in f: the matrix of each axis is what NumPy makes of the unit arrays."""
    axes = range(f.ndim) if axis is None else np.ravel(axis).tolist()
    spacing = [value_of(v) for v in varargs] or [1.0]
    spacing = spacing * len(axes) if len(spacing) == 1 else spacing
    found = []
    for k, h in zip(axes, spacing, strict=True):
        unit: Any = np.eye(f.shape[k], dtype=f.dtype)
        matrix: Any = np.gradient(unit, h, axis=0, edge_order=edge_order)
        found.append(moveaxis(np.tensordot(matrix.astype(f.dtype), f, (1, k)), 0, k))
    return found if axis is None and len(found) > 1 else found[0] if np.ndim(axis) == 0 else found


def _convolve(a: Value, v: Value, mode: str = "full") -> Value:
    """Every element of v times a, each shifted by one more."""
    a, v = np.ravel(a), np.ravel(v)
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    m, n = a.shape[0], v.shape[0]
    padded = np.pad(a, n - 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, n)
    full = np.matmul(windows, np.flip(v))
    if mode == "full":
        return full
    if mode == "valid":
        return full[n - 1 : m]
    return full[(n - 1) // 2 : (n - 1) // 2 + m]


def _correlate(a: Value, v: Value, mode: str = "valid") -> Value:
    if np.shape(v)[0] > np.shape(a)[0]:  # NumPy exchanges them, and turns the result round
        return np.flip(_correlate(v, a, mode))
    return _convolve(a, np.flip(v), mode)


def _interp(
    x: Value,
    xp: Value,
    fp: Value,
    left: Value | None = None,
    right: Value | None = None,
    period: Any = None,
) -> Value:
    if period is not None:
        x, xp = value_of(x) % period + (x - value_of(x)), np.asarray(xp) % period
        order = np.argsort(xp)
        xp, fp = xp[order], (fp if hasattr(fp, "ndim") else np.asarray(fp))[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    xp, fp = np.asarray(xp), fp if hasattr(fp, "ndim") else np.asarray(fp)
    k = np.clip(np.searchsorted(xp, value_of(x), side="right") - 1, 0, len(xp) - 2)
    t = (x - xp[k]) / (xp[k + 1] - xp[k])
    inside = fp[k] + t * (fp[k + 1] - fp[k])
    low = fp[0] if left is None else left
    high = fp[-1] if right is None else right
    return np.where(value_of(x) < xp[0], low, np.where(value_of(x) > xp[-1], high, inside))


def _sinc(x: Value) -> Value:
    """Return sin(pi x) / (pi x), near 0 by its series, which has all derivatives there."""
    near = np.abs(value_of(x)) < 0.3
    u = np.square(np.pi * np.where(near, x, 0))
    series: Any = 1.0
    for k in range(20, 0, -2):  # 1 - u / (2 * 3) * (1 - u / (4 * 5) * (...))
        series = 1 - u * series / (k * (k + 1))
    z = np.pi * np.where(near, 1, x)
    return np.where(near, series, np.sin(z) / z)


def _product_before(y: Value) -> Value:
    """Return the product of all that stand before, along the first axis."""
    return np.concatenate([np.ones((1, *y.shape[1:]), y.dtype), y[:-1]])


def _cumprod_vjp(g: Value, y: Value, x: Value, axis: int) -> Value:
    """Return ``before[k] * (g[k] + x[k + 1] * (g[k + 1] + x[k + 2] * ...))``, zeros or not."""
    g, y, x = (moveaxis(v, axis, 0) for v in (g, y, x))
    factors = np.concatenate([x[:1], np.flip(x[1:], 0)])
    zeros = np.zeros(x.shape[1:], x.dtype)
    after = np.flip(linear_recurrence(factors, np.flip(g, 0), zeros), 0)
    return moveaxis(_product_before(y) * after, 0, axis)


def _cumprod_jvp(t: Value, y: Value, x: Value, axis: int) -> Value:
    t, y, x = (moveaxis(v, axis, 0) for v in (t, y, x))
    moved: Any = linear_recurrence(x, t * _product_before(y), np.zeros(x.shape[1:], x.dtype))
    return moveaxis(moved, 0, axis)


cumprod = Primitive(
    "cumprod",
    lambda x, axis: np.cumprod(x, axis),
    [_cumprod_vjp],
    [_cumprod_jvp],
    "x[0] * ... * x[k]",
    "a sum over later products, each without x[k]",
)


def _dispatch_cumprod(a: Value, axis: Axis = None, dtype: DTypeLike | None = None) -> Value:
    if dtype is not None:
        a = a.astype(dtype)
    return cumprod(np.ravel(a), axis=0) if axis is None else cumprod(a, axis=axis)


def _initial(x: Value, axis: int, value: float) -> Value:
    """Return one element more at the beginning of the axis, as ``include_initial`` asks for."""
    one = [1 if k == axis % x.ndim else n for k, n in enumerate(x.shape)]
    return np.concatenate([np.full(one, value, x.dtype), x], axis)


def _cumulative_sum(
    x: Value, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Value:
    out = np.cumsum(x, 0 if axis is None else axis, dtype)
    return _initial(out, axis or 0, 0) if include_initial else out


def _cumulative_prod(
    x: Value, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Value:
    out = np.cumprod(x, 0 if axis is None else axis, dtype)
    return _initial(out, axis or 0, 1) if include_initial else out


FUNCTIONS[np.cumprod] = _dispatch_cumprod
compose(np.sinc, _sinc, "sin(pi x) / (pi x)")
compose(np.diff, _diff, "x[k + 1] - x[k]")
compose(np.ediff1d, _ediff1d, "x[k + 1] - x[k]")
compose(np.trapezoid, _trapezoid, "sum(dx * (y[k] + y[k + 1]) / 2)")
compose(np.gradient, _gradient, "(f[k + 1] - f[k - 1]) / 2", fixed=("varargs",))
compose(np.convolve, _convolve, "sum of a[k] * v[n - k]")
compose(np.correlate, _correlate, "sum of a[n + k] * v[k]")
compose(np.interp, _interp, "fp[k] + t * (fp[k + 1] - fp[k])", fixed=("xp", "period"))
compose(np.unwrap, lambda p, **how: p + (np.unwrap(value_of(p), **how) - value_of(p)), "x + steps")
if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    compose(np.cumulative_sum, _cumulative_sum, "x[0] + ... + x[k]")
    compose(np.cumulative_prod, _cumulative_prod, "x[0] * ... * x[k]")
