"""Module: an object whose parameters can be listed by name, and those of the modules inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from tinygrad_rnn.tensor import Tensor


class Parameter(Tensor):
    """A tensor to be learned: a leaf that requires a gradient, named after its attribute."""

    __slots__ = ()

    def __init__(
        self, data: ArrayLike, name: str | None = None, dtype: DTypeLike | None = None
    ) -> None:
        super().__init__(data, requires_grad=True, name=name, dtype=dtype)


class Module:
    """Base of cells and layers: attributes that are parameters or modules are found by name.

    >>> import numpy as np
    >>> class Scale(Module):
    ...     def __init__(self) -> None:
    ...         self.factor = Parameter(np.ones(2))
    >>> [name for name, parameter in Scale().named_parameters()]
    ['factor']
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter) and value.name is None:
            value.name = name
        super().__setattr__(name, value)

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Yield every parameter with its dotted name, in the order in which they were set."""
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield prefix + name, value
            elif isinstance(value, Module):
                yield from value.named_parameters(f"{prefix}{name}.")

    def parameters(self) -> list[Parameter]:
        """Return every parameter."""
        return [parameter for _, parameter in self.named_parameters()]
