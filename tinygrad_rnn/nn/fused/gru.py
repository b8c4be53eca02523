"""The gated recurrent unit, fused, in both its forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.buffers import pool
from tinygrad_rnn.nn.fused.base import (
    FusedFunction,
    across,
    as_rows,
    buffer,
    outer,
    projection,
    saturated,
    set_aside,
    spans,
    weight_gradients,
)
from tinygrad_rnn.ops.activations import sigmoid, tanh_slope
from tinygrad_rnn.tensor import Array

HALF = np.array([0.5, 0.5, 1.0])[:, None, None]  # of r, z, n


class GRUFunction(FusedFunction):
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
        gates, x = self.project(x, w, bias, HALF.astype(w.dtype))
        u_t = across(u, HALF.astype(u.dtype))
        h = buffer(len(x), h_0, gates.dtype)
        rh = pool.empty(h[1:].shape, h.dtype)
        compiled = self.compiled(gates, u)
        if compiled:
            u_rz = np.hstack([*u_t[:2]])
            room = np.empty((len(h_0), u_rz.shape[1]), h.dtype), np.empty_like(h[0])
            compiled.gru_forward(h, rh, gates, u_rz, u_t[2], *room)
        else:
            self._forward_loop(h, rh, gates, u_t)
        self.kept = x, gates, h, rh, w, u, bias
        return h[1:]

    def _forward_loop(self, h: Array, rh: Array, gates: Array, u_t: Array) -> None:
        u_rz, u_n = u_t[:2], u_t[2]
        product_rz, product_n = np.empty_like(gates[:2, 0]), np.empty_like(h[0])
        for padding, rz, r, z, n, rh_t, past, h_t in self.steps(
            gates[:2].swapaxes(0, 1), *gates, rh, h, h[1:]
        ):
            np.matmul(past, u_rz, out=product_rz)
            sigmoid_of_half(rz, product_rz)
            np.multiply(r, past, out=rh_t)
            np.matmul(rh_t, u_n, out=product_n)
            n += product_n
            np.tanh(n, out=n)
            interpolate(h_t, past, z, n, padding)

    def backward(self, g: Array) -> list[Any]:
        """Return the gradients of x, h_0, W, U and the biases."""
        x, gates, h, rh, w, u, bias = self.kept
        steps, batch, size = rh.shape
        u_rz, u_n = u[: 2 * size], u[2 * size :]
        a, compiled = None, self.compiled(gates, u)
        if saturated(gates, "sst", compiled):
            a = self.pre_activations(x, w, bias, 3)
            a[:2] += projection(h[:-1], across(u_rz, np.ones((2, 1, 1), u.dtype)))
            a[2] += rh @ u_n.T
        da, (dh, d) = (
            pool.empty((steps, batch, 3 * size), h.dtype),
            np.zeros((2, batch, size), h.dtype),
        )
        if compiled and a is None:
            compiled.gru_backward(h, gates, np.ascontiguousarray(g), u_rz, u_n, da, dh, d)
        else:
            self._backward_loop(h, gates, g, u_rz, u_n, da, dh, d, a)
        dw, *db = weight_gradients(da, x, bias)
        da_rz, da_n = da[..., : 2 * size], da[..., 2 * size :]
        du = np.concatenate([outer(da_rz, h[:-1]), outer(da_n, rh)])
        return [self.input_gradient(da, w), dh, dw, du, *db]

    def _backward_loop(
        self,
        h: Array,
        gates: Array,
        g: Array,
        u_rz: Array,
        u_n: Array,
        da: Array,
        dh: Array,
        d: Array,
        a: Array | None,
    ) -> None:
        steps, batch, size = g.shape
        da_3 = da.reshape(steps, batch, 3, size).swapaxes(1, 2)
        walked = g, gates[0], da[..., : 2 * size], da[..., 2 * size :], da_3[:, 0], da_3[:, 1:]
        for span, k in spans(gates, 4):
            past = h[:-1][span]
            local_slopes(gates[:, span], past, past, k, None if a is None else a[:, span])
            local = zip(k[0][::-1], k[1:3].swapaxes(0, 1)[::-1], k[3][::-1], strict=True)
            for (padding, g_t, r, da_rz, da_n, da_r, da_zn), (k_r, k_zn, keep) in zip(
                self.back(span, *walked), local, strict=True
            ):
                dh += g_t
                past = set_aside(padding, dh)
                np.multiply(k_zn, dh, out=da_zn)
                np.matmul(da_n, u_n, out=d)
                np.multiply(k_r, d, out=da_r)
                dh *= keep
                d *= r
                dh += d
                np.matmul(da_rz, u_rz, out=d)
                dh += d
                if padding is not None:
                    dh += past


class GRUAfterFunction(FusedFunction):
    """The same with the reset gate after the product, which has a bias of its own.

    p = U_n h_{t-1} + b_hn,  n = tanh(a_n + r * p)

    da_z, da_n as above      da_r = da_n * p * r (1 - r)      dp = da_n * r
    dh_{t-1} = dh_t * (1 - z) + U^T (da_r, da_z, dp)
    """

    def forward(self, *values: Any) -> Array:
        """Return h_1 .. h_T."""
        x, h_0, w, u, *bias = values
        gates, x = self.project(x, w, bias[:1], HALF.astype(w.dtype))
        u_t, bias_hn = across(u, HALF.astype(u.dtype)), bias[1] if bias else 0.0
        h = buffer(len(x), h_0, gates.dtype)
        p = pool.empty(h[1:].shape, h.dtype)
        product, rp = np.empty_like(gates[:, 0]), np.empty_like(h[0])
        for padding, rz, r, z, n, p_t, past, h_t in self.steps(
            gates[:2].swapaxes(0, 1), *gates, p, h, h[1:]
        ):
            np.matmul(past, u_t, out=product)
            sigmoid_of_half(rz, product[:2])
            np.add(product[2], bias_hn, out=p_t)
            np.multiply(r, p_t, out=rp)
            n += rp
            np.tanh(n, out=n)
            interpolate(h_t, past, z, n, padding)
        self.kept = x, gates, h, p, w, u, bias
        return h[1:]

    def backward(self, g: Array) -> list[Any]:
        """Return the gradients of x, h_0, W, U and the biases."""
        x, gates, h, p, w, u, bias = self.kept
        steps, batch, size = p.shape
        da = pool.empty((steps, batch, 3 * size), h.dtype)  # in the loop: da_r, da_z, dp
        da_n = pool.empty(p.shape, h.dtype)
        dh, d = np.zeros((2, batch, size), h.dtype)
        a = None
        if saturated(gates, "sst"):
            a = self.pre_activations(x, w, bias[:1], 3)
            a[:2] += projection(h[:-1], across(u[: 2 * size], np.ones((2, 1, 1), u.dtype)))
            a[2] += gates[0] * p
        gate_parts = da.reshape(steps, batch, 3, size).swapaxes(0, 2).swapaxes(1, 2)
        for span, (k_r, k_z, k_n, keep) in spans(gates, 4):
            k = k_r, k_z, k_n, keep
            past = h[:-1][span]
            local_slopes(gates[:, span], past, p[span], k, None if a is None else a[:, span])
            slopes = zip(k_r[::-1], k_z[::-1], k_n[::-1], keep[::-1], strict=True)
            steps_back = self.back(span, g, gates[0], da, *gate_parts, da_n)
            for step, (k_r_t, k_z_t, k_n_t, keep_t) in zip(steps_back, slopes, strict=True):
                padding, g_t, r, da_t, da_r, da_z, dp, da_n_t = step
                dh += g_t
                past = set_aside(padding, dh)
                np.multiply(k_z_t, dh, out=da_z)
                np.multiply(k_n_t, dh, out=da_n_t)
                np.multiply(k_r_t, da_n_t, out=da_r)
                np.multiply(da_n_t, r, out=dp)
                dh *= keep_t
                np.matmul(da_t, u, out=d)
                dh += d
                if padding is not None:
                    dh += past
        dp = da[..., 2 * size :]
        du, db_hn = outer(da, h[:-1]), [as_rows(dp).sum(0) for _ in bias[1:]]
        dp[...] = da_n  # from here on, da is da_r, da_z, da_n: what W x_t + b gets
        dw, *db = weight_gradients(da, x, bias[:1])
        return [self.input_gradient(da, w), dh, dw, du, *db, *db_hn]


def sigmoid_of_half(a: Array, product: Array) -> None:
    """Turn a into ``sigmoid(2 * (a + product))``; the product is used up."""
    product += a  # in one piece, which the gates of a step are not
    np.tanh(product, out=product)
    product *= 0.5
    np.add(product, 0.5, out=a)


def interpolate(h: Array, past: Array, z: Array, n: Array, padding: Array | None) -> None:
    """Fill h with ``past + z * (n - past)``, and with the past where a sequence is over."""
    np.subtract(n, past, out=h)
    h *= z
    h += past
    if padding is not None:
        np.copyto(h, past, where=padding)


def local_slopes(gates: Array, past: Array, reset: Array, k: Any, a: Array | None) -> None:
    """Fill k with what the gradients are yet to be multiplied with.

    Args:
        gates: r, z, n of a span of steps.
        past: h_{t-1}.
        reset: what the reset gate multiplies.
        k: of da_r, da_z, da_n, and ``1 - z``.
        a: the pre-activations where gates are saturated, which then get all their digits.
    """
    (r, z, n), (k_r, k_z, k_n, keep) = gates, k
    if a is not None:
        gates[:2] = sigmoid.forward(a[:2])
        keep[...] = sigmoid.forward(-a[1])
        k_z[...] = (n - past) * z * keep
        k_r[...] = reset * r * sigmoid.forward(-a[0])
        k_n[...] = z * tanh_slope.forward(a[2])
        return
    np.subtract(1, z, out=keep)
    np.subtract(n, past, out=k_z)
    k_z *= z
    k_z *= keep
    np.subtract(1, r, out=k_r)
    k_r *= r
    k_r *= reset
    np.multiply(n, n, out=k_n)
    np.subtract(1, k_n, out=k_n)
    k_n *= z
