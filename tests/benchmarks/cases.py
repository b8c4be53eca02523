"""What is measured: a cell, its sizes and a dtype, with the same numbers for all libraries."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


class Size(NamedTuple):
    steps: int
    batch: int
    inputs: int
    hidden: int

    def __str__(self) -> str:
        return "({},{},{},{})".format(*self)


SIZES = (Size(50, 1, 16, 32), Size(100, 32, 32, 64), Size(100, 64, 128, 256))
TINY = Size(4, 2, 3, 5)


class Weights(NamedTuple):
    ih: np.ndarray  # (G*H, I)
    hh: np.ndarray  # (G*H, H)
    bias: np.ndarray  # (G*H,)


class Case:
    """A cell, its sizes and a dtype; two cases made alike hold the same numbers."""

    def __init__(self, cell: str, size: Size, dtype: str) -> None:
        self.cell, self.size, self.dtype = cell, size, dtype

    def __str__(self) -> str:
        return f"{self.cell} {self.size} {self.dtype}"

    @cached_property
    def weights(self) -> Weights:
        rng = np.random.default_rng(0)
        rows, bound = GATES[self.cell] * self.size.hidden, 1 / np.sqrt(self.size.hidden)
        shapes = ((rows, self.size.inputs), (rows, self.size.hidden), (rows,))
        return Weights(*(rng.uniform(-bound, bound, s).astype(self.dtype) for s in shapes))

    @cached_property
    def x(self) -> np.ndarray:
        shape = self.size[:3]
        return np.random.default_rng(1).standard_normal(shape).astype(self.dtype)

    def zeros(self) -> np.ndarray:
        return np.zeros((self.size.batch, self.size.hidden), self.dtype)
