"""The base of all optimisers: parameters, the learning rate, and the state that is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.arguments import number_in
from tinygrad_rnn.errors import GradientError, ShapeError, StateDictError
from tinygrad_rnn.optim.schedules import Schedule, constant
from tinygrad_rnn.tensor import Array, Tensor, tensors


class Optimizer:
    """Base of the optimisers: a subclass says by how much one parameter moves.

    Args:
        parameters: what to optimise, such as ``model.parameters()``.
        lr: the learning rate, or a schedule of it.

    Raises:
        ValueError: if there are no parameters, one is given twice or was computed, or the rate is
            negative.
        TypeError: if one is not a tensor, a tensor is given in place of a list, or the rate is
            neither a number nor a schedule.

    >>> class SignDescent(Optimizer):
    ...     def _move(self, value, g, memory):
    ...         return np.sign(g)
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> SignDescent([p], lr=0.25).step()
    >>> p.data
    array([ 0.75, -1.75])
    """

    remembers: tuple[str, ...] | None = None  # what is kept of each parameter; None: anything

    def __init__(self, parameters: Iterable[Tensor], lr: float | Schedule) -> None:
        if isinstance(parameters, Tensor):
            raise TypeError("an optimiser takes an iterable of tensors: put the one into a list")
        self.parameters = tensors(parameters, "an optimiser")
        if not self.parameters:
            raise ValueError("an optimiser needs at least one parameter")
        if len({parameter.index for parameter in self.parameters}) < len(self.parameters):
            raise ValueError("a parameter was given twice: it would be moved twice a step")
        for parameter in self.parameters:
            if parameter.op is not None:
                raise ValueError(f"an optimiser moves leaves, and {parameter!r} was computed")
        name = type(self).__name__
        self.schedule: Schedule = lr if callable(lr) else constant(number_in(lr, f"{name}: lr", 0))
        self.steps = 0
        self.memory: list[dict[str, Array]] = [{} for _ in self.parameters]

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        return self.schedule(self.steps)

    def step(self) -> None:
        """Move every parameter that has a gradient.

        Raises:
            GradientError: if none has one.
            ShapeError: if one has another shape than its parameter; nothing is moved then.
        """
        if all(parameter.grad is None for parameter in self.parameters):
            raise GradientError(
                "no parameter has a gradient: call loss.backward() first (trace leaves .grad alone)"
            )
        for parameter in self.parameters:
            if parameter.grad is not None and np.shape(parameter.grad) != parameter.shape:
                raise ShapeError(f"grad of shape {np.shape(parameter.grad)} for {parameter!r}")
        rate = self.lr
        self.steps += 1
        for parameter, memory in zip(self.parameters, self.memory, strict=True):
            if parameter.grad is not None:
                move = self._move(parameter.data, parameter.grad, memory)
                parameter.data = parameter.data - rate * move

    def zero_grad(self) -> None:
        """Forget every gradient."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of all that it remembers, to go on from later exactly as if never stopped.

        Keys are ``"steps"``, and ``"0.m"`` for what is called m of the first parameter. The
        learning rate is not in it.
        """
        state = {"steps": np.asarray(self.steps)}
        for k, memory in enumerate(self.memory):
            state |= {f"{k}.{name}": array.copy() for name, array in memory.items()}
        return state

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Remember what another optimiser of the same kind and parameters returned.

        Args:
            state: what its `state_dict` returned.

        Raises:
            StateDictError: if it does not fit these parameters; nothing is loaded then.
        """
        arrays = {name: np.array(value) for name, value in state.items()}
        memory: list[dict[str, Array]] = [{} for _ in self.parameters]
        for key, array in arrays.items():
            number, _, name = key.partition(".")
            known = number.isdecimal() and int(number) < len(memory)
            if known and array.shape in ((), self.parameters[int(number)].shape):
                memory[int(number)][name] = array
            elif key != "steps" or array.shape != ():
                raise StateDictError(
                    f"nothing was loaded; {key} of shape {array.shape} does not fit an optimiser "
                    f"of {len(memory)} parameters"
                )
        if "steps" not in arrays:
            raise StateDictError("nothing was loaded; missing: steps")
        for k, kept in enumerate(memory):
            if kept and self.remembers is not None and set(kept) != set(self.remembers):
                raise StateDictError(
                    f"nothing was loaded; of parameter {k} there is {', '.join(sorted(kept))}, and "
                    f"{type(self).__name__} remembers {', '.join(self.remembers) or 'nothing'}: it "
                    "is another optimiser's state"
                )
        self.steps, self.memory = int(arrays["steps"]), memory

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        """Return what, times the learning rate, is taken from `value`; `memory` is its own."""
        raise NotImplementedError
