"""Exercise 7: the backward pass of a GRU.

    r = sigmoid(W_r x_t + U_r h_{t-1} + b_r)
    z = sigmoid(W_z x_t + U_z h_{t-1} + b_z)
    n = tanh(W_n x_t + U_n (r * h_{t-1}) + b_n)
    h_t = (1 - z) * h_{t-1} + z * n               z near 0 keeps the past

h_{t-1} is read four times: by the interpolation, by both gates, and under r by the candidate. So
four parts go back to it. Mind the direction of z: where it grows, the new replaces the past.

Hint: dL/dz = dL/dh_t * (n - h_{t-1}). What comes to r * h_{t-1} goes to r and to h_{t-1}.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def gru_backward(
    x: Array, h: Array, gates: dict[str, Array], U: Array, dy: Array
) -> dict[str, Array]:
    """Return the gradients {"h", "a", "W", "U", "b"}.

    Args:
        x: the inputs, (T, B, I).
        h: the states, (T + 1, B, H): h[0] before the first step, h[t + 1] after step t.
        gates: "r", "z", "n": what the gates and the candidate gave, each (T, B, H).
        U: the recurrent weight, (3H, H): U_r, U_z and U_n below one another.
        dy: what the loss sends to each state directly, (T, B, H).

    Returns:
        "h": dL/dh_t with all its parts, (T, B, H); "a": the gradients at the three arguments of
        sigmoid and tanh, side by side, (T, B, 3H); "W" (3H, I), "U" (3H, H), "b" (3H,).
    """
    ...
