"""Node: what is recorded of one operation; and the order in which nodes were recorded."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tinygrad_rnn.errors import DtypeError, StaleValueError
from tinygrad_rnn.scope import Scope, surroundings

Array = NDArray[Any]
Params = dict[str, Any]  # a primitive's arguments beside its inputs, by name
AnyNode = TypeVar("AnyNode", bound="Node")

next_index = itertools.count().__next__
NO_PARAMS: Params = {}


def real_array(value: object, dtype: DTypeLike | None = None) -> Array:
    """Return a new array of real numbers or booleans.

    Args:
        value: what `np.array` takes, of numbers; text is not read as numbers.
        dtype: as in `np.array`.

    Raises:
        DtypeError: if it holds, or is to hold, anything else, or is a masked array.

    >>> real_array([1, 2], np.float32)
    array([1., 2.], dtype=float32)
    """
    if isinstance(value, np.ndarray) and hasattr(value, "mask"):
        raise DtypeError(
            "a masked array would lose its mask: give .filled(...), or pick with [~mask]"
        )
    given = (
        value if isinstance(value, np.ndarray | np.generic | list | tuple) else np.asarray(value)
    )
    array = np.array(given)  # in two steps, since others' __array__ may not know how to copy
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"a tensor holds real numbers or booleans, not {array.dtype}")
    if dtype is None or array.dtype == dtype:
        return array
    if np.dtype(dtype).kind not in "biuf":
        raise DtypeError(f"a tensor holds real numbers or booleans, not {np.dtype(dtype)}")
    return array.astype(dtype)


def read_only(array: Array) -> Array:
    """Return a view that nobody can make writable again.

    Args:
        array: what to look at.

    >>> view = read_only(np.zeros(2))
    >>> view.setflags(write=True)
    Traceback (most recent call last):
        ...
    ValueError: cannot set WRITEABLE flag to True of this array
    """
    return np.asarray(array.data.toreadonly())  # a flag could be set back


class Node:
    """One operation as it was recorded: what made it, of what, and what came out.

    A tensor is a node in the hands of NumPy. What a node captures never changes afterwards.

    Attributes:
        op: the primitive that made it; None for a leaf.
        inputs: what the primitive took, one per slot: nodes, and constants as they were given.
        params: the primitive's further arguments by name.
        index: its place in the order of creation, after that of every input.
        scope: the `scope` blocks that were open when it was made, outermost first.
        requires_grad: whether a gradient flows to it.
        name: what pictures and messages call it.
        grad: what `backward` added up here; None but for leaves.

    >>> import tinygrad_rnn as tr
    >>> y = np.tanh(tr.Tensor(0.5, requires_grad=True, name="x"))
    >>> y.op.name, y.inputs[0].name
    ('tanh', 'x')
    """

    __slots__ = (
        "__weakref__",
        "_array",
        "_values",
        "grad",
        "index",
        "inputs",
        "moved",
        "name",
        "op",
        "params",
        "requires_grad",
        "scope",
    )
    _array: Array  # not _data, which NumPy's masked arrays would take for one of their own
    _values: Sequence[Any]  # the arrays that went into the primitive, as they were then
    grad: Array | None
    index: int
    inputs: tuple[Any, ...]
    moved: int  # of a leaf: the index of the moment in which it was last given new data
    name: str | None
    op: Any
    params: Params
    requires_grad: bool
    scope: tuple[Scope, ...]

    def _init_leaf(self, array: Array, requires_grad: bool, name: str | None) -> None:
        """Become a leaf. (What a primitive makes is filled in where it is applied.)"""
        self._array = array
        self.requires_grad = requires_grad
        self.op = self.grad = None
        self.inputs = self._values = ()
        self.params = NO_PARAMS
        self.name = name
        self.index = next_index()
        self.moved = -1
        self.scope = surroundings().scope

    @property
    def input_values(self) -> Sequence[Any]:
        """The arrays that went in, one per slot, as they were then; empty for a leaf."""
        return self._values

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type, which is also that of its gradient."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._array.size


_creation = attrgetter("index")


def topological(*roots: AnyNode, differentiable: bool = False) -> list[AnyNode]:
    """Return every node that the roots were made from, the roots included, inputs before consumers.

    A node can only be made after its inputs, so the order of creation is a topological order.

    Args:
        roots: the tensors to start from.
        differentiable: leave out what no gradient can reach.

    Returns:
        Each node once; constants that are no tensors are not among them.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor(3.0, requires_grad=True, name="x")
    >>> y = x * x + 1.0
    >>> [node.op.name if node.op else node.name for node in topological(y)]
    ['x', 'multiply', 'add']
    """
    found = {root.index: root for root in roots if root.requires_grad or not differentiable}
    waiting = list(found.values())
    while waiting:
        for source in waiting.pop().inputs:
            if (
                isinstance(source, Node)
                and source.index not in found
                and (source.requires_grad or not differentiable)
            ):
                found[source.index] = source  # type: ignore[assignment]  # of the roots' kind
                waiting.append(source)  # type: ignore[arg-type]  # likewise
    return sorted(found.values(), key=_creation)


def recorded_inputs(node: Node) -> tuple[Any, ...]:
    """Return the inputs as tensors, provided that they still hold what was recorded.

    Args:
        node: what a primitive made.

    Raises:
        StaleValueError: if one was given new data since.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor(2.0, requires_grad=True)
    >>> recorded_inputs(x * 3.0)[0] is x
    True
    """
    for source, value in zip(node.inputs, node._values, strict=True):
        if isinstance(source, Node) and source._array is not value:
            raise StaleValueError(
                f"{source!r} was given new data after {node.op} had used it: "
                "second derivatives need it unchanged until they are taken"
            )
    return tuple(
        source if isinstance(source, Node) else value
        for source, value in zip(node.inputs, node._values, strict=True)
    )
