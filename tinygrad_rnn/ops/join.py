"""Putting tensors together, and taking them apart: each derivative does the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.graph import Array
from tinygrad_rnn.ops.index import scatter
from tinygrad_rnn.primitive import Primitive, VariadicRule


def _alone(slot: int, t: Any, xs: tuple[Any, ...]) -> list[Any]:
    """Return t in its slot, and zeros in all others."""
    return [t if k == slot else np.zeros(np.shape(x), t.dtype) for k, x in enumerate(xs)]


def _stack(*xs: Array, axis: int) -> Array:
    return np.stack(xs, axis)


def _stack_vjp(slot: int, g: Any, y: Any, xs: tuple[Any, ...], axis: int) -> Any:
    return g[(slice(None),) * (axis % y.ndim) + (slot,)]


def _stack_jvp(slot: int, t: Any, y: Any, xs: tuple[Any, ...], axis: int) -> Any:
    return np.stack(_alone(slot, t, xs), axis)


stack = Primitive(
    "stack", _stack, VariadicRule(_stack_vjp), VariadicRule(_stack_jvp), "stack(xs)", "g[k]"
)
FUNCTIONS[np.stack] = lambda arrays, axis=0: stack(*arrays, axis=axis)


def _concatenate(*xs: Array, axis: int) -> Array:
    return np.concatenate(xs, axis)


def _concatenate_vjp(slot: int, g: Any, y: Any, xs: tuple[Any, ...], axis: int) -> Any:
    start = sum(np.shape(x)[axis] for x in xs[:slot])
    part = slice(start, start + xs[slot].shape[axis])
    return g[(slice(None),) * (axis % y.ndim) + (part,)]


def _concatenate_jvp(slot: int, t: Any, y: Any, xs: tuple[Any, ...], axis: int) -> Any:
    return np.concatenate(_alone(slot, t, xs), axis)


concatenate = Primitive(
    "concatenate",
    _concatenate,
    VariadicRule(_concatenate_vjp),
    VariadicRule(_concatenate_jvp),
    "concatenate(xs)",
    "g[from:to]",
)
FUNCTIONS[np.concatenate] = lambda arrays, axis=0: (
    concatenate(*[np.ravel(x) for x in arrays], axis=0)
    if axis is None
    else concatenate(*arrays, axis=axis)
)

FUNCTIONS[np.vstack] = lambda arrays: np.concatenate(
    [x if np.ndim(x) > 1 else np.reshape(x, (1, -1)) for x in arrays]
)
FUNCTIONS[np.hstack] = lambda arrays: np.concatenate(
    [x if np.ndim(x) > 0 else np.reshape(x, -1) for x in arrays],
    axis=0 if np.ndim(arrays[0]) < 2 else 1,
)


def _split(x: Any, sections: Any, axis: int = 0, split: Any = np.split) -> list[Any]:
    """Let NumPy split the positions along the axis, and read each part."""
    before = (slice(None),) * (axis % x.ndim)
    parts = split(np.arange(x.shape[axis]), sections)
    return [
        x[(*before, slice(part[0], part[-1] + 1) if part.size else slice(0, 0))] for part in parts
    ]


FUNCTIONS[np.split] = lambda x, sections, axis=0: _split(x, sections, axis)
FUNCTIONS[np.array_split] = lambda x, sections, axis=0: _split(x, sections, axis, np.array_split)


def _diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    before = (slice(None),) * (axis % x.ndim)
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


FUNCTIONS[np.diff] = _diff


def _pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
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
