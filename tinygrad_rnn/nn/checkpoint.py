"""Checkpointing: keep the state at a few steps only, and record what lies between anew in the
sweep. With segments of sqrt(T) steps, the memory for the graph grows as sqrt(T) instead of T, for
one more forward pass (Chen et al. 2016, "Training deep nets with sublinear memory cost")."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from tinygrad_rnn.errors import GradientError, StaleValueError
from tinygrad_rnn.functional import grad
from tinygrad_rnn.graph import topological
from tinygrad_rnn.nn.base import Cell
from tinygrad_rnn.nn.run import OpaqueRun, Run
from tinygrad_rnn.nn.sequence_op import SequenceFunction, record, sequence_primitive
from tinygrad_rnn.scope import no_grad, recording
from tinygrad_rnn.state import unflatten
from tinygrad_rnn.tensor import Array, Tensor

SEGMENT = sequence_primitive("segment", "s_1 .. s_k, not kept but computed anew")

# Unrolls a segment, plainly: inputs, state, mask -> Run
Unroller = Callable[[Any, Any, Array | None], Run]


def checkpointed(
    cell: Cell,
    unroller: Unroller,
    inputs: Any,
    state: Any,
    mask: Array | None,
    reverse: bool,
    size: int,
) -> Run:
    """Unroll in segments of `size` steps, each of them one primitive."""
    pieces: list[Tensor] = []
    starts = range(0, len(inputs), size)
    for start in reversed(starts) if reverse else starts:
        piece = slice(start, start + size)
        function = SegmentFunction(cell, unroller, state, None if mask is None else mask[piece])
        pieces.append(
            record(SEGMENT, function, inputs[piece], *_state_tensors(state), *cell.parameters())
        )
        state = _unpacked(pieces[-1][0 if reverse else -1], state)
    if reverse:
        pieces.reverse()
    return CheckpointedRun(pieces, state, size, len(inputs), reverse)


class SegmentFunction(SequenceFunction):
    """Keeps nothing of a segment but what went in and came out, which the graph keeps anyway."""

    def __init__(self, cell: Cell, unroller: Unroller, like: Any, mask: Array | None) -> None:
        super().__init__()
        self.cell, self.unroller, self.mask = cell, unroller, mask
        self.like = unflatten(like, [None] * len(_state_tensors(like)))  # its type alone
        self.count = len(_state_tensors(like))

    def forward(self, *values: Any) -> Array:
        """Return all states, a row of numbers for each step; record nothing."""
        self.values = values
        with no_grad():
            parts = [Tensor(part) for part in values[1 : 1 + self.count]]
            self.y = self._packed(values[0], parts).data
        return self.y

    def backward(self, g: Array) -> list[Any]:
        """Unroll the segment once more, recording, and sweep back through it."""
        x, *rest = self.values
        parameters = self.cell.parameters()
        for parameter, value in zip(parameters, rest[self.count :], strict=True):
            if parameter._array is not value:
                raise StaleValueError(
                    f"{parameter!r} was given new data after a checkpointed run had used it: "
                    "sweep back before the parameters are moved"
                )
        with recording():  # though the sweep around it does not
            leaves = [
                Tensor(value, requires_grad=slot in self.wanted)
                for slot, value in enumerate([x, *rest[: self.count]])
            ]
            y = self._packed(leaves[0], leaves[1:])
        inputs = [*leaves, *parameters]
        self._check(y, {tensor.index for tensor in inputs})
        wanted = sorted(self.wanted)
        found: list[Any] = [None] * len(inputs)
        if y.requires_grad:
            for slot, gradient in zip(wanted, grad(y, [inputs[k] for k in wanted], g), strict=True):
                found[slot] = gradient.data
        else:
            for slot in wanted:
                found[slot] = np.zeros(inputs[slot].shape, inputs[slot].dtype)
        return found

    def _packed(self, x: Any, parts: list[Any]) -> Tensor:
        """Unroll from a state of these parts; return (steps, N), all parts of a state in a row."""
        run = self.unroller(x, unflatten(self.like, parts), self.mask)
        rows = [np.concatenate([p.reshape(-1) for p in _state_tensors(s)]) for s in run.states]
        return np.stack(rows)  # type: ignore[return-value,unused-ignore]  # dispatched to Tensor

    def _check(self, y: Tensor, known: set[int]) -> None:
        """Raise if a gradient would be lost or wrong: the cell must be a function of its inputs."""
        for node in topological(y, differentiable=True):
            if node.op is None and node.index not in known:
                raise GradientError(
                    f"{node!r} is used inside a checkpointed run, but is no parameter of the cell: "
                    "its gradient would be lost; make it one, or unroll without checkpoint="
                )
        # Not to the last bit: a matrix product may round otherwise where memory lies otherwise.
        near = 1e4 * np.finfo(self.y.dtype).eps
        if not np.allclose(y.data, self.y, rtol=near, atol=near, equal_nan=True):
            raise GradientError(
                f"{type(self.cell).__name__} gave something else the second time, as with dropout: "
                "unroll it without checkpoint="
            )


class CheckpointedRun(OpaqueRun):
    """A run in segments.

    Args:
        pieces: a tensor (size, N) for each segment, in the order of time.
        like: any state: what the others look like.
        size: the number of steps of a segment (the last one may be shorter).
        steps: T.
        reverse: whether the last step taken is the first in time.
    """

    def __init__(
        self, pieces: list[Tensor], like: Any, size: int, steps: int, reverse: bool
    ) -> None:
        super().__init__(steps, reverse)
        self.pieces, self.like, self.size = pieces, like, size

    def _state(self, t: int) -> Any:
        return _unpacked(self.pieces[t // self.size][t % self.size], self.like)

    @cached_property
    def outputs(self) -> Tensor:
        """The hidden states of all steps, (T, B, H)."""
        h = _state_tensors(self.like)[0]
        return np.concatenate([p[:, : h.size].reshape(len(p), *h.shape) for p in self.pieces])  # type: ignore[return-value,unused-ignore]  # dispatched to Tensor


def _state_tensors(state: Any) -> list[Tensor]:
    return list(state) if isinstance(state, tuple) else [state]


def _unpacked(row: Tensor, like: Any) -> Any:
    """Return the state that a row of numbers holds."""
    parts = _state_tensors(like)
    ends = accumulate((part.size for part in parts), initial=0)
    cut = [
        row[start:stop].reshape(part.shape)
        for (start, stop), part in zip(pairwise(ends), parts, strict=True)
    ]
    return unflatten(like, cut)
