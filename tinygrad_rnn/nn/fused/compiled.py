"""The fused loops compiled: what NumPy does in a pass over memory for each operation, in one.

The equations and the buffers are those of the tapes beside this file, with the same names. Each
loop over the steps is written once and runs in two ways: compiled as a whole where NumPy's calls
would outweigh the arithmetic, else as it stands, with its products left to BLAS and what is between
them compiled. Numba turns a function into machine code when it is first called, and keeps the
result for later processes.

What keeps LLVM from using the processor's vectors is avoided: divisions that are checked for zero,
branches, strides, and loops that write to one array and read from so many others that it will not
compare all their addresses. Hence loops that a reader would have joined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from tinygrad_rnn.tensor import Array

# Up to so many sequences, and units times sequences, BLAS is the slower one.
SEQUENCES, UNITS = 8, 2048
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function; ``a * b + c`` may be rounded once, all else is as written."""
    try:
        made = njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # nowhere to keep the result: it is compiled anew in each process
        made = njit(**OPTIONS)(function)
    if made is function:
        raise ImportError("NUMBA_DISABLE_JIT is set")
    return made


def in_two_ways(loop: Callable[..., None]) -> Callable[..., None]:
    """Return a loop over steps that is compiled as a whole for few sequences."""
    whole = compiled(loop)

    def run(states: Array, *rest: Any) -> None:
        small = states.shape[1] <= SEQUENCES and states[0].size <= UNITS
        (whole if small else loop)(states, *rest)

    return run


# tanh(x) = 2nd / (n^2 + d^2) where tanh(x / 2) = n / d, n = x N(x^2), d = D(x^2): doubling the
# argument damps the error of n / d where tanh is near 1. N and D, highest power first, were fitted
# to have the least error in tanh(x) relative to it, up to the x beyond which it rounds to 1; they
# are scaled for D(0) to stand just below a power of two, where rounding errs least.
# Greatest errors measured: 3.0 ulp in both dtypes, for all numbers of float32, 10^7 of float64.
N_32 = 8.1375255e-08, 0.00014857076, 0.029031415, 0.92
D_32 = 5.125763e-06, 0.0025801668, 0.21139614, 1.84
N_64 = (
    *(5.004708574493326e-21, 1.8191618726568e-16, 9.415434762883974e-13, 1.592105664185913e-09),
    *(1.0951354637104255e-06, 0.0003164099968657853, 0.03418411070676732, 0.92),
)
D_64 = (
    *(1.3735242745251278e-18, 1.5447446991530977e-14, 4.3663959993071896e-11),
    *(4.6479992213401455e-08, 2.0815968177246816e-05, 0.0037746162226372725),
    *(0.22170155474686795, 1.84),
)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent; only compiled functions call it."""
    raise NotImplementedError


@overload(tanh)
def tanh_of_dtype(x: Any) -> Callable[[Any], Any]:
    """Choose the polynomials for the dtype of x."""
    single = x is types.float32
    dtype = np.float32 if single else np.float64
    numerator, denominator = (
        tuple(map(dtype, powers)) for powers in ((N_32, D_32) if single else (N_64, D_64))
    )
    limit, zero = dtype(9.2 if single else 19.4), dtype(0)

    def of_number(x: Any) -> Any:
        x = limit if x > limit else x  # so written, NaN stays NaN
        x = -limit if x < -limit else x
        square = x * x
        n = d = zero
        for power in numerator:
            n = n * square + power
        for power in denominator:
            d = d * square + power
        n *= x
        return (n + n) * d / (n * n + d * d)

    return of_number


def multiply_into(left: Array, right: Array, out: Array) -> None:
    """Fill `out` with ``left @ right``: by BLAS, or where it is compiled, by the loops below."""
    np.matmul(left, right, out=out)


@overload(multiply_into)
def multiply_compiled(left: Any, right: Any, out: Any) -> Callable[..., None]:
    """Compile a product of a few rows and a small matrix."""

    def loops(left: Any, right: Any, out: Any) -> None:
        fours = len(right) // 4 * 4
        for b in range(len(out)):
            row = out[b]
            row[:] = 0
            for k in range(fours, len(right)):
                for j in range(len(row)):
                    row[j] += left[b, k] * right[k, j]
            for k in range(0, fours, 4):  # a row waits for its last sum less often so
                a0, a1, a2, a3 = left[b, k], left[b, k + 1], left[b, k + 2], left[b, k + 3]
                for j in range(len(row)):
                    row[j] += (a0 * right[k, j] + a1 * right[k + 1, j]) + (
                        a2 * right[k + 2, j] + a3 * right[k + 3, j]
                    )

    return loops


@compiled
def any_beyond(values: Array, lows: tuple[float, ...], high: float) -> bool:
    """Return whether a number of values[k] is below lows[k] or above `high`."""
    for k in range(len(values)):
        row, count = values[k], 0
        low, top = values.dtype.type(lows[k]), values.dtype.type(high)
        for j in range(len(row)):  # counted, for a loop that may end early takes no vectors
            count += (row[j] < low) | (row[j] > top)
        if count:
            return True
    return False


@in_two_ways
def rnn_forward(h: Array, a: Array, u_t: Array) -> None:
    """Fill h_1 .. h_T from a_t = W x_t + b and h_0."""
    for t in range(len(a)):
        multiply_into(h[t], u_t, h[t + 1])
        rnn_step(t, h, a)


@compiled
def rnn_step(t: int, h: Array, a: Array) -> None:
    """Squash ``a_t + U h_{t-1}``, of which h_t holds the product."""
    for b in range(h.shape[1]):
        for j in range(h.shape[2]):
            h[t + 1, b, j] = tanh(a[t, b, j] + h[t + 1, b, j])


@in_two_ways
def rnn_backward(h: Array, g: Array, u: Array, da: Array, dh: Array) -> None:
    """Fill da, and leave in dh what arrives at h_0."""
    for t in range(len(da) - 1, -1, -1):
        rnn_step_back(t, h, g, da, dh)
        multiply_into(da[t], u, dh)


@compiled
def rnn_step_back(t: int, h: Array, g: Array, da: Array, dh: Array) -> None:
    """Fill da_t."""
    for b in range(da.shape[1]):
        for j in range(da.shape[2]):
            d, y = dh[b, j] + g[t, b, j], h[t + 1, b, j]
            da[t, b, j] = d - d * y * y


@in_two_ways
def lstm_forward(
    h: Array, c: Array, tanh_c: Array, gates: Array, u_t: Array, half: Array, product: Array
) -> None:
    """Turn the pre-activations in `gates` into gates, and fill h_1 .. h_T, c_1 .. c_T."""
    for t in range(len(tanh_c)):
        multiply_into(h[t], u_t, product)
        lstm_step(t, h, c, tanh_c, gates, half, product)


@compiled
def lstm_step(
    t: int, h: Array, c: Array, tanh_c: Array, gates: Array, half: Array, product: Array
) -> None:
    """Do a step, of which `product` holds the part of the gates that comes from h."""
    size, one = h.shape[2], np.float32(1)
    for b in range(h.shape[1]):
        for gate in range(4):
            scale = half[gate, 0, 0]
            for j in range(size):
                y = tanh(gates[gate, t, b, j] + product[b, gate * size + j])
                gates[gate, t, b, j] = y * scale + (one - scale)
        for j in range(size):
            c[t + 1, b, j] = gates[1, t, b, j] * c[t, b, j] + gates[0, t, b, j] * gates[2, t, b, j]
        for j in range(size):
            y = tanh(c[t + 1, b, j])
            tanh_c[t, b, j] = y
            h[t + 1, b, j] = gates[3, t, b, j] * y


@in_two_ways
def lstm_backward(
    c: Array, tanh_c: Array, gates: Array, g: Array, u: Array, da: Array, dh: Array, dc: Array
) -> None:
    """Fill da, and leave in dh and dc what arrives at h_0 and c_0."""
    for t in range(len(da) - 1, -1, -1):
        lstm_step_back(t, c, tanh_c, gates, g, da, dh, dc)
        multiply_into(da[t], u, dh)


@compiled
def lstm_step_back(
    t: int, c: Array, tanh_c: Array, gates: Array, g: Array, da: Array, dh: Array, dc: Array
) -> None:
    """Fill da_t, and turn dc_t into dc_{t-1}."""
    size = c.shape[2]
    for b in range(da.shape[1]):
        for j in range(size):
            dh[b, j] += g[0, t, b, j]
        for j in range(size):
            o, y = gates[3, t, b, j], tanh_c[t, b, j]
            dc[b, j] += g[1, t, b, j] + dh[b, j] * (o - o * y * y)
        for j in range(size):
            o = gates[3, t, b, j]
            da[t, b, 3 * size + j] = dh[b, j] * tanh_c[t, b, j] * (o - o * o)
        for j in range(size):
            i, n = gates[0, t, b, j], gates[2, t, b, j]
            da[t, b, j] = dc[b, j] * n * (i - i * i)
        for j in range(size):
            i, n = gates[0, t, b, j], gates[2, t, b, j]
            da[t, b, 2 * size + j] = dc[b, j] * (i - i * n * n)
        for j in range(size):
            f = gates[1, t, b, j]
            da[t, b, size + j] = dc[b, j] * c[t, b, j] * (f - f * f)
        for j in range(size):
            dc[b, j] *= gates[1, t, b, j]


@in_two_ways
def gru_forward(
    h: Array, rh: Array, gates: Array, u_rz: Array, u_n: Array, product_rz: Array, product_n: Array
) -> None:
    """Turn the pre-activations in `gates` into r, z, n, and fill h_1 .. h_T and r * h_{t-1}."""
    for t in range(len(rh)):
        multiply_into(h[t], u_rz, product_rz)
        gru_reset(t, h, rh, gates, product_rz)
        multiply_into(rh[t], u_n, product_n)
        gru_step(t, h, gates, product_n)


@compiled
def gru_reset(t: int, h: Array, rh: Array, gates: Array, product: Array) -> None:
    """Finish r and z, whose pre-activations are halved, and fill r * h_{t-1}."""
    size, half = h.shape[2], np.float32(0.5)
    for b in range(h.shape[1]):
        for gate in range(2):
            for j in range(size):
                y = tanh(gates[gate, t, b, j] + product[b, gate * size + j])
                gates[gate, t, b, j] = y * half + half
        for j in range(size):
            rh[t, b, j] = gates[0, t, b, j] * h[t, b, j]


@compiled
def gru_step(t: int, h: Array, gates: Array, product: Array) -> None:
    """Finish n, and fill h_t."""
    for b in range(h.shape[1]):
        for j in range(h.shape[2]):
            n, past = tanh(gates[2, t, b, j] + product[b, j]), h[t, b, j]
            gates[2, t, b, j] = n
            h[t + 1, b, j] = past + gates[1, t, b, j] * (n - past)


@in_two_ways
def gru_backward(
    h: Array, gates: Array, g: Array, u_rz: Array, u_n: Array, da: Array, dh: Array, d: Array
) -> None:
    """Fill da, and leave in dh what arrives at h_0; d has dh's shape and begins as zeros."""
    cut = 2 * dh.shape[1]
    for t in range(len(da) - 1, -1, -1):
        gru_step_back(t, h, gates, g, da, dh, d)
        multiply_into(da[t, :, cut:], u_n, d)
        gru_reset_back(t, h, gates, da, dh, d)
        multiply_into(da[t, :, :cut], u_rz, d)
    dh += d


@compiled
def gru_step_back(t: int, h: Array, gates: Array, g: Array, da: Array, dh: Array, d: Array) -> None:
    """Fill da_z and da_n; d holds what came back through r and z of the step after."""
    size = h.shape[2]
    for b in range(da.shape[1]):
        for j in range(size):
            dh[b, j] += d[b, j] + g[t, b, j]
        for j in range(size):
            z, n = gates[1, t, b, j], gates[2, t, b, j]
            da[t, b, size + j] = dh[b, j] * (n - h[t, b, j]) * (z - z * z)
        for j in range(size):
            z, n = gates[1, t, b, j], gates[2, t, b, j]
            da[t, b, 2 * size + j] = dh[b, j] * (z - z * n * n)
        for j in range(size):
            dh[b, j] -= dh[b, j] * gates[1, t, b, j]


@compiled
def gru_reset_back(t: int, h: Array, gates: Array, da: Array, dh: Array, d: Array) -> None:
    """Fill da_r; d holds what came back to ``r * h_{t-1}``."""
    for b in range(da.shape[1]):
        for j in range(h.shape[2]):
            r = gates[0, t, b, j]
            da[t, b, j] = d[b, j] * h[t, b, j] * (r - r * r)
        for j in range(h.shape[2]):
            dh[b, j] += d[b, j] * gates[0, t, b, j]
