"""A cell's state as named parts: a bare tensor, a named tuple such as (h, c), or a plain tuple."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_rnn.tensor import Tensor


def flatten(state: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Return the tensors of a cell's state by name: a bare tensor is the hidden state ``"h"``."""
    if isinstance(state, Tensor):
        return {"h": state}
    if hasattr(state, "_fields"):
        return dict(zip(state._fields, state, strict=True))
    return {f"state_{k}": part for k, part in enumerate(state)}


def detach(state: Any) -> Any:
    """Return a state of the same values that remembers nothing of the graph.

    To carry a state from one window of a long sequence to the next: its gradient ends here, and
    the next sweep does not go back through all windows before.

    Args:
        state: what a cell returned, ``run.final`` of a cell or of layers, or any tuple or list of
            tensors.

    Raises:
        TypeError: if it holds something else.

    >>> import numpy as np, tinygrad_rnn as tr
    >>> run = tr.unroll(tr.LSTMCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> tr.detach(run.final).h.requires_grad
    False
    """
    if isinstance(state, Tensor):
        return state.detach(state.name)
    if not isinstance(state, tuple | list):
        raise TypeError(f"detach takes a state, such as run.final, not a {type(state).__name__}")
    parts = [detach(part) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)


def tree_map(function: Callable[..., Tensor], state: Any, *others: Any) -> Any:
    """Return the state with `function` applied to each of its tensors (and those of others)."""
    if not isinstance(state, tuple):
        return function(state, *others)
    return unflatten(state, [function(*parts) for parts in zip(state, *others, strict=True)])


def unflatten(state: Any, parts: list[Any]) -> Any:
    """Return a state of the same type as `state`, made of these parts."""
    if not isinstance(state, tuple):
        return parts[0]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
