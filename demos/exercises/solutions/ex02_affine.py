"""A solution of exercise 2."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def affine_vjp(g: Array, x: Array, w: Array) -> tuple[Array, Array, Array]:
    dx = g @ w.T
    dw = (np.swapaxes(x, 1, 2) @ g).sum(axis=0)
    db = g.sum(axis=(0, 1))
    return dx, dw, db
