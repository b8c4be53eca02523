"""Exercise 6: the backward pass of an LSTM.

    a_t = W x_t + U h_{t-1} + b         four blocks of rows: i, f, g, o
    i, f, o = sigmoid of their blocks,  g = tanh of its block
    c_t = f * c_{t-1} + i * g,          h_t = o * tanh(c_t)

Two things are carried back now: one part of dL/dh and one of dL/dc. c_t is read twice, by tanh
for h_t and by the next step's c: its gradient has two parts as well. Then each product hands to
either factor what arrives times the other factor, and each gate has the slope of its sigmoid.

Hint: dL/dc_t = dL/dh_t * o * (slope of tanh) + what was carried; carried on is that times f.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def lstm_backward(
    x: Array, h: Array, c: Array, gates: dict[str, Array], U: Array, dy: Array
) -> dict[str, Array]:
    """Return the gradients {"h", "c", "a", "W", "U", "b"}.

    Args:
        x: the inputs, (T, B, I).
        h: the hidden states, (T + 1, B, H): h[0] before the first step, h[t + 1] after step t.
        c: the cell states, likewise.
        gates: "i", "f", "g", "o": what the gates gave, after sigmoid and tanh, each (T, B, H).
        U: the recurrent weight, (4H, H).
        dy: what the loss sends to each hidden state directly, (T, B, H).

    Returns:
        "h" and "c": dL/dh_t and dL/dc_t with all their parts, (T, B, H); "a": dL/da_t, (T, B, 4H);
        "W" (4H, I), "U" (4H, H), "b" (4H,): summed over the steps and the batch.
    """
    ...
