"""The fused engine: a cell's whole run as one primitive, with hand-derived backpropagation
through time.

What makes it fast is the order of work. Everything that needs no recurrence is one matrix product
over all steps: the inputs before the loop (W x_t + b for every t), the gradients of W, U, b and x
after it. In the loop remain one product with U a step and ufuncs that write into buffers. The gates
of all steps lie apart, each in one piece: NumPy walks a gate that lies between others row by row,
four times slower. Large buffers are lent again to the next run.

Inside, sigmoid(a) is computed as (1 + tanh(a / 2)) / 2: the halved a comes from halved weights, so
that one tanh serves all gates. Values are exact to rounding of 1: a gate closed beyond 1e-16
is 0 here, where the op graph still has a tiny number. The slopes of such rounded values keep at
least half of the dtype's digits. Where any would keep fewer, all are taken anew from a, which makes
that run's forward and backward pass 1.1 to 1.5 times as long, or 2 to 2.3 times where the compiled
loops would have applied; looking for such a unit takes 1 to 6 %. The op graph keeps all digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.nn.base import Cell
from tinygrad_rnn.nn.cells import GRUCell, LSTMCell, LSTMState, RNNCell
from tinygrad_rnn.nn.fused.base import FusedFunction
from tinygrad_rnn.nn.fused.gru import GRUAfterFunction, GRUFunction
from tinygrad_rnn.nn.fused.lstm import LSTMFunction
from tinygrad_rnn.nn.fused.rnn import RNNFunction
from tinygrad_rnn.nn.sequence_op import record, sequence_primitive
from tinygrad_rnn.primitive import Primitive
from tinygrad_rnn.tensor import Array, Tensor

FUSED_RNN = sequence_primitive("fused rnn", "h_1 .. h_T")
FUSED_LSTM = sequence_primitive("fused lstm", "(h, c)_1 .. (h, c)_T")
FUSED_GRU = sequence_primitive("fused gru", "h_1 .. h_T")


def fused_run(cell: Cell, inputs: Any, state: Any, mask: Array | None) -> Tensor:
    """Return the states of all steps: (T, B, H), or (2, T, B, H) with h and c for an LSTM.

    Args:
        cell: exactly an RNNCell, LSTMCell or GRUCell.
        inputs: shape (T, B, I).
        state: the state before the first step.
        mask: shape (T, B), which sequences still go on; None for all.

    Raises:
        NotDifferentiableError: if this cell, or an option of it, has no fused form.
    """
    primitive, kind = _fused_form(cell)
    start = state if isinstance(state, LSTMState) else (state,)
    weights = (getattr(cell, name, None) for name in ("weight_ih", "weight_hh", "bias", "bias_hn"))
    rest = [*start, *(weight for weight in weights if weight is not None)]
    # The buffers have the input's dtype: it must hold what any part needs.
    dtype = np.result_type(inputs.dtype, *[part.dtype for part in rest])
    if inputs.dtype != dtype:
        inputs = inputs.astype(dtype)
    return record(primitive, kind(cell, mask), inputs, *rest)


def _fused_form(cell: Cell) -> tuple[Primitive, type[FusedFunction]]:
    if type(cell) is RNNCell:
        return FUSED_RNN, RNNFunction
    if type(cell) is LSTMCell and _is_plain(cell):
        return FUSED_LSTM, LSTMFunction
    if type(cell) is GRUCell:
        return FUSED_GRU, GRUFunction if cell.reset == "before" else GRUAfterFunction
    raise NotDifferentiableError(
        f"{type(cell).__name__} as it is has no fused form (nor have cells of one's own, "
        "peepholes, coupled gates and projected states): unroll with engine='graph'"
    )


def _is_plain(cell: LSTMCell) -> bool:
    return cell.peephole is None and not cell.coupled and cell.weight_hr is None
