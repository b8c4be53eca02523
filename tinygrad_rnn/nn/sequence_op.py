"""A stretch of a sequence as one primitive: its forward pass keeps residuals for the backward one.

The gradients of all inputs come from one backward pass, but the sweep asks for them slot by slot:
they are computed when the first is asked for, and each is handed out once.
"""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.primitive import Primitive, VariadicRule
from tinygrad_rnn.tensor import Array, Tensor


class SequenceFunction:
    """A function of a whole sequence with the residuals of its forward pass.

    A subclass says how to go forwards and back.
    """

    def __init__(self) -> None:
        self.wanted: set[int] = set()  # the inputs whose gradients will be asked for
        self.g: Array | None = None
        self.found: dict[int, Any] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def forward(self, *values: Any) -> Array:
        """Return the primitive's value, and keep what `backward` needs."""
        raise NotImplementedError

    def backward(self, g: Array) -> list[Any]:
        """Return a gradient for every input of `forward` that is wanted, None for others."""
        raise NotImplementedError

    def gradient(self, slot: int, g: Any) -> Any:
        """Return the gradient of one input, where g came back to the primitive's value."""
        if isinstance(g, Tensor):
            raise NotDifferentiableError(
                "a run that is fused or checkpointed has first derivatives only: unroll with "
                "engine='graph' and without checkpoint="
            )
        if self.g is not g or slot not in self.found:
            found = self.backward(g)
            self.found, self.g = {k: found[k] for k in self.wanted}, g
        out = self.found.pop(slot)
        if not self.found:
            self.g = None
        return out


def record(primitive: Primitive, function: SequenceFunction, *inputs: Any) -> Tensor:
    """Apply a primitive made by `sequence_primitive` to its inputs."""
    function.wanted = {k for k, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad}
    return primitive(*inputs, function=function)  # type: ignore[return-value]  # of tensors


def sequence_primitive(name: str, formula: str) -> Primitive:
    """Declare a primitive that does what the `SequenceFunction` it is given says."""
    return Primitive(
        name, _run_forward, VariadicRule(_vjp), VariadicRule(_jvp), formula, "BPTT over all steps"
    )


def _run_forward(*values: Any, function: SequenceFunction) -> Array:
    return function.forward(*values)


def _vjp(slot: int, g: Any, y: Any, values: tuple[Any, ...], function: SequenceFunction) -> Any:
    return function.gradient(slot, g)


def _jvp(slot: int, t: Any, y: Any, values: tuple[Any, ...], function: SequenceFunction) -> Any:
    raise NotDifferentiableError(
        "a run that is fused or checkpointed has no forward mode: unroll with engine='graph' and "
        "without checkpoint="
    )
