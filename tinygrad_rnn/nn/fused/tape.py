"""What all fused cells share: the tape that is kept, and the products over all steps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import repeat
from typing import Any

import numpy as np

from tinygrad_rnn.nn.fused.room import store
from tinygrad_rnn.nn.tape import Tape
from tinygrad_rnn.tensor import Array

CACHE = 32_768  # elements: slopes are prepared for as many steps at a time as this holds


class FusedTape(Tape):
    """What the forward pass of a fused run keeps for its backward pass.

    Args:
        cell: the cell that is run.
        alive: shape (T, B), which sequences still go on; None for all.
    """

    def __init__(self, cell: Any, alive: Array | None) -> None:
        super().__init__()
        self.cell = cell
        self.dead: list[Array | None] | None = None
        if alive is not None and not alive.all():
            self.dead = [None if here.all() else ~here[:, None] for here in alive]

    def compiled(self, dtype: Any) -> Any:
        """Return the module of compiled loops where it is installed and applies, else None."""
        if self.dead is not None or dtype not in (np.float32, np.float64):
            return None
        return compiled_loops()

    def project(self, x: Array, weight: Array, *bias: Array) -> Array:
        """Return ``W x_t + b`` for all steps, as one product: (T, B, G*H)."""
        out = store.empty((*x.shape[:2], len(weight)), np.result_type(x, weight))
        np.matmul(rows(x), weight.T, out=rows(out))
        for b in bias:
            out += b
        return out

    def steps(self, *arrays: Array) -> Iterator[Any]:
        """Walk forwards: what is dead at each step, None if nothing is, then a slice of each."""
        return zip(repeat(None) if self.dead is None else self.dead, *arrays, strict=False)

    def back(self, span: slice, *arrays: Array) -> Iterator[Any]:
        """Walk backwards through `span`, likewise."""
        dead = repeat(None) if self.dead is None else self.dead[span][::-1]
        return zip(dead, *[array[span][::-1] for array in arrays], strict=False)

    def input_gradient(self, da: Array, x: Array, weight: Array) -> Array | None:
        """Return dL/dx for all steps, as one product."""
        return np.matmul(rows(da), weight).reshape(x.shape) if 0 in self.wanted else None


@cache
def compiled_loops() -> Any:
    """Return the module of compiled loops, or None where Numba is not installed."""
    try:
        return import_module("tinygrad_rnn.nn.fused.compiled")
    except ImportError:
        return None


def rows(array: Array) -> Array:
    """Return all steps of all sequences as the rows of one matrix."""
    return array.reshape(-1, array.shape[-1])


def outer(da: Array, inputs: Array) -> Array:
    """Return the sum over steps and batch of da_t inputs_t^T, as one product."""
    return np.asarray(np.matmul(rows(da).T, rows(inputs)))


def buffer(steps: int, first: Array, dtype: Any) -> Array:
    """Return room for the states 0 .. T, of which number 0 is filled in."""
    out = store.empty((steps + 1, *first.shape), dtype)
    out[0] = first
    return out


def spans(a: Array) -> Iterator[slice]:
    """Cut the steps into spans that fit the cache, last span first."""
    size = max(1, CACHE // max(1, a[0].size))
    for stop in range(len(a), 0, -size):
        yield slice(max(0, stop - size), stop)


def set_aside(dead: Array | None, d: Array) -> Any:
    """Take from d what goes past the step, since the sequence is over; return it."""
    if dead is None:
        return 0.0
    past = np.where(dead, d, 0)
    np.copyto(d, 0, where=dead)
    return past
