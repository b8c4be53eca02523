"""Run: what unrolling a cell gave."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.state import flatten
from tinygrad_rnn.tensor import Tensor


class Run:
    """What unrolling a cell gave.

    Args:
        states: one per time step, as the cell returned it; states[t] belongs to inputs[t].
        final: the state after the last step taken: of the last time step, or the first if the
            run was reversed.

    Attributes:
        has_steps: whether the graph holds every step, for the gradient to be seen between them.

    >>> from tinygrad_rnn.nn import LSTMCell, unroll
    >>> run = unroll(LSTMCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> run.outputs.shape, run.states[4].c.shape, run.final.h is run.hidden[4]
    ((5, 1, 3), (1, 3), True)
    """

    has_steps = True

    def __init__(self, states: list[Any], final: Any) -> None:
        self._states = states
        self._final = final

    def __repr__(self) -> str:
        parts = (f"{name} {part.shape}" for name, part in flatten(self._final).items())
        return f"Run({len(self._states)} steps, states of {', '.join(parts)})"

    @cached_property
    def states(self) -> list[Any]:
        """One state per time step."""
        return self._states

    @cached_property
    def final(self) -> Any:
        """The state after the last step taken."""
        return self._final

    @property
    def hidden(self) -> list[Tensor]:
        """The hidden state of each step, (B, H): what the outputs are stacked from."""
        return [next(iter(flatten(state).values())) for state in self.states]

    @cached_property
    def outputs(self) -> Tensor:
        """The hidden states of all steps, stacked to (T, B, H) when first asked for."""
        return np.stack(self.hidden)  # type: ignore[return-value,call-overload,no-any-return,unused-ignore]  # dispatched to Tensor


class OpaqueRun(Run):
    """A run in a few primitives of many steps each: a state is cut out where it is asked for.

    That costs a gradient of the size of the whole each time: for all steps, use `outputs`.

    Args:
        steps: T.
        reverse: whether the last step taken is the first in time.
    """

    has_steps = False

    def __init__(self, steps: int, reverse: bool) -> None:
        self.steps = steps
        self.last = 0 if reverse else steps - 1

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.steps} steps in few primitives)"

    def _state(self, t: int) -> Any:
        raise NotImplementedError

    def _named_state(self, t: int) -> Any:
        state = self._state(t)
        for part, tensor in flatten(state).items():
            tensor.name = part
        return state

    @cached_property
    def states(self) -> list[Any]:
        """One state per time step."""
        return [self._named_state(t) for t in range(self.steps)]

    @cached_property
    def final(self) -> Any:
        """The state after the last step taken."""
        return self._named_state(self.last)
