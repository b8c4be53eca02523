"""A primitive: a NumPy function beside its derivative, and how applying one records it.

Every rule is written in NumPy's own words. Run on arrays it is first-order and fast; run on tensors
it records itself, and that is all there is to higher derivatives.

    vjp of slot k:  (g, y, *xs, **params) -> what flows back to xs[k] when g flows back to y
    jvp of slot k:  (t, y, *xs, **params) -> the change of y when xs[k] changes by t
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.errors import NotDifferentiableError, ShapeError
from tinygrad_rnn.scope import current
from tinygrad_rnn.tensor import NO_PARAMS, UFUNCS, Tensor

Rule = Callable[..., Any]
REGISTRY: dict[str, Primitive] = {}  # every primitive by its name


class Each:
    """The rules of a primitive with any number of inputs: one function that is told the slot."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __getitem__(self, slot: int) -> Rule:
        return partial(self.rule, slot)


class Primitive:
    """A NumPy function with a derivative for every slot that has one.

    Args:
        name: how pictures and messages call it.
        forward: the function, on arrays.
        vjps: one rule per slot, None where there is no derivative.
        jvps: likewise; for elementwise and linear primitives they follow from the others.
        formula: y in symbols.
        derivatives: each vjp in symbols.
        broadcasts: whether a contribution may have to be summed back to its input's shape.
    """

    __slots__ = ("broadcasts", "derivatives", "formula", "forward", "jvps", "name", "vjps")

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        vjps: Sequence[Rule | None] | Each,
        jvps: Sequence[Rule | None] | Each,
        formula: str,
        derivatives: Sequence[str] | str,
        broadcasts: bool = False,
    ) -> None:
        self.name = name
        self.forward = forward
        self.vjps = vjps
        self.jvps = jvps
        self.formula = formula
        self.derivatives = (derivatives,) if isinstance(derivatives, str) else tuple(derivatives)
        self.broadcasts = broadcasts
        REGISTRY[name] = self

    def __repr__(self) -> str:
        return f"<primitive {self.name}: y = {self.formula}>"

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        """Apply to arrays for an array; with a tensor among them, for a tensor that knows it."""
        tensors = requires_grad = False
        values = []
        for x in inputs:
            if isinstance(x, Tensor):
                tensors = True
                requires_grad = requires_grad or x.requires_grad
                values.append(x._data)
            else:
                values.append(x)
        if not tensors:
            return self.forward(*inputs, **params)
        requires_grad = requires_grad and not current.paused
        if requires_grad:
            self._keep_constants(inputs, values)
        try:
            y = self.forward(*values, **params)
        except ValueError as error:
            raise self._misfit(values, error) from error
        if type(y) is not np.ndarray:  # NumPy turns 0-d results into scalars
            y = np.asarray(y)
        out = Tensor.__new__(Tensor)
        if requires_grad:
            out._fill(y, True, self, inputs, tuple(values), params)
        else:
            out._fill(y, False, None, (), (), NO_PARAMS)
        if current.anomalies is not None:
            current.anomalies.made(out, self)
        return out

    def _keep_constants(self, inputs: tuple[Any, ...], values: list[Any]) -> None:
        """Prepare what is not a tensor: copies of what its owner may write to, scalars kept weak.

        A 0-d float64 constant must not turn a float32 graph into a float64 one, as in NumPy.
        """
        for slot, x in enumerate(inputs):
            if isinstance(x, Tensor):
                if x.requires_grad and self.vjps[slot] is None:
                    raise NotDifferentiableError(
                        f"{self.name} has no derivative for argument {slot}: pass .data there"
                    )
            elif isinstance(x, (np.ndarray, np.generic, list, tuple)):
                values[slot] = np.array(x) if np.ndim(x) else np.asarray(x).item()

    def _misfit(self, values: Sequence[Any], error: ValueError) -> ShapeError:
        shapes = " and ".join(str(np.shape(value)) for value in values)
        where = ", at " + ", ".join(map(str, current.scope)) if current.scope else ""
        return ShapeError(f"{self.name}: shapes {shapes} do not fit{where} ({error})")


def elementwise(
    name: str,
    forward: Callable[..., Any],
    formula: str,
    *rules: tuple[str, Rule],
) -> Primitive:
    """Declare a primitive that acts on each element by itself, each vjp beside its formula.

    Such a vjp multiplies g by a local slope, so the same rule is the jvp.
    """
    vjps = tuple([rule for _, rule in rules])
    derivatives = tuple([text for text, _ in rules])
    out = Primitive(name, forward, vjps, vjps, formula, derivatives, broadcasts=len(rules) > 1)
    if isinstance(forward, np.ufunc):
        UFUNCS[forward] = out
    return out


def linear(
    name: str,
    forward: Callable[..., Any],
    formula: str,
    *rules: tuple[str, Rule],
) -> Primitive:
    """Declare a primitive that is linear in each of its inputs: its jvp is its own forward."""

    def along(slot: int) -> Rule:
        def jvp(t: Any, y: Any, *xs: Any, **params: Any) -> Any:
            return out(*xs[:slot], t, *xs[slot + 1 :], **params)

        return jvp

    vjps = tuple([rule for _, rule in rules])
    derivatives = tuple([text for text, _ in rules])
    jvps = tuple([along(slot) for slot in range(len(rules))])
    out = Primitive(name, forward, vjps, jvps, formula, derivatives)
    if isinstance(forward, np.ufunc):
        UFUNCS[forward] = out
    return out


def unbroadcast(contribution: Any, shape: tuple[int, ...]) -> Any:
    """Sum a contribution over the axes that broadcasting added or stretched: the adjoint of it."""
    added = contribution.ndim - len(shape)
    stretched = [k + added for k, n in enumerate(shape) if n == 1 != contribution.shape[k + added]]
    total = np.sum(contribution, axis=(*range(added), *stretched))
    return np.reshape(total, shape)
