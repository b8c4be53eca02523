"""A solution of exercise 5."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rnn_backward(x: Array, h: Array, U: Array, dy: Array) -> dict[str, Array]:
    dh, da = np.zeros_like(dy), np.zeros_like(dy)
    dW, dU, db = np.zeros((len(U), x.shape[2])), np.zeros_like(U), np.zeros(len(U))
    carried = np.zeros_like(dy[0])
    for t in reversed(range(len(x))):
        dh[t] = dy[t] + carried
        da[t] = dh[t] * (1 - h[t + 1] ** 2)
        dW += da[t].T @ x[t]
        dU += da[t].T @ h[t]
        db += da[t].sum(axis=0)
        carried = da[t] @ U
    return {"h": dh, "a": da, "W": dW, "U": dU, "b": db}
