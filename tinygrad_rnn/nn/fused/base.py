"""The base of all fused cells: the residuals that are kept, and the products over all steps."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import repeat
from typing import Any

import numpy as np

from tinygrad_rnn.buffers import pool
from tinygrad_rnn.nn.sequence_op import SequenceFunction
from tinygrad_rnn.tensor import Array

CACHE = 32_768  # elements: slopes are prepared for as many steps at a time as this holds
COMPILED_DTYPES = np.float32, np.float64
# A slope above this has half of the dtype's digits left when it is taken from a rounded y.
LEAST_SLOPE = {
    np.dtype(kind): float(np.sqrt(np.finfo(kind).eps))
    for kind in (np.float16, np.float32, np.float64, np.longdouble)
}


class FusedFunction(SequenceFunction):
    """What the forward pass of a fused run keeps for its backward pass.

    Args:
        cell: the cell that is run.
        mask: shape (T, B), which sequences still go on; None for all.
    """

    def __init__(self, cell: Any, mask: Array | None) -> None:
        super().__init__()
        self.cell = cell
        self.padding: list[Array | None] | None = None
        if mask is not None and not mask.all():
            self.padding = [None if here.all() else ~here[:, None] for here in mask]

    def compiled(self, *arrays: Array) -> Any:
        """Return the module of compiled loops where it is installed and applies, else None.

        Args:
            arrays: one of each dtype that the loops are to work on, as the weights may have another
                than the states.
        """
        if self.padding is not None or any(x.dtype not in COMPILED_DTYPES for x in arrays):
            return None
        return compiled_loops()

    def project(
        self, x: Array, weight: Array, bias: list[Array], half: Array
    ) -> tuple[Array, Array]:
        """Return ``half * (W x_t + b)`` for all steps, and x with a column of ones for b.

        Args:
            x: shape (T, B, I).
            weight: W, shape (G*H, I).
            bias: b, shape (G*H,), or nothing.
            half: for each gate what its pre-activation is multiplied with, shape (G, 1, 1).

        Returns:
            Shapes (G, T, B, H), each gate in one piece, and (T, B, I + 1), or x if there is no b.
        """
        if bias:  # a weight like others, of an input that is always 1
            x, weight = with_column(x, 1, x.dtype), with_column(weight, bias[0], x.dtype)
        return projection(x, across(weight, half)), x

    def pre_activations(self, x: Array, weight: Array, bias: list[Array], gates: int) -> Array:
        """Return ``W x_t + b`` for all steps anew, from x as `project` returned it."""
        if bias:
            weight = with_column(weight, bias[0], x.dtype)
        return projection(x, across(weight, np.ones((gates, 1, 1), weight.dtype)))

    def steps(self, *arrays: Array) -> Iterator[Any]:
        """Walk forwards: where padding is at each step, None if nowhere, then a slice of each."""
        return zip(repeat(None) if self.padding is None else self.padding, *arrays, strict=False)

    def back(self, span: slice, *arrays: Array) -> Iterator[Any]:
        """Walk backwards through `span`, likewise."""
        padding = repeat(None) if self.padding is None else self.padding[span][::-1]
        return zip(padding, *[array[span][::-1] for array in arrays], strict=False)

    def input_gradient(self, da: Array, weight: Array) -> Array | None:
        """Return dL/dx for all steps, as one product."""
        if 0 not in self.wanted:
            return None
        return np.asarray(np.matmul(as_rows(da), weight).reshape(*da.shape[:2], weight.shape[1]))


@cache
def compiled_loops() -> Any:
    """Return the module of compiled loops, or None where Numba is not installed.

    Warns:
        RuntimeWarning: if it is installed, but cannot be used.
    """
    try:
        return import_module("tinygrad_rnn.nn.fused.compiled")
    except ModuleNotFoundError as error:
        if error.name == "numba":
            return None
        reason: Exception = error
    except Exception as error:  # a Numba for another NumPy or Python raises what it happens to meet
        reason = error
    warnings.warn(
        f"fused runs take NumPy's loops, since Numba is installed but cannot be used "
        f"({type(reason).__name__}: {reason}): install it anew, or uninstall it",
        RuntimeWarning,
        stacklevel=2,
    )
    return None


def saturated(values: Array, kinds: str, loops: Any = None) -> bool:
    """Return whether a slope, taken from such a y, would lose more than half of its digits.

    Args:
        values: y of each gate, shape (G, ...).
        kinds: a letter for each gate: s for a sigmoid, with slope ``y * (1 - y)``, or t for a
            hyperbolic tangent, with ``1 - y * y``.
        loops: the module of compiled loops, where it applies.

    >>> saturated(np.tanh([[0.0, 9.0]]), "t"), saturated(np.tanh([[12.0]]), "t")
    (False, True)
    """
    if not values.size:
        return False
    least, flat = LEAST_SLOPE[values.dtype], values.reshape(len(values), -1)
    lows = tuple(least - (kind == "t") for kind in kinds)
    if loops:
        return bool(loops.any_beyond(flat, lows, 1 - least))
    return bool(flat.max() > 1 - least or (flat.min(axis=1) < lows).any())


def projection(x: Array, gates: Array) -> Array:
    """Return ``x_t @ gates[k]`` for all steps and gates.

    Args:
        x: shape (T, B, J).
        gates: shape (G, J, H).

    Returns:
        Shape (G, T, B, H), each gate in one piece.
    """
    out = pool.empty((len(gates), *x.shape[:2], gates.shape[2]), x.dtype)
    np.matmul(as_rows(x), gates, out=out.reshape(len(gates), -1, gates.shape[2]))
    return out


def with_column(array: Array, column: Any, dtype: Any) -> Array:
    """Return an array with a column more at the end of its last axis."""
    out = pool.empty((*array.shape[:-1], array.shape[-1] + 1), dtype)
    out[..., :-1], out[..., -1] = array, column
    return out


def across(weight: Array, half: Array) -> Array:
    """Return the transposes of a weight's gates, each multiplied with its part of `half`.

    Args:
        weight: shape (G*H, J).
        half: shape (G, 1, 1).

    Returns:
        Shape (G, J, H), to multiply from the left.
    """
    gates = weight.reshape(len(half), -1, weight.shape[1]).swapaxes(1, 2)
    return np.multiply(gates, half, out=pool.empty(gates.shape, weight.dtype))


def weight_gradients(da: Array, x: Array, bias: list[Array]) -> list[Array]:
    """Return dL/dW, then dL/db if there is one, where x is as `project` returned it."""
    both = outer(da, x)
    return [both[:, :-1], both[:, -1]] if bias else [both]


def as_rows(array: Array) -> Array:
    """Return all steps of all sequences as the rows of one matrix."""
    return array.reshape(-1, array.shape[-1])


def outer(da: Array, inputs: Array) -> Array:
    """Return the sum over steps and batch of da_t inputs_t^T, as one product."""
    left, right = as_rows(da).T, as_rows(inputs)
    return np.matmul(left, right, out=pool.empty((len(left), right.shape[1]), da.dtype))


def buffer(steps: int, first: Array, dtype: Any) -> Array:
    """Return room for the states 0 .. T, of which number 0 is filled in."""
    out = pool.empty((steps + 1, *first.shape), dtype)
    out[0] = first
    return out


def spans(gates: Array, count: int) -> Iterator[tuple[slice, Array]]:
    """Cut the steps into spans that fit the cache, last span first.

    Args:
        gates: shape (G, T, B, H).
        count: how many arrays of a span's (S, B, H) are needed.

    Yields:
        Each span, and room of shape (count, S, B, H), the same for all.
    """
    _, steps, *shape = gates.shape
    size = max(1, CACHE // max(1, gates[:, 0].size))
    room = np.empty((count, min(size, steps), *shape), gates.dtype)
    for stop in range(steps, 0, -size):
        start = max(0, stop - size)
        yield slice(start, stop), room[:, : stop - start]


def set_aside(padding: Array | None, d: Array) -> Any:
    """Take from d what goes past the step, since the sequence is over; return it."""
    if padding is None:
        return 0.0
    past = np.where(padding, d, 0)
    np.copyto(d, 0, where=padding)
    return past
