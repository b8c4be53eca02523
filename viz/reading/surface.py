"""The surface that pictures read: what a recorded node, its operation and its marks must offer.

`tinygrad_rnn.Tensor` offers it. Whatever else does, such as a graph recorded by another library,
is drawn just the same.

What a node is, nobody guesses from its name. A time step is a scope entry ``("t", number)``. A call
of a cell is a scope entry with a `call`: the nodes that it gives are states, the one that it reads
is an input, and what it takes without another call of its chain giving it is an initial state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tinygrad_rnn.scope import Scope


class Operation(Protocol):
    """The primitive that made a node."""

    @property
    def name(self) -> str:
        """What it is called: ``"tanh"``; ``"cut"`` where a gradient is stopped on purpose."""

    @property
    def formula(self) -> str:
        """y in symbols."""

    @property
    def derivatives(self) -> Sequence[str]:
        """What goes back to each input, in symbols."""


class RecordedNode(Protocol):
    """One node of a recorded graph."""

    @property
    def index(self) -> int:
        """Its place in the order of creation: after every input's, and no other node has it."""

    @property
    def op(self) -> Operation | None:
        """What made it; None for a leaf."""

    @property
    def inputs(self) -> Sequence[Any]:
        """What went in, one per slot: nodes, and constants as they were given."""

    @property
    def input_values(self) -> Sequence[Any]:
        """The arrays that went in, one per slot, as they were then; empty for a leaf."""

    @property
    def data(self) -> Any:
        """The value, a NumPy array; of a leaf it may have been given anew since."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""

    @property
    def dtype(self) -> Any:
        """The element type."""

    @property
    def size(self) -> int:
        """Number of elements."""

    @property
    def name(self) -> str | None:
        """What to call it."""

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient can reach it."""

    @property
    def scope(self) -> tuple[Scope, ...]:
        """The parts of the graph that it was made in, outermost first."""
