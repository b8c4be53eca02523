"""From a loss of PyTorch's to its nodes, and to what a backward pass sent along every edge."""

from __future__ import annotations

from typing import Any

import torch

from tinygrad_rnn.errors import DtypeError, GradientError, ShapeError
from tinygrad_rnn.interop.torch_graph.graph import Graph
from tinygrad_rnn.interop.torch_graph.nodes import TorchNode
from tinygrad_rnn.interop.torch_graph.record import METADATA_KEY, WatchRecord
from tinygrad_rnn.interop.torch_graph.sweep import TorchFlow, sweep
from tinygrad_rnn.interop.torch_graph.timing import set_scopes
from tinygrad_rnn.interop.torch_graph.watch import Watch, recordings
from tinygrad_rnn.memory import collector_paused

GRAPH = "_tinygrad_rnn_graph"  # under which a tensor keeps its nodes


@collector_paused()
def graph_of(root: Any) -> Graph:
    """Return the nodes under a tensor that a watched model has made."""
    found: Graph | None = getattr(root, GRAPH, None)
    if found is None:
        if not root.dtype.is_floating_point:
            raise DtypeError(f"no gradient flows from a tensor of {root.dtype}: it is not floating")
        if root.grad_fn is None:
            raise GradientError(
                "PyTorch has recorded nothing under this tensor: it was made inside "
                "torch.no_grad(), was detached, or is a leaf"
            )
        found = Graph([root], _recording(root.grad_fn))
        set_scopes(found.nodes, found.recording)
        setattr(root, GRAPH, found)
    return found


def _recording(start: Any) -> WatchRecord:
    """Find the watch in which a graph was made."""
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        number = node._sequence_nr()
        if (
            any(one.first <= number < one.end for one in recordings)
            and METADATA_KEY in node.metadata
        ):
            found: WatchRecord = node.metadata[METADATA_KEY]
            return found
        for source, _ in node.next_functions:
            if source is not None and source not in seen:
                seen.add(source)
                waiting.append(source)
    raise GradientError(
        "this tensor was made by no watched model: compute the loss inside "
        "`with tinygrad_rnn.interop.torch.watch(model):`"
    )


def node_of(root: Any) -> TorchNode:
    """Return the node that stands for a tensor, or for what a watch saw until an error."""
    if isinstance(root, Watch):
        return _unfinished(root)
    return graph_of(root).root


def _unfinished(watch: Watch) -> TorchNode:
    if watch.error is None or watch.recording is None:
        raise GradientError("this watch saw no error: draw the loss that was made inside it")
    if not watch.unfinished:
        raise GradientError(f"nothing had been recorded before {watch.error[0]}: {watch.error[1]}")
    graph = Graph(watch.unfinished, watch.recording, watch.error)
    set_scopes(graph.nodes, graph.recording)
    return graph.root


@collector_paused()
def trace(root: Any, gradient: Any = None) -> TorchFlow:
    """Send a gradient back from a tensor of a watched model; see `tinygrad_rnn.trace`."""
    graph = graph_of(root)
    if gradient is None:
        if root.numel() != 1:
            raise GradientError(
                f"backward from shape {tuple(root.shape)} needs gradient= of that shape; "
                "for a scalar loss use .sum() or .mean()"
            )
    else:
        gradient = torch.as_tensor(gradient, dtype=root.dtype, device=root.device)
        if gradient.shape != root.shape:
            raise ShapeError(
                f"gradient of shape {tuple(gradient.shape)} given to a tensor of "
                f"{tuple(root.shape)}"
            )
    return sweep(graph, root, gradient)
