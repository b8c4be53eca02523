"""From PyTorch's graph to one `TorchNode` per operation.

What PyTorch makes of one operation in several nodes is one here: a weight is transposed inside
`x @ W.T + b`, and a gate takes its rows of the stacked pre-activations by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch

from tinygrad_rnn.interop.torch_graph.names import (
    KEPT,
    RESULT,
    TorchOperation,
    class_stem,
    operation,
    saved,
)
from tinygrad_rnn.interop.torch_graph.nodes import Origin, Out, TorchNode
from tinygrad_rnn.interop.torch_graph.record import WatchRecord

LEAF, SPLICED = "AccumulateGrad", "SplicedBackward"
SPLITS = {
    "SplitBackward0", "UnsafeSplitBackward0", "SplitWithSizesBackward0",
    "UnsafeSplitWithSizesBackward0", "UnbindBackward0",
}  # fmt: skip
TURNS = {"TBackward0", "PermuteBackward0", "TransposeBackward0"}
PASSED = {*SPLITS, *TURNS, "SelectBackward0"}  # which may be no nodes of their own
PRODUCTS = {"AddmmBackward0": 2, "MmBackward0": 1}  # the slot of what may be a turned weight
PAIRS = [operation("LinearPair")] + [
    TorchOperation(
        "affine_pair",
        "x @ W.T + h @ U.T + b",
        (*operation("LinearPair").derivatives, *["sum(g)"] * biases),
    )
    for biases in (1, 2)
]
UNTURNED = TorchOperation("affine", "x @ W + b", ("g @ W.T", "x.T @ g", "sum(g)"))


class Graph:
    """The nodes under one output.

    Args:
        roots: the tensor that it ends in; of a pass that an error ended, all that was left.
        recording: what the watch noted.
        error: its kind and message.

    Attributes:
        nodes: in topological order; the root is the last.
        order: PyTorch's own nodes, inputs before consumers.
    """

    def __init__(
        self, roots: Sequence[Any], recording: WatchRecord, error: tuple[str, str] | None = None
    ) -> None:
        self.recording = recording
        self.edges: dict[Any, tuple[Out, ...]] = {}
        self.kinds: dict[Any, str] = {}
        self.ends = [_unspliced((root.grad_fn, root.output_nr)) for root in roots]
        self.tops = {node for node, _ in self.ends}
        self.order = self._walk()
        self.uses: dict[Out, int] = defaultdict(int)
        self.outputs: dict[Any, set[int]] = defaultdict(set)
        self.reads: dict[Any, int] = defaultdict(int)  # of a stack: of single rows
        self.turned: dict[Any, int] = defaultdict(int)  # of a weight: in products
        self._count()
        self.names = {id(parameter): name for parameter, name in recording.parameters}
        self.nodes: list[TorchNode] = []
        self.made: dict[Out, TorchNode] = {}
        self.constants: dict[int, TorchNode] = {}
        for node in self.order:
            self._add(node)
        last = [self.made[end] for end in self.ends]
        for made, root in zip(last, roots, strict=True):
            if made._value is None:
                made.keep(root.detach())
        if error is None:
            self.root = last[0]
        else:
            unused = [
                node for node, end in zip(last, self.ends, strict=True) if self.uses[end] == 1
            ]
            self.root = _broken_off(unused, *error)
        self.nodes = self._used()

    def _count(self) -> None:
        """Count how each of PyTorch's nodes is used."""
        for end in self.ends:
            self.uses[end] += 1
            self.outputs[end[0]].add(end[1])
        for node in self.order:
            kind = self.kinds[node]
            for source, k in self.edges[node]:
                if source is not None:
                    self.uses[source, k] += 1
                    self.outputs[source].add(k)
            if kind in PRODUCTS:
                self.turned[self.edges[node][PRODUCTS[kind]][0]] += 1
            elif kind == "SelectBackward0":
                self.reads[self.edges[node][0][0]] += self._row(node) is not None

    def _walk(self) -> list[Any]:
        """PyTorch's nodes, inputs before consumers, in the order in which they were made."""
        edges = self.edges
        waiting = list(dict.fromkeys(node for node, _ in self.ends))
        edges.update(dict.fromkeys(waiting, ()))
        while waiting:
            node = waiting.pop()
            self.kinds[node] = type(node).__name__
            below = edges[node] = node.next_functions
            if self.recording.steps_taken:
                below = edges[node] = tuple(map(_unspliced, below))
            for source, _ in below:
                if source is not None and source not in edges:
                    edges[source] = ()
                    waiting.append(source)
        numbers = {n: -1 if self.kinds[n] == LEAF else n._sequence_nr() for n in edges}
        order = sorted(edges, key=numbers.__getitem__)
        place = {node: k for k, node in enumerate(order)}
        if all(s is None or place[s] < k for n, k in place.items() for s, _ in edges[n]):
            return order
        return self._sorted()  # a view was looked at again after it had been written to

    def _sorted(self) -> list[Any]:
        order: list[Any] = []
        done: set[Any] = set()
        stack = [(node, False) for node, _ in self.ends]
        while stack:
            node, left = stack.pop()
            if left:
                order.append(node)
            elif node not in done:
                done.add(node)
                stack.append((node, True))
                stack += [(s, False) for s, _ in self.edges[node] if s is not None]
        return order

    def _used(self) -> list[TorchNode]:
        """The nodes that the root was made from, and the root."""
        found, waiting = {self.root.index: self.root}, [self.root]
        while waiting:
            for source in waiting.pop().inputs:
                if isinstance(source, TorchNode) and source.index not in found:
                    found[source.index] = source
                    waiting.append(source)
        return [found[index] for index in sorted(found)]

    # From PyTorch's nodes to ours.

    def _unseen(self, node: Any) -> bool:
        """Whether it is no node of its own: what reads it takes the rows by itself."""
        return self.kinds[node] in SPLITS and not self._ends(node)

    def _ends(self, node: Any) -> bool:
        return node in self.tops

    def source(self, out: Out, turned: bool = False) -> tuple[Out, tuple[Out, ...]]:
        """Return what an edge truly comes from, and what its gradient goes through unseen."""
        node, k = out
        through: list[Out] = []
        while self.kinds[node] in PASSED:
            if self._unseen(node) or (turned and self._turns(node)):
                through.append((node, k))
                node, k = self.edges[node][0]
            elif (row := self.row(node)) is not None:
                node, k = row
            else:
                break
        return (node, k), tuple(through)

    def row(self, node: Any) -> Out | None:
        """What was stacked, where a stack is read row by row alone: y[-1] is h_T itself."""
        if self.kinds[node] != "SelectBackward0" or self._ends(node):
            return None
        stack = self.edges[node][0]
        return self._row(node) if self.reads[stack[0]] == self.uses[stack] else None

    def _row(self, node: Any) -> Out | None:
        stack, _ = self.edges[node][0]
        if self.kinds[stack] != "StackBackward0":
            return None
        axes, rows = len(stack._input_metadata[0].shape), self.edges[stack]
        if (_signed(node._saved_dim) - _signed(stack._saved_dim)) % axes:
            return None
        found = rows[_signed(node._saved_index) % len(rows)]
        return None if found[0] is None else found

    def _add(self, node: Any) -> None:
        kind = self.kinds[node]
        if kind == LEAF:
            leaf = node.variable
            name = self.names.get(id(leaf))
            self._put((node, 0), TorchNode(None, (), (), (node, 0), leaf.detach().clone(), name))
            return
        if kind in PASSED and (self._unseen(node) or self._only_turns(node) or self.row(node)):
            return
        inputs, origins = self._inputs(node, kind)
        outputs = self.outputs[node]
        if len(outputs) <= 1:
            k = next(iter(outputs), 0)
            made = self._node(self._operation(node, kind), inputs, origins, (node, k))
            self._paired(made)
            return
        whole = TorchNode(operation(kind), inputs, origins, (node, min(outputs)))
        self.nodes.append(whole)
        for k in sorted(outputs):
            part = TorchOperation(f"output {k}", "y[k]", ("g",))
            self._node(part, (whole,), (Origin(node, -1 - k),), (node, k))

    def _operation(self, node: Any, kind: str) -> TorchOperation:
        if kind not in PRODUCTS:
            return operation(kind)
        weight = self.edges[node][PRODUCTS[kind]][0]
        turned = weight is not None and self._turns(weight)
        if kind == "MmBackward0":
            return operation("Linear" if turned else kind)
        return operation(kind) if turned else UNTURNED

    def _turns(self, node: Any) -> bool:
        """Whether it is a leaf, turned."""
        return self.kinds[node] in TURNS and self.kinds[self.edges[node][0][0]] == LEAF

    def _only_turns(self, node: Any) -> bool:
        """Whether it turns a weight, inside products alone."""
        return self._turns(node) and self.turned[node] == self.uses[node, 0]

    def _node(
        self, op: TorchOperation, inputs: tuple[Any, ...], origins: tuple[Any, ...], out: Out
    ) -> TorchNode:
        made = TorchNode(op, inputs, origins, out, self._value(out))
        made.name = self.recording.names.get((made.number, out[1]))
        self._put(out, made)
        return made

    def _put(self, out: Out, made: TorchNode) -> None:
        self.made[out] = made
        self.nodes.append(made)

    def _value(self, out: Out) -> Any:
        """What an operation made, where the watch has seen it, or PyTorch keeps it."""
        node, k = out
        noted = self.recording.values.get((node._sequence_nr(), k))
        if noted is not None and noted[0]._version == noted[1]:
            return noted[0]
        if class_stem(self.kinds[node]) in RESULT:
            return _detached(saved(node, "_saved_result"))
        return None

    def _inputs(self, node: Any, kind: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """What an operation took, and where the gradient of each comes from."""
        inputs: list[Any] = []
        origins: list[Origin | None] = []
        kept = KEPT.get(class_stem(kind), ())
        given = self.recording.constants.get(node._sequence_nr(), ())
        if given and isinstance(given[0], tuple):  # of torch.cat, torch.stack
            given = given[0]
        below = self.edges[node]
        for slot, (source, k) in enumerate(below):
            keeps = kept[slot] if slot < len(kept) else None
            if source is None:
                constant = _detached(saved(node, keeps)) if keeps else None
                if constant is None and len(given) == len(below):
                    constant = given[slot]
                if isinstance(constant, (int, float, torch.Tensor)):
                    inputs.append(self._constant(constant))
                    origins.append(None)
                continue
            turned = PRODUCTS.get(kind) == slot
            out, through = self.source((source, k), turned)
            found = self.made[out]
            if found._value is None and not through and keeps:
                found.keep(_detached(saved(node, keeps)))
            inputs.append(found)
            origins.append(Origin(node, slot, through))
        if kind == "RsubBackward1" and len(given) == 2:
            inputs.insert(0, given[1])
            origins.insert(0, None)
        if kind == "AddmmBackward0" and len(inputs) == 3:  # x, W, b rather than b, x, W
            inputs.append(inputs.pop(0))
            origins.append(origins.pop(0))
        return tuple(inputs), tuple(origins)

    def _constant(self, x: Any) -> Any:
        """A node for what no gradient flows to; a number stays one."""
        if not isinstance(x, torch.Tensor):
            return x
        if x.dim() == 0 and x.numel() == 1 and id(x) not in self.recording.named:
            return x.item()
        found = self.constants.get(id(x))
        if found is None:
            name = self.names.get(id(x)) or self.recording.named.get(id(x), (x, None))[1]
            found = self.constants[id(x)] = TorchNode(None, value=x, name=name)
            self.nodes.append(found)
        return found

    def _paired(self, total: TorchNode) -> None:
        """Make one operation of the sum of two products that nothing else uses: W x + U h + b."""
        if total.op is None or total.op.name != "add" or len(total.inputs) != 2:
            return
        a, b = total.inputs
        for part in (a, b):
            if not (
                isinstance(part, TorchNode)
                and part.op is not None
                and part.op.name in ("affine", "linear")
                and self.uses[part.out] == 1  # type: ignore[index]
                and part.out in self.made
            ):
                return
        if a is b or any(origin is None or origin.through for origin in total.origins):
            return
        first, second = sorted((a, b), key=lambda part: (_is_state(part.inputs[0]), part.number))
        total.inputs = (
            *first.inputs[:2],
            *second.inputs[:2],
            *first.inputs[2:],
            *second.inputs[2:],
        )
        total.origins = (
            *first.origins[:2], *second.origins[:2], *first.origins[2:], *second.origins[2:]
        )  # fmt: skip
        total.op = PAIRS[len(total.inputs) - 4]
        for part in (a, b):
            del self.made[part.out]


def _unspliced(out: Out) -> Out:
    """Go to the layer by its steps, not to the fused one."""
    while type(out[0]).__name__ == SPLICED:
        out = out[0].next_functions[1]
    return out


def _broken_off(last: Sequence[TorchNode], kind: str, message: str) -> TorchNode:
    """A node for the error that a pass ended in, made from all that nothing had used yet."""
    return TorchNode(
        TorchOperation(kind), tuple(last), (None,) * len(last), None, torch.zeros(0), message
    )


def _signed(k: int) -> int:
    """A whole number that PyTorch tells without its sign."""
    return k - (1 << 64) if k >= 1 << 63 else k


def _is_state(x: Any) -> bool:
    return getattr(x, "name", None) in ("h", "h_0")


def _detached(tensor: Any) -> Any:
    return tensor.detach() if isinstance(tensor, torch.Tensor) and tensor.requires_grad else tensor
