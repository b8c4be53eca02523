"""What surrounds an operation: names for parts of the graph, and whether to record at all.

Both are kept per thread, and both are undone entry by entry, so an exception, another thread or
contexts closed out of order cannot leave them on.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


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


class _Surroundings(threading.local):
    """What holds for operations made by this thread right now."""

    def __init__(self) -> None:
        self.scope: tuple[Scope, ...] = ()
        self.paused = 0  # how many no_grad blocks are open
        self.anomalies: Any = None  # the watcher of an open detect_anomaly block


current = _Surroundings()


class ContextDecorator:
    """A `with` block that can also decorate a function or a generator function.

    >>> from tinygrad_rnn.f import relu
    >>> from tinygrad_rnn.tensor import Tensor
    >>> predict = no_grad()(relu)
    >>> predict(Tensor(2.0, requires_grad=True)).requires_grad
    False
    """

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        raise NotImplementedError

    def __call__(self, function: Function) -> Function:
        """Return `function` run inside the block.

        Args:
            function: also a generator function: the block is then open while it runs, and not
                between its yields.
        """
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def steps(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
                return (yield from self._resumed(function(*args, **kwargs)))

            return steps  # type: ignore[return-value]  # wraps() keeps the signature at run time

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside  # type: ignore[return-value]  # wraps() keeps the signature at run time

    def _resumed(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Run `generator` inside the block, but the code between its yields outside of it."""
        resume: Callable[[], Any] = functools.partial(next, generator)
        while True:
            try:
                with self:
                    value = resume()
            except StopIteration as end:
                return end.value
            try:
                resume = functools.partial(generator.send, (yield value))
            except GeneratorExit:
                with self:
                    generator.close()
                raise
            except BaseException as error:
                resume = functools.partial(generator.throw, error)


class scope(ContextDecorator):
    """Name the part of the graph that is made inside the block; blocks nest, outermost first.

    It holds for this thread. A generator should be decorated with it, ``@scope("encoder")``: a
    `with` block across its `yield` would also name what the code makes that it yields to, until
    the generator goes on.

    Args:
        name: what the part is: ``"t"`` for a time step, ``"layer"``, ``"forget gate"``.
        index: which one of several, such as the time step's number.
        call: where the part is a call of a cell, what that took and gave.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor(2.0, requires_grad=True)
    >>> with tr.scope("t", 3), tr.scope("forget gate"):
    ...     y = x * x
    >>> [str(part) for part in y.scope]
    ['t = 3', 'forget gate']
    """

    __slots__ = ("entry",)

    def __init__(self, name: str, index: int | None = None, call: Call | None = None) -> None:
        self.entry = Scope(name, index, call)

    def __enter__(self) -> None:
        current.scope = (*current.scope, self.entry)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        path = current.scope
        if path and path[-1] is self.entry:
            current.scope = path[:-1]
        else:  # blocks closed out of order, as generators can do
            k = len(path) - 1
            while k >= 0 and path[k] is not self.entry:
                k -= 1
            current.scope = path if k < 0 else path[:k] + path[k + 1 :]


class no_grad(ContextDecorator):
    """Record nothing inside the block: what is computed there is a constant.

    It holds for this thread, and ends with the block however that is left. A generator should be
    decorated with it, ``@no_grad()``: a `with` block across its `yield` would also hold for the
    code that it yields to.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor(2.0, requires_grad=True)
    >>> with tr.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    __slots__ = ()

    def __enter__(self) -> None:
        current.paused += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Never below 0: another thread may be the one to close an abandoned generator's block.
        current.paused = max(current.paused - 1, 0)


class recording(ContextDecorator):
    """Record inside the block even if a no_grad around it is open.

    What takes a derivative needs this, for it must record what it differentiates.
    """

    __slots__ = ("paused",)

    def __enter__(self) -> None:
        self.paused, current.paused = current.paused, 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        current.paused = self.paused
