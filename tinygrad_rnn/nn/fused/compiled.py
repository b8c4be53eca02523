"""The fused loops compiled, for cells so small that NumPy's calls would outweigh the arithmetic.

The equations and the buffers are those of the tapes beside this file, with the same names; only the
walk over steps, sequences and units is written out. Numba turns each function into machine code
when it is first called, and keeps the result for later processes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numba import njit

from tinygrad_rnn.tensor import Array


def compiled(function: Callable[..., None]) -> Any:
    """Compile a function; sums may be reordered, NaN and Inf are kept."""
    return njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})(function)


@compiled
def add_product(out: Array, left: Array, right: Array) -> None:
    """Add ``left @ right`` of a row and a matrix to a row."""
    for k in range(len(left)):
        for j in range(len(out)):
            out[j] += left[k] * right[k, j]


@compiled
def rnn_forward(a: Array, u_t: Array, h: Array) -> None:
    """Fill h_1 .. h_T from a_t = W x_t + b and h_0."""
    for t in range(a.shape[0]):
        for b in range(a.shape[1]):
            add_product(a[t, b], h[t, b], u_t)
            for j in range(a.shape[2]):
                h[t + 1, b, j] = math.tanh(a[t, b, j])


@compiled
def rnn_backward(g: Array, h: Array, u: Array, da: Array, dh: Array) -> None:
    """Fill da, and leave in dh what arrives at h_0."""
    for t in range(len(da) - 1, -1, -1):
        for b in range(da.shape[1]):
            for j in range(da.shape[2]):
                d, y = dh[b, j] + g[t, b, j], h[t + 1, b, j]
                da[t, b, j] = d - d * y * y
                dh[b, j] = 0
            add_product(dh[b], da[t, b], u)


@compiled
def lstm_forward(
    gates: Array, u_t: Array, half: Array, rest: Array, h: Array, c: Array, tanh_c: Array
) -> None:
    """Turn the pre-activations in `gates` into gates, and fill h_1 .. h_T, c_1 .. c_T."""
    size = h.shape[2]
    for t in range(gates.shape[0]):
        for b in range(gates.shape[1]):
            a = gates[t, b]
            add_product(a, h[t, b], u_t)
            for j in range(len(a)):
                a[j] = math.tanh(a[j]) * half[j] + rest[j]
            for j in range(size):
                i, f, g, o = a[j], a[size + j], a[2 * size + j], a[3 * size + j]
                c[t + 1, b, j] = f * c[t, b, j] + i * g
                tanh_c[t, b, j] = math.tanh(c[t + 1, b, j])
                h[t + 1, b, j] = o * tanh_c[t, b, j]


@compiled
def lstm_backward(
    gh: Array,
    gc: Array,
    gates: Array,
    c: Array,
    tanh_c: Array,
    u: Array,
    da: Array,
    dh: Array,
    dc: Array,
) -> None:
    """Fill da, and leave in dh and dc what arrives at h_0 and c_0."""
    size = c.shape[2]
    for t in range(len(da) - 1, -1, -1):
        for b in range(da.shape[1]):
            a, d_a = gates[t, b], da[t, b]
            for j in range(size):
                i, f, g, o = a[j], a[size + j], a[2 * size + j], a[3 * size + j]
                y = tanh_c[t, b, j]
                to_h = dh[b, j] + gh[t, b, j]
                to_c = dc[b, j] + gc[t, b, j] + to_h * (o - o * y * y)
                d_a[j] = to_c * g * (i - i * i)
                d_a[size + j] = to_c * c[t, b, j] * (f - f * f)
                d_a[2 * size + j] = to_c * (i - i * g * g)
                d_a[3 * size + j] = to_h * y * (o - o * o)
                dc[b, j] = to_c * f
                dh[b, j] = 0
            add_product(dh[b], d_a, u)


@compiled
def gru_forward(
    gates: Array, u_rz: Array, u_n: Array, half: Array, rest: Array, h: Array, rh: Array
) -> None:
    """Turn the pre-activations in `gates` into r, z, n, and fill h_1 .. h_T and r * h_{t-1}."""
    size = h.shape[2]
    for t in range(gates.shape[0]):
        for b in range(gates.shape[1]):
            a = gates[t, b]
            add_product(a[: 2 * size], h[t, b], u_rz)
            for j in range(2 * size):
                a[j] = math.tanh(a[j]) * half[j] + rest[j]
            for j in range(size):
                rh[t, b, j] = a[j] * h[t, b, j]
            add_product(a[2 * size :], rh[t, b], u_n)
            for j in range(size):
                n = math.tanh(a[2 * size + j])
                a[2 * size + j] = n
                h[t + 1, b, j] = h[t, b, j] + a[size + j] * (n - h[t, b, j])


@compiled
def gru_backward(
    g: Array, gates: Array, h: Array, u_rz: Array, u_n: Array, da: Array, dh: Array, d: Array
) -> None:
    """Fill da, and leave in dh what arrives at h_0; `d` is room for one row."""
    size = h.shape[2]
    for t in range(len(da) - 1, -1, -1):
        for b in range(da.shape[1]):
            a, d_a = gates[t, b], da[t, b]
            for j in range(size):
                z, n, past = a[size + j], a[2 * size + j], h[t, b, j]
                to_h = dh[b, j] + g[t, b, j]
                d_a[size + j] = to_h * (n - past) * (z - z * z)
                d_a[2 * size + j] = to_h * (z - z * n * n)
                dh[b, j] = to_h - to_h * z
                d[j] = 0
            add_product(d, d_a[2 * size :], u_n)
            for j in range(size):
                r = a[j]
                d_a[j] = d[j] * h[t, b, j] * (r - r * r)
                dh[b, j] += d[j] * r
            add_product(dh[b], d_a[: 2 * size], u_rz)
