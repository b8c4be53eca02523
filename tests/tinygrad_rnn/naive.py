"""A second engine, slow and plain enough to be seen to be right: one dual number per element.

Every number carries its slope with respect to every variable it depends on, by the chain rule at
each single addition, multiplication and so on. NumPy's arrays of objects do the rest. There are no
rules for arrays, no graph, and nothing is swept.

A variable is an element of a leaf, or an element of an edge: whenever an operation takes an input,
the numbers pass through fresh variables of their own, and the slope with respect to those is what
goes along that edge.
"""

import math

import numpy as np


class Dual:
    """A value, and its slope with respect to each variable."""

    def __init__(self, value, slopes=None):
        self.value = float(value)
        self.slopes = slopes or {}

    def through(self, value, slope):
        """The chain rule for a function of one number."""
        return Dual(value, {k: slope * s for k, s in self.slopes.items()})

    def __add__(self, other):
        other = dual(other)
        slopes = dict(self.slopes)
        for k, s in other.slopes.items():
            slopes[k] = slopes.get(k, 0.0) + s
        return Dual(self.value + other.value, slopes)

    def __mul__(self, other):
        other = dual(other)
        slopes = {k: s * other.value for k, s in self.slopes.items()}
        for k, s in other.slopes.items():
            slopes[k] = slopes.get(k, 0.0) + s * self.value
        return Dual(self.value * other.value, slopes)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self.through(-self.value, -1.0)

    def __sub__(self, other):
        return self + -dual(other)

    def __rsub__(self, other):
        return dual(other) + -self

    def __truediv__(self, other):
        other = dual(other)
        return self * other.through(1 / other.value, -1 / other.value**2)

    def __rtruediv__(self, other):
        return dual(other) / self

    def __gt__(self, other):
        return self.value > dual(other).value

    def exp(self):
        return self.through(math.exp(self.value), math.exp(self.value))

    def tanh(self):
        return self.through(math.tanh(self.value), 1 / math.cosh(self.value) ** 2)

    def sin(self):
        return self.through(math.sin(self.value), math.cos(self.value))


def dual(x):
    return x if isinstance(x, Dual) else Dual(x)


def leaf(array, key):
    """An array of numbers, each a variable ``(key, position)``."""
    array = np.asarray(array)
    out = np.empty(array.shape, object)
    for at in np.ndindex(array.shape):
        out[at] = Dual(array[at], {(key, at): 1.0})
    return out


def constant(array):
    return np.vectorize(Dual, otypes=[object])(values(array))


def along_edge(array, key):
    """The same numbers, each also a variable ``(key, position)``."""
    out = np.empty(array.shape, object)
    for at in np.ndindex(array.shape):
        out[at] = Dual(array[at].value, {**array[at].slopes, (key, at): 1.0})
    return out


def values(array):
    out = np.empty(np.shape(array))
    for at in np.ndindex(out.shape):
        out[at] = dual(np.asarray(array, object)[at]).value
    return out


def slopes(root, seed):
    """Return the slope of ``sum(seed * root)`` by variable key: a dictionary of positions each."""
    out = {}
    for at in np.ndindex(root.shape):
        for (key, position), slope in root[at].slopes.items():
            found = out.setdefault(key, {})
            found[position] = found.get(position, 0.0) + seed[at] * slope
    return out


def as_array(found, shape):
    out = np.zeros(shape)
    for position, slope in found.items():
        out[position] = slope
    return out
