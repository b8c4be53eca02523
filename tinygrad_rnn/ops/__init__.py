"""The primitives, each beside its derivative. Importing them makes NumPy's functions find them."""

from tinygrad_rnn.ops import (
    activations,
    cut,
    elementwise,
    gates,
    index,
    join,
    linalg,
    plain,
    products,
    reduce,
    shape,
    trigonometry,
)

__all__ = [
    "activations",
    "cut",
    "elementwise",
    "gates",
    "index",
    "join",
    "linalg",
    "plain",
    "products",
    "reduce",
    "shape",
    "trigonometry",
]
