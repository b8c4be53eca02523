"""A solution of exercise 4."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def recurrent_weight_gradient(a: Array, h: Array) -> Array:
    dU = np.zeros((a.shape[2], h.shape[2]))
    for t in range(len(a)):
        dU += a[t].T @ h[t]
    return dU
