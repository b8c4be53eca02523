"""NumPy functions that are differentiated by a formula: other functions that compute the same.

The value is always NumPy's own, and so are the errors. The formula runs in the sweep alone, on
tensors, and what its functions send back is what the function sends back.

    compose(np.ptp, lambda a, axis=None: np.max(a, axis) - np.min(a, axis), "max(x) - min(x)")
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS, UFUNCS
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.functional import jvp, vjp
from tinygrad_rnn.graph import Array, Params
from tinygrad_rnn.primitive import Primitive, VariadicRule
from tinygrad_rnn.tensor import Tensor, Value, value_of


class _Slot(int):
    """Where among the tensors of a call an argument stands."""


class CallArguments:
    """The arguments of one call, with the tensors among them taken out.

    Args:
        args: by position; tensors may stand in lists and tuples.
        kwargs: by name.

    >>> call = CallArguments(([Tensor(1.0), 2.0],), {"axis": 0})
    >>> len(call.tensors), call.fill([5.0])
    (1, (([5.0, 2.0],), {'axis': 0}))
    """

    def __init__(self, args: Sequence[Any], kwargs: Params) -> None:
        self.tensors: list[Tensor] = []
        self.args = tuple([self._without(x) for x in args])
        self.kwargs = {name: self._without(x) for name, x in kwargs.items()}

    def _without(self, x: Any) -> Any:
        """Take the tensors out; copy arrays, which their owner may write to later."""
        if isinstance(x, Tensor):
            self.tensors.append(x)
            return _Slot(len(self.tensors) - 1)
        if type(x) in (list, tuple):
            return type(x)([self._without(part) for part in x])
        return np.array(x) if isinstance(x, np.ndarray) else x

    def fill(self, values: Sequence[Value]) -> tuple[tuple[Any, ...], Params]:
        """Return the arguments with these values in the places of the tensors.

        Args:
            values: one for each tensor.
        """

        def filled(x: Any) -> Any:
            if isinstance(x, _Slot):
                return values[x]
            if type(x) in (list, tuple):
                return type(x)([filled(part) for part in x])
            return x

        return tuple(map(filled, self.args)), {n: filled(x) for n, x in self.kwargs.items()}


def compose(
    function: Function,
    formula: Function,
    text: str,
    fixed: Sequence[str] = (),
    name: str | None = None,
) -> Primitive:
    """Let tensors answer to a NumPy function by a formula for its derivatives.

    Args:
        function: NumPy's; it gives the value.
        formula: takes the arguments as NumPy names them, and computes the same.
        text: the formula in symbols.
        fixed: the arguments by which it is not differentiated.
        name: how pictures and messages call it; by default as NumPy does.

    Returns:
        The primitive; where the function has several results, one node is made for each.

    Raises:
        NotDifferentiableError: on a call, if a tensor in a `fixed` place requires a gradient.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor([1.0, 3.0], requires_grad=True)
    >>> np.average(x, weights=[1.0, 3.0]).backward()  # declared by its formula
    >>> x.grad
    array([0.25, 0.75])
    """

    def along(call: CallArguments, part: int | None, xs: Sequence[Value], slot: int) -> Function:
        def of_one(x: Value) -> Value:
            args, kwargs = call.fill([x if k == slot else other for k, other in enumerate(xs)])
            found = formula(*args, **kwargs)
            return found if part is None else found[part]

        return of_one

    def back(
        slot: int, g: Value, y: Value, xs: Sequence[Value],
        call: CallArguments, part: int | None, value: Array,
    ) -> Value:  # fmt: skip
        (out,) = vjp(along(call, part, xs, slot), xs[slot])[1](g)
        return value_of(out) if isinstance(y, np.ndarray) else out

    def forth(
        slot: int, t: Value, y: Value, xs: Sequence[Value],
        call: CallArguments, part: int | None, value: Array,
    ) -> Value:  # fmt: skip
        out = jvp(along(call, part, xs, slot), [xs[slot]], [t])[1]
        return value_of(out) if isinstance(y, np.ndarray) else out

    primitive = Primitive(
        name or function.__name__,
        lambda *xs, call, part, value: value,
        VariadicRule(back),
        VariadicRule(forth),
        text,
        "as the formula's functions do",
    )
    signature = inspect.signature(function) if fixed else None

    def meaning(*args: object, **kwargs: object) -> object:
        if kwargs.get("out") is not None:
            raise NotDifferentiableError(
                f"np.{primitive.name}(..., out=) would overwrite a value the graph needs: drop out="
            )
        if signature is not None:
            _refuse_gradient(primitive.name, fixed, signature.bind(*args, **kwargs).arguments)
        call = CallArguments(args, kwargs)
        positions, names = call.fill([x._array for x in call.tensors])
        found = function(*positions, **names)
        if not isinstance(found, tuple | list):
            return primitive(*call.tensors, call=call, part=None, value=found)
        parts = [primitive(*call.tensors, call=call, part=k, value=x) for k, x in enumerate(found)]
        return type(found)(*parts) if hasattr(found, "_fields") else type(found)(parts)

    (UFUNCS if isinstance(function, np.ufunc) else FUNCTIONS)[function] = meaning  # type: ignore[index]  # each in its own table
    return primitive


def _refuse_gradient(name: str, fixed: Sequence[str], arguments: dict[str, Any]) -> None:
    for argument in fixed:
        x = arguments.get(argument)
        within = x if isinstance(x, tuple) else (x,)
        if any(isinstance(part, Tensor) and part.requires_grad for part in within):
            raise NotDifferentiableError(
                f"np.{name} has no derivative for its argument {argument}: pass .data there"
            )
