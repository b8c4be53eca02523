"""The primitives, each beside its derivative. Importing them makes NumPy's functions find them."""

from tinygrad_rnn.ops import cut, elementwise, gates, index, linalg, plain, reduce, shape

__all__ = ["cut", "elementwise", "gates", "index", "linalg", "plain", "reduce", "shape"]
