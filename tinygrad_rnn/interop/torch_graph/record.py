"""The record of a watch, kept while a model runs: which module and scope made what, and values.

PyTorch keeps the graph itself. It numbers the nodes as they are made, so a list of the numbers at
which a module was entered or left, or a scope changed, tells later where each node was made.
"""

from __future__ import annotations

import sys
import weakref
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from tinygrad_rnn.scope import Scope, surroundings

made = torch._C._autograd._get_sequence_nr  # the number that this thread's next node will have
METADATA_KEY = "tinygrad_rnn"  # under which a node of PyTorch's graph knows its recording


class Frame(NamedTuple):
    """One call of a module.

    Args:
        path: the module's name in the model, such as ``"encoder.rnn"``; ``""`` is the model.
        call: how many calls of it came before.
        parent: the call that it was made in.
    """

    path: str
    call: int
    parent: Frame | None


def frames(frame: Frame | None) -> Iterator[Frame]:
    """The calls that one was made in, outermost first."""
    if frame is not None:
        yield from frames(frame.parent)
        yield frame


class Place(NamedTuple):
    """Where a node was made: in which call of a module, and inside which scopes."""

    frame: Frame | None
    scope: tuple[Scope, ...] = ()


OUTSIDE = Place(None)


class CellCall(NamedTuple):
    """One call of ``torch.lstm_cell`` and its like, whose nodes have numbers first .. end - 1."""

    kind: str
    first: int
    end: int


class WatchRecord:
    """What one watch noted.

    It holds no node of PyTorch's graph, for the graph holds it: the two would never be freed.

    Args:
        model: the module that is watched.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self.first = made()
        self.end, self.open = sys.maxsize, True
        self.paths = {id(module): name for name, module in model.named_modules()}
        self.trained = {
            name
            for name, module in model.named_modules()
            if next(module.parameters(), None) is not None
        }
        self.parameters = [(parameter, name) for name, parameter in model.named_parameters()]
        self.calls: dict[str, int] = {}
        self.frame: Frame | None = None
        self.scope: tuple[Scope, ...] | None = None  # of which nodes are made now
        self.numbers: list[int] = []  # from each of these on,
        self.places: list[Place] = []  # nodes were made here
        self.values: dict[tuple[int, int], tuple[Any, int]] = {}  # by number and output: a value
        self.constants: dict[int, tuple[Any, ...]] = {}  # by number: what no gradient flows to
        self.names: dict[tuple[int, int], str] = {}  # of states, by number and output
        self.named: dict[int, tuple[Any, str]] = {}  # of what no gradient flows to, by id
        self.cells: list[CellCall] = []
        self.steps_taken: dict[str, tuple[int, int]] = {}  # by layer: which run, how many steps
        self.made: list[weakref.ref[Any]] = []
        self.notes: list[str] = []

    def enter(self, module: Any) -> None:
        """A module of the model is called."""
        path = self.paths.get(id(module))
        if path is not None:
            call = self.calls.get(path, 0)
            self.calls[path] = call + 1
            self.frame = Frame(path, call, self.frame)
            self.mark(surroundings().scope)

    def leave(self, module: Any) -> None:
        """Its call is over."""
        path = self.paths.get(id(module))
        while path is not None and self.frame is not None:  # what a module within left open, too
            frame, self.frame = self.frame, self.frame.parent
            if frame.path == path:
                break
        self.mark(surroundings().scope)

    def mark(self, scope: tuple[Scope, ...]) -> None:
        """From here on, nodes are made inside this scope."""
        self.scope = scope
        number, place = made(), Place(self.frame, scope)
        if self.numbers and self.numbers[-1] == number:
            self.places[-1] = place
        else:
            self.numbers.append(number)
            self.places.append(place)

    def place(self, number: int) -> Place:
        """Return where the node of this number was made."""
        k = bisect_right(self.numbers, number) - 1
        return self.places[k] if k >= 0 and number < self.end else OUTSIDE

    def note(self, output: Any) -> None:
        """A function of PyTorch has made this tensor, or these."""
        if isinstance(output, torch.Tensor):
            node = output.grad_fn
            if node is not None:
                value = output.detach()
                self.values[(node._sequence_nr(), output.output_nr)] = value, value._version
                node.metadata[METADATA_KEY] = self
                self.made.append(weakref.ref(output))
        elif isinstance(output, (tuple, list)):
            for part in output:
                self.note(part)

    def note_cell(self, call: CellCall, args: Any, output: Any) -> None:
        """A cell of PyTorch's own was called: ``(x, state, weight_ih, ...)``."""
        self.cells.append(call)
        parts = output if isinstance(output, tuple) else (output,)
        before = args[1] if isinstance(args[1], (tuple, list)) else (args[1],)
        self.hold(args[0], "x")
        for name, part, start in zip("hc", parts, before, strict=False):
            self.hold(start, f"{name}_0")
            self.names[(part.grad_fn._sequence_nr(), part.output_nr)] = name

    def close(self) -> list[Any]:
        """The watch is over. Return the tensors it has seen made that are still there."""
        self.end, self.open, self.frame = made(), False, None
        left = [tensor for ref in self.made if (tensor := ref()) is not None]
        self.made.clear()
        return left

    def hold(self, tensor: Any, name: str) -> None:
        """Name a tensor that no gradient flows to."""
        if isinstance(tensor, torch.Tensor) and not tensor.requires_grad:
            self.named[id(tensor)] = tensor, name
