"""`TorchNode`: one operation of PyTorch's graph, to be read like a node of this project's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from tinygrad_rnn.graph import NO_PARAMS, Array, Node, next_index
from tinygrad_rnn.interop.torch_graph.names import TorchOperation

Out = tuple[Any, int]  # a node of PyTorch's graph, and which of its outputs


class Origin(NamedTuple):
    """Where the gradient along one edge comes from.

    Args:
        node: of PyTorch's graph.
        slot: which of the gradients that it sends back; or, if negative, of those it receives.
        through: nodes that this gradient goes through unseen, each with the output it enters by.
    """

    node: Any
    slot: int
    through: tuple[Out, ...] = ()


class TorchNode(Node):
    """One operation, or one leaf, of PyTorch's graph: what a `Tensor` is of this project's.

    Args:
        op: what it computes; None for a leaf.
        inputs: nodes, and constants as they were given.
        out: the node of PyTorch's graph, and which output.
        value: a tensor; None where PyTorch keeps none.
    """

    __slots__ = ("_value", "_version", "number", "origins", "out")

    def __init__(
        self,
        op: TorchOperation | None,
        inputs: tuple[Any, ...] = (),
        origins: tuple[Origin | None, ...] = (),
        out: Out | None = None,
        value: Any = None,
        name: str | None = None,
    ) -> None:
        self.op, self.inputs, self.origins = op, inputs, origins
        self.out, self._value, self.name = out, value, name
        self._version = value._version if isinstance(value, torch.Tensor) else 0
        self.requires_grad = out is not None
        self.number = -1 if out is None or op is None else out[0]._sequence_nr()
        self.index = next_index()
        self.scope = ()
        self.params = NO_PARAMS
        self.grad = None

    @property
    def data(self) -> Array:
        """The value, read-only; of no elements where PyTorch has not kept it."""
        if isinstance(self._value, torch.Tensor):
            if self._value._version != self._version:  # it was written to
                return np.zeros(0)
            self._value = as_numpy(self._value).copy()
            self._value.flags.writeable = False
        return np.zeros(0) if self._value is None else self._value

    @property
    def input_values(self) -> list[Any]:
        """What went in, one per slot."""
        return [x.data if isinstance(x, TorchNode) else x for x in self.inputs]

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        if self._value is not None:
            return tuple(self._value.shape)
        return tuple(self._metadata().shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type, in NumPy's terms; float32 stands for bfloat16."""
        if isinstance(self._value, np.ndarray):
            return np.dtype(self._value.dtype)
        kind = self._value.dtype if self._value is not None else self._metadata().dtype
        name = str(kind).removeprefix("torch.").replace("bfloat16", "float32")
        return np.dtype(name)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=int))

    def keep(self, value: Any) -> None:
        """Note what the node is worth."""
        self._value, self._version = value, 0 if value is None else value._version

    def _metadata(self) -> Any:
        assert self.out is not None
        node, k = self.out
        return node._input_metadata[k]

    def __repr__(self) -> str:
        what = self.op.name if self.op is not None else "leaf"
        where = "".join(f", {part}" for part in self.scope)
        return f"TorchNode({self.name or what}, shape={self.shape}{where})"


def as_numpy(tensor: Any) -> Array:
    """Return a tensor's numbers, wherever they are."""
    if tensor.requires_grad:
        tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.to_dense()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    return tensor.numpy(force=not tensor.is_cpu)  # type: ignore[no-any-return]


def reached(nodes: Sequence[TorchNode]) -> dict[int, list[TorchNode]]:
    """Return the consumers of each node, by its index."""
    consumers: dict[int, list[TorchNode]] = defaultdict(list)
    for node in nodes:
        for source in node.inputs:
            if isinstance(source, TorchNode):
                consumers[source.index].append(node)
    return consumers
