"""Unrolling: call a cell once per time step. The graph that this records *is* the unrolled network,
and the reverse sweep over it *is* backpropagation through time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.memory import collector_paused
from tinygrad_rnn.nn.base import Cell, mark_call, prepared
from tinygrad_rnn.nn.cells import LSTMState
from tinygrad_rnn.nn.checks import (
    check_cell,
    check_inputs,
    check_state,
    described,
    inputs_as_array,
    steps_as_arrays,
)
from tinygrad_rnn.nn.run import OpaqueRun, Run
from tinygrad_rnn.ops.cut import stop_gradient
from tinygrad_rnn.scope import Call, Scope, no_grad, scope
from tinygrad_rnn.state import flatten, tree_map, unflatten
from tinygrad_rnn.tensor import Array, Tensor, as_constant


def unroll(
    cell: Cell,
    inputs: Any,
    state: Any = None,
    lengths: ArrayLike | None = None,
    reverse: bool = False,
    truncate: int | None = None,
    checkpoint: int | None = None,
    engine: str = "graph",
) -> Run:
    """Call ``state = cell(x_t, state)`` for every step and return all states.

    Args:
        cell: an RNNCell, LSTMCell, GRUCell, or a `Cell` of one's own.
        inputs: shape (T, B, I), T at least 1: an array, or a tensor if its gradient is wanted; or
            a list of T steps, each (B, I). Nothing tells (B, T, I), PyTorch's `batch_first`, from
            it but a `state` or `lengths` of another batch: swap the axes of such an array.
        state: the state before the first step; the cell's `initial_state` by default.
        lengths: B integers from 0 to T. After its last step a sequence keeps its state, so the
            outputs there repeat it; what lies in its padding counts for nothing and gets a
            gradient of exactly zero.
        reverse: go from the last step to the first. A padded sequence starts at its own last step.
        truncate: after every so many steps, cut the graph: the state goes on, but no gradient
            comes back (a window that slides has `truncated_bptt`). The cut is recorded as a
            primitive named ``"cut"``.
        checkpoint: keep the states alone, and record so many steps at a time anew when they are
            swept; with sqrt(T) of them, the memory for the graph grows as sqrt(T) (Chen et al.
            2016). The cell must give the same a second time, so it has no dropout.
        engine: ``"graph"`` records every operation. ``"fused"`` computes a whole run of an
            RNNCell, LSTMCell or GRUCell as one primitive with a hand-derived derivative: the same
            numbers, much faster, but with nothing inside to look at.

    Returns:
        A `Run`: its `outputs` (T, B, H), its T `states`, and the `final` one.

    Raises:
        ShapeError: if `inputs`, `state` or `lengths` have other shapes.
        ValueError: if a length is not in 0 .. T, `truncate` or `checkpoint` is below 1 or both are
            given, or there is no such engine.
        TypeError: if `cell` is no cell, or returns no state.
        NotDifferentiableError: if the cell has no fused form; in a sweep that asks for second
            derivatives, if the run was fused or checkpointed.
        GradientError: in the sweep of a checkpointed run, if the cell gave something else.
        StaleValueError: likewise, if a parameter has been moved before the sweep.

    >>> from tinygrad_rnn.nn.cells import GRUCell
    >>> run = unroll(GRUCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> run.outputs.shape, len(run.states), run.final.shape
    ((5, 1, 3), 5, (1, 3))
    """
    check_cell(cell)
    if not isinstance(inputs, Tensor | Sequence):
        inputs = inputs_as_array(inputs)
    steps, batch = check_inputs(cell, inputs)
    if isinstance(inputs, Sequence):
        inputs = steps_as_arrays(inputs)
    for name, size in (("truncate", truncate), ("checkpoint", checkpoint)):
        if size is not None and not (isinstance(size, int | np.integer) and size >= 1):
            raise ValueError(f"unroll: {name} = {size} is not a whole number of at least 1")
    if truncate is not None and checkpoint is not None:
        raise ValueError("unroll: truncate or checkpoint, not both")
    if engine not in ENGINES:
        raise ValueError(f"unroll: engine {engine!r} is none of {', '.join(ENGINES)}")
    mask = None if lengths is None else _mask(lengths, steps, batch)
    if mask is not None and not mask.all():
        inputs = _without_padding(inputs, mask)
    state = starting_state(cell, state, batch)
    if checkpoint is None:
        return ENGINES[engine](cell, inputs, state, mask, reverse, truncate)

    def segment(inputs: Any, state: Any, mask: Array | None) -> Run:
        return ENGINES[engine](cell, inputs, state, mask, reverse, None)

    if isinstance(inputs, Sequence):
        inputs = np.stack(inputs)
    from tinygrad_rnn.nn.checkpoint import checkpointed  # needed by those alone who ask for it

    return checkpointed(cell, segment, inputs, state, mask, reverse, checkpoint)


@collector_paused()
def _unroll_graph(
    cell: Cell, inputs: Any, state: Any, mask: Array | None, reverse: bool, truncate: int | None
) -> Run:
    if isinstance(inputs, np.ndarray):
        inputs = Tensor(inputs)
    constant = isinstance(inputs, Tensor) and not inputs.requires_grad
    states: list[Any] = [None] * len(inputs)
    times = range(len(inputs))
    chain, kind, call_cell = object(), type(cell).__name__, prepared(cell)
    taken, step_scope = flatten(state), scope("t")  # one block, entered anew at each step
    for step, t in enumerate(reversed(times) if reverse else times):
        call = Call(chain, kind, reverse=reverse)
        step_scope.entry = Scope("t", t, call)
        with step_scope:
            if truncate is not None and step and step % truncate == 0:
                state = tree_map(stop_gradient, state)
                taken = flatten(state)
            x = as_constant(inputs._array[t], "x") if constant else _with_name(inputs[t])
            after = call_cell(x, state)
            if step == 0:
                check_state(cell, "__call__", after, state)
            if mask is not None and not mask[t].all():
                call.made = tuple([part.index for part in flatten(after).values()])
                after = tree_map(lambda new, old, here=mask[t]: _keep(here, new, old), after, state)
            given = flatten(after)
            for part, tensor in given.items():
                tensor.name = part
            mark_call(call, x, taken, given)
            state = states[t] = after
            taken = given
    return Run(states, state)


def _with_name(x: Any) -> Any:
    if isinstance(x, Tensor) and x.name is None:
        x.name = "x"
    return x


class FusedRun(OpaqueRun):
    """A run as one primitive.

    Args:
        y: the states of all steps, (T, B, H), or (2, T, B, H) with h and c.
        reverse: whether the last step taken is the first in time.
    """

    def __init__(self, y: Tensor, reverse: bool = False) -> None:
        super().__init__(y.shape[-3], reverse)
        self.y = y

    def _state(self, t: int) -> Any:
        return self.y[t] if self.y.ndim == 3 else LSTMState(self.y[0, t], self.y[1, t])

    @cached_property
    def outputs(self) -> Tensor:
        """The hidden states of all steps, (T, B, H)."""
        return self.y if self.y.ndim == 3 else self.y[0]


def _unroll_fused(
    cell: Cell, inputs: Any, state: Any, mask: Array | None, reverse: bool, truncate: int | None
) -> Run:
    from tinygrad_rnn.nn.fused import fused_run  # needed by those alone who ask for it

    if isinstance(inputs, Sequence):
        inputs = np.stack(inputs)
    if reverse:
        inputs = inputs[::-1]
        mask = None if mask is None else mask[::-1]
    y: Any
    if truncate is None:
        y = fused_run(cell, inputs, state, mask)
    else:
        pieces: list[Any] = []
        for start in range(0, len(inputs), truncate):
            if pieces:
                state = tree_map(stop_gradient, FusedRun(pieces[-1]).final)
            piece = slice(start, start + truncate)
            here = None if mask is None else mask[piece]
            pieces.append(fused_run(cell, inputs[piece], state, here))
        y = np.concatenate(pieces, axis=-3)
    return FusedRun(y[..., ::-1, :, :] if reverse else y, reverse)


ENGINES = {"graph": _unroll_graph, "fused": _unroll_fused}


def starting_state(cell: Cell, state: Any, batch: int) -> Any:
    """Return the state to start from, of the cell's own type and checked, its parts named."""
    if state is None:
        state = like = cell.initial_state(batch)
    else:
        with no_grad():
            like = cell.initial_state(batch)
        state = _like(state, like)
    check_state(cell, "initial_state", like, like)
    for part, tensor in flatten(state).items():
        if tensor.name is None:
            tensor.name = f"{part}_0"
    return state


def _like(state: Any, like: Any) -> Any:
    """Return `state` with arrays made tensors and a plain tuple made what the cell uses."""
    if isinstance(like, tuple):
        if not isinstance(state, (tuple, list)) or len(state) != len(like):
            raise ShapeError(
                f"unroll: the state is {described(like)}, each (batch, hidden): "
                f"got {described(state)}"
            )
        return unflatten(like, [_like(a, b) for a, b in zip(state, like, strict=True)])
    if np.shape(state) != like.shape:
        raise ShapeError(
            f"unroll: state of shape {np.shape(state)}, where {like.shape} is expected"
        )
    return state if isinstance(state, Tensor) else Tensor(state, dtype=like.dtype)


def _keep(mask: Array, new: Tensor, old: Tensor) -> Any:
    """Return, for each sequence of the batch, the new state where the mask holds, else the old."""
    out: Any = np.where(mask.reshape(-1, *[1] * (new.ndim - 1)), new, old)
    out.scope = new.scope  # a picture finds each state where it is made
    return out


def _without_padding(inputs: Any, mask: Array) -> Any:
    """Return the inputs with zeros for padding, so that not even NaN there can reach a weight."""
    if isinstance(inputs, Sequence):
        return [_without_padding(x, here) for x, here in zip(inputs, mask, strict=True)]
    return np.where(mask[..., None], inputs, 0)


def _mask(lengths: ArrayLike, steps: int, batch: int) -> Array:
    """Return, for each step and sequence, whether the sequence still goes on there: (T, B)."""
    counts = np.asarray(lengths)
    if counts.shape != (batch,):
        remedy = ""
        if counts.shape == (steps,):
            remedy = ": inputs are (steps, batch, features), swap the first two axes"
        raise ShapeError(f"unroll: lengths of shape {counts.shape} for a batch of {batch}{remedy}")
    if counts.size and (
        counts.dtype.kind not in "iu" or not 0 <= counts.min() <= counts.max() <= steps
    ):
        raise ValueError(f"unroll: lengths are integers from 0 to {steps}, not {counts.tolist()}")
    return np.asarray(np.arange(steps)[:, None] < counts)
