"""Exercise 8: truncated backpropagation through time.

The network of exercise 5, but after every k steps the graph is cut: the state goes on, and no
gradient comes back across the cut. There are cuts before the steps k, 2k, 3k, ... (counted from
0), so each window of k steps is swept alone. The weights' gradients are still summed over all
windows, and dy still reaches every state.

Hint: only one line differs from exercise 5.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def truncated_backward(x: Array, h: Array, U: Array, dy: Array, k: int) -> dict[str, Array]:
    """Return the gradients {"h", "a", "W", "U", "b"}, shaped as in exercise 5.

    Args:
        x: the inputs, (T, B, I).
        h: the states, (T + 1, B, H): h[0] before the first step, h[t + 1] after step t.
        U: the recurrent weight, (H, H).
        dy: what the loss sends to each state directly, (T, B, H).
        k: the length of a window, at least 1.
    """
    ...
