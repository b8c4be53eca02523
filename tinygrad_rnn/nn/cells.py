"""The recurrent cells: plain functions of (x_t, state), each readable beside its equations.

All gates of a cell are stacked in one weight: `weight_ih` (G*H, I), `weight_hh` (G*H, H) and
`bias` (G*H,), where I is the input size, H the hidden size and G the number of gates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from tinygrad_rnn.f import linear, linear_pair, relu, sigmoid
from tinygrad_rnn.nn.base import GatedCell, marked
from tinygrad_rnn.nn.layers import Seed
from tinygrad_rnn.nn.module import Parameter
from tinygrad_rnn.ops.activations import tanh
from tinygrad_rnn.ops.gates import sigmoid_gate, tanh_gate
from tinygrad_rnn.scope import scope
from tinygrad_rnn.tensor import Tensor


class RNNCell(GatedCell):
    """The simple recurrent network (Elman 1990, "Finding structure in time").

        h_t = tanh(W x_t + U h_{t-1} + b)

    Args:
        input_size: I, the length of x_t.
        hidden_size: H, the length of h_t.
        bias: whether there is a b; it starts at 0.
        dtype: of all parameters.
        rng: a `numpy.random.Generator`, or a seed for one.
        nonlinearity: ``"tanh"``, ``"relu"`` or ``"identity"``.
        learn_state: whether h_0 is a parameter `h_0` (H,) instead of zeros.

    Raises:
        ValueError: if there is no such nonlinearity, or a size is below 1.
        DtypeError: if `dtype` is not floating.

    >>> cell = RNNCell(2, 3, rng=0)
    >>> cell(np.ones((1, 2)), cell.initial_state(1)).shape
    (1, 3)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        rng: Seed = None,
        nonlinearity: str = "tanh",
        learn_state: bool = False,
    ) -> None:
        if nonlinearity not in NONLINEARITIES:
            known = ", ".join(NONLINEARITIES)
            raise ValueError(f"nonlinearity {nonlinearity!r} is none of {known}")
        super().__init__("h", input_size, hidden_size, bias, learn_state, dtype, rng)
        self.nonlinearity = nonlinearity

    @marked
    def __call__(self, x: Any, state: Tensor) -> Tensor:
        """Return h_t from x_t (batch, I) and h_{t-1} (batch, H)."""
        with _HIDDEN:
            a = linear_pair(x, self.weight_ih, state, self.weight_hh, self.bias)
            return NONLINEARITIES[self.nonlinearity](a)  # type: ignore[no-any-return]  # dispatched to Tensor


class LSTMState(NamedTuple):
    """The state of an LSTM.

    Attributes:
        h: the hidden state, shape (batch, H), or (batch, P) if it is projected.
        c: the cell state, shape (batch, H).

    >>> h, c = LSTMCell(2, 3).initial_state(batch=1)
    """

    h: Tensor
    c: Tensor

    def detach(self) -> LSTMState:
        """Return a state of the same values that remembers nothing of the graph."""
        return LSTMState(self.h.detach("h"), self.c.detach("c"))


class LSTMCell(GatedCell):
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
            (Jozefowicz et al. 2015). None for 0, as the others. "chrono" draws it for time
            scales up to `max_length`, and starts b_i at its negative (see `init.chrono`).
        peepholes: let the gates see c: adds ``p_i * c_{t-1}`` to i, ``p_f * c_{t-1}`` to f and
            ``p_o * c_t`` to o, before the sigmoid (Gers & Schmidhuber 2000). The parameter
            `peephole` (3H,) stacks p_i, p_f, p_o, or (2H,) p_i, p_o if coupled.
        coupled: ``f = 1 - i`` (Greff et al. 2017): rows are i, g, o, and b_i starts at
            minus `forget_bias`.
        learn_state: whether h_0 and c_0 are parameters `h_0`, `c_0` (H,) instead of zeros.
        max_length: the longest time scale, in steps, of ``forget_bias="chrono"``.
        proj_size: P, if h_t is projected to that length, ``h_t = V (o * tanh(c_t))`` (Sak et al.
            2014): the parameter `weight_hr` (P, H) is V, and U is (4*H, P).

    Raises:
        ValueError: if a size is below 1, `forget_bias` is another text, or `max_length` and
            "chrono" do not come together.
        DtypeError: if `dtype` is not floating.

    >>> cell = LSTMCell(2, 3, rng=0)
    >>> h, c = cell(np.ones((1, 2)), cell.initial_state(1))
    >>> h.shape, c.shape
    ((1, 3), (1, 3))
    """

    parts = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        rng: Seed = None,
        forget_bias: float | str | None = 1.0,
        peepholes: bool = False,
        coupled: bool = False,
        learn_state: bool = False,
        max_length: float | None = None,
        proj_size: int | None = None,
    ) -> None:
        gates = "igo" if coupled else "ifgo"
        super().__init__(gates, input_size, hidden_size, bias, learn_state, dtype, rng, proj_size)
        self.weight_hr = None if proj_size is None else self._uniform(proj_size, hidden_size)
        self.coupled = coupled
        keeping = self._keeping("forget_bias", forget_bias, max_length)
        if keeping is not None and not coupled:
            self._set_bias("f", keeping)
        if keeping is not None and (coupled or forget_bias == "chrono"):
            self._set_bias("i", -keeping)
        self.peephole = self._uniform((2 if coupled else 3) * hidden_size) if peepholes else None

    def initial_state(self, batch: int) -> LSTMState:
        """Return h_0 and c_0, each (batch, H): zeros, or what was learned."""
        return LSTMState(self._start("h", batch), self._start("c", batch))

    @marked
    def __call__(self, x: Any, state: LSTMState) -> LSTMState:
        """Return (h_t, c_t) from x_t (batch, I) and (h_{t-1}, c_{t-1})."""
        h, c = state
        a = linear_pair(x, self.weight_ih, h, self.weight_hh, self.bias)
        with _INPUT_GATE:
            i = self._gate("i", a, c)
        with _FORGET_GATE:
            f = 1 - i if self.coupled else self._gate("f", a, c)
        with _CANDIDATE:
            g = tanh_gate(a, columns=self.rows("g"))
        with _CELL:
            c = f * c + i * g
        with _OUTPUT_GATE:  # after c_t, which it sees through its peephole
            o = self._gate("o", a, c)
        with _HIDDEN:
            h = o * tanh(c)
            if self.weight_hr is not None:
                h = linear(h, self.weight_hr)
        return LSTMState(h, c)

    def _gate(self, name: str, a: Any, c: Tensor) -> Any:
        """Return a gate from its rows of a and, with peepholes, from its look at c."""
        if self.peephole is None:
            return sigmoid_gate(a, columns=self.rows(name))
        first = self.gates.replace("g", "").index(name) * self.hidden_size
        seen = self.peephole[first : first + self.hidden_size] * c
        return sigmoid(a[:, self.rows(name)] + seen)


class GRUCell(GatedCell):
    """Gated recurrent unit (Cho et al. 2014), with the reset gate before the matrix product.

    z is the share of the new, as in Chung et al. 2014; in Cho et al. it is that of the past.

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
        update_bias: where b_z starts: below 0 the past is kept. "chrono" draws it for time scales
            up to `max_length` (see `init.chrono`, whose negative it is).
        reset: ``"before"`` the product, as above, or ``"after"`` it, with a bias of its own, the
            parameter `bias_hn` (H,) (as cuDNN has it):
            ``n = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + b_hn))``.
        learn_state: whether h_0 is a parameter `h_0` (H,) instead of zeros.
        reset_bias: where b_r starts: below 0 the candidate begins by ignoring the past.
        max_length: the longest time scale, in steps, of ``update_bias="chrono"``.

    Raises:
        ValueError: if `reset` is neither, a size is below 1, `update_bias` is another text, or
            `max_length` and "chrono" do not come together.
        DtypeError: if `dtype` is not floating.

    >>> cell = GRUCell(2, 3, rng=0)
    >>> cell(np.ones((1, 2)), cell.initial_state(1)).shape
    (1, 3)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        rng: Seed = None,
        update_bias: float | str = 0.0,
        reset: str = "before",
        learn_state: bool = False,
        reset_bias: float = 0.0,
        max_length: float | None = None,
    ) -> None:
        if reset not in ("before", "after"):
            raise ValueError(f"reset is 'before' or 'after' the product, not {reset!r}")
        super().__init__("rzn", input_size, hidden_size, bias, learn_state, dtype, rng)
        keeping = self._keeping("update_bias", update_bias, max_length)
        self._set_bias("z", -keeping if update_bias == "chrono" else keeping)
        self._set_bias("r", reset_bias)
        self.reset = reset
        after = bias and reset == "after"
        self.bias_hn = Parameter(np.zeros(hidden_size), dtype=dtype) if after else None

    @marked
    def __call__(self, x: Any, state: Tensor) -> Tensor:
        """Return h_t from x_t (batch, I) and h_{t-1} (batch, H)."""
        h, W, U, b = state, self.weight_ih, self.weight_hh, self.bias
        a = linear_pair(x, W, h, U, b, rows=self.rows("rz"))
        with _RESET_GATE:
            r = sigmoid_gate(a, columns=self.rows("r"))
        with _UPDATE_GATE:
            z = sigmoid_gate(a, columns=self.rows("z"))
        with _CANDIDATE:
            if self.reset == "before":
                n = tanh(linear_pair(x, W, r * h, U, b, rows=self.rows("n")))
            else:
                past = linear(h, U, rows=self.rows("n"))
                past = past if self.bias_hn is None else past + self.bias_hn
                n = tanh(linear(x, W, b, rows=self.rows("n")) + r * past)
        with _HIDDEN:
            return (1 - z) * h + z * n  # type: ignore[return-value]  # dispatched to Tensor


NONLINEARITIES: dict[str, Callable[[Any], Any]] = {
    "tanh": tanh,
    "relu": relu,
    "identity": lambda a: a,
}

_HIDDEN = scope("hidden state")
_CELL = scope("cell state")
_CANDIDATE = scope("candidate")
_INPUT_GATE = scope("input gate")
_FORGET_GATE = scope("forget gate")
_OUTPUT_GATE = scope("output gate")
_RESET_GATE = scope("reset gate")
_UPDATE_GATE = scope("update gate")
