"""The long short-term memory, fused."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.nn.fused.room import store
from tinygrad_rnn.nn.fused.tape import FusedTape, outer, rows, set_aside, spans
from tinygrad_rnn.tensor import Array


class LSTMTape(FusedTape):
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
        size = h_0.shape[-1]
        half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], w.dtype), size)  # of i, f, g, o
        rest = 1 - half
        gates = self.project(x, w * half[:, None], *[b * half for b in bias])
        u_t = (u * half[:, None]).T
        hc = store.empty((2, len(x) + 1, *h_0.shape), gates.dtype)
        h, c = hc
        h[0], c[0] = h_0, c_0
        tanh_c = store.empty(c[1:].shape, c.dtype)
        compiled = self.compiled(gates.dtype)
        if compiled:
            u_t, product = np.ascontiguousarray(u_t), np.empty_like(gates[0])
            compiled.lstm_forward(h, c, tanh_c, gates, u_t, half, product)
        else:
            self._forward_loop(gates, u_t, half, rest, h, c, tanh_c)
        self.kept = x, gates, hc, tanh_c, w, u, bias
        return hc[:, 1:]

    def _forward_loop(
        self, gates: Array, u_t: Array, half: Array, rest: Array, h: Array, c: Array, tanh_c: Array
    ) -> None:
        product, ig = np.empty_like(gates[0]), np.empty_like(c[0])
        i, f, g, o = np.split(gates, 4, axis=-1)
        for dead, a, i_t, f_t, g_t, o_t, tanh_t, h_old, c_old, h_t, c_t in self.steps(
            gates, i, f, g, o, tanh_c, h, c, h[1:], c[1:]
        ):
            np.matmul(h_old, u_t, out=product)
            a += product
            np.tanh(a, out=a)
            a *= half
            a += rest
            np.multiply(f_t, c_old, out=c_t)
            np.multiply(i_t, g_t, out=ig)
            c_t += ig
            np.tanh(c_t, out=tanh_t)
            np.multiply(o_t, tanh_t, out=h_t)
            if dead is not None:
                np.copyto(h_t, h_old, where=dead)
                np.copyto(c_t, c_old, where=dead)

    def backward(self, g: Array) -> list[Any]:
        """Return the gradients of x, h_0, c_0, W, U and the biases."""
        x, gates, (h, c), tanh_c, w, u, bias = self.kept
        da = store.empty(gates.shape, gates.dtype)
        dh, dc = np.zeros((2, *tanh_c[0].shape), da.dtype)
        compiled = self.compiled(gates.dtype)
        if compiled:
            gh, gc = np.ascontiguousarray(g)
            compiled.lstm_backward(da, gh, gc, gates, c, tanh_c, u, dh, dc)
        else:
            self._backward_loop(g[0], g[1], gates, c, tanh_c, u, da, dh, dc)
        return [
            self.input_gradient(da, x, w),
            dh,
            dc,
            outer(da, x),
            outer(da, h[:-1]),
            *[rows(da).sum(0) for _ in bias],
        ]

    def _backward_loop(
        self,
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
        steps, batch, size = tanh_c.shape
        from_h = np.empty_like(dh)
        f = gates[..., size : 2 * size]
        da_4 = da.reshape(steps, batch, 4, size)
        for span in spans(da):
            to_c = self._slopes(gates[span], c[:-1][span], tanh_c[span], da[span])
            walk = self.back(span, gh, gc, da, da_4[:, :, :3], da_4[:, :, 3], f)
            for (dead, gh_t, gc_t, da_t, da_ifg, da_o, f_t), to_c_t in zip(
                walk, to_c[::-1], strict=True
            ):
                dh += gh_t
                dc += gc_t
                past_h, past_c = set_aside(dead, dh), set_aside(dead, dc)
                np.multiply(dh, to_c_t, out=from_h)
                dc += from_h
                da_ifg *= dc[:, None]
                da_o *= dh
                dc *= f_t
                np.matmul(da_t, u, out=dh)
                if dead is not None:
                    dh += past_h
                    dc += past_c

    @staticmethod
    def _slopes(gates: Array, c_old: Array, tanh_c: Array, da: Array) -> Array:
        """Fill da with what dc (for o: dh) is multiplied with later; return what dc gets of dh."""
        i, _, g, o = np.split(gates, 4, axis=-1)
        np.subtract(1, gates, out=da)
        da *= gates
        k_i, k_f, k_g, k_o = np.split(da, 4, axis=-1)
        k_i *= g
        k_f *= c_old
        k_o *= tanh_c
        np.multiply(g, g, out=k_g)
        np.subtract(1, k_g, out=k_g)
        k_g *= i
        to_c = tanh_c * tanh_c
        np.subtract(1, to_c, out=to_c)
        to_c *= o
        return to_c
