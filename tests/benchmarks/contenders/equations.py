"""The three cells in the words of a NumPy-like library, for those that are used in that way."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


def step_function(cell: str, hidden: int, lib: SimpleNamespace) -> Callable:
    """Return `step(x, state, w, u, b) -> state`; `lib` has matmul-ready arrays, sigmoid and tanh.

    `w` and `u` are transposed already: (I, G*H) and (H, G*H). A state is a tuple, h first.
    """

    def gate(a: Any, k: int) -> Any:
        return a[:, k * hidden : (k + 1) * hidden]

    def rnn(x: Any, state: tuple, w: Any, u: Any, b: Any) -> tuple:
        return (lib.tanh(x @ w + state[0] @ u + b),)

    def lstm(x: Any, state: tuple, w: Any, u: Any, b: Any) -> tuple:
        h, c = state
        a = x @ w + h @ u + b
        i, f, o = (lib.sigmoid(gate(a, k)) for k in (0, 1, 3))
        c = f * c + i * lib.tanh(gate(a, 2))
        return o * lib.tanh(c), c

    def gru(x: Any, state: tuple, w: Any, u: Any, b: Any) -> tuple:
        (h,) = state
        a = x @ w + b
        rz = lib.sigmoid(a[:, : 2 * hidden] + h @ u[:, : 2 * hidden])
        r, z = gate(rz, 0), gate(rz, 1)
        n = lib.tanh(gate(a, 2) + (r * h) @ u[:, 2 * hidden :])
        return ((1 - z) * h + z * n,)

    return {"rnn": rnn, "lstm": lstm, "gru": gru}[cell]
