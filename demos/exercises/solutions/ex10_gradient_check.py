"""A solution of exercise 10."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def numerical_gradient(f: Callable[[Array], float], x: Array, eps: float) -> Array:
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += eps
        below[place] -= eps
        gradient[place] = (f(above) - f(below)) / (2 * eps)
    return gradient
