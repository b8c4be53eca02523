"""Functions that NumPy lacks; whatever NumPy has is reached as ``np.f(tensor)``.

Each returns a tensor that knows how it was made if it is given a tensor, and an array otherwise.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, overload

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.graph import Array
from tinygrad_rnn.ops import activations, log_sum_exp, recurrence
from tinygrad_rnn.ops.matmul import AFFINE, ALL_ROWS
from tinygrad_rnn.ops.reduce import Axis
from tinygrad_rnn.tensor import Tensor, Value

__all__ = [
    "elu",
    "erf",
    "leaky_relu",
    "linear",
    "linear_pair",
    "linear_recurrence",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
]


P = ParamSpec("P")  # what a function takes beside x


class OfOne(Protocol[P]):
    """A function of one tensor, for a tensor, or of whatever makes an array, for an array."""

    @overload
    def __call__(self, x: Tensor, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...

    @overload
    def __call__(self, x: ArrayLike, *args: P.args, **kwargs: P.kwargs) -> Array: ...


def _as_value(x: ArrayLike | Tensor) -> Value:
    """Let numbers and lists be arrays, and tensors tensors."""
    return x if isinstance(x, Tensor) else np.asarray(x)


def _of_one(function: Callable[Concatenate[Value, P], Value]) -> OfOne[P]:
    """Let a function of a tensor or array also take numbers and lists."""

    @functools.wraps(function)
    def called(x: ArrayLike | Tensor, *args: P.args, **kwargs: P.kwargs) -> Value:
        return function(_as_value(x), *args, **kwargs)

    return called  # type: ignore[return-value]  # what applying a primitive gives, as OfOne says


@_of_one
def sigmoid(x: Value) -> Value:
    """Return ``1 / (1 + exp(-x))`` of each element, right to the last digits also far below 0.

    Args:
        x: any shape.

    >>> float(sigmoid(0.0)), f"{float(sigmoid(-100.0)):.6e}"
    (0.5, '3.720076e-44')
    """
    return activations.sigmoid(x)


@_of_one
def softplus(x: Value) -> Value:
    """Return ``log(1 + exp(x))`` of each element (Dugas et al. 2001); its slope is the sigmoid.

    Args:
        x: any shape.

    >>> float(softplus(1000.0))
    1000.0
    """
    return activations.softplus(x)


@_of_one
def relu(x: Value) -> Value:
    """Return ``max(x, 0)`` of each element; its derivative at 0 is 0 (Nair & Hinton 2010).

    Args:
        x: any shape.

    >>> relu([-1.0, 2.0])
    array([0., 2.])
    """
    return activations.relu(x)


@_of_one
def leaky_relu(x: Value, slope: float = 0.01) -> Value:
    """Return x where it is positive, else ``slope * x`` (Maas et al. 2013).

    Args:
        x: any shape.
        slope: also the derivative at 0.

    >>> leaky_relu([-1.0, 2.0])
    array([-0.01,  2.  ])
    """
    return activations.leaky_relu(x, slope=slope)


@_of_one
def elu(x: Value, alpha: float = 1.0) -> Value:
    """Return x where it is positive, else ``alpha * (exp(x) - 1)`` (Clevert et al. 2016).

    Args:
        x: any shape.
        alpha: minus the limit far below 0, and the derivative at 0.

    >>> elu([-1000.0, 2.0])
    array([-1.,  2.])
    """
    return activations.elu(x, alpha=alpha)


@_of_one
def erf(x: Value) -> Value:
    """Return the error function, ``2 / sqrt(pi)`` times the integral of exp(-t^2) from 0 to x.

    Args:
        x: any shape.

    >>> round(float(erf(1.0)), 6)
    0.842701
    """
    return activations.erf(x)


@_of_one
def softmax(x: Value, axis: int = -1) -> Value:
    """Return ``exp(x) / sum(exp(x))`` along an axis, with nothing overflowing (Bridle 1990).

    Args:
        x: any shape.
        axis: the axis along which the results sum to 1.

    >>> softmax([1000.0, 1000.0])
    array([0.5, 0.5])
    """
    return log_sum_exp.softmax(x, axis=axis)


@_of_one
def log_softmax(x: Value, axis: int = -1) -> Value:
    """Return ``x - log(sum(exp(x)))`` along an axis, with nothing overflowing.

    Args:
        x: any shape.
        axis: the axis along which the exponentials of the results sum to 1.

    >>> log_softmax([1000.0, 0.0])
    array([    0., -1000.])
    """
    return log_sum_exp.log_softmax(x, axis=axis)


@_of_one
def logsumexp(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Return ``log(sum(exp(x)))`` over the axes, with nothing overflowing.

    Args:
        x: any shape.
        axis: one axis or several, as a tuple; all by default.
        keepdims: whether these axes stay, with length 1.

    >>> import numpy as np
    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    return log_sum_exp.logsumexp(x, axis=axis, keepdims=keepdims)


def linear(x: Value, weight: Value, bias: Value | None = None, rows: slice = ALL_ROWS) -> Any:
    """Return ``x @ weight[rows].T + bias[rows]``: one matrix product for a batch of rows.

    Args:
        x: shape (..., I).
        weight: shape (O, I), one row per output.
        bias: shape (O,), or None for none.
        rows: which outputs to compute; all by default. A cell whose gates are stacked in one
            weight asks for the rows of one gate.

    Returns:
        Shape (..., O), or as many as `rows` are.

    Raises:
        ShapeError: if the shapes do not fit together.

    >>> import numpy as np
    >>> linear(np.array([1.0, 2.0]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([11.5])
    """
    if bias is None:
        return AFFINE[2](x, weight, rows=rows)
    return AFFINE[3](x, weight, bias, rows=rows)


def linear_pair(
    x: Value,
    W: Value,
    h: Value,
    U: Value,
    bias: Value | None = None,
    rows: slice = ALL_ROWS,
) -> Any:
    """Return ``x @ W.T + h @ U.T + bias``: what a recurrent cell makes of its input and its past.

    One primitive instead of three: the sum is built in place, and pictures show it as one node.

    Args:
        x: shape (..., I).
        W: shape (O, I).
        h: shape (..., H).
        U: shape (O, H).
        bias: shape (O,), or None for none.
        rows: which of the O outputs to compute; all by default.

    Returns:
        Shape (..., O), or as many as `rows` are.

    Raises:
        ShapeError: if the shapes do not fit together.

    >>> import numpy as np
    >>> x, W, h, U = np.ones((1, 2)), np.ones((4, 2)), np.ones((1, 3)), np.ones((4, 3))
    >>> linear_pair(x, W, h, U)
    array([[5., 5., 5., 5.]])
    """
    if bias is None:
        return AFFINE[4](x, W, h, U, rows=rows)
    return AFFINE[5](x, W, h, U, bias, rows=rows)


def linear_recurrence(
    a: ArrayLike | Tensor, b: ArrayLike | Tensor, start: ArrayLike | Tensor | None = None
) -> Any:
    """Return ``h_t = a_t * h_{t-1} + b_t`` for all t, as one node with all its derivatives.

    Where neither a nor b depends on the state, as in a minimal GRU (Feng et al. 2024) or a
    diagonal linear recurrent unit (Orvieto et al. 2023), no cell need be unrolled: this is as much
    faster as one node is than T.

    Args:
        a: what of the state is kept, shape (T, ...), or one that broadcasts to b's.
        b: what is added, shape (T, ...).
        start: h before the first step, shape (...); zeros by default.

    Returns:
        Shape (T, ...).

    Raises:
        ShapeError: if the shapes do not fit together.

    >>> linear_recurrence(0.5, [1.0, 0.0, 2.0])
    array([1.  , 0.5 , 2.25])
    """
    a, b = _as_value(a), _as_value(b)
    fits = all(m in (1, n) for m, n in zip(a.shape[::-1], b.shape[::-1], strict=False))
    if fits and a.ndim <= b.ndim and a.shape != b.shape:
        a = np.broadcast_to(a, b.shape)
    start = np.zeros(b.shape[1:], b.dtype) if start is None else _as_value(start)
    if not b.ndim or a.shape != b.shape or start.shape != b.shape[1:]:
        raise ShapeError(
            f"linear_recurrence: a {a.shape}, b {b.shape} and start {start.shape} are not "
            "(T, ...), (T, ...) and (...)"
        )
    return recurrence.linear_recurrence(a, b, start)
