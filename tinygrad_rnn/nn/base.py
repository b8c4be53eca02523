"""The base of all cells, and what the three known ones share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike

from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.layers import Seed, check_sizes
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.scope import Call, scope, surroundings
from tinygrad_rnn.state import flatten
from tinygrad_rnn.tensor import Tensor


class Cell(Module):
    """One step of a recurrence. A cell of one's own needs two methods: `initial_state`, `__call__`.

    What is the same in every step, such as a weight that is made of others, is computed once for
    all of them in a third one, `prepare`.

    >>> class Leaky(Cell):
    ...     def initial_state(self, batch):
    ...         return Tensor(np.zeros((batch, 3)))
    ...     def __call__(self, x, state):
    ...         return 0.9 * state + 0.1 * np.tanh(x)
    >>> cell = Leaky()
    >>> cell(np.ones((1, 3)), cell.initial_state(1)).shape
    (1, 3)
    """

    def initial_state(self, batch: int) -> Any:
        """Return the state before the first step: a tensor (batch, H), or a named tuple of such.

        Args:
            batch: how many sequences go through the cell side by side.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method initial_state(batch)")

    def __call__(self, x: Any, state: Any) -> Any:
        """Return the next state.

        Args:
            x: the input of this step, shape (batch, I).
            state: the state before it, of the same type and shapes as `initial_state` gives.

        Raises:
            ShapeError: if x or the state does not fit the weights.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(x, state)")

    def prepare(self) -> Any:
        """Return what every step of a run needs and none of them changes; None, if nothing.

        Unrolling asks for it once, and calls the cell as ``cell(x, state, prepared)``; so its
        gradient is summed over time before it goes on to what it was made of, in one pass instead
        of T. A cell that has it computes it itself where it is called without.

        >>> class Antisymmetric(Cell):
        ...     def __init__(self):
        ...         self.M = Parameter(np.eye(3))
        ...     def initial_state(self, batch):
        ...         return Tensor(np.zeros((batch, 3)))
        ...     def prepare(self):
        ...         return self.M - self.M.T
        ...     def __call__(self, x, h, A=None):
        ...         A = self.prepare() if A is None else A
        ...         return h + 0.1 * np.tanh(x + h @ A.T)
        >>> from tinygrad_rnn.nn.unroll import unroll
        >>> unroll(Antisymmetric(), np.ones((5, 1, 3))).final.shape
        (1, 3)
        """
        return None


def prepared(cell: Cell) -> Callable[[Any, Any], Any]:
    """Return the steps of one run, (x, state) -> state, with what they share computed once, now."""
    shared, step = cell.prepare(), cast(Callable[..., Any], cell)
    return cell if shared is None else lambda x, state: step(x, state, shared)


def mark_call(call: Call, x: Any, taken: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    """Note what one call of a cell read, took and gave.

    Args:
        call: the mark to fill in.
        x: the input of this step.
        taken: the state before it, by part.
        given: the state after it, by part.
    """
    call.parts = tuple(given)
    call.gives = tuple([part.index for part in given.values()])
    call.takes = tuple([part.index for part in taken.values() if isinstance(part, Tensor)])
    call.reads = x.index if isinstance(x, Tensor) else None


CellFunction = Callable[[Any, Any, Any], Any]


def marked(step: CellFunction) -> CellFunction:
    """Return a cell's `__call__` that marks itself where nobody has done so for it.

    In a loop of the user's own, each cell is then known from the others, and its state from
    whatever else the step makes.

    Args:
        step: ``step(cell, x, state)``.
    """

    @wraps(step)
    def call(self: Any, x: Any, state: Any) -> Any:
        for entry in surroundings().scope:
            if entry.call is not None:
                return step(self, x, state)
        kind = type(self).__name__
        here = scope(kind)
        here.entry.call = Call(self, kind)
        with here:
            after = step(self, x, state)
        given = flatten(after)
        for name, part in given.items():
            if part.name is None:
                part.name = name
        mark_call(here.entry.call, x, flatten(state), given)
        return after

    return call


class GatedCell(Cell):
    """What the three cells share: stacked weights drawn from uniform(-1/sqrt(H), 1/sqrt(H)).

    Args:
        gates: a letter for each gate, in the order in which their rows are stacked.
        input_size: I, the length of x_t.
        hidden_size: H, the length of h_t.
        bias: whether there is a b.
        learn_state: whether the starting state is learned, or zeros.
        dtype: of all parameters.
        rng: a `numpy.random.Generator`, or a seed for one.
        output_size: the length of h_t, if it is not H.

    Attributes:
        weight_ih: W of all G gates, shape (G*H, I).
        weight_hh: U of all gates, shape (G*H, H), or (G*H, `output_size`).
        bias: b of all gates, shape (G*H,); None without.

    Raises:
        ValueError: if a size is below 1.
        DtypeError: if `dtype` is not floating.

    >>> from tinygrad_rnn.nn.cells import GRUCell, LSTMCell
    >>> LSTMCell(2, 3).gates, GRUCell(2, 3).weight_hh.shape
    ('ifgo', (9, 3))
    """

    parts: tuple[str, ...] = ("h",)  # the tensors that make up the state
    bias: Parameter | None

    def __init__(
        self,
        gates: str,
        input_size: int,
        hidden_size: int,
        bias: bool,
        learn_state: bool,
        dtype: DTypeLike,
        rng: Seed,
        output_size: int | None = None,
    ) -> None:
        self.output_size = hidden_size if output_size is None else output_size
        check_sizes(input_size, hidden_size, self.output_size)
        self.rng = np.random.default_rng(rng)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.gates = gates  # one letter per gate, in the order in which their rows are stacked
        self.dtype = np.dtype(dtype)
        self._rows: dict[str, slice] = {}
        rows = len(gates) * hidden_size
        self.weight_ih = self._uniform(rows, input_size)
        self.weight_hh = self._uniform(rows, self.output_size)
        self.bias = Parameter(np.zeros(rows), dtype=dtype) if bias else None
        if learn_state:
            for part in self.parts:
                start = np.zeros(self._size_of(part))
                setattr(self, f"{part}_0", Parameter(start, dtype=dtype))

    def _uniform(self, *shape: int) -> Parameter:
        bound = 1 / np.sqrt(self.hidden_size)
        return Parameter(init.uniform(self.rng, shape, bound), dtype=self.dtype)

    def rows(self, gates: str) -> slice:
        """Return where these gates, neighbours in the stack, lie in it.

        Args:
            gates: their letters, in the order of the stack.

        >>> from tinygrad_rnn.nn.cells import GRUCell
        >>> GRUCell(2, 3).rows("z"), GRUCell(2, 3).rows("rz")
        (slice(3, 6, None), slice(0, 6, None))
        """
        found = self._rows.get(gates)
        if found is None:
            first = self.gates.index(gates) * self.hidden_size
            found = self._rows[gates] = slice(first, first + len(gates) * self.hidden_size)
        return found

    def _keeping(self, name: str, value: Any, max_length: float | None) -> Any:
        """Return where the bias of a gate starts that keeps: a number, or drawn for "chrono"."""
        if value == "chrono":
            if max_length is None:
                raise ValueError(f"{name}='chrono' needs max_length=, in steps")
            if self.bias is None:
                raise ValueError(f"{name}='chrono' starts a bias, and bias=False has none")
            return init.chrono(self.rng, self.hidden_size, max_length)
        if max_length is not None:
            raise ValueError(f"max_length is for {name}='chrono' alone")
        if isinstance(value, str):
            raise ValueError(f"{name} is a number or 'chrono', not {value!r}")
        return value

    def _set_bias(self, gate: str, value: Any) -> None:
        if self.bias is not None:
            bias = self.bias.data.copy()
            bias[self.rows(gate)] = value
            self.bias.data = bias

    def _size_of(self, part: str) -> int:
        return self.output_size if part == "h" else self.hidden_size

    def _start(self, part: str, batch: int) -> Tensor:
        shape = (batch, self._size_of(part))
        learned = getattr(self, f"{part}_0", None)
        if learned is not None:
            return np.broadcast_to(learned, shape)  # type: ignore[return-value]  # dispatched to Tensor
        return Tensor(np.zeros(shape, self.dtype))

    def initial_state(self, batch: int) -> Any:
        """Return h_0 of shape (batch, H): zeros, or what was learned."""
        return self._start("h", batch)
