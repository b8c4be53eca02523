"""The check of exercise 3: an order of nodes is right if each comes after all of its users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import UsageError
from demos.exercises.checking.loading import call
from demos.exercises.checking.recorded import KeptFlow, vjp
from demos.exercises.checking.report import Report
from tinygrad_rnn.tensor import Array


class Node:
    """What the exercise is given: a node and what it was made from."""

    def __init__(self, name: str, inputs: list[Node]) -> None:
        self.name, self.inputs = name, inputs

    def __repr__(self) -> str:
        return self.name


def order(function: Callable[..., Any]) -> Report:
    """Check exercise 3: a network with a prediction at every step, a ladder, and a long chain."""
    report = _network(function)
    if not report.passed:
        return report
    for about, loss, count in (
        ("a ladder with 2**60 ways through it", _ladder(60), 121),
        ("a chain of 20,000 nodes", _chain(20_000), 20_000),
    ):
        found = _asked(function, loss)
        wrong = _fault(found, loss) if len(found) == count else f"{len(found)} of {count} nodes"
        if wrong:
            return Report(report.right, [f"{about}: {wrong[0].lower()}{wrong[1:]}"])
        report.right.append(about)
    return report


def _network(function: Callable[..., Any]) -> Report:
    """A network of three steps that reads h at every step: the smallest hard case."""
    loss = recurrent(3)
    tensors = tr.graph.topological(loss, differentiable=True)
    nodes: dict[int, Node] = {}
    for tensor in tensors:
        sources = [s for s in tensor.inputs if isinstance(s, tr.Tensor) and s.requires_grad]
        inputs = [nodes[source.index] for source in sources]
        nodes[tensor.index] = Node(_name(tensor), inputs)
    found = _asked(function, nodes[loss.index])
    by_node = {node: tensors[k] for k, node in enumerate(nodes.values())}
    wrong = _fault(found, nodes[loss.index])
    if not wrong:
        return Report(["a network that reads its state at every step"], [])
    words = _words(found, list(nodes.values()))
    theirs = swept(loss, [by_node[node] for node in found if node in by_node])
    where = ""
    if set(found) >= set(by_node) and len(found) == len(by_node):
        place = {node: k for k, node in enumerate(found)}
        late = [(u, s) for u in found for s in u.inputs if place[s] < place[u]]
        if late:
            user, source = late[0]
            where = (
                f"on the edge that leads back from {user} to {source}: {source} was handled before"
            )
    drawn = (loss, tr.trace(loss), theirs)
    return Report([], [wrong], where, words, drawn)


def recurrent(steps: int) -> tr.Tensor:
    """Return the sum of the predictions y_t = 2 h_t of h_t = tanh(w h_{t-1})."""
    w = tr.Tensor([0.8], requires_grad=True, name="w")
    h: Any = tr.Tensor([1.0], name="h_0")
    predictions = []
    for t in range(steps):
        with tr.scope("t", t):
            h = np.tanh(w * h)
            h.name = "h"
            predictions.append(2.0 * h)
    loss: tr.Tensor = np.sum(np.stack(predictions))
    loss.name = "loss"
    return loss


def _name(tensor: tr.Tensor) -> str:
    what = {"multiply": "product"}
    name = tensor.name or (what.get(tensor.op.name, tensor.op.name) if tensor.op else "leaf")
    return f"{name}_{tensor.scope[0].index}" if tensor.scope else str(name)


def _ladder(rungs: int) -> Node:
    node = Node("leaf", [])
    for k in range(rungs):
        left = Node(f"left_{k}", [node, node])
        node = Node(f"node_{k}", [left, node])
    return node


def _chain(length: int) -> Node:
    node = Node("leaf", [])
    for k in range(1, length):
        node = Node(f"node_{k}", [node])
    return node


def _asked(function: Callable[..., Any], loss: Node) -> list[Node]:
    found = call(function, loss)
    if not isinstance(found, list | tuple) or not all(isinstance(node, Node) for node in found):
        raise UsageError("sweep_order returns a list of nodes")
    return list(found)


def _below(loss: Node) -> list[Node]:
    met, waiting = {loss: None}, [loss]
    while waiting:
        for source in waiting.pop().inputs:
            if source not in met:
                met[source] = None
                waiting.append(source)
    return list(met)


def _fault(found: list[Node], loss: Node) -> str:
    """Return what is wrong with an order, "" if nothing is."""
    place = {node: k for k, node in enumerate(found)}
    missing = [node for node in _below(loss) if node not in place]
    if missing:
        return (
            f"{missing[0]} is missing, and {len(missing) - 1} others"
            if missing[1:]
            else f"{missing[0]} is missing"
        )
    if len(place) < len(found):
        twice = next(node for k, node in enumerate(found) if place[node] != k)
        return f"{twice} stands in it {found.count(twice)} times"
    for user in found:
        for source in user.inputs:
            if place[source] < place[user]:
                return f"{source} comes before {user}, which uses it"
    return ""


def _words(found: list[Node], nodes: list[Node]) -> str:
    """Name what was done, from the order that came of it."""
    loss = nodes[-1]
    every = set(nodes)
    if not _fault(found[::-1], loss):
        return "the order is that of the way forward: reverse it"
    if set(found) == every - {loss}:
        return "the loss itself is missing"
    if set(found) == {node for node in nodes if node.inputs}:
        return "leaves are missing: a weight is a node, too"
    if len(found) > len(set(found)) and set(found) == every:
        return "nodes are listed once for each way that leads to them: visit each once"
    if len(found) == len(every):
        depth = {loss: 0}
        for node in _breadth_first(loss):
            for source in node.inputs:
                depth.setdefault(source, depth[node] + 1)
        if [depth[node] for node in found] == sorted(depth[node] for node in found):
            return "breadth first: nodes are handled as they are met, before their last user"
        if all(
            node is loss or any(node in user.inputs for user in found[:k])
            for k, node in enumerate(found)
        ):
            return (
                "depth first, each node before those below it: put it down after them, and reverse"
            )
    return ""


def _breadth_first(loss: Node) -> list[Node]:
    met, order = {loss}, [loss]
    for node in order:
        for source in node.inputs:
            if source not in met:
                met.add(source)
                order.append(source)
    return order


def swept(root: tr.Tensor, nodes: list[tr.Tensor]) -> KeptFlow:
    """Sweep back in this order, each node when its turn comes; return what went along the edges."""
    flow = KeptFlow()
    sums = flow.begin(root)
    so_far: dict[int, Array] = {root.index: np.ones(root.shape)}
    for node in nodes:
        g = sums[node.index] = so_far.get(node.index, np.zeros(node.shape))
        for slot, source in enumerate(node.inputs):
            if node.op is not None and isinstance(source, tr.Tensor) and source.requires_grad:
                part = flow.kept[node.index, slot] = vjp(node, slot, g)
                flow(node, slot, source, part)
                so_far[source.index] = so_far.get(source.index, np.zeros(source.shape)) + part
    for node in tr.graph.topological(root, differentiable=True):
        if node.index not in sums:
            sums[node.index] = so_far.get(node.index, np.zeros(node.shape))
        for slot, source in enumerate(node.inputs):
            if isinstance(source, tr.Tensor) and source.requires_grad:
                flow.kept.setdefault((node.index, slot), np.zeros(source.shape))
    return flow
