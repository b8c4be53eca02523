"""The primitives, each beside its derivative. Importing them makes NumPy's functions find them."""

from tinygrad_rnn.ops import (
    activations,
    cut,
    einsum,
    elementwise,
    gates,
    index,
    join,
    log_sum_exp,
    matmul,
    nondifferentiable,
    recurrence,
    reduce,
    shape,
)

__all__ = [
    "activations",
    "cut",
    "einsum",
    "elementwise",
    "gates",
    "index",
    "join",
    "log_sum_exp",
    "matmul",
    "nondifferentiable",
    "recurrence",
    "reduce",
    "shape",
]
