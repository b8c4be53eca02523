"""The layers around a recurrent network: what goes in, what comes out, and what steadies it."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinygrad_rnn.errors import DtypeError, ShapeError
from tinygrad_rnn.f import linear
from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.module import Module, Parameter

Seed: TypeAlias = "np.random.Generator | int | None"  # quoted: NumPy loads np.random when asked


def check_sizes(*sizes: int) -> None:
    """Raise ValueError unless all sizes are at least 1."""
    if min(sizes) < 1:
        raise ValueError(f"sizes must be at least 1, not {', '.join(map(str, sizes))}")


class Linear(Module):
    """The affine map ``y = x @ weight.T + bias``.

    Args:
        input_size: I, the length of x's last axis.
        output_size: O, the length of y's.
        bias: whether there is one.
        dtype: of both parameters.
        rng: a `numpy.random.Generator`, or a seed for one. Both parameters start in
            uniform(-1/sqrt(I), 1/sqrt(I)).

    Raises:
        ValueError: if a size is below 1.
        DtypeError: if `dtype` is not floating.

    >>> Linear(3, 2, rng=0)(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        rng: Seed = None,
    ) -> None:
        check_sizes(input_size, output_size)
        generator = np.random.default_rng(rng)
        bound = 1 / np.sqrt(input_size)
        weight = init.uniform(generator, (output_size, input_size), bound)
        self.weight = Parameter(weight, dtype=dtype)
        self.bias = (
            Parameter(init.uniform(generator, (output_size,), bound), dtype=dtype) if bias else None
        )

    def __call__(self, x: Any) -> Any:
        """Return y of shape (..., O).

        Args:
            x: shape (..., I).

        Raises:
            ShapeError: if the last axis has another length.
        """
        return linear(x, self.weight, self.bias)


class Embedding(Module):
    """A table of vectors, one per symbol: ``weight[symbols]``.

    Args:
        count: how many symbols there are.
        size: the length of each vector.
        dtype: of the table.
        rng: a `numpy.random.Generator`, or a seed for one; the vectors start as standard normal.

    Raises:
        ValueError: if `count` or `size` is below 1.
        DtypeError: if `dtype` is not floating.

    >>> Embedding(27, 4, rng=0)([[0, 5, 5]]).shape
    (1, 3, 4)
    """

    def __init__(
        self, count: int, size: int, dtype: DTypeLike = np.float64, rng: Seed = None
    ) -> None:
        check_sizes(count, size)
        table = np.random.default_rng(rng).standard_normal((count, size))
        self.weight = Parameter(table, dtype=dtype)

    def __call__(self, symbols: ArrayLike) -> Any:
        """Return the symbols' vectors, of shape (..., size).

        Args:
            symbols: integers from 0 to count - 1, shape (...).

        Raises:
            DtypeError: if the symbols are no integers.
            IndexError: if one is out of range; negative ones are, too.
        """
        chosen = np.asarray(symbols)
        if chosen.dtype.kind not in "iu":
            raise DtypeError(f"Embedding: symbols are integers, not {chosen.dtype}")
        count = self.weight.shape[0]
        if chosen.size and not (chosen.min() >= 0 and chosen.max() < count):
            raise IndexError(
                f"Embedding: symbols from {chosen.min()} to {chosen.max()} in a table of {count}"
            )
        return self.weight[chosen]


class Dropout(Module):
    """In training, sets each element to 0 with probability p and scales the rest by 1 / (1 - p).

    In evaluation (after ``.eval()``) it does nothing. (Srivastava et al. 2014, who scale in
    evaluation instead.)

    Args:
        p: from 0 up to, but not including, 1.
        rng: a `numpy.random.Generator`, or a seed for one.

    Raises:
        ValueError: if p is not in that range.

    >>> Dropout(0.5, rng=0)(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    """

    def __init__(self, p: float = 0.5, rng: Seed = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p = {p} is not in [0, 1)")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def __call__(self, x: Any) -> Any:
        """Return x, thinned in training.

        Args:
            x: an array or a tensor of any shape.
        """
        if not self.training or self.p == 0:
            return x
        x = x if hasattr(x, "dtype") else np.asarray(x)
        kept = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        return x * kept.astype(x.dtype if x.dtype.kind == "f" else np.float64)


class LayerNorm(Module):
    """Layer normalisation over the last axis (Ba et al. 2016).

        y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias

    Args:
        size: the length of the last axis, at least 1.
        eps: keeps the quotient finite where x is constant.
        dtype: of both parameters; weight starts at 1, bias at 0.

    Raises:
        ValueError: if `size` is below 1.
        DtypeError: if `dtype` is not floating.

    >>> LayerNorm(2)(np.array([1.0, 3.0])).data.round(3)
    array([-1.,  1.])
    """

    def __init__(self, size: int, eps: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        check_sizes(size)
        self.eps = eps
        self.weight = Parameter(np.ones(size), dtype=dtype)
        self.bias = Parameter(np.zeros(size), dtype=dtype)

    def __call__(self, x: Any) -> Any:
        """Return y, of x's shape.

        Args:
            x: shape (..., size).

        Raises:
            ShapeError: if the last axis has another length.
        """
        if np.shape(x)[-1:] != self.weight.shape:
            raise ShapeError(f"LayerNorm: input {np.shape(x)} does not end in {self.weight.shape}")
        centred = x - np.mean(x, axis=-1, keepdims=True)
        variance = np.mean(np.square(centred), axis=-1, keepdims=True)
        return centred / np.sqrt(variance + self.eps) * self.weight + self.bias
