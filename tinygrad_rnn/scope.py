"""The surroundings of an operation: names for parts of the graph, and whether to record at all.

Both are kept in a context variable: a thread has its own, and so has a task of asyncio. A block
puts back the whole of what it found, so an exception, an interrupt or a block inside that was never
left cannot leave anything on.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from tinygrad_rnn.anomaly import detect_anomaly

Arguments = ParamSpec("Arguments")  # a decorated function's arguments
Returned = TypeVar("Returned")
Yielded = TypeVar("Yielded")
SentBack = TypeVar("SentBack")


@dataclass(slots=True, eq=False)
class Call:
    """One call of a cell, marked by whoever made it: what is a state, and what an input.

    Nodes are known by their `index`, so that a mark keeps none of them alive.

    Args:
        chain: shared by all calls of one run through time, and by no others; compared by identity.
        kind: what the cell is, such as ``"LSTMCell"``.
        parts: names of the state's parts, the hidden state first: ``("h", "c")``.
        takes: the index of each part of the state before the call.
        gives: the index of each part of the state after it.
        made: the same as the cell gave it, where sequences of a batch that have ended keep theirs
            instead; empty where that is no other.
        reads: the index of x_t; None if that is no node.
        reverse: whether the chain goes from the last step to the first.
    """

    chain: object
    kind: str
    parts: tuple[str, ...] = ()
    takes: tuple[int, ...] = ()
    gives: tuple[int, ...] = ()
    made: tuple[int, ...] = ()
    reads: int | None = None
    reverse: bool = False


@dataclass(slots=True, unsafe_hash=True)  # frozen would take three times as long to make
class Scope:
    """One name on the way to a node: a time step, a layer, a gate.

    Args:
        name: what the part is.
        index: which one of several, from 0; None if there is one.
        call: where the part is a call of a cell, what that took and gave.

    >>> str(Scope("t", 3)), str(Scope("forget gate"))
    ('t = 3', 'forget gate')
    """

    name: str
    index: int | None = None
    call: Call | None = field(default=None, compare=False, repr=False)

    @property
    def is_step(self) -> bool:
        """Whether the part is a time step, as in ``scope("t", 3)``."""
        return self.name == "t" and self.index is not None

    def __str__(self) -> str:
        return self.name if self.index is None else f"{self.name} = {self.index}"


class Surroundings:
    """What holds for operations that are made now; a block replaces the whole of it by another.

    Args:
        scope: the entries of open `scope` blocks, outermost first.
        recording: whether operations are recorded.
        anomalies: the watcher of an open detect_anomaly block.
        outer: what held before the block was opened, and will again.
        block: the block's `id`; it is open for as long as this stands in the chain.
    """

    __slots__ = ("anomalies", "block", "outer", "recording", "scope")

    def __init__(
        self,
        scope: tuple[Scope, ...],
        recording: bool,
        anomalies: detect_anomaly | None,
        outer: Surroundings | None,
        block: int,
    ) -> None:
        self.scope = scope
        self.recording = recording
        self.anomalies = anomalies
        self.outer = outer
        self.block = block


# A context variable, so that neither threads nor tasks of asyncio see each other's.
_HERE = ContextVar(
    "surroundings",
    default=Surroundings((), True, None, None, 0),  # noqa: B039  # replaced, never changed
)
surroundings = _HERE.get


class ContextDecorator:
    """A `with` block that can also decorate a function or a generator function.

    On leaving, everything is again as the block found it, whatever blocks inside were left open by
    an interrupt or by a generator that was never finished.

    >>> from tinygrad_rnn.f import relu
    >>> from tinygrad_rnn.tensor import Tensor
    >>> predict = no_grad()(relu)
    >>> predict(Tensor(2.0, requires_grad=True)).requires_grad
    False
    """

    def _inside(self, outer: Surroundings) -> Surroundings:
        """Return what is to hold inside the block."""
        raise NotImplementedError

    def __enter__(self) -> None:
        _HERE.set(self._inside(_HERE.get()))

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        block = id(self)
        here: Surroundings | None = _HERE.get()
        while here is not None and here.block != block:
            here = here.outer  # a block inside that was left open
        if here is not None and here.outer is not None:
            _HERE.set(here.outer)

    def __del__(self) -> None:
        # A block that an interrupt met between opening and running is gone, but was never left.
        self.__exit__()

    def __call__(self, function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        """Return `function` run inside the block.

        Args:
            function: also a generator function: the block is then open while it runs, and not
                between its yields.
        """
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def steps(
                *args: Arguments.args, **kwargs: Arguments.kwargs
            ) -> Generator[Any, Any, Any]:
                return (yield from self._resumed(function(*args, **kwargs)))

            return steps  # type: ignore[return-value]  # a generator is what it returned, too

        @functools.wraps(function)
        def inside(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
            with self:
                return function(*args, **kwargs)

        return inside

    def _resumed(
        self, generator: Generator[Yielded, SentBack, Returned]
    ) -> Generator[Yielded, SentBack, Returned]:
        """Run `generator` inside the block, but the code between its yields outside of it."""
        resume: Callable[[], Yielded] = functools.partial(next, generator)
        while True:
            try:
                with self:
                    value = resume()
            except StopIteration as end:
                returned: Returned = end.value
                return returned
            try:
                resume = functools.partial(generator.send, (yield value))
            except GeneratorExit:
                with self:
                    generator.close()
                raise
            except BaseException as error:
                resume = functools.partial(generator.throw, error)


MOST = 2**53  # an index beyond is no exact number in JSON and in a browser


def _checked(name: Any, index: Any) -> tuple[str, int | None]:
    """Return name and index as text and an int, such as of NumPy's own, or refuse them."""
    if not isinstance(name, str):
        raise TypeError(f"scope: name = {name!r} is not text: scope('t', 3) names time step 3")
    if index is not None:
        try:
            index = operator.index(index)
        except TypeError as error:
            raise TypeError(
                f"scope: index = {index!r} is not a whole number: what is text belongs into the "
                "name, as in scope('chapter one')"
            ) from error
        if abs(index) > MOST:
            raise ValueError(f"scope: index = {index} is beyond 2^53")
    return str(name), index


class scope(ContextDecorator):
    """Name the part of the graph that is made inside the block; blocks nest, outermost first.

    It holds for this thread, or task of asyncio. A generator should be decorated with it,
    ``@scope("encoder")``: a `with` block across its `yield` would also name what the code makes
    that it yields to, until the generator goes on.

    Args:
        name: what the part is: ``"t"`` for a time step, ``"layer"``, ``"forget gate"``.
        index: which one of several, such as the time step's number: a whole number.
        call: where the part is a call of a cell, what that took and gave.

    Raises:
        TypeError: if `name` is no text, or `index` no whole number.
        ValueError: if `index` is beyond 2^53.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor(2.0, requires_grad=True)
    >>> with tr.scope("t", 3), tr.scope("forget gate"):
    ...     y = x * x
    >>> [str(part) for part in y.scope]
    ['t = 3', 'forget gate']
    """

    __slots__ = ("entry",)

    def __init__(self, name: str, index: int | None = None, call: Call | None = None) -> None:
        plain = index is None or (index.__class__ is int and -MOST <= index <= MOST)
        if not plain or name.__class__ is not str:
            name, index = _checked(name, index)
        self.entry = Scope(name, index, call)

    def __enter__(self) -> None:  # not by way of `_inside`: a step of a cell enters up to seven
        outer = _HERE.get()
        path = (*outer.scope, self.entry)
        _HERE.set(Surroundings(path, outer.recording, outer.anomalies, outer, id(self)))


class no_grad(ContextDecorator):
    """Record nothing inside the block: what is computed there is a constant.

    It holds for this thread or task, and ends with the block however that is left. A generator
    should be decorated with it, ``@no_grad()``: a `with` block across its `yield` would also hold
    for the code that it yields to.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor(2.0, requires_grad=True)
    >>> with tr.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    __slots__ = ()

    def _inside(self, outer: Surroundings) -> Surroundings:
        return Surroundings(outer.scope, False, outer.anomalies, outer, id(self))


class recording(ContextDecorator):
    """Record inside the block even if a no_grad around it is open.

    What takes a derivative needs this, for it must record what it differentiates.
    """

    __slots__ = ()

    def _inside(self, outer: Surroundings) -> Surroundings:
        return Surroundings(outer.scope, True, outer.anomalies, outer, id(self))
