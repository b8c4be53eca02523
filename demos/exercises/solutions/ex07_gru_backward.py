"""A solution of exercise 7."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def gru_backward(
    x: Array, h: Array, gates: dict[str, Array], U: Array, dy: Array
) -> dict[str, Array]:
    steps, batch, hidden = dy.shape
    dh, da = np.zeros_like(dy), np.zeros((steps, batch, 3 * hidden))
    dW, dU, db = np.zeros((3 * hidden, x.shape[2])), np.zeros_like(U), np.zeros(3 * hidden)
    U_r, U_z, U_n = np.split(U, 3)
    carried = np.zeros_like(dy[0])
    for t in reversed(range(steps)):
        r, z, n = gates["r"][t], gates["z"][t], gates["n"][t]
        dh[t] = dy[t] + carried
        dz = dh[t] * (n - h[t])
        dn = dh[t] * z
        a_n = dn * (1 - n**2)
        masked = a_n @ U_n  # what comes to r * h
        dr = masked * h[t]
        a_r, a_z = dr * r * (1 - r), dz * z * (1 - z)
        da[t] = np.concatenate([a_r, a_z, a_n], axis=1)
        dW += da[t].T @ x[t]
        dU += np.concatenate([a_r.T @ h[t], a_z.T @ h[t], a_n.T @ (r * h[t])])
        db += da[t].sum(axis=0)
        carried = dh[t] * (1 - z) + masked * r + a_r @ U_r + a_z @ U_z
    return {"h": dh, "a": da, "W": dW, "U": dU, "b": db}
