"""The array face of a tensor: NumPy's functions, operators, methods and conversions.

NumPy asks an argument that is not an array of its own what a function means for it. The answer is
looked up in two tables, which the modules in ops/ fill; an operator or a method is then only
another way to write ``np.f(tensor)``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tinygrad_rnn.dispatch import FUNCTIONS as FUNCTIONS  # the modules in ops/ fill them
from tinygrad_rnn.dispatch import UFUNCS as UFUNCS
from tinygrad_rnn.dispatch import Function, apply, apply_ufunc_method, not_differentiable
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.graph import Array, read_only

if TYPE_CHECKING:
    from tinygrad_rnn.tensor import Tensor


Binary = Callable[["ArrayMethods", object], "Tensor"]
Plain = Callable[["ArrayMethods", object], Array]
Comparison = Callable[["ArrayMethods", object], NDArray[np.bool_]]


# The tables are typed loosely. What each kind of method returns is said here.


def _operator_pair(ufunc: np.ufunc) -> tuple[Function, Function]:
    """Return the methods for ``tensor OP other`` and ``other OP tensor``."""

    def direct(self: ArrayMethods, other: object) -> Any:
        return UFUNCS[ufunc](self, other)

    def reflected(self: ArrayMethods, other: object) -> Any:
        return UFUNCS[ufunc](other, self)

    return direct, reflected


def _operator(ufunc: np.ufunc) -> tuple[Binary, Binary]:
    return _operator_pair(ufunc)


def _in_place(ufunc: np.ufunc) -> Binary:
    """Return the method for ``tensor OP= other``: as in Python, a new tensor takes the name."""

    def method(self: ArrayMethods, other: object) -> Any:
        if self.op is None and self.requires_grad:
            raise NotDifferentiableError(
                "-= and its like would give the name to a new tensor and leave the leaf as it is: "
                "write p.data = p.data - step to move a leaf, b = a - step for a new tensor"
            )
        return UFUNCS[ufunc](self, other)

    return method


def _steps(ufunc: np.ufunc) -> tuple[Plain, Plain]:
    return _operator_pair(ufunc)


def _comparison(ufunc: np.ufunc) -> Comparison:
    return _operator_pair(ufunc)[0]  # Python mirrors ``other OP tensor`` by itself


def _unary(ufunc: np.ufunc) -> Callable[[ArrayMethods], Tensor]:
    """Return the method for ``OP tensor``."""

    def apply(self: ArrayMethods) -> Any:
        return UFUNCS[ufunc](self)

    return apply


def _method(function: Function) -> Callable[..., Tensor]:
    """Return the method that does what ``function(tensor, ...)`` does."""

    def method(self: ArrayMethods, *args: object, **kwargs: object) -> Any:
        return apply(function, (self, *args), kwargs)

    method.__doc__ = f"Return ``np.{function.__name__}`` of this tensor, with its arguments."
    return method


def _fact(function: Function) -> Function:
    """Return the method whose result is no tensor but a plain array, a tuple or a number."""
    return _method(function)


def _in_place_method(name: str, remedy: str) -> Function:
    """Return a method that refuses what ndarray's would do: write into itself."""

    def method(self: ArrayMethods, *args: object, **kwargs: object) -> Any:
        raise NotDifferentiableError(
            f"{name}() would write into a tensor, whose value graphs may need: use {remedy}"
        )

    method.__doc__ = (
        f"Refuse to write into the tensor: use ``{remedy}``.\n\n"
        "Raises:\n    NotDifferentiableError: always.\n"
    )
    method.__name__, method.__qualname__ = name, f"ArrayMethods.{name}"
    return method


class ArrayMethods:
    """The part of a tensor that makes it an array in the hands of NumPy and Python.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor([[1.0, 2.0]], requires_grad=True)
    >>> np.tanh(x).op.name, (2 * x @ x.T).item(), x.mean().op.name
    ('tanh', 10.0, 'mean')
    """

    __slots__ = ()
    _array: Array
    op: Any
    requires_grad: bool

    # -- NumPy's

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: object, **kwargs: object) -> Any:
        if method == "__call__" and not kwargs and ufunc in UFUNCS:
            return UFUNCS[ufunc](*args)
        name = f"np.{ufunc.__name__}"
        if kwargs.get("out") is not None:
            raise NotDifferentiableError(
                f"{name}(..., out=) would overwrite a value the graph needs: drop out= (and write "
                "`a = a + b` for `a += b`)"
            )
        if method != "__call__":
            return apply_ufunc_method(ufunc, method, args, kwargs)
        if ufunc not in UFUNCS:
            raise not_differentiable(name)
        raise NotDifferentiableError(
            f"{name}(..., {'=, '.join(kwargs)}=) is not differentiated here: leave it out"
        )

    def __array_function__(self, func: Function, types: object, args: Any, kwargs: Any) -> Any:
        return apply(func, args, kwargs)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        if self.requires_grad:
            raise NotDifferentiableError(
                "turning a tensor that requires a gradient into an array would drop the gradient "
                "unseen: use .data (or .detach()) where that is meant, np.stack for a list of them"
            )
        return np.array(read_only(self._array), dtype=dtype, copy=copy)

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.__array__(copy=True).__dlpack__(**kwargs)  # the graph keeps its own

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()

    # -- operators: the ufuncs of the same meaning

    __add__, __radd__ = _operator(np.add)
    __sub__, __rsub__ = _operator(np.subtract)
    __mul__, __rmul__ = _operator(np.multiply)
    __truediv__, __rtruediv__ = _operator(np.divide)
    __floordiv__, __rfloordiv__ = _steps(np.floor_divide)
    __mod__, __rmod__ = _operator(np.remainder)
    __pow__, __rpow__ = _operator(np.power)
    __matmul__, __rmatmul__ = _operator(np.matmul)
    __iadd__ = _in_place(np.add)
    __isub__ = _in_place(np.subtract)
    __imul__ = _in_place(np.multiply)
    __itruediv__ = _in_place(np.divide)
    __neg__ = _unary(np.negative)
    __pos__ = _unary(np.positive)
    __abs__ = _unary(np.absolute)
    __lt__ = _comparison(np.less)
    __le__ = _comparison(np.less_equal)
    __gt__ = _comparison(np.greater)
    __ge__ = _comparison(np.greater_equal)
    __eq__ = _comparison(np.equal)  # type: ignore[assignment]  # by element, as in NumPy
    __ne__ = _comparison(np.not_equal)  # type: ignore[assignment]  # by element, as in NumPy
    # By identity although == compares values: two tensors of equal value are two nodes of a graph.
    __hash__ = object.__hash__

    def __getitem__(self, index: Any) -> Tensor:
        element: Tensor = FUNCTIONS[operator.getitem](self, index)
        return element

    def __setitem__(self, index: object, value: object) -> None:
        raise NotDifferentiableError(
            "writing into a tensor would change a value that graphs may need: "
            "use np.where or np.concatenate, or give a leaf a whole new array, x.data = ..."
        )

    # -- methods that ndarray has: x.sum(axis=0) is np.sum(x, axis=0)

    all = _fact(np.all)
    any = _fact(np.any)
    argmax = _fact(np.argmax)
    argmin = _fact(np.argmin)
    argpartition = _fact(np.argpartition)
    argsort = _fact(np.argsort)
    astype = _method(np.ndarray.astype)
    clip = _method(np.clip)
    conj = _method(np.conjugate)
    copy = _method(np.copy)
    cumprod = _method(np.cumprod)
    cumsum = _method(np.cumsum)
    diagonal = _method(np.diagonal)
    dot = _method(np.dot)
    flatten = _method(np.ravel)
    max = _method(np.max)
    mean = _method(np.mean)
    min = _method(np.min)
    nonzero = _fact(np.nonzero)
    searchsorted = _fact(np.searchsorted)
    fill = _in_place_method("fill", "np.full")
    partition = _in_place_method("partition", "np.partition")
    put = _in_place_method("put", "np.where")
    sort = _in_place_method("sort", "np.sort")
    prod = _method(np.prod)
    ravel = _method(np.ravel)
    repeat = _method(np.repeat)
    round = _method(np.round)
    squeeze = _method(np.squeeze)
    std = _method(np.std)
    sum = _method(np.sum)
    swapaxes = _method(np.swapaxes)
    take = _method(np.take)
    trace = _method(np.trace)
    var = _method(np.var)

    def reshape(self, *shape: Any, order: str = "C") -> Tensor:
        """Return the same elements in another shape.

        Args:
            shape: one tuple, or several integers, of which one may be -1: what is left.
            order: ``"C"``, the last axis changing fastest, or ``"F"``, the first one.

        Raises:
            ShapeError: if it has another number of elements.
        """
        out: Tensor = apply(np.reshape, (self, shape[0] if len(shape) == 1 else shape, order), {})
        return out

    def transpose(self, *axes: Any) -> Tensor:
        """Return the axes in another order, reversed by default.

        Args:
            axes: one tuple, or several integers: for each new axis the old one.

        Raises:
            ShapeError: if they are not the numbers of all axes.
        """
        order = axes[0] if len(axes) == 1 else axes or None
        out: Tensor = apply(np.transpose, (self, order), {})
        return out

    @property
    def T(self) -> Tensor:
        """The axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged: every matrix of a stack transposed."""
        return self.swapaxes(-1, -2)

    # -- Python's

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[k] for k in range(len(self)))

    def __contains__(self, value: object) -> bool:
        return bool(np.any(self == value))

    def __bool__(self) -> bool:
        return bool(self._array)

    # NumPy calls these for ``array[k] = tensor``, the math module for ``math.exp(tensor)``.

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def _number(self) -> Array:
        if self.requires_grad:
            raise NotDifferentiableError(
                "making a number of a tensor that requires a gradient would drop the gradient "
                "unseen: use .item() where that is meant, np.stack to collect tensors in place of "
                "writing them into an array, and NumPy's functions in place of math's"
            )
        return self._array

    def __index__(self) -> int:
        return operator.index(self._array)

    def __format__(self, spec: str) -> str:
        return format(self._array, spec) if spec else str(self)

    def item(self, *index: Any) -> Any:
        """Return one element as a Python number, which has no gradient.

        Args:
            index: which one, as in `np.ndarray.item`; none for the only one.

        Raises:
            ValueError: if there are several, and no index.
        """
        return self._array.item(*index)

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        return self._array.tolist()
