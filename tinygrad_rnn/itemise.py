"""The gradient through time, itemised: how much each loss sends back to each state.

With a loss at every step, dL/dh_t is a sum over all losses from step t on, and a large sum says
nothing of how far back any one of them reaches. Here every loss has a row of its own:

    dL/dh_t = sum over k of dL_k/dh_t          row k, column t: |dL_k/dh_t|
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_rnn.backward import initial_gradient
from tinygrad_rnn.errors import GradientError, ShapeError
from tinygrad_rnn.graph import Array, topological
from tinygrad_rnn.norms import size
from tinygrad_rnn.stacked_sweep import Rows, RowStart, stacked_sweep
from tinygrad_rnn.state import flatten
from tinygrad_rnn.tensor import Tensor

if TYPE_CHECKING:
    from tinygrad_rnn.nn.run import Run

LARGEST_RESULT = 1 << 27  # numbers: 1 GiB
SAFE_NORMS = 1e-140, 1e140  # between these, no square of a norm is lost or overflows
ELEMENTS_AT_ONCE = 1 << 23  # of all rows at one node: 64 MiB of float64


def itemised(losses: Tensor | Sequence[Tensor], run: Run) -> dict[str, Array]:
    """Return |dL_k/dstate_t| for every loss k and every step t of a run.

    All losses are swept back side by side, in one pass through the graph. The whole flow of a
    single one, along every edge, is ``trace(losses[k])``.

    Args:
        losses: K scalars of the run's graph, such as one per time step: a list of tensors, or one
            tensor (K,).
        run: what `unroll` or a recurrent layer returned; of several layers the last one's forward
            run, as in `GradientFlow.through_time`, or any of ``run.runs[layer][direction]``.

    Returns:
        By part of the state, ``"h"`` and for an LSTM ``"c"``, the l2 norms (K, T), over batch and
        units together; 0 where a state comes after a loss.

    Raises:
        TypeError: if `losses` are no tensors, or `run` is no run.
        ShapeError: if a loss is no scalar, there is none, or K times T is more than fits.
        GradientError: if a loss is a constant or does not depend on the run's states, or if the
            run was fused or checkpointed.

    >>> from tinygrad_rnn.nn import RNNCell, unroll
    >>> run = unroll(RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
    >>> triangle = itemised([h.sum() for h in run.hidden], run)["h"]
    >>> triangle.shape, bool(np.all(np.triu(triangle, 1) == 0))
    ((4, 4), True)
    """
    roots = _seeds(losses)
    states = _states_by_index(run)
    count, steps = len(roots), max(t for _, t in states.values()) + 1
    parts = list(dict.fromkeys(part for part, _ in states.values()))
    if count * steps * len(parts) > LARGEST_RESULT:
        fits = LARGEST_RESULT // (steps * len(parts))
        raise ShapeError(
            f"itemised: {count} losses at {steps} steps are {count * steps * len(parts):,} numbers "
            f"({count * steps * len(parts) * 8 / 2**30:.1f} GiB): give a window of the losses, "
            f"such as the last {fits:,} (losses[-{fits}:])"
        )
    out = {part: np.zeros((count, steps)) for part in parts}
    at_once = rows_at_once([root.tensor for root in roots])
    for start in range(0, count, at_once):
        window = roots[start : start + at_once]

        def note(tensor: Tensor, rows: Rows, start: int = start) -> None:
            part, t = states[tensor.index]
            first = start + rows.first
            out[part][first : first + len(rows.g), t] = row_norms(rows.g)

        stacked_sweep(
            [one._replace(row=one.row - start) for one in window], len(window), states, note
        )
    _check_reached(roots, out, states)
    return out


def _seeds(losses: Tensor | Sequence[Tensor]) -> list[RowStart]:
    """Return where each row begins."""
    if isinstance(losses, Tensor):
        if losses.ndim != 1:
            raise ShapeError(
                f"itemised: losses of shape {losses.shape} are no row of scalars: give a tensor "
                "(K,) or a list of scalars"
            )
        start = initial_gradient(losses, np.ones(losses.shape))
        rows = [
            RowStart(k, losses, start * (np.arange(losses.size) == k)) for k in range(losses.size)
        ]
    elif isinstance(losses, Sequence) and not isinstance(losses, str):
        for k, loss in enumerate(losses):
            if not isinstance(loss, Tensor):
                raise TypeError(f"itemised: losses[{k}] is a {type(loss).__name__}, not a Tensor")
            if loss.size != 1:
                raise ShapeError(
                    f"itemised: losses[{k}] of shape {loss.shape} is no scalar: "
                    "take its .sum() or .mean()"
                )
        rows = [RowStart(k, loss, initial_gradient(loss, None)) for k, loss in enumerate(losses)]
    else:
        raise TypeError(
            f"itemised takes a list of losses or a Tensor (K,), not a {type(losses).__name__}"
        )
    if not rows:
        raise ShapeError("itemised: there is no loss: give at least one")
    return rows


def _states_by_index(run: Run) -> dict[int, tuple[str, int]]:
    """Return the part and the step of each state of a run, by the node's index."""
    if not hasattr(run, "has_steps"):
        raise TypeError(f"itemised takes what unroll returns, not a {type(run).__name__}")
    if not run.has_steps:
        raise GradientError(
            "a fused run has no gradient to see between its steps: unroll with engine='graph'"
        )
    return {
        tensor.index: (part, t)
        for t, state in enumerate(run.states)
        for part, tensor in flatten(state).items()
    }


def _check_reached(
    roots: list[RowStart], out: dict[str, Array], states: dict[int, tuple[str, int]]
) -> None:
    """Refuse a loss that no state of the run leads to; a gradient of zero is none the worse."""
    nothing = ~np.any([part.any(axis=1) for part in out.values()], axis=0)
    for k in np.flatnonzero(nothing):
        if not any(node.index in states for node in topological(roots[k].tensor)):
            raise GradientError(
                f"itemised: losses[{k}] does not depend on any state of this run: give the losses "
                "that were made from its outputs or states"
            )


def rows_at_once(roots: Iterable[Tensor]) -> int:
    """Return how many rows may be swept side by side, so that no node holds too much of them."""
    largest = max(node.size for node in topological(*roots) if node.op is not None)
    return max(1, ELEMENTS_AT_ONCE // max(largest, 1))


def row_norms(rows: Array) -> Array:
    """Return the l2 norm of each row (K, ...), without losing tiny ones to underflow.

    >>> row_norms(np.array([[3e-200, 4e-200], [0.0, 0.0]]))
    array([5.e-200, 0.e+000])
    """
    flat = np.asarray(rows.reshape(len(rows), -1), np.float64)
    with np.errstate(all="ignore"):  # what is lost or overflows is done again, scaled, below
        norms: Array = np.sqrt(np.einsum("kn,kn->k", flat, flat))
    for k in np.flatnonzero(~((norms > SAFE_NORMS[0]) & (norms < SAFE_NORMS[1]))):
        norms[k] = size(flat[k])[0]
    return norms
