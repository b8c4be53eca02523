"""Tensor: a NumPy array that remembers which primitive made it, and from what.

A tensor *is* its node of the graph. What a node captures never changes afterwards: `data` is handed
out read-only, and giving a leaf new data leaves the graphs that used the old as they were.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from tinygrad_rnn.errors import DtypeError, GradientError, NotDifferentiableError, ShapeError
from tinygrad_rnn.scope import Scope, current

if TYPE_CHECKING:
    from tinygrad_rnn.backward import Observer
    from tinygrad_rnn.primitive import Primitive

Array = NDArray[Any]

# Filled by the modules in ops/: what np.f(tensor) means, for ufuncs and for all other functions.
UFUNCS: dict[np.ufunc, Callable[..., Tensor]] = {}
FUNCTIONS: dict[Callable[..., Any], Callable[..., Tensor]] = {}

next_index = itertools.count().__next__
NO_PARAMS: dict[str, Any] = {}


def _operator(ufunc: np.ufunc) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the methods for ``tensor OP other`` and ``other OP tensor``."""

    def direct(self: Tensor, other: Any) -> Any:
        return UFUNCS[ufunc](self, other)

    def reflected(self: Tensor, other: Any) -> Any:
        return UFUNCS[ufunc](other, self)

    return direct, reflected


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method that does what ``function(tensor, ...)`` does."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return FUNCTIONS[function](self, *args, **kwargs)

    method.__doc__ = f"Return ``np.{function.__name__}`` of this tensor."
    return method


class Tensor:
    """An array that can be differentiated.

    Args:
        data: anything `np.array` takes; it is copied, so later writes to it change nothing here.
        requires_grad: whether gradients are wanted for it.
        name: what pictures and messages call it.
        dtype: as in `np.array`.

    Raises:
        DtypeError: if a gradient is required of integers, booleans or anything not floating.

    >>> x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_values",
        "grad",
        "index",
        "inputs",
        "name",
        "op",
        "params",
        "requires_grad",
        "scope",
    )
    _data: Array
    _values: tuple[Any, ...]  # the arrays that went into the primitive, as they were then
    grad: Array | None
    index: int  # creation order: always greater than that of any input
    inputs: tuple[Any, ...]  # one per slot: a Tensor, or the constant that went in
    name: str | None
    op: Primitive | None  # None for a leaf
    params: dict[str, Any]
    requires_grad: bool
    scope: tuple[Scope, ...]

    def __init__(
        self,
        data: ArrayLike,
        requires_grad: bool = False,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        if isinstance(data, Tensor):
            data = data._data
        array = np.array(data, dtype=dtype)
        if requires_grad and not np.issubdtype(array.dtype, np.floating):
            raise DtypeError(
                f"a tensor of dtype {array.dtype} cannot require a gradient: "
                "make it floating first, for example with dtype=np.float64"
            )
        self._hold(array, requires_grad, name)

    def _hold(self, array: Array, requires_grad: bool, name: str | None) -> None:
        """Become a leaf. (What a primitive makes is filled in where it is applied.)"""
        self._data = array
        self.requires_grad = requires_grad
        self.op = self.grad = None
        self.inputs = self._values = ()
        self.params = NO_PARAMS
        self.name = name
        self.index = next_index()
        self.scope = current.scope

    # -- the value

    @property
    def data(self) -> Array:
        """The value, read-only.

        Assign a whole new array to a leaf: ``p.data = p.data - rate * p.grad``.

        A graph recorded before the assignment keeps the value it was recorded with.

        Raises:
            GradientError: on assigning to a tensor that a primitive made.
            ShapeError: on assigning an array of another shape.
        """
        view = self._data.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, value: ArrayLike) -> None:
        if self.op is not None:
            raise GradientError(f"only a leaf can be given new data, and {self!r} was computed")
        array = np.array(value, dtype=self._data.dtype)
        if array.shape != self._data.shape:
            raise ShapeError(f"data of shape {array.shape} given to a tensor of {self.shape}")
        self._data = array

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type, which is also that of its gradient."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size

    def item(self) -> Any:
        """Return the one element of a tensor of size 1 as a Python number."""
        return self._data.item()

    def detach(self, name: str | None = None) -> Tensor:
        """Return a constant of the same value that remembers nothing of the graph."""
        out = Tensor.__new__(Tensor)
        out._hold(self._data, False, name)
        return out

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
        """
        from tinygrad_rnn.backward import backward  # it imports this module

        backward(self, gradient, observer)

    # -- NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise NotDifferentiableError(
                f"np.{ufunc.__name__}(..., out=) would overwrite a value the graph needs: drop out="
            )
        if method != "__call__" or ufunc not in UFUNCS:
            name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            raise _not_differentiable(name)
        return UFUNCS[ufunc](*args, **kwargs)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if func not in FUNCTIONS:
            raise _not_differentiable(func.__name__)
        return FUNCTIONS[func](*args, **kwargs)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        if self.requires_grad:
            raise NotDifferentiableError(
                "turning a tensor that requires a gradient into an array would drop the gradient "
                "unseen: use .data (or .detach()) where that is meant"
            )
        return np.array(self.data, dtype=dtype, copy=copy)

    # -- operators: the ufuncs of the same meaning

    __add__, __radd__ = _operator(np.add)
    __sub__, __rsub__ = _operator(np.subtract)
    __mul__, __rmul__ = _operator(np.multiply)
    __truediv__, __rtruediv__ = _operator(np.divide)
    __floordiv__, __rfloordiv__ = _operator(np.floor_divide)
    __mod__, __rmod__ = _operator(np.remainder)
    __pow__, __rpow__ = _operator(np.power)
    __matmul__, __rmatmul__ = _operator(np.matmul)
    __lt__, _ = _operator(np.less)
    __le__, _ = _operator(np.less_equal)
    __gt__, _ = _operator(np.greater)
    __ge__, _ = _operator(np.greater_equal)
    __eq__, _ = _operator(np.equal)
    __ne__, _ = _operator(np.not_equal)
    # By identity although == compares values: two tensors of equal value are two nodes of a graph.
    __hash__ = object.__hash__

    def __neg__(self) -> Tensor:
        return UFUNCS[np.negative](self)

    def __abs__(self) -> Tensor:
        return UFUNCS[np.absolute](self)

    def __getitem__(self, index: Any) -> Tensor:
        return FUNCTIONS[operator.getitem](self, index)

    # -- methods that ndarray has: x.sum(axis=0) is np.sum(x, axis=0)

    sum = _method(np.sum)
    mean = _method(np.mean)
    swapaxes = _method(np.swapaxes)
    squeeze = _method(np.squeeze)

    def reshape(self, *shape: Any) -> Tensor:
        """Return the same elements in another shape, given as one tuple or as several integers."""
        return FUNCTIONS[np.reshape](self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Tensor:
        """Return the axes in another order, reversed by default."""
        order = axes[0] if len(axes) == 1 else axes or None
        return FUNCTIONS[np.transpose](self, order)

    @property
    def T(self) -> Tensor:
        """The axes reversed."""
        return self.transpose()

    # -- Python's protocols

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[k] for k in range(len(self._data)))

    def __float__(self) -> float:
        return float(self._data)

    def __int__(self) -> int:
        return int(self._data)

    def __bool__(self) -> bool:
        return bool(self._data)

    def __repr__(self) -> str:
        value = np.array2string(self._data, precision=4, threshold=8, separator=", ")
        facts = [value, f"shape={self.shape}"]
        if self._data.dtype != np.float64:
            facts.append(f"dtype={self._data.dtype}")
        if self.op is not None:
            facts.append(f"op={self.op.name}")
        if self.name is not None:
            facts.append(f"name={self.name!r}")
        if self.scope:
            facts.append("scope=" + "/".join(map(str, self.scope)))
        if self.op is None and self.requires_grad:
            facts.append("requires_grad=True")
        return f"Tensor({', '.join(facts)})"


def _not_differentiable(name: str) -> NotDifferentiableError:
    return NotDifferentiableError(
        f"np.{name} is not differentiated here: use a function that is, or np.{name}(x.data) "
        "for a constant"
    )
