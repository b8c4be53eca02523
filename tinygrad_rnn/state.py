"""A cell's state as named parts: a bare tensor, a named tuple such as (h, c), or a plain tuple."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.tensor import Tensor


def flatten(state: Any) -> dict[str, Tensor]:
    """Return the tensors of a cell's state by name: a bare tensor is the hidden state ``"h"``."""
    if isinstance(state, Tensor):
        return {"h": state}
    if hasattr(state, "_fields"):
        return dict(zip(state._fields, state, strict=True))
    return {f"state_{k}": part for k, part in enumerate(state)}


def tree_map(function: Any, state: Any, *others: Any) -> Any:
    """Return the state with `function` applied to each of its tensors (and those of others)."""
    if not isinstance(state, tuple):
        return function(state, *others)
    return unflatten(state, [function(*parts) for parts in zip(state, *others, strict=True)])


def unflatten(state: Any, parts: list[Any]) -> Any:
    """Return a state of the same type as `state`, made of these parts."""
    if not isinstance(state, tuple):
        return parts[0]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
