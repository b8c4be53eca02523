"""Finite differences against the rules: is a gradient the slope of its function?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.errors import GradcheckError
from tinygrad_rnn.functional import grad
from tinygrad_rnn.graph import Array
from tinygrad_rnn.tensor import Tensor


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    eps: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> bool:
    """Compare every element of every gradient of `f` with central differences.

    A fixed random weight for each output turns `f` into a scalar function, so that no two outputs
    can hide each other's mistakes.

    Args:
        f: a function of as many tensors as there are inputs, returning a tensor.
        inputs: float64 arrays or tensors: the point.
        eps: half the distance of the two points of a difference.
        rtol: allowed error of an element, relative to it.
        atol: allowed error, absolute; what rounding the two values can bring is allowed on top.

    Returns:
        True.

    Raises:
        GradcheckError: if an element is off: names the input, the index, and both numbers.
        GradientError: if what `f` returns does not depend on its inputs.

    >>> gradcheck(lambda x: x * x, [1.0, 2.0])
    True
    """
    arrays = [np.array(getattr(x, "data", x), dtype=np.float64) for x in inputs]
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    out = f(*tensors)
    weights = np.random.default_rng(0).uniform(0.5, 1.5, out.shape)
    # Two sums of this many digits, each rounded, over the distance of the two points.
    rounding = 4 * np.finfo(np.float64).eps * float(np.sum(np.abs(out._array * weights))) / eps

    def value() -> float:
        # They require a gradient here too, since f itself may take one.
        out = f(*[Tensor(array, requires_grad=True) for array in arrays])
        return float(np.sum(out._array * weights))

    for k, (array, analytic) in enumerate(
        zip(arrays, grad(np.sum(out * weights), tensors), strict=True)
    ):
        if analytic.shape != array.shape:
            raise GradcheckError(
                f"input {k}: the rules give shape {analytic.shape} for an input of {array.shape}"
            )
        numeric = _central_differences(value, array, eps)
        worst = np.abs(analytic.data - numeric)
        allowed = atol + rounding + rtol * np.abs(numeric)
        if not np.all(worst <= allowed):
            excess = np.nan_to_num(worst - allowed, nan=np.inf)
            at = np.unravel_index(int(np.argmax(excess)), array.shape)
            index = tuple(map(int, at))
            raise GradcheckError(
                f"input {k} at index {index}: the rules give {float(analytic.data[index])!r}, "
                f"central differences {float(numeric[index])!r}"
            )
    return True


def _central_differences(value: Callable[[], float], array: Array, eps: float) -> Array:
    """Return the slope of `value` along every element of `array`, which is moved and put back."""
    out = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        middle = array[index]
        array[index] = middle + eps
        above = value()
        array[index] = middle - eps
        below = value()
        array[index] = middle
        out[index] = (above - below) / (2 * eps)
    return out
