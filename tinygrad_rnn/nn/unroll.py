"""Unrolling: call a cell once per time step. The graph that this records *is* the unrolled network,
and the reverse sweep over it *is* backpropagation through time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.flow import state_parts
from tinygrad_rnn.nn.cells import Cell
from tinygrad_rnn.scope import scope
from tinygrad_rnn.tensor import Tensor


@dataclass(frozen=True)
class Run:
    """What unrolling a cell gave."""

    states: list[Any]  # one per step, as the cell returned it

    @property
    def final(self) -> Any:
        """The state after the last step."""
        return self.states[-1]

    @cached_property
    def outputs(self) -> Tensor:
        """The hidden states of all steps, stacked to (T, B, H) when first asked for."""
        return np.stack([next(iter(state_parts(state).values())) for state in self.states])  # type: ignore[return-value,call-overload,no-any-return,unused-ignore]  # dispatched to Tensor


def unroll(cell: Cell, inputs: Any, state: Any = None) -> Run:
    """Call ``state = cell(x_t, state)`` for every step and return all states.

    Args:
        cell: an RNNCell, LSTMCell, GRUCell, or a `Cell` of one's own.
        inputs: shape (T, B, I), T at least 1: an array, or a tensor if its gradient is wanted.
        state: the state before the first step; the cell's `initial_state` by default.

    Raises:
        ShapeError: if `inputs` is not (T, B, I) with the cell's I.

    >>> from tinygrad_rnn.nn.cells import GRUCell
    >>> run = unroll(GRUCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> run.outputs.shape, run.final.shape
    ((5, 1, 3), (1, 3))
    """
    shape = np.shape(inputs)
    if len(shape) != 3 or shape[0] < 1:
        raise ShapeError(f"unroll: inputs of shape {shape} are not (steps, batch, features)")
    expected = getattr(cell, "input_size", shape[2])
    if shape[2] != expected:
        raise ShapeError(
            f"unroll: inputs of shape {shape} have {shape[2]} features where the cell expects "
            f"{expected}"
        )
    if state is None:
        state = cell.initial_state(shape[1])
    for part, tensor in state_parts(state).items():
        if tensor.name is None:
            tensor.name = f"{part}_0"
    if not isinstance(inputs, Tensor):
        inputs = Tensor(inputs)
    states = []
    for t in range(shape[0]):
        with scope("t", t):
            x = inputs[t]
            x.name = "x"
            state = cell(x, state)
            for part, tensor in state_parts(state).items():
                tensor.name = part
        states.append(state)
    return Run(states)
