"""The long short-term memory, fused."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.buffers import pool
from tinygrad_rnn.nn.fused.base import (
    FusedFunction,
    across,
    outer,
    projection,
    saturated,
    set_aside,
    spans,
    weight_gradients,
)
from tinygrad_rnn.ops.activations import sigmoid, tanh_slope
from tinygrad_rnn.tensor import Array


class LSTMFunction(FusedFunction):
    """c_t = f * c_{t-1} + i * g,  h_t = o * tanh(c_t), gates from a_t = W x_t + U h_{t-1} + b.

    dc_t += dh_t * o * (1 - tanh(c_t)^2)
    da_i = dc_t * g * i (1 - i)          da_f = dc_t * c_{t-1} * f (1 - f)
    da_g = dc_t * i * (1 - g^2)          da_o = dh_t * tanh(c_t) * o (1 - o)
    dc_{t-1} = dc_t * f,  dh_{t-1} = U^T da_t

    The result holds h and c, (2, T, B, H).
    """

    def forward(self, *values: Any) -> Array:
        """Return h_1 .. h_T and c_1 .. c_T."""
        x, h_0, c_0, w, u, *bias = values
        half = np.array([0.5, 0.5, 1.0, 0.5], w.dtype)[:, None, None]  # of i, f, g, o
        gates, x = self.project(x, w, bias, half)
        u_t = across(u, half)
        hc = pool.empty((2, len(x) + 1, *h_0.shape), gates.dtype)
        h, c = hc
        h[0], c[0] = h_0, c_0
        tanh_c = pool.empty(c[1:].shape, c.dtype)
        compiled = self.compiled(gates, w, u)
        if compiled:
            u_t = np.hstack([*u_t])
            product = np.empty((len(h_0), u_t.shape[1]), h.dtype)
            compiled.lstm_forward(h, c, tanh_c, gates, u_t, half, product)
        else:
            self._forward_loop(h, c, tanh_c, gates, u_t, half)
        self.kept = x, gates, hc, tanh_c, w, u, bias
        return hc[:, 1:]

    def _forward_loop(
        self, h: Array, c: Array, tanh_c: Array, gates: Array, u_t: Array, half: Array
    ) -> None:
        product, ig = np.empty_like(gates[:, 0]), np.empty_like(c[0])
        rest = 1 - half
        for padding, a, i, f, g, o, tanh_t, h_old, c_old, h_t, c_t in self.steps(
            gates.swapaxes(0, 1), *gates, tanh_c, h, c, h[1:], c[1:]
        ):
            np.matmul(h_old, u_t, out=product)
            product += a  # in one piece, which the gates of a step are not
            np.tanh(product, out=product)
            product *= half
            np.add(product, rest, out=a)
            np.multiply(f, c_old, out=c_t)
            np.multiply(i, g, out=ig)
            c_t += ig
            np.tanh(c_t, out=tanh_t)
            np.multiply(o, tanh_t, out=h_t)
            if padding is not None:
                np.copyto(h_t, h_old, where=padding)
                np.copyto(c_t, c_old, where=padding)

    def backward(self, g: Array) -> list[Any]:
        """Return the gradients of x, h_0, c_0, W, U and the biases."""
        x, gates, (h, c), tanh_c, w, u, bias = self.kept
        a, compiled = None, self.compiled(gates, w, u)
        if saturated(gates, "ssts", compiled) or saturated(tanh_c[None], "t", compiled):
            a = self.pre_activations(x, w, bias, 4)
            a += projection(h[:-1], across(u, np.ones((4, 1, 1), u.dtype)))
        steps, batch, size = tanh_c.shape
        da = pool.empty((steps, batch, 4 * size), gates.dtype)
        dh, dc = np.zeros((2, batch, size), da.dtype)
        if compiled and a is None:
            g = np.ascontiguousarray(g)
            compiled.lstm_backward(c, tanh_c, gates, g, u, da, dh, dc)
        else:
            self._backward_loop(h, c, tanh_c, gates, g, u, da, dh, dc, a)
        dw, *db = weight_gradients(da, x, bias)
        return [self.input_gradient(da, w), dh, dc, dw, outer(da, h[:-1]), *db]

    def _backward_loop(
        self,
        h: Array,
        c: Array,
        tanh_c: Array,
        gates: Array,
        g: Array,
        u: Array,
        da: Array,
        dh: Array,
        dc: Array,
        a: Array | None,
    ) -> None:
        gh, gc = g
        steps, batch, size = tanh_c.shape
        from_h = np.empty_like(dh)
        da_4 = da.reshape(steps, batch, 4, size).swapaxes(1, 2)
        for span, room in spans(gates, 5):
            k, to_c = room[:4], room[4]
            if a is None:
                self._slopes(gates[:, span], h[1:][span], c[:-1][span], tanh_c[span], k, to_c)
            else:
                self._slopes_of(
                    a[:, span], c[:-1][span], c[1:][span], tanh_c[span], gates[:, span], k, to_c
                )
            walk = self.back(span, gh, gc, gates[1], da, da_4[:, :3], da_4[:, 3])
            local = zip(k[:3].swapaxes(0, 1)[::-1], k[3][::-1], to_c[::-1], strict=True)
            for (padding, gh_t, gc_t, f, da_t, da_ifg, da_o), (k_ifg, k_o, to_c_t) in zip(
                walk, local, strict=True
            ):
                dh += gh_t
                dc += gc_t
                past_h, past_c = set_aside(padding, dh), set_aside(padding, dc)
                np.multiply(dh, to_c_t, out=from_h)
                dc += from_h
                np.multiply(k_ifg, dc, out=da_ifg)
                np.multiply(k_o, dh, out=da_o)
                dc *= f
                np.matmul(da_t, u, out=dh)
                if padding is not None:
                    dh += past_h
                    dc += past_c

    @staticmethod
    def _slopes(gates: Array, h: Array, c_old: Array, tanh_c: Array, k: Array, to_c: Array) -> None:
        """Fill k with what dc (for o: dh) is multiplied with later, to_c with what dc gets of dh.

        With i g and h = o tanh(c) at hand, of which the latter is something else where a sequence
        is over, but there dh is 0.
        """
        i, f, g, o = gates
        k_i, k_f, k_g, k_o = k
        ig = np.multiply(i, g, out=to_c)
        np.multiply(ig, g, out=k_g)
        np.subtract(1, gates[:2], out=k[:2])
        np.subtract(1, o, out=k_o)
        k_i *= ig
        k_f *= f
        k_f *= c_old
        np.subtract(i, k_g, out=k_g)
        k_o *= h
        np.multiply(h, tanh_c, out=to_c)
        np.subtract(o, to_c, out=to_c)

    @staticmethod
    def _slopes_of(
        a: Array, c_old: Array, c: Array, tanh_c: Array, gates: Array, k: Array, to_c: Array
    ) -> None:
        """Fill k and to_c likewise from a and c, and gates with what has all its digits."""
        gates[:2], gates[3] = sigmoid.forward(a[:2]), sigmoid.forward(a[3])
        i, f, g, o = gates
        k[0] = g * i * sigmoid.forward(-a[0])
        k[1] = c_old * f * sigmoid.forward(-a[1])
        k[2] = i * tanh_slope.forward(a[2])
        k[3] = tanh_c * o * sigmoid.forward(-a[3])
        to_c[...] = o * tanh_slope.forward(c)
