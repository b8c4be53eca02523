"""Optimisers: from a gradient to the next value of each parameter.

Each step gives a parameter a new array; the old one stays as it was, since a graph may hold it.

The learning rate is a number, or a schedule: a function from the number of the step (0, 1, ...) to
the rate. ``Adam(model.parameters(), lr=warmup(100, cosine(3e-3, steps=1000)))``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.errors import GradientError, StateDictError
from tinygrad_rnn.schedules import Schedule, constant, cosine, exponential, warmup
from tinygrad_rnn.tensor import Array, Tensor

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "constant",
    "cosine",
    "exponential",
    "warmup",
]


class Optimizer:
    """Base of the optimisers: a subclass says by how much one parameter moves.

    Args:
        parameters: what to optimise, such as ``model.parameters()``.
        lr: the learning rate, or a schedule of it.

    Raises:
        ValueError: if there are no parameters, one is given twice, or the rate is negative.
        TypeError: if one is not a tensor.

    >>> class SignDescent(Optimizer):
    ...     def _move(self, value, g, memory):
    ...         return np.sign(g)
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> SignDescent([p], lr=0.25).step()
    >>> p.data
    array([ 0.75, -1.75])
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float | Schedule) -> None:
        if hasattr(parameters, "parameters"):
            raise TypeError("an optimiser takes the parameters themselves: module.parameters()")
        self.parameters = list(parameters)
        for parameter in self.parameters:
            if not isinstance(parameter, Tensor):
                raise TypeError(f"an optimiser takes tensors, not {type(parameter).__name__}")
        if not self.parameters:
            raise ValueError("an optimiser needs at least one parameter")
        if len({parameter.index for parameter in self.parameters}) < len(self.parameters):
            raise ValueError("a parameter was given twice: it would be moved twice a step")
        if not callable(lr) and not lr >= 0:
            raise ValueError(f"the learning rate must not be negative: {lr}")
        self.schedule: Schedule = lr if callable(lr) else constant(lr)
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
        """
        if all(parameter.grad is None for parameter in self.parameters):
            raise GradientError(
                "no parameter has a gradient: call loss.backward() first (trace leaves .grad alone)"
            )
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
        self.steps, self.memory = int(arrays["steps"]), memory

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        """Return what, times the learning rate, is taken from `value`; `memory` is its own."""
        raise NotImplementedError


def _average(memory: dict[str, Array], name: str, x: Array, decay: float) -> Array:
    """Return the running average ``m = decay * m + (1 - decay) * x``, which starts at 0."""
    m = decay * memory.get(name, np.zeros_like(x)) + (1 - decay) * x
    memory[name] = m
    return m


class SGD(Optimizer):
    """Stochastic gradient descent.

        v = momentum * v + g
        p = p - lr * v                       with Nesterov: p - lr * (g + momentum * v)

    (Momentum: Polyak 1964. Nesterov's: Sutskever et al. 2013, as rewritten by Bengio et al. 2013.)

    Args:
        parameters: what to optimise, such as ``model.parameters()``.
        lr: the learning rate, or a schedule of it.
        momentum: how much of the last move is kept, from 0.
        nesterov: look ahead along the move.

    Raises:
        ValueError: as for `Optimizer`, and if `nesterov` is set without momentum.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> SGD([p], lr=0.25).step()
    >>> p.data
    array([0.5])
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        if nesterov and not momentum > 0:
            raise ValueError("SGD: nesterov needs momentum above 0")
        self.momentum, self.nesterov = momentum, nesterov

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        if self.momentum == 0:
            return g
        v = self.momentum * memory.get("v", np.zeros_like(g)) + g
        memory["v"] = v
        return g + self.momentum * v if self.nesterov else v


class RMSprop(Optimizer):
    """RMSprop (Tieleman & Hinton 2012, lecture 6.5 of "Neural networks for machine learning").

        s = decay * s + (1 - decay) * g ** 2
        p = p - lr * g / (sqrt(s) + eps)

    Args:
        parameters: what to optimise, such as ``model.parameters()``.
        lr: the learning rate, or a schedule of it.
        decay: how much of s is kept.
        eps: keeps the quotient finite where g was always 0.

    Raises:
        ValueError: as for `Optimizer`.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> RMSprop([p], lr=0.01).step()
    >>> p.data.round(6)
    array([0.9])
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule = 0.01,
        decay: float = 0.99,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        self.decay, self.eps = decay, eps

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        s = _average(memory, "s", g * g, self.decay)
        return np.asarray(g / (np.sqrt(s) + self.eps))


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1).

        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g ** 2
        p = p - lr * (m / (1 - beta1 ** k)) / (sqrt(s / (1 - beta2 ** k)) + eps)

    where k counts this parameter's steps from 1.

    Args:
        parameters: what to optimise, such as ``model.parameters()``.
        lr: the learning rate, or a schedule of it.
        betas: how much is kept of m, and of s.
        eps: keeps the quotient finite where g was always 0.

    Raises:
        ValueError: as for `Optimizer`.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adam([p], lr=0.1).step()
    >>> p.data.round(6)
    array([0.9])
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        self.betas, self.eps = betas, eps

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        beta1, beta2 = self.betas
        m = _average(memory, "m", g, beta1)
        s = _average(memory, "s", g * g, beta2)
        memory["k"] = memory.get("k", np.asarray(0)) + 1
        k = int(memory["k"])
        return np.asarray((m / (1 - beta1**k)) / (np.sqrt(s / (1 - beta2**k)) + self.eps))


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019, algorithm 2).

        p = p - lr * (Adam's move + weight_decay * p)

    The decay goes with the whole learning rate, as in PyTorch; in the paper, with its schedule.

    Args:
        parameters: what to optimise, such as ``model.parameters()``.
        lr: the learning rate, or a schedule of it.
        betas: how much is kept of m, and of s.
        eps: keeps the quotient finite where g was always 0.
        weight_decay: the share of p that is taken away, times the learning rate.

    Raises:
        ValueError: as for `Optimizer`.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * 0).sum().backward()
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p.data
    array([0.95])
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps)
        self.weight_decay = weight_decay

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        return super()._move(value, g, memory) + self.weight_decay * value
