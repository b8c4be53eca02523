"""The optimisers, each beside its equations: p is a parameter, g its gradient."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tinygrad_rnn.arguments import number_in
from tinygrad_rnn.optim.base import Optimizer
from tinygrad_rnn.optim.schedules import Schedule
from tinygrad_rnn.tensor import Array, Tensor


def _running_average(memory: dict[str, Array], name: str, x: Array, decay: float) -> Array:
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
        momentum: how much of the last move is kept, in [0, 1).
        nesterov: look ahead along the move.

    Raises:
        ValueError: as for `Optimizer`; if `momentum` is not in [0, 1), or 0 with `nesterov`.

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
        momentum = number_in(momentum, "SGD: momentum", 0, 1)
        if nesterov and not momentum > 0:
            raise ValueError("SGD: nesterov needs momentum above 0")
        self.momentum, self.nesterov = momentum, nesterov
        self.remembers = ("v",) if momentum else ()

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
        decay: how much of s is kept, in [0, 1).
        eps: keeps the quotient finite where g was always 0.

    Raises:
        ValueError: as for `Optimizer`, and if `decay` is not in [0, 1) or `eps` is negative.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> RMSprop([p], lr=0.01).step()
    >>> p.data.round(6)
    array([0.9])
    """

    remembers = ("s",)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule = 0.01,
        decay: float = 0.99,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        self.decay = number_in(decay, "RMSprop: decay", 0, 1)
        self.eps = number_in(eps, "RMSprop: eps", 0)

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        s = _running_average(memory, "s", g * g, self.decay)
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
        betas: how much is kept of m, and of s, in [0, 1).
        eps: keeps the quotient finite where g was always 0.

    Raises:
        ValueError: as for `Optimizer`, and if a beta is not in [0, 1) or `eps` is negative.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adam([p], lr=0.1).step()
    >>> p.data.round(6)
    array([0.9])
    """

    remembers = ("m", "s", "k")

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        name = type(self).__name__
        beta1, beta2 = (number_in(beta, f"{name}: a beta", 0, 1) for beta in betas)
        self.betas, self.eps = (beta1, beta2), number_in(eps, f"{name}: eps", 0)

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        beta1, beta2 = self.betas
        m = _running_average(memory, "m", g, beta1)
        s = _running_average(memory, "s", g * g, beta2)
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
        betas: how much is kept of m, and of s, in [0, 1).
        eps: keeps the quotient finite where g was always 0.
        weight_decay: the share of p that is taken away, times the learning rate.

    Raises:
        ValueError: as for `Adam`, and if `weight_decay` is negative.

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
        self.weight_decay = number_in(weight_decay, "AdamW: weight_decay", 0)

    def _move(self, value: Array, g: Array, memory: dict[str, Array]) -> Array:
        return super()._move(value, g, memory) + self.weight_decay * value
