"""Exercise 1: how a gradient comes back through tanh.

    y = tanh(x),        dL/dx = dL/dy * dy/dx,        one element at a time

Reverse mode never builds the Jacobian: it multiplies what arrives, g = dL/dy, with the local slope.
That is called a vector-Jacobian product, in short vjp. Write the slope in terms of tanh(x): then a
network can use the value that it has computed on the way forward.

Hint: sinh(x) / cosh(x), by the quotient rule, and cosh(x)**2 - sinh(x)**2 = 1.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def tanh_vjp(g: Array, x: Array) -> Array:
    """Return dL/dx, of the shape of x, from g = dL/dy of the same shape and x."""
    ...
