"""Exercise 2: how gradients come back through a matrix product whose weight is broadcast.

    y = x @ w + b        x (T, B, I),  w (I, O),  b (O,),  y (T, B, O)

Every row of x meets the same w and the same b. In coordinates: y[t, b, o] is the sum over i of
x[t, b, i] w[i, o], plus b[o]. Ask of each element of w on which elements of y it acts, and add up.

Hint: shapes decide nearly everything. dL/dw is (I, O); what has two axes too many was not added up.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def affine_vjp(g: Array, x: Array, w: Array) -> tuple[Array, Array, Array]:
    """Return dL/dx (T, B, I), dL/dw (I, O) and dL/db (O,) from g = dL/dy (T, B, O)."""
    ...
