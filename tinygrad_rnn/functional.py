"""Derivatives as functions: what to differentiate, and with respect to what."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.backward import seed, sweep
from tinygrad_rnn.scope import no_grad
from tinygrad_rnn.tensor import Tensor


def grad(
    output: Tensor,
    inputs: Sequence[Tensor],
    gradient: ArrayLike | None = None,
    create_graph: bool = False,
) -> list[Tensor]:
    """Return d(output)/d(input) for each of `inputs`, leaving every `.grad` alone.

    Args:
        output: a scalar tensor, or any tensor if `gradient` is given.
        inputs: leaves or intermediate tensors.
        gradient: what is swept back, of the output's shape; 1 for a scalar.
        create_graph: let the gradients record how they were made, to be differentiated again.

    Returns:
        One tensor per input, of its shape and dtype; zeros where the output does not depend on it.

    Raises:
        GradientError: if no gradient flows from `output`, or it needs `gradient`.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> (slope,) = grad(x * x * x, [x], create_graph=True)
    >>> (curvature,) = grad(slope, [x])
    >>> slope.item(), curvature.item()
    (27.0, 18.0)
    """
    start = seed(output, gradient)
    with nullcontext() if create_graph else no_grad():
        arrived = sweep(
            output, Tensor(start) if create_graph else start, inputs, create_graph=create_graph
        )
    found = {node.index: g for node, g in arrived}
    out = []
    for x in inputs:
        g = found.get(x.index)
        if g is None:
            g = np.zeros(x.shape, x.dtype)
        out.append(g if isinstance(g, Tensor) else Tensor(g))
    return out
