"""Clipping gradients before a step, against those that explode; always into new arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.norms import norms
from tinygrad_rnn.tensor import Array, Tensor, tensors


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, error_if_nonfinite: bool = False
) -> float:
    """Scale all gradients by one factor, so that their joint l2 norm is at most `max_norm`.

    (Pascanu, Mikolov & Bengio 2013, algorithm 1.) Each `.grad` is given a new array.

    Args:
        parameters: whose gradients, a tensor or several; those without one are skipped.
        max_norm: the largest norm allowed, above 0.
        error_if_nonfinite: raise if the norm is not finite; otherwise the gradients then stay
            as they are.

    Returns:
        The norm before clipping.

    Raises:
        GradientError: if the norm is not finite and `error_if_nonfinite` is set.
        ValueError: if `max_norm` is not above 0.
        TypeError: if given anything but tensors, such as a module in place of its parameters.

    >>> x = Tensor([3.0, 4.0], requires_grad=True)
    >>> np.sum(x * x).backward()
    >>> clip_grad_norm_([x], 5.0), x.grad
    (10.0, array([3., 4.]))
    """
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm_: max_norm = {max_norm} is not above 0")
    having = _having("clip_grad_norm_", parameters)
    # hypot and norms scale before they square: gradients that explode to 1e200 are clipped, too.
    norm = math.hypot(*[l2 for l2, _ in norms([_grad(parameter) for parameter in having])])
    if not math.isfinite(norm):
        if error_if_nonfinite:
            raise _non_finite_error("clip_grad_norm_", having)
    elif norm > max_norm:
        for parameter in having:
            parameter.grad = _grad(parameter) / norm * max_norm
    return norm


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], max_value: float, error_if_nonfinite: bool = False
) -> None:
    """Clip every element of every gradient to [-max_value, max_value] (Mikolov 2012).

    Each `.grad` is given a new array. The gradient's direction changes, which `clip_grad_norm_`
    keeps.

    Args:
        parameters: whose gradients, a tensor or several; those without one are skipped.
        max_value: the largest magnitude allowed, above 0.
        error_if_nonfinite: raise if an element is not finite; otherwise an infinite one is
            clipped and NaN stays.

    Raises:
        GradientError: if an element is not finite and `error_if_nonfinite` is set.
        ValueError: if `max_value` is not above 0.
        TypeError: if given anything but tensors, such as a module in place of its parameters.

    >>> x = Tensor([3.0, 4.0], requires_grad=True)
    >>> np.sum(x * x).backward()
    >>> clip_grad_value_([x], 7.0)
    >>> x.grad
    array([6., 7.])
    """
    if not max_value > 0:
        raise ValueError(f"clip_grad_value_: max_value = {max_value} is not above 0")
    having = _having("clip_grad_value_", parameters)
    if error_if_nonfinite and not all(np.isfinite(_grad(parameter)).all() for parameter in having):
        raise _non_finite_error("clip_grad_value_", having)
    for parameter in having:
        parameter.grad = np.clip(_grad(parameter), -max_value, max_value)


def _having(function: str, parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [parameter for parameter in tensors(parameters, function) if parameter.grad is not None]


def _grad(parameter: Tensor) -> Array:
    assert parameter.grad is not None
    return parameter.grad


def _non_finite_error(function: str, parameters: list[Tensor]) -> GradientError:
    names = [
        parameter.name or repr(parameter)
        for parameter in parameters
        if not np.isfinite(_grad(parameter)).all()
    ]
    return GradientError(f"{function}: a gradient is not finite: {', '.join(names) or 'its norm'}")
