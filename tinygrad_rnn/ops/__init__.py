"""The primitives, each beside its derivative. Importing them makes NumPy's functions find them."""

from tinygrad_rnn.ops import elementwise, index, linalg, plain, reduce, shape

__all__ = ["elementwise", "index", "linalg", "plain", "reduce", "shape"]
