"""A solution of exercise 1."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def tanh_vjp(g: Array, x: Array) -> Array:
    y: Array = np.tanh(x)
    return g * (1 - y**2)
