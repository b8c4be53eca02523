"""Checks of what is to be unrolled: each refusal says how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.nn.base import Cell
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.tensor import Array, Tensor


def check_cell(cell: Any) -> None:
    """Refuse what is no cell, and say how it becomes one."""
    if isinstance(cell, Cell):
        return
    if isinstance(cell, type):
        remedy = f"make one first, {cell.__name__}(...)"
    elif isinstance(cell, Module):
        remedy = "layers are called with the whole sequence, layers(inputs)"
    elif hasattr(cell, "state_dict"):
        remedy = "a PyTorch module becomes one, or layers, by tinygrad_rnn.from_torch(module)"
    else:
        remedy = "it is a subclass of Cell with initial_state(batch) and __call__(x, state)"
    raise TypeError(f"unroll: {described(cell)} is not a cell: {remedy}")


def check_state(cell: Cell, method: str, state: Any, like: Any) -> None:
    """Refuse what is not made of tensors as a state is, such as a pair of output and state."""
    parts = state if isinstance(state, tuple) else (state,)
    if not (
        all(isinstance(part, Tensor) for part in parts)
        and isinstance(state, tuple) == isinstance(like, tuple)
        and (not isinstance(state, tuple) or len(state) == len(like))
    ):
        raise TypeError(
            f"{type(cell).__name__}.{method} returned {described(state)}: it returns the state "
            "alone, a Tensor or a tuple of them, and the same at every step"
        )


def described(value: Any) -> str:
    """Return what a message calls a value: ``LSTMState (Tensor, Tensor)``."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    if isinstance(value, tuple):
        return f"{name} ({', '.join(type(part).__name__ for part in value)})"
    return name


def inputs_as_array(inputs: Any) -> Array:
    """Return what another library calls an array as one, unless that would lose a gradient."""
    if getattr(inputs, "requires_grad", False):
        raise TypeError(
            f"unroll: a {type(inputs).__name__} that requires a gradient would lose it here: give "
            "tr.Tensor(x.detach().numpy(), requires_grad=True), or x.detach()"
        )
    return np.asarray(inputs)


def steps_as_arrays(inputs: Sequence[Any]) -> Any:
    """Return a list of steps as one array, or as a list where tensors are among them."""
    steps = [x if isinstance(x, Tensor) else inputs_as_array(x) for x in inputs]
    return steps if any(isinstance(x, Tensor) for x in steps) else np.asarray(steps)


def check_inputs(cell: Cell, inputs: Any) -> tuple[int, int]:
    """Return the number of steps and the size of the batch."""
    listed = isinstance(inputs, Sequence) and len(inputs) > 0 and isinstance(inputs[0], Tensor)
    try:
        shape = (len(inputs), *inputs[0].shape) if listed else np.shape(inputs)
    except ValueError as error:
        raise ShapeError(
            "unroll: the inputs are of unequal length: fill them up to one, (steps, batch, "
            "features), and say how long each is with lengths="
        ) from error
    if len(shape) != 3 or shape[0] < 1:
        remedy = ": one sequence alone is inputs[:, np.newaxis]" if len(shape) == 2 else ""
        raise ShapeError(
            f"unroll: inputs of shape {shape} are not (steps, batch, features){remedy}"
        )
    expected = getattr(cell, "input_size", shape[2])
    if shape[2] != expected:
        raise ShapeError(
            f"unroll: inputs of shape {shape} have {shape[2]} features where the cell expects "
            f"{expected}: they are (steps, batch, features)"
        )
    return shape[0], shape[1]
