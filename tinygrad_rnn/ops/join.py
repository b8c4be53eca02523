"""Putting tensors together, and taking them apart: each derivative does the other."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.graph import Array
from tinygrad_rnn.ops.composed import compose
from tinygrad_rnn.ops.index import scatter
from tinygrad_rnn.ops.shape import moveaxis
from tinygrad_rnn.primitive import Primitive, VariadicRule
from tinygrad_rnn.tensor import Tensor, Value, value_of


def _or_zeros(tangents: list[Value], xs: tuple[Value, ...]) -> list[Value]:
    """Return what each input moves by, zeros for those that do not."""
    dtype = next(t.dtype for t in tangents if t is not None)
    return [
        np.zeros(np.shape(x), dtype) if t is None else t for t, x in zip(tangents, xs, strict=True)
    ]


def _stack(*xs: Array, axis: int) -> Array:
    return np.stack(xs, axis)


def _stack_vjp(slot: int, g: Value, y: Value, xs: tuple[Value, ...], axis: int) -> Value:
    return g[(slice(None),) * (axis % y.ndim) + (slot,)]


def _stack_jvp(tangents: list[Value], y: Value, xs: tuple[Value, ...], axis: int) -> Value:
    return np.stack(_or_zeros(tangents, xs), axis)


stack = Primitive(
    "stack",
    _stack,
    VariadicRule(_stack_vjp),
    VariadicRule(together=_stack_jvp),
    "stack(xs)",
    "g[k]",
)


def _as(dtype: DTypeLike | None, arrays: Sequence[Value]) -> Sequence[Value]:
    if dtype is None:
        return arrays
    return [x.astype(dtype) if isinstance(x, Tensor) else np.asarray(x, dtype) for x in arrays]


def _dispatch_stack(
    arrays: Sequence[Value],
    axis: int = 0,
    *,
    dtype: DTypeLike | None = None,
    casting: str = "same_kind",
) -> Value:
    return stack(*_as(dtype, arrays), axis=operator.index(axis))


FUNCTIONS[np.stack] = _dispatch_stack


def _concatenate(*xs: Array, axis: int, starts: list[int]) -> Array:
    return np.concatenate(xs, axis)


def _concatenate_vjp(
    slot: int, g: Value, y: Value, xs: tuple[Value, ...], axis: int, starts: list[int]
) -> Value:
    if not starts:  # found once for all slots, or n of them would take n * n steps
        starts.extend(accumulate((np.shape(x)[axis] for x in xs), initial=0))
    part = slice(starts[slot], starts[slot + 1])
    return g[(slice(None),) * (axis % y.ndim) + (part,)]


def _concatenate_jvp(
    tangents: list[Value], y: Value, xs: tuple[Value, ...], axis: int, starts: list[int]
) -> Value:
    return np.concatenate(_or_zeros(tangents, xs), axis)


concatenate = Primitive(
    "concatenate",
    _concatenate,
    VariadicRule(_concatenate_vjp),
    VariadicRule(together=_concatenate_jvp),
    "concatenate(xs)",
    "g[from:to]",
)


def _dispatch_concatenate(
    arrays: Sequence[Value],
    axis: int | None = 0,
    *,
    dtype: DTypeLike | None = None,
    casting: str = "same_kind",
) -> Value:
    arrays = _as(dtype, arrays)
    if axis is None:
        arrays, axis = [np.ravel(x) for x in arrays], 0
    return concatenate(*arrays, axis=operator.index(axis), starts=[])


FUNCTIONS[np.concatenate] = _dispatch_concatenate


def _split(x: Value, sections: Any, axis: int = 0, split: Any = np.split) -> list[Value]:
    """Let NumPy split the positions along the axis, and read each part."""
    split(value_of(x), sections, axis)  # its views cost little, and its errors are the right ones
    before = (slice(None),) * (axis % x.ndim)
    parts = split(np.arange(x.shape[axis]), sections)
    return [
        x[(*before, slice(part[0], part[-1] + 1) if part.size else slice(0, 0))] for part in parts
    ]


FUNCTIONS[np.split] = lambda ary, indices_or_sections, axis=0: _split(
    ary, indices_or_sections, axis
)
FUNCTIONS[np.array_split] = lambda ary, indices_or_sections, axis=0: _split(
    ary, indices_or_sections, axis, np.array_split
)


def _side_by_side(x: Value) -> Value:
    """Return a vector as a column, as `column_stack` takes it."""
    return np.reshape(x, (-1, 1)) if np.ndim(x) < 2 else x


def _stacked(function: Function, form: Any, axis: Any) -> None:
    """Let tensors answer to a function that concatenates after giving its arrays axes."""

    def meaning(
        tup: Sequence[Value], *, dtype: DTypeLike | None = None, casting: str = "same_kind"
    ) -> Value:
        arrays = [form(x) for x in tup]
        where = axis if isinstance(axis, int) else axis(arrays)
        return np.concatenate(arrays, where, dtype=dtype)

    FUNCTIONS[function] = meaning


_stacked(np.vstack, np.atleast_2d, 0)
_stacked(np.hstack, np.atleast_1d, lambda arrays: 0 if arrays and arrays[0].ndim == 1 else 1)
_stacked(np.dstack, np.atleast_3d, 2)
_stacked(np.column_stack, _side_by_side, 1)


def _append(arr: Value, values: Value, axis: int | None = None) -> Value:
    if axis is None:
        arr, values, axis = np.ravel(arr), np.ravel(values), 0
    return np.concatenate([arr, values], axis)


def _block(arrays: Any) -> Value:
    """Join the innermost lists along the last axis, those around them along the one before."""

    def depth(x: Value) -> int:
        return 1 + depth(x[0]) if isinstance(x, list) else 0

    def most(x: Value) -> int:
        return max(map(most, x)) if isinstance(x, list) else int(np.ndim(x))

    ndim = max(most(arrays), depth(arrays))

    def joined(x: Value, axis: int) -> Value:
        if not isinstance(x, list):
            return np.reshape(x, (1,) * (ndim - np.ndim(x)) + np.shape(x))
        return np.concatenate([joined(part, axis + 1) for part in x], axis)

    return joined(arrays, -depth(arrays))


FUNCTIONS[np.append] = _append
compose(np.block, _block, "blocks side by side")


def _dispatch_splits(function: Function, axis_of: Any) -> None:
    """Let tensors answer to a function that splits along an axis of its own."""

    def meaning(ary: Value, indices_or_sections: Any) -> list[Value]:
        function(value_of(ary), indices_or_sections)  # for its errors
        return _split(ary, indices_or_sections, axis_of(ary))

    FUNCTIONS[function] = meaning


_dispatch_splits(np.hsplit, lambda x: 0 if x.ndim == 1 else 1)
_dispatch_splits(np.vsplit, lambda x: 0)
_dispatch_splits(np.dsplit, lambda x: 2)


def _unstack(x: Value, /, *, axis: int = 0) -> tuple[Value, ...]:
    return tuple(moveaxis(x, axis, 0))


if hasattr(np, "unstack"):  # since NumPy 2.1
    FUNCTIONS[np.unstack] = _unstack


def _pad(array: Value, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Value:
    x = array
    widths = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()
    if mode == "constant":
        inside = tuple([slice(low, low + n) for (low, _), n in zip(widths, x.shape, strict=True)])
        shape = tuple([low + n + high for (low, high), n in zip(widths, x.shape, strict=True)])
        out = scatter(x, index=inside, shape=shape)
        if np.any(constant_values):
            zeros = np.zeros(x.shape, x.dtype)
            out = out + np.pad(zeros, widths, constant_values=constant_values)
        return out
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise NotDifferentiableError(
            f"np.pad(..., mode={mode!r}) is not differentiated here: "
            "use constant, edge, reflect, symmetric or wrap"
        )
    for axis, width in enumerate(widths):
        x = np.take(x, np.pad(np.arange(x.shape[axis]), width, mode=mode), axis)  # type: ignore[call-overload]  # mode: one of the above
    return x


FUNCTIONS[np.pad] = _pad
