"""Walking the recorded graph: whatever backward, pictures and tests need to know of its order."""

from __future__ import annotations

from operator import attrgetter

from tinygrad_rnn.tensor import Tensor

_creation = attrgetter("index")


def topological(*roots: Tensor, differentiable: bool = False) -> list[Tensor]:
    """Return every node that the roots were made from, the roots included, inputs before consumers.

    A tensor can only be made after its inputs, so the order of creation is a topological order.

    Args:
        roots: the tensors to start from.
        differentiable: leave out what no gradient can reach.

    Returns:
        Each node once; constants that are no tensors are not among them.

    >>> x = Tensor(3.0, requires_grad=True, name="x")
    >>> y = x * x + 1.0
    >>> [node.op.name if node.op else node.name for node in topological(y)]
    ['x', 'multiply', 'add']
    """
    found = {root.index: root for root in roots if root.requires_grad or not differentiable}
    waiting = list(found.values())
    while waiting:
        for source in waiting.pop().inputs:
            if (
                isinstance(source, Tensor)
                and source.index not in found
                and (source.requires_grad or not differentiable)
            ):
                found[source.index] = source
                waiting.append(source)
    return sorted(found.values(), key=_creation)
