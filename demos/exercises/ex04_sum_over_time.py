"""Exercise 4: the gradient of a weight that is used at every step.

    a_t = W x_t + U h_{t-1} + b,        h_t = tanh(a_t)

U is one matrix with T uses. By the chain rule its gradient is a sum over them all; each use gives
what you know from exercise 2. The rows of x, h and a are the sequences of a batch: in their
convention a_t = h_{t-1} @ U.T + ...

Given are the gradients at all a_t, so nothing has to be carried from step to step here.

Hint: h[0] is the state before the first step, so h_{t-1} of step t, counted from 0, is h[t].
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def recurrent_weight_gradient(a: Array, h: Array) -> Array:
    """Return dL/dU, (H, H).

    Args:
        a: dL/da_t for every step, (T, B, H).
        h: the states, (T + 1, B, H): h[0] before the first step, h[t + 1] after step t.
    """
    ...
