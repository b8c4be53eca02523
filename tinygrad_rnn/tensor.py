"""Tensor: a NumPy array that remembers which primitive made it, and from what.

A tensor *is* its node of the graph. What a node captures never changes afterwards: `data` is handed
out read-only, and giving a leaf new data leaves the graphs that used the old as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinygrad_rnn.array import ArrayMethods
from tinygrad_rnn.backward import Observer, backward
from tinygrad_rnn.errors import DtypeError, GradientError, ShapeError
from tinygrad_rnn.graph import Array as Array  # most modules need it beside Tensor
from tinygrad_rnn.graph import Node, next_index, read_only, real_array


class Tensor(ArrayMethods, Node):
    """An array that can be differentiated.

    Args:
        data: anything `np.array` takes, of numbers; it is copied, so later writes to it change
            nothing here.
        requires_grad: whether gradients are wanted for it.
        name: what pictures and messages call it.
        dtype: as in `np.array`.

    Attributes:
        grad: the array that `backward` added up here, of this tensor's shape and dtype; None
            before, and for all but leaves.
        op: the primitive that made it; None for a leaf, which a constant is, too.
        inputs: what the primitive took, one per slot: tensors, and constants as they were given.
        params: the primitive's further arguments by name, such as ``axis``.
        index: its place in the order of creation, after that of every input.
        scope: the `scope` blocks that were open when it was made, outermost first.

    Raises:
        DtypeError: if the data are not real numbers or booleans, or if a gradient is required of
            what is not floating.
        ValueError: if nested lists have rows of different lengths.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ()

    def __init__(
        self,
        data: ArrayLike,
        requires_grad: bool = False,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        if isinstance(data, Tensor):
            data = data._array
        array = real_array(data, dtype)
        if requires_grad and not np.issubdtype(array.dtype, np.floating):
            raise DtypeError(
                f"a tensor of dtype {array.dtype} cannot require a gradient: "
                "make it floating first, for example with dtype=np.float64"
            )
        self._init_leaf(array, requires_grad, name)

    # -- the value

    @property
    def data(self) -> Array:
        """The value, read-only.

        Assign a whole new array to a leaf: ``p.data = p.data - rate * p.grad``.

        A graph recorded before the assignment keeps the value it was recorded with.

        Raises:
            GradientError: on assigning to a tensor that a primitive made.
            ShapeError: on assigning an array of another shape.
            DtypeError: on assigning what is not made of real numbers.
        """
        return read_only(self._array)

    @data.setter
    def data(self, value: ArrayLike) -> None:
        if self.op is not None:
            raise GradientError(f"only a leaf can be given new data, and {self!r} was computed")
        array = real_array(value._array if isinstance(value, Tensor) else value, self._array.dtype)
        if array.shape != self._array.shape:
            raise ShapeError(f"data of shape {array.shape} given to a tensor of {self.shape}")
        self._array = array
        self.moved = next_index()

    def detach(self, name: str | None = None) -> Tensor:
        """Return a constant of the same value that remembers nothing of the graph.

        Args:
            name: what pictures and messages call it.

        >>> import tinygrad_rnn as tr
        >>> x = tr.Tensor(3.0, requires_grad=True)
        >>> (x * x.detach()).backward()
        >>> x.grad
        array(3.)
        """
        return as_constant(self._array, name)

    # -- differentiating

    def backward(self, gradient: ArrayLike | None = None, observer: Observer | None = None) -> None:
        """Add d(self)/d(leaf) to `.grad` of every leaf that requires a gradient.

        Calling it again adds again; set ``leaf.grad = None`` in between to start afresh.

        Args:
            gradient: what is swept back, of this tensor's shape; needed unless it has one element.
            observer: called as ``observer(consumer, slot, source, contribution)`` for every edge.

        Raises:
            GradientError: if this tensor is a constant, or has several elements and no `gradient`.
            ShapeError: if `gradient` has another shape.

        >>> import tinygrad_rnn as tr
        >>> x = tr.Tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).backward([1.0, 10.0])
        >>> x.grad
        array([ 2., 40.])
        """
        backward(self, gradient, observer)

    # -- kept and shown

    def __copy__(self) -> Tensor:
        """Copy a leaf to a leaf, and what was computed to a tensor that passes its gradient on."""
        if self.op is not None and self.requires_grad:
            twin = +self
            twin.name = self.name
            return twin
        kind, arguments = self.__reduce__()
        return kind(*arguments)  # type: ignore[no-any-return]  # _restore makes a tensor

    def __reduce__(self) -> Any:
        """Pickle and deep-copy the value without its graph: what was computed is a constant."""
        leaf = self.op is None
        return _restore, (type(self), self._array, leaf and self.requires_grad, self.name)

    def __repr__(self) -> str:
        value = np.array2string(self._array, precision=4, threshold=8, separator=", ")
        facts = [value, f"shape={self.shape}"]
        if self._array.dtype != np.float64:
            facts.append(f"dtype={self._array.dtype}")
        if self.op is not None:
            facts.append(f"op={self.op.name}")
        if self.name is not None:
            facts.append(f"name={self.name!r}")
        if self.scope:
            facts.append("scope=" + "/".join(map(str, self.scope)))
        if self.op is None and self.requires_grad:
            facts.append("requires_grad=True")
        return f"Tensor({', '.join(facts)})"


Value = Array | Tensor  # what rules take and give: on tensors, they record themselves


def as_constant(array: Array, name: str | None = None) -> Tensor:
    """Return a constant that holds `array` itself, which nobody else may write to."""
    out = Tensor.__new__(Tensor)
    out._init_leaf(array, False, name)
    return out


def value_of(x: Any) -> Any:
    """Return a tensor's array, and anything else as it is.

    Args:
        x: an argument that may be a tensor.

    >>> value_of(Tensor(1.0)), value_of(2.0)
    (array(1.), 2.0)
    """
    return x._array if isinstance(x, Tensor) else x


def tensors(given: Tensor | Iterable[Tensor], function: str) -> list[Tensor]:
    """Return what a function was given where it takes tensors: one, or any iterable of them.

    Args:
        given: the argument. An iterator is read once.
        function: what the message calls the function.

    Raises:
        TypeError: if it is anything else.

    >>> x = Tensor(1.0, name="x")
    >>> len(tensors(x, "f")), len(tensors((t for t in (x, x)), "f"))
    (1, 2)
    """
    if isinstance(given, Tensor):
        return [given]
    if hasattr(given, "parameters"):
        raise TypeError(f"{function} takes the parameters themselves: module.parameters()")
    if isinstance(given, str | Mapping | np.ndarray) or not isinstance(given, Iterable):
        raise TypeError(f"{function} takes tensors, not {_with_article(given)}")
    found = list(given)
    for x in found:
        if not isinstance(x, Tensor):
            raise TypeError(f"{function} takes tensors, not {_with_article(x)} among them")
    return found


def _with_article(x: Any) -> str:
    name = type(x).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _restore(kind: type[Tensor], array: Array, requires_grad: bool, name: str | None) -> Tensor:
    out = kind.__new__(kind)
    out._init_leaf(array, requires_grad, name)
    return out
