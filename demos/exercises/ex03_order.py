"""Exercise 3: in which order must the nodes of a graph be swept?

A node may pass its gradient on only when everything that used it has sent its part. So the sweep
goes through the nodes in such an order that each comes after all of its users. A recurrent network
is the hard case: h_1 is used by the prediction at its own step and by the step that follows.

A node has `node.inputs`, a list of the nodes that it was made from; a leaf has none. Networks of
thousands of steps are deep: mind Python's limit on recursion. And a node can be reached by many
ways, in a network of 60 steps by more than 2**60: visit it once.

Hint: a node is ready when it was met as often as it has users.
"""

from typing import Protocol


class Node(Protocol):
    """A node of the graph; it can be put into sets and dictionaries."""

    @property
    def inputs(self) -> "list[Node]":
        """What it was made from."""


def sweep_order(loss: Node) -> list[Node]:
    """Return the loss and every node below it, each once and after all of its users."""
    ...
