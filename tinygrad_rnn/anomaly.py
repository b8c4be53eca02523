"""Finding where a NaN or an infinity came from: the first value or gradient that is not finite."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.errors import AnomalyError
from tinygrad_rnn.scope import ContextDecorator, Surroundings

if TYPE_CHECKING:
    from tinygrad_rnn.primitive import Primitive
    from tinygrad_rnn.tensor import Tensor, Value

# The line that made a node is the innermost one outside of these: a cell's code counts, as one's
# own would.
_ENGINE = Path(__file__).parent
_MACHINERY = {str(path) for path in (*_ENGINE.glob("*.py"), *(_ENGINE / "ops").glob("*.py"))}


class detect_anomaly(ContextDecorator):
    """Raise, inside the block, at the first value or gradient that is not finite.

    The error names the primitive, its scope and the line that created it. A sweep knows the lines
    of what was recorded inside such a block, so it belongs around the forward pass too.

    Every result is looked at, which takes time: for finding a fault, not for training.

    Raises:
        AnomalyError: inside the block.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor([1.0, 0.0], requires_grad=True)
    >>> with tr.detect_anomaly(), tr.scope("t", 7), np.errstate(divide="ignore"):
    ...     loss = np.sqrt(x).sum()
    ...     loss.backward()
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.AnomalyError: the gradient that sqrt sends to its input 0 is not finite (inf at index (1,)), at t = 7, made by ...
    """  # noqa: E501  # the message is one line

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}

    def _inside(self, outer: Surroundings) -> Surroundings:
        return Surroundings(outer.scope, outer.recording, self, outer, id(self))

    def made(self, out: Tensor, primitive: Primitive) -> None:
        """Look at a value; called when a primitive has been applied.

        Args:
            out: what it made.
            primitive: by which.

        Raises:
            AnomalyError: if an element is not finite.
        """
        self._lines[out.index] = line = _line_of_code()
        what = _first_not_finite(out._array)
        if what is not None:
            raise AnomalyError(
                f"the value of {primitive.name} is not finite ({what}){_place_of(out)}, "
                f"made by {line}"
            )

    def swept(self, node: Tensor, slot: int, source: Tensor, contribution: Value) -> None:
        """Look at a contribution; called for every edge of a sweep.

        Args:
            node: the tensor whose gradient goes back.
            slot: to which of its inputs.
            source: that input.
            contribution: what goes there, of the shape of `source`.

        Raises:
            AnomalyError: if an element is not finite.
        """
        what = _first_not_finite(getattr(contribution, "_array", contribution))
        if what is not None:
            assert node.op is not None
            name = "" if source.name is None else f" {source.name!r}"
            line = self._lines.get(node.index, "a line outside of detect_anomaly()")
            raise AnomalyError(
                f"the gradient that {node.op.name} sends to its input {slot}{name} is not finite "
                f"({what}){_place_of(node)}, made by {line}"
            )


def _first_not_finite(array: ArrayLike) -> str | None:
    """Return the first element that is not finite and its index, or None if all are."""
    finite = np.isfinite(array)
    if finite.all():
        return None
    at = tuple(map(int, np.argwhere(~finite)[0]))
    return f"{np.asarray(array)[at]} at index {at}"


def _place_of(node: Tensor) -> str:
    return ", at " + ", ".join(map(str, node.scope)) if node.scope else ""


def _line_of_code() -> str:
    """Return the line of code that is being executed, outside of the engine's machinery."""
    frame = sys._getframe(1)
    numpy = str(Path(np.__file__).parent)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if file not in _MACHINERY and not file.startswith(numpy):
            break
        frame = frame.f_back
    file, number = frame.f_code.co_filename, frame.f_lineno
    return f"{file}:{number}: {linecache.getline(file, number).strip()}"
