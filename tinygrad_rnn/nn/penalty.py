"""A penalty on steps that shrink or grow the gradient: it is itself made of gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.functional import grad
from tinygrad_rnn.nn.base import Cell, prepared
from tinygrad_rnn.nn.run import Run
from tinygrad_rnn.scope import scope
from tinygrad_rnn.state import flatten, tree_map
from tinygrad_rnn.tensor import Array, Tensor


def vanishing_penalty(cell: Cell, inputs: Any, run: Run, loss: Tensor) -> Tensor:
    """Return the regulariser of Pascanu, Mikolov & Bengio (2013), equation 9, as a mean.

        Omega = mean over t, batch of (|dL/ds_t ds_t/ds_{t-1}| / |dL/ds_t| - 1) ** 2

    where s is the whole state: h, or for an LSTM h followed by c. It is 0 if every step keeps the
    norm of the gradient that comes back. As in the paper, dL/ds_t and s_{t-1} are taken for
    constants, so the penalty's own gradient stays within each step. Add it to the loss, times a
    weight, and sweep back from the sum.

    Args:
        cell: the cell that was unrolled.
        inputs: shape (T, B, I), what it was unrolled over, T at least 2.
        run: what `unroll` returned with its op graph recorded; not reversed, without lengths.
        loss: the loss of that run.

    Returns:
        A scalar. The steps 1 .. T-1 count, for sequences whose dL/ds_t is not zero.

    Raises:
        GradientError: if the run was fused or checkpointed, does not follow from `cell` and
            `inputs` step by step, has one step only, or no gradient reaches any of its states.

    >>> from tinygrad_rnn.nn.cells import RNNCell
    >>> from tinygrad_rnn.nn.unroll import unroll
    >>> cell, x = RNNCell(2, 3, rng=0), np.ones((5, 1, 2))
    >>> run = unroll(cell, x)
    >>> loss = np.sum(run.final)
    >>> (loss + 0.1 * vanishing_penalty(cell, x, run, loss)).backward()
    """
    if not run.has_steps:
        raise GradientError("vanishing_penalty looks between steps: unroll with engine='graph'")
    sizes = [len(flatten(state)) for state in run.states]
    parts = [part for state in run.states for part in flatten(state).values()]
    arrived = iter(grad(loss, parts))
    gradients = [[next(arrived).data for _ in range(size)] for size in sizes]
    terms: list[Tensor] = []
    count, call_cell = 0, prepared(cell)
    for t, (before, after) in enumerate(pairwise(run.states), start=1):
        with scope("penalty", t):
            term, rows = _step_penalty(call_cell, inputs[t], before, after, gradients[t])
        count += rows
        if rows:
            terms.append(term)
    if not terms:
        raise GradientError("vanishing_penalty: no gradient reaches a state after the first step")
    return sum(terms[1:], start=terms[0]) / count


def _step_penalty(
    cell: Callable[[Any, Any], Any], x: Any, state: Any, then: Any, gradients: list[Array]
) -> tuple[Tensor, int]:
    """Return the sum of one step's terms over the batch, and how many there are."""
    before = tree_map(lambda part: Tensor(part.data, requires_grad=True), state)
    x = x.detach() if isinstance(x, Tensor) else x
    after = flatten(cell(x, before)).values()
    for part, recorded in zip(after, flatten(then).values(), strict=True):
        if not np.array_equal(part.data, recorded.data, equal_nan=True):
            raise GradientError(
                "vanishing_penalty: the run does not follow from this cell and these inputs: it "
                "was reversed, had lengths, or the parameters have been moved since"
            )
    roots = [np.sum(part * g) for part, g in zip(after, gradients, strict=True)]
    root: Any = sum(roots[1:], start=roots[0])
    sent = grad(root, list(flatten(before).values()), create_graph=True)
    squares, came = _row_squares(sent), _row_squares(gradients)
    # Where nothing goes on, the ratio is 0 and its square root has no slope.
    (reached,) = np.nonzero((came > 0) & (squares.data > 0))
    ended = int(np.count_nonzero((came > 0) & (squares.data == 0)))
    ratio = np.sqrt(squares[reached]) / np.sqrt(came[reached])
    return np.sum(np.square(ratio - 1)) + float(ended), len(reached) + ended


def _row_squares(parts: Sequence[Any]) -> Any:
    """Return the sum of squares of each element of the batch, over all parts of the state."""
    terms = [np.sum(np.square(part.reshape(len(part), -1)), axis=1) for part in parts]
    return sum(terms[1:], start=terms[0])
