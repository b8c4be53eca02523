"""Functions that move, repeat or leave out elements: the derivative goes back the way they came.

Where they come from, NumPy says itself: the same call on an array of 1, 2, 3 ... gives for every
element of the result the number of the one that it was, and 0 where a zero was filled in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.graph import Array, Params
from tinygrad_rnn.ops.composed import compose
from tinygrad_rnn.ops.index import scatter
from tinygrad_rnn.ops.shape import reshape
from tinygrad_rnn.primitive import Primitive, linear
from tinygrad_rnn.tensor import Value


def rearrangement(function: Function, position: int = 0, name: str | None = None) -> Primitive:
    """Let tensors answer to a NumPy function that only moves elements, in all its forms.

    Args:
        function: NumPy's; it gives the value.
        position: of the array among its arguments.
        name: how pictures and messages call it; by default as NumPy does.

    Raises:
        NotDifferentiableError: on a call with ``out=``.

    >>> from tinygrad_rnn.tensor import Tensor
    >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (np.tril(x) * [[5.0, 6.0], [7.0, 8.0]]).sum().backward()
    >>> x.grad
    array([[5., 0.],
           [7., 8.]])
    """
    name = name or function.__name__

    def forward(x: Array, args: tuple[Value, ...], options: Params) -> Array:
        return function(*args[:position], x, *args[position:], **options)

    def back(g: Value, y: Value, x: Value, args: tuple[Value, ...], options: Params) -> Value:
        numbers = np.arange(1, x.size + 1).reshape(x.shape)
        places = np.ravel(forward(numbers, args, options))
        found = scatter(np.ravel(g), index=places, shape=(x.size + 1,))
        return np.reshape(found[1:], x.shape)

    primitive = linear(name, forward, f"{name}(x)", ("scatter(g)", back))
    array_names = ("a", "m", "x", "arr", "v", "A", "ary")  # what NumPy calls the array

    def meaning(*args: Any, **options: Any) -> Value:
        rest = list(args)
        if len(rest) > position:
            x = rest.pop(position)
        else:
            x = options.pop(next(key for key in array_names if key in options))
        if options.get("out") is not None:
            raise NotDifferentiableError(f"np.{name}(..., out=) is not differentiated: drop out=")
        owned = {key: _owned(value) for key, value in options.items()}
        return primitive(x, args=tuple(map(_owned, rest)), options=owned)

    FUNCTIONS[function] = meaning
    return primitive


def _owned(x: Value) -> Value:
    """Copy what its owner may write to later, whatever kind of array it is."""
    if x is None or isinstance(x, str | int | float | np.generic):
        return x
    return tuple(map(_owned, x)) if isinstance(x, tuple) else np.array(x)


def permutation(function: Function) -> Primitive:
    """Let tensors answer to a NumPy function that orders elements along an axis.

    Args:
        function: NumPy's; its third place and its name `axis` say which axis, None the flat array.

    >>> from tinygrad_rnn.tensor import Tensor
    >>> x = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> (np.sort(x) * [1.0, 10.0, 100.0]).sum().backward()
    >>> x.grad
    array([100.,   1.,  10.])
    """
    name = function.__name__

    def order(x: Value, y: Value, axis: int) -> Array:
        """Return which element of x each of y is, from how both are ranked; ties stay in order."""
        ranks = np.argsort(np.argsort(y, axis, kind="stable"), axis, kind="stable")
        return np.take_along_axis(np.argsort(x, axis, kind="stable"), ranks, axis)

    def back(g: Value, y: Value, x: Value, axis: int, rest: Params) -> Value:
        places = np.argsort(order(x, y, axis), axis, kind="stable")
        return np.take_along_axis(g, places, axis)

    def forth(t: Value, y: Value, x: Value, axis: int, rest: Params) -> Value:
        return np.take_along_axis(t, order(x, y, axis), axis)

    primitive = Primitive(
        name,
        lambda x, axis, rest: function(x, axis=axis, **rest),
        [back],
        [forth],
        f"{name}(x)",
        "g in the order of x",
    )

    def meaning(a: Value, *args: object, axis: int | None = -1, **rest: Any) -> Value:
        names = ("kth", "axis", "kind", "order") if function is np.partition else ("axis", "kind")
        given: Params = dict(zip(names, args, strict=False)) | rest
        axis = given.pop("axis", axis)
        if axis is None:
            a, axis = np.ravel(a), 0
        return primitive(a, axis=axis, rest=given)

    FUNCTIONS[function] = meaning
    return primitive


MOVED: list[Function] = [
    np.take,
    np.take_along_axis,
    np.repeat,
    np.tile,
    np.flip,
    np.fliplr,
    np.flipud,
    np.rot90,
    np.roll,
    np.diagonal,
    np.diag,
    np.diagflat,
    np.tril,
    np.triu,
    np.delete,
    np.resize,
    np.rollaxis,
    np.lib.stride_tricks.sliding_window_view,
]
for _function in MOVED:
    rearrangement(_function)
for _function in (np.compress, np.extract):
    rearrangement(_function, position=1)
for _function in (np.sort, np.partition):
    permutation(_function)

rearrangement(np.reshape, name="reshape in order")
_reshape_in_order = FUNCTIONS[np.reshape]


def _dispatch_reshape(
    a: Value, /, shape: Any = None, order: str = "C", *, copy: Any = None
) -> Value:
    if order == "C":
        return reshape(a, shape=shape)
    if order != "F":
        raise NotDifferentiableError(
            f"order={order!r} depends on how the array lies in memory: use 'C' or 'F'"
        )
    return _reshape_in_order(a, shape=shape, order=order)


FUNCTIONS[np.reshape] = _dispatch_reshape
FUNCTIONS[np.ravel] = lambda a, order="C": _dispatch_reshape(a, -1, order)
compose(
    np.trace,
    lambda a, offset=0, axis1=0, axis2=1, dtype=None: np.sum(
        np.diagonal(a, offset, axis1, axis2), -1, dtype
    ),
    "sum of the diagonal",
)
FUNCTIONS[np.linalg.trace] = lambda x, /, *, offset=0, dtype=None: np.trace(
    x, offset, -2, -1, dtype
)
FUNCTIONS[np.linalg.diagonal] = lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1)
