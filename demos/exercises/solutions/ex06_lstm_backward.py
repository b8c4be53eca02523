"""A solution of exercise 6."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def lstm_backward(
    x: Array, h: Array, c: Array, gates: dict[str, Array], U: Array, dy: Array
) -> dict[str, Array]:
    steps, batch, _ = x.shape
    dh, dc, da = np.zeros_like(dy), np.zeros_like(dy), np.zeros((steps, batch, len(U)))
    dW, dU, db = np.zeros((len(U), x.shape[2])), np.zeros_like(U), np.zeros(len(U))
    carried_h, carried_c = np.zeros_like(dy[0]), np.zeros_like(dy[0])
    for t in reversed(range(steps)):
        i, f, g, o = gates["i"][t], gates["f"][t], gates["g"][t], gates["o"][t]
        squashed = np.tanh(c[t + 1])
        dh[t] = dy[t] + carried_h
        do = dh[t] * squashed
        dc[t] = dh[t] * o * (1 - squashed**2) + carried_c
        df = dc[t] * c[t]
        di = dc[t] * g
        dg = dc[t] * i
        carried_c = dc[t] * f
        da[t] = np.concatenate(
            [di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], axis=1
        )
        dW += da[t].T @ x[t]
        dU += da[t].T @ h[t]
        db += da[t].sum(axis=0)
        carried_h = da[t] @ U
    return {"h": dh, "c": dc, "a": da, "W": dW, "U": dU, "b": db}
