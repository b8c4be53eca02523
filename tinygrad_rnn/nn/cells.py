"""The recurrent cells: plain functions of (x_t, state), each readable beside its equations.

All gates of a cell are stacked in one weight: `weight_ih` (G*H, I), `weight_hh` (G*H, H) and
`bias` (G*H,), where I is the input size, H the hidden size and G the number of gates.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from tinygrad_rnn.f import linear, linear_pair, sigmoid
from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.scope import scope
from tinygrad_rnn.tensor import Tensor

Seed = np.random.Generator | int | None


class Cell(Module):
    """One step of a recurrence. A cell of one's own needs these two methods and nothing else."""

    def initial_state(self, batch: int) -> Any:
        """Return the state before the first step: a tensor (batch, H), or a named tuple of such."""
        raise NotImplementedError

    def __call__(self, x: Any, state: Any) -> Any:
        """Return the next state, from the input x of shape (batch, I) and the state before."""
        raise NotImplementedError


class _GatedCell(Cell):
    """What the three cells share: stacked weights drawn from uniform(-1/sqrt(H), 1/sqrt(H))."""

    gates: int
    bias: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        rng: Seed = None,
    ) -> None:
        if input_size < 1 or hidden_size < 1:
            raise ValueError(f"sizes must be at least 1, not {input_size} and {hidden_size}")
        generator = np.random.default_rng(rng)
        bound, rows = 1 / np.sqrt(hidden_size), self.gates * hidden_size
        self.input_size, self.hidden_size = input_size, hidden_size
        self.weight_ih = Parameter(init.uniform(generator, (rows, input_size), bound), dtype=dtype)
        self.weight_hh = Parameter(init.uniform(generator, (rows, hidden_size), bound), dtype=dtype)
        self.bias = Parameter(np.zeros(rows), dtype=dtype) if bias else None

    def _rows(self, gate: int, gates: int = 1) -> slice:
        """Return where `gates` gates, from number `gate` on, lie in the stack."""
        return slice(gate * self.hidden_size, (gate + gates) * self.hidden_size)

    def _set_bias(self, gate: int, value: float) -> None:
        if self.bias is not None:
            bias = self.bias.data.copy()
            bias[self._rows(gate)] = value
            self.bias.data = bias

    def _zeros(self, batch: int) -> Tensor:
        return Tensor(np.zeros((batch, self.hidden_size), self.weight_hh.dtype))

    def initial_state(self, batch: int) -> Any:
        """Return zeros of shape (batch, H)."""
        return self._zeros(batch)


class RNNCell(_GatedCell):
    """The simple recurrent network (Elman 1990).

        h_t = tanh(W x_t + U h_{t-1} + b)

    Args:
        input_size: I, the length of x_t.
        hidden_size: H, the length of h_t.
        bias: whether there is a b; it starts at 0.
        dtype: of all parameters.
        rng: a `numpy.random.Generator`, or a seed for one.

    >>> cell = RNNCell(2, 3, rng=0)
    >>> cell(np.ones((1, 2)), cell.initial_state(1)).shape
    (1, 3)
    """

    gates = 1

    def __call__(self, x: Any, state: Tensor) -> Tensor:
        """Return h_t from x_t (batch, I) and h_{t-1} (batch, H)."""
        with _HIDDEN:
            a = linear_pair(x, self.weight_ih, state, self.weight_hh, self.bias)
            return np.tanh(a)  # type: ignore[no-any-return]  # dispatched to Tensor


class LSTMState(NamedTuple):
    """The hidden state h and the cell state c of an LSTM, each (batch, H)."""

    h: Tensor
    c: Tensor


class LSTMCell(_GatedCell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

        i = sigmoid(W_i x_t + U_i h_{t-1} + b_i)      input gate
        f = sigmoid(W_f x_t + U_f h_{t-1} + b_f)      forget gate
        g = tanh(W_g x_t + U_g h_{t-1} + b_g)         candidate
        o = sigmoid(W_o x_t + U_o h_{t-1} + b_o)      output gate
        c_t = f * c_{t-1} + i * g
        h_t = o * tanh(c_t)

    Rows are stacked in the order i, f, g, o.

    Args:
        input_size: I, the length of x_t.
        hidden_size: H, the length of h_t and c_t.
        bias: whether there is a b; it starts at 0 but for b_f.
        dtype: of all parameters.
        rng: a `numpy.random.Generator`, or a seed for one.
        forget_bias: where b_f starts: above 0 the gate starts open and c is kept
            (Jozefowicz et al. 2015).

    >>> cell = LSTMCell(2, 3, rng=0)
    >>> h, c = cell(np.ones((1, 2)), cell.initial_state(1))
    >>> h.shape, c.shape
    ((1, 3), (1, 3))
    """

    gates = 4

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        rng: Seed = None,
        forget_bias: float = 1.0,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, dtype, rng)
        self._set_bias(1, forget_bias)

    def initial_state(self, batch: int) -> LSTMState:
        """Return zeros for h and c, each (batch, H)."""
        return LSTMState(self._zeros(batch), self._zeros(batch))

    def __call__(self, x: Any, state: LSTMState) -> LSTMState:
        """Return (h_t, c_t) from x_t (batch, I) and (h_{t-1}, c_{t-1})."""
        h, c = state
        a = linear_pair(x, self.weight_ih, h, self.weight_hh, self.bias)
        with _INPUT_GATE:
            i = sigmoid(a[:, self._rows(0)])
        with _FORGET_GATE:
            f = sigmoid(a[:, self._rows(1)])
        with _CANDIDATE:
            g = np.tanh(a[:, self._rows(2)])
        with _OUTPUT_GATE:
            o = sigmoid(a[:, self._rows(3)])
        with _CELL:
            c = f * c + i * g
        with _HIDDEN:
            h = o * np.tanh(c)
        return LSTMState(h, c)


class GRUCell(_GatedCell):
    """Gated recurrent unit (Cho et al. 2014), with the reset gate before the matrix product.

        r = sigmoid(W_r x_t + U_r h_{t-1} + b_r)      reset gate: near 0 ignores the past in n
        z = sigmoid(W_z x_t + U_z h_{t-1} + b_z)      update gate: near 0 keeps the past
        n = tanh(W_n x_t + U_n (r * h_{t-1}) + b_n)   candidate
        h_t = (1 - z) * h_{t-1} + z * n

    Rows are stacked in the order r, z, n.

    Args:
        input_size: I, the length of x_t.
        hidden_size: H, the length of h_t.
        bias: whether there is a b; it starts at 0 but for b_z.
        dtype: of all parameters.
        rng: a `numpy.random.Generator`, or a seed for one.
        update_bias: where b_z starts: below 0 the past is kept.

    >>> cell = GRUCell(2, 3, rng=0)
    >>> cell(np.ones((1, 2)), cell.initial_state(1)).shape
    (1, 3)
    """

    gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        rng: Seed = None,
        update_bias: float = 0.0,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, dtype, rng)
        self._set_bias(1, update_bias)

    def __call__(self, x: Any, state: Tensor) -> Tensor:
        """Return h_t from x_t (batch, I) and h_{t-1} (batch, H)."""
        h, both = state, self._rows(0, 2)
        a = linear(x, self.weight_ih, self.bias)
        rz = a[:, both] + linear(h, self.weight_hh, rows=both)
        with _RESET_GATE:
            r = sigmoid(rz[:, self._rows(0)])
        with _UPDATE_GATE:
            z = sigmoid(rz[:, self._rows(1)])
        with _CANDIDATE:
            n = np.tanh(a[:, self._rows(2)] + linear(r * h, self.weight_hh, rows=self._rows(2)))
        with _HIDDEN:
            return (1 - z) * h + z * n  # type: ignore[no-any-return]  # dispatched to Tensor


_HIDDEN = scope("hidden state")
_CELL = scope("cell state")
_CANDIDATE = scope("candidate")
_INPUT_GATE = scope("input gate")
_FORGET_GATE = scope("forget gate")
_OUTPUT_GATE = scope("output gate")
_RESET_GATE = scope("reset gate")
_UPDATE_GATE = scope("update gate")
