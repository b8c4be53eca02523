"""Exercise 5: backpropagation through time of a simple recurrent network.

    a_t = W x_t + U h_{t-1} + b,        h_t = tanh(a_t)        (rows: h_{t-1} @ U.T)

The loss reads every h_t; what it sends there directly is dy[t]. But h_t is also read by the step
that follows, so dL/dh_t is a sum of two parts, and the last step's is known first. Go from there
to the first: state, pre-activation, weights, previous state.

Hint: carry one array (B, H) from each step to the one before it; at the last step it is 0.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rnn_backward(x: Array, h: Array, U: Array, dy: Array) -> dict[str, Array]:
    """Return the gradients {"h", "a", "W", "U", "b"}.

    Args:
        x: the inputs, (T, B, I).
        h: the states, (T + 1, B, H): h[0] before the first step, h[t + 1] after step t.
        U: the recurrent weight, (H, H).
        dy: what the loss sends to each state directly, (T, B, H).

    Returns:
        "h" and "a": dL/dh_t, both parts added, and dL/da_t, for every step, (T, B, H);
        "W" (H, I), "U" (H, H), "b" (H,): summed over the steps and the batch.
    """
    ...
