"""The gated recurrent unit, fused, in both its forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.nn.fused.room import store
from tinygrad_rnn.nn.fused.tape import FusedTape, buffer, outer, rows, set_aside, spans
from tinygrad_rnn.tensor import Array


class GRUTape(FusedTape):
    """h_t = h_{t-1} + z * (n - h_{t-1}), with the reset gate before the product.

    r, z = sigmoid(a_r + U_r h_{t-1}), sigmoid(a_z + U_z h_{t-1})  where  a_t = W x_t + b
    n = tanh(a_n + U_n (r * h_{t-1}))

    da_z = dh_t * (n - h_{t-1}) * z (1 - z)      da_n = dh_t * z * (1 - n^2)
    d = U_n^T da_n                               da_r = d * h_{t-1} * r (1 - r)
    dh_{t-1} = dh_t * (1 - z) + d * r + U_rz^T da_rz
    """

    def forward(self, *values: Any) -> Array:
        """Return h_1 .. h_T."""
        x, h_0, w, u, *bias = values
        size = h_0.shape[-1]
        half = np.repeat(np.array([0.5, 0.5, 1.0], w.dtype), size)  # of r, z, n
        gates = self.project(x, w * half[:, None], *[b * half for b in bias])
        u_rz, u_n = (u[: 2 * size] * 0.5).T, u[2 * size :].T
        h = buffer(len(x), h_0, gates.dtype)
        rh = store.empty(h[1:].shape, h.dtype)
        compiled = self.compiled(gates.dtype)
        if compiled:
            u_rz, u_n = np.ascontiguousarray(u_rz), np.ascontiguousarray(u_n)
            product = np.empty((len(h_0), 2 * size), h.dtype)
            compiled.gru_forward(h, rh, gates, u_rz, u_n, product, np.empty_like(h_0))
        else:
            self._forward_loop(gates, u_rz, u_n, h, rh)
        self.kept = x, gates, h, rh, w, u, bias
        return h[1:]

    def _forward_loop(self, gates: Array, u_rz: Array, u_n: Array, h: Array, rh: Array) -> None:
        size = h.shape[-1]
        product_rz, product_n = np.empty_like(gates[0, :, : 2 * size]), np.empty_like(h[0])
        r, z, n = np.split(gates, 3, axis=-1)
        for dead, rz_t, r_t, z_t, n_t, rh_t, past, h_t in self.steps(
            gates[..., : 2 * size], r, z, n, rh, h, h[1:]
        ):
            np.matmul(past, u_rz, out=product_rz)
            sigmoid_of_half(rz_t, product_rz)
            np.multiply(r_t, past, out=rh_t)
            np.matmul(rh_t, u_n, out=product_n)
            n_t += product_n
            np.tanh(n_t, out=n_t)
            mix(h_t, past, z_t, n_t, dead)

    def backward(self, g: Array) -> list[Any]:
        """Return the gradients of x, h_0, W, U and the biases."""
        x, gates, h, rh, w, u, bias = self.kept
        size = rh.shape[-1]
        u_rz, u_n = u[: 2 * size], u[2 * size :]
        da, dh = store.empty(gates.shape, gates.dtype), np.zeros_like(h[0])
        compiled = self.compiled(gates.dtype)
        if compiled:
            g = np.ascontiguousarray(g)
            compiled.gru_backward(da, g, gates, h, u_rz, u_n, dh, np.zeros_like(dh))
        else:
            self._backward_loop(g, gates, h, u_rz, u_n, da, dh)
        da_rz, da_n = da[..., : 2 * size], da[..., 2 * size :]
        return [
            self.input_gradient(da, x, w),
            dh,
            outer(da, x),
            np.concatenate([outer(da_rz, h[:-1]), outer(da_n, rh)]),
            *[rows(da).sum(0) for _ in bias],
        ]

    def _backward_loop(
        self, g: Array, gates: Array, h: Array, u_rz: Array, u_n: Array, da: Array, dh: Array
    ) -> None:
        steps, batch, size = g.shape
        d = np.empty_like(dh)
        da_3 = da.reshape(steps, batch, 3, size)
        da_rz, da_r, da_n = da[..., : 2 * size], da[..., :size], da[..., 2 * size :]
        for span in spans(da):
            keep = local_slopes(gates[span], h[:-1][span], h[:-1][span], da[span])
            walk = self.back(span, g, da_rz, da_r, da_n, da_3[:, :, 1:], gates[..., :size])
            for (dead, g_t, da_rz_t, da_r_t, da_n_t, da_zn_t, r_t), keep_t in zip(
                walk, keep[::-1], strict=True
            ):
                dh += g_t
                past = set_aside(dead, dh)
                da_zn_t *= dh[:, None]
                np.matmul(da_n_t, u_n, out=d)
                da_r_t *= d
                dh *= keep_t
                d *= r_t
                dh += d
                np.matmul(da_rz_t, u_rz, out=d)
                dh += d
                if dead is not None:
                    dh += past


class GRUAfterTape(FusedTape):
    """The same with the reset gate after the product, which has a bias of its own.

    p = U_n h_{t-1} + b_hn,  n = tanh(a_n + r * p)

    da_z, da_n as above      da_r = da_n * p * r (1 - r)      dp = da_n * r
    dh_{t-1} = dh_t * (1 - z) + U^T (da_r, da_z, dp)
    """

    def forward(self, *values: Any) -> Array:
        """Return h_1 .. h_T."""
        x, h_0, w, u, *bias = values
        size = h_0.shape[-1]
        half = np.repeat(np.array([0.5, 0.5, 1.0], w.dtype), size)  # of r, z, n
        gates = self.project(x, w * half[:, None], *[b * half for b in bias[:1]])
        u_half = (u * half[:, None]).T
        bias_hn = bias[1] if bias else 0.0
        h = buffer(len(x), h_0, gates.dtype)
        p = store.empty(h[1:].shape, h.dtype)
        product, rp = np.empty_like(gates[0]), np.empty_like(h[0])
        product_rz, product_n = product[:, : 2 * size], product[:, 2 * size :]
        r, z, n = np.split(gates, 3, axis=-1)
        for dead, rz_t, r_t, z_t, n_t, p_t, past, h_t in self.steps(
            gates[..., : 2 * size], r, z, n, p, h, h[1:]
        ):
            np.matmul(past, u_half, out=product)
            sigmoid_of_half(rz_t, product_rz)
            np.add(product_n, bias_hn, out=p_t)
            np.multiply(r_t, p_t, out=rp)
            n_t += rp
            np.tanh(n_t, out=n_t)
            mix(h_t, past, z_t, n_t, dead)
        self.kept = x, gates, h, p, w, u, bias
        return h[1:]

    def backward(self, g: Array) -> list[Any]:
        """Return the gradients of x, h_0, W, U and the biases."""
        x, gates, h, p, w, u, bias = self.kept
        _, batch, size = p.shape
        da, da_n = (
            store.empty(a.shape, a.dtype) for a in (gates, p)
        )  # in the loop, da is da_r, da_z, dp
        dh, d = np.zeros((2, batch, size), da.dtype)
        walked = da, da[..., :size], da[..., size : 2 * size], da[..., 2 * size :], da_n
        for span in spans(da):
            keep = local_slopes(gates[span], h[:-1][span], p[span], da[span])
            walk = self.back(span, g, *walked, gates[..., :size])
            for (dead, g_t, da_t, da_r_t, da_z_t, dp_t, da_n_t, r_t), keep_t in zip(
                walk, keep[::-1], strict=True
            ):
                dh += g_t
                past = set_aside(dead, dh)
                da_z_t *= dh
                np.multiply(dh, dp_t, out=da_n_t)  # where dp will be, the slopes of n still are
                da_r_t *= da_n_t
                np.multiply(da_n_t, r_t, out=dp_t)
                dh *= keep_t
                np.matmul(da_t, u, out=d)
                dh += d
                if dead is not None:
                    dh += past
        dp = da[..., 2 * size :]
        du, db_hn = outer(da, h[:-1]), [rows(dp).sum(0) for _ in bias[1:]]
        dp[...] = da_n  # from here on, da is da_r, da_z, da_n: what W x_t + b gets
        return [
            self.input_gradient(da, x, w),
            dh,
            outer(da, x),
            du,
            *[rows(da).sum(0) for _ in bias[:1]],
            *db_hn,
        ]


def sigmoid_of_half(a: Array, product: Array) -> None:
    """Turn a into ``sigmoid(2 * (a + product))`` in place."""
    a += product
    np.tanh(a, out=a)
    a *= 0.5
    a += 0.5


def mix(h: Array, past: Array, z: Array, n: Array, dead: Array | None) -> None:
    """Fill h with ``past + z * (n - past)``, and with the past where a sequence is over."""
    np.subtract(n, past, out=h)
    h *= z
    h += past
    if dead is not None:
        np.copyto(h, past, where=dead)


def local_slopes(gates: Array, past: Array, reset: Array, da: Array) -> Array:
    """Fill da with what the gradients are yet to be multiplied with; return ``1 - z``.

    Args:
        gates: r, z, n of a span of steps.
        past: h_{t-1}.
        reset: what the reset gate multiplies.
        da: da_r, da_z, da_n.
    """
    r_z, (k_r, k_z, k_n) = gates[..., : 2 * past.shape[-1]], np.split(da, 3, axis=-1)
    _, z, n = np.split(gates, 3, axis=-1)
    both = da[..., : r_z.shape[-1]]
    np.subtract(1, r_z, out=both)
    keep = k_z.copy()
    both *= r_z
    k_r *= reset
    np.subtract(n, past, out=k_n)
    k_z *= k_n
    np.multiply(n, n, out=k_n)
    np.subtract(1, k_n, out=k_n)
    k_n *= z
    return keep
