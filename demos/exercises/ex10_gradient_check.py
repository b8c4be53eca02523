"""Exercise 10: the gradient by central differences, to check all the others with.

    dL/dx_j  is about  (L(x + eps e_j) - L(x - eps e_j)) / (2 eps)

where e_j moves element j alone. It knows nothing of derivatives, so it is an independent judge of
them. Central differences are off by a term in eps**2; one-sided ones by a term in eps.

Hint: numpy.ndindex(x.shape) goes through the places of an array of any shape. Leave x as it was.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def numerical_gradient(f: Callable[[Array], float], x: Array, eps: float) -> Array:
    """Return the gradient of f at x, of the shape of x.

    Args:
        f: takes an array of the shape of x and returns a number.
        x: where, of any shape.
        eps: how far each element is moved to either side.
    """
    ...
