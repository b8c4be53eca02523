"""Module: an object whose parameters can be listed by name, and those of the modules inside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.tensor import Array, Tensor


class Parameter(Tensor):
    """A tensor to be learned: a leaf that requires a gradient, named after its attribute.

    Args:
        data: anything `np.array` takes, of any shape; it is copied.
        name: what pictures and messages call it, in place of its attribute's name.
        dtype: as in `np.array`; a floating one.

    Raises:
        DtypeError: if the dtype is not floating.

    >>> Parameter(np.zeros((2, 3))).requires_grad
    True
    """

    __slots__ = ()

    def __init__(
        self, data: ArrayLike, name: str | None = None, dtype: DTypeLike | None = None
    ) -> None:
        super().__init__(data, requires_grad=True, name=name, dtype=dtype)


class Module:
    """Base of cells and layers: attributes that are parameters or modules are found by name.

    They are also found inside lists, tuples and dictionaries: ``layers.0.weight``.

    >>> class Scale(Module):
    ...     def __init__(self) -> None:
    ...         self.factor = Parameter(np.ones(2))
    >>> class Twice(Module):
    ...     def __init__(self) -> None:
    ...         self.parts = [Scale(), Scale()]
    >>> list(Twice().state_dict())
    ['parts.0.factor', 'parts.1.factor']
    """

    training = True

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(vars(self).get(name), Parameter) and not isinstance(value, Parameter | None):
            raise TypeError(
                f"{name} is a parameter, and a {type(value).__name__} in its place would not be "
                f"learned: give it new data, .{name}.data = ..., or a new tr.Parameter"
            )
        super().__setattr__(name, value)
        if isinstance(value, Module) and any(part is self for part in value.modules()):
            return  # a link back to an owner
        for path, parameter in _parameters(value, name):
            # A name that came from an attribute grows with what it is put into; another one stays.
            if parameter.name is None or path.endswith(f".{parameter.name}"):
                parameter.name = path

    def __getattr__(self, name: str) -> Any:
        if name == "forward":  # PyTorch's way
            raise AttributeError("modules are called themselves: layers(inputs), cell(x, state)")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        """The class, and each parameter with its shape."""
        shapes = (f"{name} {parameter.shape}" for name, parameter in self.named_parameters())
        return f"{type(self).__name__}({', '.join(shapes)})"

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield every parameter once, with its dotted name, in the order in which they were set."""
        seen = set()
        for name, parameter in _parameters(self, ""):
            if parameter.index not in seen:
                seen.add(parameter.index)
                yield name, parameter

    def parameters(self) -> list[Parameter]:
        """Return every parameter."""
        return [parameter for _, parameter in self.named_parameters()]

    def modules(self) -> Iterator[Module]:
        """Yield this module and every module inside it, each once."""
        found: dict[int, Module] = {}
        waiting: list[Module] = [self]
        while waiting:
            module = waiting.pop(0)
            if id(module) not in found:
                found[id(module)] = module
                held = (part for value in vars(module).values() for _, part in _held_by(value, ""))
                waiting.extend(part for part in held if isinstance(part, Module))
        return iter(found.values())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules directly inside, each with its dotted name."""
        for attribute, value in vars(self).items():
            for name, part in _held_by(value, attribute):
                if isinstance(part, Module):
                    yield name, part

    def train(self, training: bool = True) -> Self:
        """Switch to training (dropout acts), here and in every module inside; return self.

        Args:
            training: False for evaluation.
        """
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Self:
        """Switch to evaluation (dropout does nothing), here and inside; return self."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget every parameter's gradient."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of every parameter's value by its dotted name."""
        return {name: parameter.data.copy() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Give every parameter the value of its name; either all are loaded or none.

        Args:
            state: an array for every name of `state_dict`, of its shape.

        Raises:
            StateDictError: names all that is missing, unexpected, of another shape, or of a dtype
                that does not fit into the parameter's without loss.
        """
        parameters = dict(self.named_parameters())
        arrays = {name: np.asarray(value) for name, value in state.items()}
        wrong = [f"missing: {name}" for name in parameters if name not in arrays]
        wrong += [f"unexpected: {name}" for name in arrays if name not in parameters]
        for name in parameters.keys() & arrays.keys():
            array, parameter = arrays[name], parameters[name]
            if array.shape != parameter.shape:
                wrong.append(f"{name}: shape {array.shape} where {parameter.shape} is expected")
            elif array.dtype.kind != "f" or not np.can_cast(array.dtype, parameter.dtype):
                wrong.append(
                    f"{name}: {array.dtype} does not fit into {parameter.dtype} (use .astype)"
                )
        if wrong:
            raise StateDictError("nothing was loaded; " + "; ".join(sorted(wrong)))
        for name, parameter in parameters.items():
            parameter.data = arrays[name]


def _held_by(value: Any, name: str) -> Iterator[tuple[str, Parameter | Module]]:
    """Yield the parameters and modules that an attribute is or, if a container, holds."""
    if isinstance(value, (Parameter, Module)):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for k, item in enumerate(value):
            yield from _held_by(item, f"{name}.{k}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _held_by(item, f"{name}.{key}")


def _parameters(
    value: Any, name: str, inside: tuple[Module, ...] = ()
) -> Iterator[tuple[str, Parameter]]:
    """Yield every parameter at or below `value`, each as often as it is reached.

    A module that refers back to one that it lies inside is not entered again.
    """
    for path, part in _held_by(value, name):
        if isinstance(part, Parameter):
            yield path, part
        elif not any(part is outer for outer in inside):
            for attribute, held in vars(part).items():
                longer = f"{path}.{attribute}" if path else attribute
                yield from _parameters(held, longer, (*inside, part))
