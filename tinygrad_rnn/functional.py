"""Derivatives as functions: what to differentiate, and with respect to what.

All of them nest, and what a function closes over counts like its arguments: a derivative records
how it was made wherever its value depends on something that requires a gradient, so ``hvp`` is
nothing but the ``jvp`` of a ``grad``. Inside `no_grad` they are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.backward import initial_gradient, sweep_to
from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.forward import pushforward
from tinygrad_rnn.graph import Array, real_array, topological
from tinygrad_rnn.scope import no_grad, recording, surroundings
from tinygrad_rnn.tensor import Tensor, Value, tensors


def grad(
    output: Tensor,
    inputs: Tensor | Iterable[Tensor],
    gradient: ArrayLike | Tensor | None = None,
    create_graph: bool = False,
) -> list[Tensor]:
    """Return d(output)/d(input) for each of `inputs`, leaving every `.grad` alone.

    Args:
        output: a scalar tensor, or any tensor if `gradient` is given.
        inputs: a tensor or several: leaves or intermediate ones.
        gradient: what is swept back, of the output's shape; 1 for a scalar.
        create_graph: let the gradients record how they were made, to be differentiated again.

    Returns:
        One tensor per input, of its shape and dtype; zeros where the output does not depend on it.

    Raises:
        GradientError: if no gradient flows from `output`, or it needs `gradient`.
        ShapeError: if `gradient` has another shape.
        StaleValueError: with `create_graph`, if a leaf was given new data after its use.
        TypeError: if output or inputs are no tensors.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> (slope,) = grad(x * x * x, [x], create_graph=True)
    >>> (curvature,) = grad(slope, [x])
    >>> slope.item(), curvature.item()
    (27.0, 18.0)
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"grad: the output is a tensor, not of type {type(output).__name__}")
    inputs = tensors(inputs, "grad")
    given = gradient._array if isinstance(gradient, Tensor) else gradient
    start: Value = initial_gradient(output, given)
    if create_graph:
        start = gradient if isinstance(gradient, Tensor) else Tensor(start)
    with nullcontext() if create_graph else no_grad():
        arrived = sweep_to(output, start, inputs, create_graph=create_graph)
    found = {node.index: g for node, g in arrived}
    out = []
    for x in inputs:
        g = found.get(x.index)
        if g is None:
            g = np.zeros(x.shape, x.dtype)
        out.append(g if isinstance(g, Tensor) else Tensor(g))
    return out


def vjp(
    f: Callable[..., Tensor], *primals: ArrayLike | Tensor
) -> tuple[Tensor, Callable[[ArrayLike | Tensor], list[Tensor]]]:
    """Return ``f(*primals)`` and the function that takes a gradient back through it.

    Args:
        f: a function of tensors, returning one tensor.
        primals: the point: arrays or tensors.

    Returns:
        The value, and a function from a gradient of its shape to one gradient per primal. That
        raises a ShapeError for a gradient of another shape.

    >>> y, back = vjp(lambda x: x * x, [1.0, 2.0])
    >>> back([1.0, 10.0])[0].data
    array([ 2., 40.])
    """
    out, xs = _record(f, primals)
    nested = _nested(out, xs)

    def back(gradient: ArrayLike | Tensor) -> list[Tensor]:
        if not out.requires_grad:
            return [Tensor(np.zeros(x.shape, x.dtype)) for x in xs]
        return grad(out, xs, gradient, create_graph=nested or _recorded(gradient))

    return (out if nested else out.detach()), back


def jvp(
    f: Callable[..., Tensor],
    primals: Sequence[ArrayLike | Tensor],
    tangents: Sequence[ArrayLike | Tensor],
) -> tuple[Tensor, Tensor]:
    """Return ``f(*primals)`` and how it moves when the primals move along the tangents.

    It is forward mode; over a recurrent cell, real-time recurrent learning (Williams & Zipser
    1989).

    Args:
        f: a function of tensors, returning one tensor.
        primals: the point: arrays or tensors.
        tangents: one direction per primal, of its shape.

    Returns:
        The value, and its directional derivative, of the same shape.

    Raises:
        ShapeError: if a tangent has another shape than its primal.
        ValueError: if there are not as many tangents as primals.

    >>> y, dy = jvp(lambda x: x * x, [[1.0, 2.0]], [[1.0, 10.0]])
    >>> dy.data
    array([ 2., 40.])
    """
    if isinstance(primals, Tensor):
        primals, tangents = [primals], [tangents] if np.ndim(tangents) == primals.ndim else tangents
    if len(primals) != len(tangents):
        raise ValueError(f"jvp: {len(primals)} primals and {len(tangents)} tangents")
    out, xs = _record(f, primals)
    nested = _nested(out, xs) or any(map(_recorded, tangents))
    start = {}
    for x, t in zip(xs, tangents, strict=True):
        if np.shape(t) != x.shape:
            raise ShapeError(f"tangent of shape {np.shape(t)} given for a primal of {x.shape}")
        start[x.index] = _tangent(t, x, nested)
    with nullcontext() if nested else no_grad():
        moved = pushforward(out, start, create_graph=nested)
    if moved is None:
        moved = np.zeros(out.shape, out.dtype)
    return (out if nested else out.detach()), moved if isinstance(moved, Tensor) else Tensor(moved)


def jacobian(f: Callable[[Tensor], Tensor], x: ArrayLike | Tensor) -> Tensor:
    """Return dy/dx of ``y = f(x)``.

    It is made row by row with reverse sweeps, or column by column with forward ones, whichever is
    fewer.

    Args:
        f: a function of one tensor, returning a tensor.
        x: the point: an array or a tensor.

    Returns:
        Shape ``y.shape + x.shape``; zeros where y does not depend on x.

    >>> jacobian(lambda x: x * x, [1.0, 2.0]).data
    array([[2., 0.],
           [0., 4.]])
    """
    out, (leaf,) = _record(f, [x])
    nested = _nested(out, [leaf])
    shape = out.shape + leaf.shape
    if not out.requires_grad or 0 in shape:
        return Tensor(np.zeros(shape, out.dtype))
    with nullcontext() if nested else no_grad():
        if out.size <= leaf.size:
            rows = [grad(out, [leaf], g, create_graph=nested)[0] for g in _unit_arrays(out)]
            table: Value = np.stack(rows)  # type: ignore[call-overload,unused-ignore]  # dispatched
        else:
            columns: list[Any] = [
                pushforward(out, {leaf.index: _tangent(t, leaf, nested)}, create_graph=nested)
                for t in _unit_arrays(leaf)
            ]
            if columns[0] is None:  # it depends on what f closes over, not on x
                return Tensor(np.zeros(shape, out.dtype))
            table = np.stack(columns, axis=-1)
    return np.reshape(table if isinstance(table, Tensor) else Tensor(table), shape)  # type: ignore[return-value]  # dispatched to Tensor


def hvp(f: Callable[[Tensor], Tensor], x: ArrayLike | Tensor, v: ArrayLike | Tensor) -> Tensor:
    """Return the Hessian of the scalar function f at x, times v, without making the Hessian.

    It is forward mode over reverse mode (Pearlmutter 1994, "Fast exact multiplication by the
    Hessian").

    Args:
        f: a function of one tensor, returning a tensor of one element.
        x: the point: an array or a tensor.
        v: the direction, of the shape of x.

    Returns:
        The shape of x.

    Raises:
        GradientError: if f returns several elements.
        ShapeError: if v has another shape than x.

    >>> hvp(lambda x: (x * x * x).sum(), [1.0, 2.0], [1.0, 1.0]).data
    array([ 6., 12.])
    """

    def slope(x: Tensor) -> Tensor:
        out = f(x)
        flows = isinstance(out, Tensor) and out.requires_grad
        return grad(out, [x], create_graph=True)[0] if flows else x * 0

    return jvp(slope, [x], [v])[1]


def _nested(out: Tensor, xs: Sequence[Tensor]) -> bool:
    """Whether `out` depends on anything to be differentiated besides the inputs made for it."""
    if not surroundings().recording or not out.requires_grad:
        return False
    own = {x.index for x in xs if x.op is None}
    return any(
        node.op is None and node.index not in own for node in topological(out, differentiable=True)
    )


def _recorded(x: object) -> bool:
    """Whether x is a tensor that somebody differentiates."""
    return isinstance(x, Tensor) and x.requires_grad and surroundings().recording


def _record(
    f: Callable[..., Any], primals: Sequence[ArrayLike | Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Apply f to nodes of its own, each linked to its primal if that is recorded already."""
    linked = surroundings().recording
    with recording():
        xs = [
            +x
            if linked and isinstance(x, Tensor) and x.requires_grad
            else Tensor(x, requires_grad=True)
            for x in primals
        ]
        out = f(*xs)
    return out if isinstance(out, Tensor) else Tensor(out), xs


def _tangent(t: ArrayLike | Tensor, x: Tensor, nested: bool) -> Value:
    if isinstance(t, Tensor):
        t = t.astype(x.dtype) if nested else t.data
    return t if isinstance(t, Tensor) else real_array(t, x.dtype)


def _unit_arrays(like: Tensor) -> list[Array]:
    """Return one array for each element of a tensor: 1 there, 0 elsewhere."""
    return list(np.eye(like.size, dtype=like.dtype).reshape(like.size, *like.shape))
