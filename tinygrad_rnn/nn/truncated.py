"""Truncated backpropagation through time, with a window that truly slides.

Williams & Peng 1990, "An efficient gradient-based algorithm for on-line training of recurrent
network trajectories"; in Sutskever's (2013) letters:

    after every k1 steps, sweep back the losses of those k1 steps, through the last k2 steps
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.arguments import integer_in
from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.nn.base import Cell, prepared
from tinygrad_rnn.nn.unroll import starting_state
from tinygrad_rnn.scope import scope
from tinygrad_rnn.state import flatten, tree_map
from tinygrad_rnn.tensor import Array, Tensor


class _Step(NamedTuple):
    """One step, recorded by itself: its graph begins at `before`, whose parts are leaves."""

    x: Tensor
    before: Any
    after: Any
    loss: Tensor | None


def truncated_bptt(
    cell: Cell,
    inputs: Any,
    loss: Callable[[int, Tensor], Tensor | None],
    k1: int,
    k2: int,
    state: Any = None,
    update: Callable[[], None] | None = None,
) -> tuple[Any, float]:
    """Run a cell over a sequence; after every k1 steps, sweep their losses back through k2 steps.

    Each step is recorded by itself, once, and is swept by every window that it lies in; what was
    before the window is let go, so a sequence may be as long as it likes. Where `update` moves the
    parameters, the steps still in the window keep the values that they were taken with.

    Args:
        cell: an RNNCell, LSTMCell, GRUCell, or a `Cell` of one's own.
        inputs: shape (T, B, I): an array, or a tensor if a gradient is wanted for it.
        loss: called as ``loss(t, h_t)`` with the hidden state (B, H) of each step; a scalar, or
            None where there is none.
        k1: how often: the number of steps from one sweep to the next. The last stretch may be
            shorter.
        k2: how far: the number of steps that a sweep goes back through, at least k1.
        state: the state before the first step; the cell's `initial_state` by default. No gradient
            goes into it.
        update: called after each sweep, to move the parameters and to forget their gradients; by
            default gradients add up.

    Returns:
        The final state, detached, to go on from; and the sum of all losses, a float.

    Raises:
        ShapeError: if `inputs` is not (T, B, I).
        TypeError: if k1 or k2 is no whole number.
        ValueError: if k1 is below 1 or k2 below k1, which would drop losses.

    >>> from tinygrad_rnn.nn.cells import RNNCell
    >>> cell, x = RNNCell(2, 3, rng=0), np.ones((6, 1, 2))
    >>> state, total = truncated_bptt(cell, x, lambda t, h: np.sum(h * h), k1=2, k2=4)
    >>> cell.weight_hh.grad.shape
    (3, 3)
    """
    k1, k2 = integer_in(k1, "truncated_bptt: k1", 1), integer_in(k2, "truncated_bptt: k2", 1)
    if not k1 <= k2:
        raise ValueError(f"truncated_bptt: k1 = {k1} and k2 = {k2} are not 1 <= k1 <= k2")
    shape = np.shape(inputs)
    if len(shape) != 3:
        raise ShapeError(f"truncated_bptt: inputs of shape {shape} are not (T, B, I)")
    state = tree_map(Tensor.detach, starting_state(cell, state, shape[1]))
    window: deque[_Step] = deque(maxlen=k2)
    total, due, call_cell = 0.0, 0, prepared(cell)
    for t in range(shape[0]):
        with scope("t", t):
            step = _take(call_cell, inputs, t, state, loss)
        window.append(step)
        state = tree_map(Tensor.detach, step.after)
        total += 0.0 if step.loss is None else step.loss.item()
        due += 1
        if due == k1 or t == shape[0] - 1:
            found = _sweep_window(window, due)
            if isinstance(inputs, Tensor) and inputs.requires_grad:
                inputs[t + 1 - len(window) : t + 1].backward(found)
            if update is not None:
                update()
                call_cell = prepared(cell)  # of the parameters as they are now
            due = 0
    return state, total


def _take(
    call_cell: Callable[[Any, Any], Any], inputs: Any, t: int, state: Any, loss: Any
) -> _Step:
    """Take one step, recorded apart from those before."""
    wanted = isinstance(inputs, Tensor) and inputs.requires_grad
    x = Tensor(inputs.data[t] if isinstance(inputs, Tensor) else inputs[t], wanted, name="x")
    before = tree_map(lambda part: Tensor(part, requires_grad=True, name=part.name), state)
    after = call_cell(x, before)
    for part, tensor in flatten(after).items():
        tensor.name = part
    return _Step(x, before, after, loss(t, next(iter(flatten(after).values()))))


def _sweep_window(window: deque[_Step], due: int) -> Array:
    """Sweep back through the window from the losses of its last `due` steps.

    Return the gradient of the inputs of the window's steps.
    """
    gradients = [np.zeros_like(part.data) for part in flatten(window[-1].after).values()]
    found = []
    for age, step in enumerate(reversed(window)):
        after = list(flatten(step.after).values())
        before = list(flatten(step.before).values())
        # One scalar whose gradient is what comes back to this step, from its own loss and the next.
        roots = [np.sum(part * g) for part, g in zip(after, gradients, strict=True)]
        if step.loss is not None and age < due:
            roots.append(step.loss)
        for leaf in (step.x, *before):
            leaf.grad = None
        root: Any = sum(roots[1:], start=roots[0])
        if root.requires_grad:
            root.backward()
        gradients = [_arrived(part) for part in before]
        found.append(_arrived(step.x))
    return np.stack(found[::-1])


def _arrived(leaf: Tensor) -> Array:
    return np.zeros_like(leaf.data) if leaf.grad is None else leaf.grad
