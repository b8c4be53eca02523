"""The simple recurrent network, fused."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.buffers import pool
from tinygrad_rnn.nn.fused.base import (
    FusedFunction,
    buffer,
    outer,
    saturated,
    set_aside,
    spans,
    weight_gradients,
)
from tinygrad_rnn.ops.activations import tanh_slope
from tinygrad_rnn.tensor import Array


class RNNFunction(FusedFunction):
    """h_t = tanh(a_t), a_t = W x_t + U h_{t-1} + b.

    da_t = dh_t * (1 - h_t^2),  dh_{t-1} = U^T da_t
    """

    def forward(self, *values: Any) -> Array:
        """Return h_1 .. h_T."""
        x, h_0, w, u, *bias = values
        self.nonlinearity = self.cell.nonlinearity  # as it is now: the way back is this one's
        (a,), x = self.project(x, w, bias, np.ones((1, 1, 1), w.dtype))
        h = buffer(len(x), h_0, a.dtype)
        compiled = self._compiled(h, u)
        if compiled:
            compiled.rnn_forward(h, a, np.ascontiguousarray(u.T))
        else:
            self._forward_loop(a, u.T, h)
        self.kept = x, h, w, u, bias
        return h[1:]

    def _compiled(self, *arrays: Array) -> Any:
        return self.compiled(*arrays) if self.nonlinearity == "tanh" else None

    def _forward_loop(self, a: Array, u_t: Array, h: Array) -> None:
        squash = SQUASH[self.nonlinearity]
        for padding, a_t, past, h_t in self.steps(a, h, h[1:]):
            np.matmul(past, u_t, out=h_t)
            h_t += a_t
            squash(h_t)
            if padding is not None:
                np.copyto(h_t, past, where=padding)

    def backward(self, g: Array) -> list[Any]:
        """Return the gradients of x, h_0, W, U and the biases."""
        x, h, w, u, bias = self.kept
        a, compiled = None, self._compiled(h, u)
        if self.nonlinearity == "tanh" and saturated(h[None, 1:], "t", compiled):
            a = self.pre_activations(x, w, bias, 1)[0]
            a += h[:-1] @ u.T
        da, dh = pool.empty(g.shape, h.dtype), np.zeros_like(h[0])
        if compiled and a is None:
            compiled.rnn_backward(h, np.ascontiguousarray(g), u, da, dh)
        else:
            self._backward_loop(h, g, u, da, dh, a)
        dw, *db = weight_gradients(da, x, bias)
        return [
            self.input_gradient(da, w),
            dh,
            dw,
            outer(da, h[:-1]),
            *db,
        ]

    def _backward_loop(
        self, h: Array, g: Array, u: Array, da: Array, dh: Array, a: Array | None
    ) -> None:
        for span, _ in spans(da[None], 0):
            if a is None:
                slopes = SLOPE[self.nonlinearity](h[1:][span])
            else:
                slopes = tanh_slope.forward(a[span])
            for (padding, g_t, da_t), slope in zip(
                self.back(span, g, da), slopes[::-1], strict=True
            ):
                dh += g_t
                past = set_aside(padding, dh)
                np.multiply(dh, slope, out=da_t)
                np.matmul(da_t, u, out=dh)
                if padding is not None:
                    dh += past


SQUASH: dict[str, Any] = {
    "tanh": lambda a: np.tanh(a, out=a),
    "relu": lambda a: np.maximum(a, 0, out=a),
    "identity": lambda a: a,
}
SLOPE: dict[str, Any] = {
    "tanh": lambda h: 1 - h * h,
    "relu": lambda h: (h > 0).astype(h.dtype),
    "identity": np.ones_like,
}
