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

from tinygrad_rnn.array import UFUNCS
from tinygrad_rnn.batched import BatchedVJP, Rule
from tinygrad_rnn.errors import NotDifferentiableError, ShapeError
from tinygrad_rnn.graph import NO_PARAMS, Array, Params, next_index, real_array
from tinygrad_rnn.scope import surroundings
from tinygrad_rnn.tensor import Tensor, Value

_new = Tensor.__new__
REGISTRY: dict[str, Primitive] = {}  # every primitive by its name


class VariadicRule:
    """The rules of a primitive with any number of inputs: one function that is told the slot.

    It takes the inputs as one tuple, so that a stack of T states is not T times T arguments.

    Args:
        rule: ``(slot, g, y, xs, **params)``, for a vjp as for a jvp.
        together: in place of it, a jvp of all inputs at once: ``(ts, y, xs, **params)``, where ts
            has None for each input that does not move.

    >>> VariadicRule(lambda slot, g, y, xs: g * slot)[3](2.0, None, ())
    6.0
    """

    def __init__(self, rule: Rule | None = None, together: Rule | None = None) -> None:
        self.rule = rule
        self.together = together

    def __getitem__(self, slot: int) -> Rule:
        if self.rule is None:
            return partial(self._alone, slot)
        return partial(self.rule, slot)

    def _alone(self, slot: int, t: Any, y: Any, xs: Sequence[Any], **params: Any) -> Any:
        ts = [t if k == slot else None for k in range(len(xs))]
        return self.together(ts, y, xs, **params)  # type: ignore[misc]  # one of the two is given


class Primitive:
    """A NumPy function with a derivative for every slot that has one.

    Args:
        name: how pictures and messages call it.
        forward: the function, on arrays.
        vjps: one rule per slot, None where there is no derivative.
        jvps: likewise; for elementwise and linear primitives they follow from the others.
        formula: y in symbols.
        derivatives: each vjp in symbols.
        broadcasts: whether a contribution may have to be summed to its input's shape.
        batched: by slot, a faster way to treat many uses than one vjp for each.

    >>> from tinygrad_rnn.ops.elementwise import exp
    >>> exp, exp.derivatives
    (<primitive exp: y = exp(x)>, ('g * y',))
    """

    __slots__ = (
        "batched",
        "broadcasts",
        "derivatives",
        "formula",
        "forward",
        "has_gaps",
        "jvps",
        "name",
        "variadic",
        "vjps",
    )

    def __init__(
        self,
        name: str,
        forward: Callable[..., Array],
        vjps: Sequence[Rule | None] | VariadicRule,
        jvps: Sequence[Rule | None] | VariadicRule,
        formula: str,
        derivatives: Sequence[str] | str,
        broadcasts: bool = False,
        batched: dict[int, BatchedVJP] | None = None,
    ) -> None:
        self.name = name
        self.forward = forward
        self.vjps = vjps
        self.jvps = jvps
        self.formula = formula
        self.derivatives = (derivatives,) if isinstance(derivatives, str) else tuple(derivatives)
        self.broadcasts = broadcasts
        self.batched = batched or {}
        self.variadic = isinstance(vjps, VariadicRule)
        self.has_gaps = not isinstance(vjps, VariadicRule) and None in vjps
        REGISTRY[name] = self

    @property
    def elementwise(self) -> bool:
        """Whether it acts on each element by itself: its vjp is a local slope, and so its jvp."""
        return self.vjps is self.jvps

    def __repr__(self) -> str:
        return f"<primitive {self.name}: y = {self.formula}>"

    def __call__(self, *inputs: Any, **params: Any) -> Value:
        """Apply to arrays for an array; with a tensor among them, for a tensor that knows it.

        Args:
            inputs: one per slot: tensors, arrays or numbers. Of arrays a copy is kept.
            params: what else `forward` and the rules take; no gradient flows to these.

        Raises:
            ShapeError: if the shapes do not fit together; other errors are those of `forward`.
            NotDifferentiableError: if a tensor that requires a gradient is in a slot without vjp.
            DtypeError: if an input beside a tensor is not made of real numbers.
        """
        try:  # most often, all inputs are tensors
            values, requires_grad = [], False
            for x in inputs:
                values.append(x._array)
                if x.requires_grad:
                    requires_grad = True
        except AttributeError:
            tensors = [x for x in inputs if isinstance(x, Tensor)]
            if not tensors:
                return self.forward(*inputs, **params)
            values = [x._array if isinstance(x, Tensor) else _constant(x) for x in inputs]
            requires_grad = any(x.requires_grad for x in tensors)
        try:
            y = self.forward(*values, **params)
        except ValueError as error:
            if type(error) is ValueError and any(word in str(error) for word in _OF_SHAPES):
                raise self._misfit(values, error) from error
            raise
        if type(y) is not np.ndarray:  # NumPy turns 0-d results into scalars
            y = np.asarray(y)
        out = _new(Tensor)
        out._array = y
        out.grad = out.name = None
        out.index = next_index()
        here = surroundings()
        out.scope = here.scope
        if requires_grad and here.recording:
            if self.has_gaps:
                self._refuse_gaps(inputs)
            out.requires_grad = True
            out.op = self
            out.inputs = inputs
            out._values = values
            out.params = params or NO_PARAMS  # an empty one is not kept
        else:
            out.requires_grad = False
            out.op = None
            out.inputs = out._values = ()
            out.params = NO_PARAMS
        if here.anomalies is not None:
            here.anomalies.made(out, self)
        return out

    def vjp(self, slot: int, g: Value, y: Value, xs: Sequence[Any], params: Params) -> Value:
        """Return what flows back to input `slot` when g flows back to y.

        Args:
            slot: which input.
            g: of the shape of y.
            y: the value that `forward` returned.
            xs: its inputs.
            params: its further arguments.
        """
        return self._call(self.vjps[slot], g, y, xs, params)

    def jvp(self, slot: int, t: Value, y: Value, xs: Sequence[Any], params: Params) -> Value:
        """Return the change of y when input `slot` changes by t.

        Args:
            slot: which input.
            t: of that input's shape.
            y, xs, params: as for `vjp`.
        """
        return self._call(self.jvps[slot], t, y, xs, params)

    def _call(
        self, rule: Rule | None, g: Value, y: Value, xs: Sequence[Any], params: Params
    ) -> Value:
        given = (xs,) if self.variadic else xs
        return rule(g, y, *given, **params)  # type: ignore[misc]  # checked on recording

    def _refuse_gaps(self, inputs: Sequence[object]) -> None:
        for slot, x in enumerate(inputs):
            if isinstance(x, Tensor) and x.requires_grad and self.vjps[slot] is None:
                raise NotDifferentiableError(
                    f"{self.name} has no derivative for argument {slot}: pass .data there"
                )

    def _misfit(self, values: Sequence[Any], error: ValueError) -> ShapeError:
        *most, last = [str(np.shape(value)) for value in values]
        shapes = f"shapes {', '.join(most)} and {last} do" if most else f"shape {last} does"
        scope = surroundings().scope
        where = ", at " + ", ".join(map(str, scope)) if scope else ""
        return ShapeError(f"{self.name}: {shapes} not fit{where} ({error})")


# What NumPy's messages say where shapes do not fit; its other errors are left as they are.
_OF_SHAPES = ("shape", "dimension", "broadcast", "size", "axis", "axes", "reduction", "row", "bias")
_NUMBERS = (float, int, bool)


def _constant(x: Any) -> Any:
    """Prepare an input that is not a tensor for a graph that must not see it change.

    What its owner may write to is copied, whatever kind of array it is. Scalars become weak Python
    numbers: a 0-d float64 constant must not turn a float32 graph into a float64 one, as it would in
    NumPy.
    """
    if x is None or type(x) in _NUMBERS:  # None: a bound of clip that is left out
        return x
    array = real_array(x)
    return array if array.ndim else array.item()


def elementwise(
    name: str,
    forward: Callable[..., Array],
    formula: str,
    *rules: tuple[str, Rule | None],
) -> Primitive:
    """Declare a primitive that acts on each element by itself, each vjp beside its formula.

    Such a vjp multiplies g by a local slope, so the same rule is the jvp.

    Args:
        name: how pictures and messages call it.
        forward: the function, on arrays. Where it is a NumPy ufunc, tensors answer to that too.
        formula: y in symbols.
        rules: for each input its derivative in symbols and its vjp, None where it has none.

    >>> from tinygrad_rnn.gradcheck import gradcheck
    >>> slope = ("g * 3 * x * x", lambda g, y, x: g * 3 * x * x)
    >>> cube = elementwise("cube", lambda x: x * x * x, "x ** 3", slope)
    >>> gradcheck(cube, [1.0, -2.0])
    True
    >>> REGISTRY.pop("cube")
    <primitive cube: y = x ** 3>
    """
    vjps = tuple([rule for _, rule in rules])
    derivatives = tuple([text for text, _ in rules])
    out = Primitive(name, forward, vjps, vjps, formula, derivatives, broadcasts=len(rules) > 1)
    if isinstance(forward, np.ufunc):
        UFUNCS[forward] = out.__call__  # a bound method is quicker to call than an object
    return out


def linear(
    name: str,
    forward: Callable[..., Array],
    formula: str,
    *rules: tuple[str, Rule],
    batched: dict[int, BatchedVJP] | None = None,
) -> Primitive:
    """Declare a primitive that is linear in each of its inputs: its jvp is its own forward.

    Args:
        name: how pictures and messages call it.
        forward: the function, on arrays.
        formula: y in symbols.
        rules: for each input its derivative in symbols and its vjp.
        batched: as for `Primitive`.

    >>> from tinygrad_rnn.gradcheck import gradcheck
    >>> twice = linear("twice", lambda x: 2 * x, "2 x", ("2 g", lambda g, y, x: 2 * g))
    >>> gradcheck(twice, [1.0, -2.0])
    True
    >>> REGISTRY.pop("twice")
    <primitive twice: y = 2 x>
    """

    def along(slot: int) -> Rule:
        def jvp(t: Value, y: Value, *xs: Value, **params: Any) -> Value:
            return out(*xs[:slot], t, *xs[slot + 1 :], **params)

        return jvp

    vjps = tuple([rule for _, rule in rules])
    derivatives = tuple([text for text, _ in rules])
    jvps = tuple([along(slot) for slot in range(len(rules))])
    out = Primitive(name, forward, vjps, jvps, formula, derivatives, batched=batched)
    if isinstance(forward, np.ufunc):
        UFUNCS[forward] = out.__call__  # a bound method is quicker to call than an object
    return out
