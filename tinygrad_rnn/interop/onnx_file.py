"""ONNX files: every RNN, LSTM and GRU node whose weights the file holds.

The file is read by the package `onnx`, and nothing in it is run. Tensors that it keeps in other
files are refused, so that no file leads to another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tinygrad_rnn.errors import StateDictError, WeightsFileError
from tinygrad_rnn.interop.onnx import from_onnx
from tinygrad_rnn.interop.packages import reader_of
from tinygrad_rnn.tensor import Array

KINDS = {
    "RNN": ["tanh"],
    "GRU": ["sigmoid", "tanh"],
    "LSTM": ["sigmoid", "tanh", "tanh"],
}  # each with its activations by default
TENSORS = {"W": 1, "R": 2, "B": 3, "P": 7}  # the places of a node's inputs


def onnx_networks(path: Path) -> dict[str, Callable[[], tuple[Any, str]]]:
    """Return what makes the network of each recurrent node, by the node's name.

    Args:
        path: an .onnx file.

    Raises:
        WeightsFileError: if the package is missing, or the file is damaged.
    """
    onnx = reader_of(path, "onnx")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
        nodes = list(_nodes(model.graph, {}))
    except Exception as error:  # protobuf's errors are of several kinds
        raise WeightsFileError(f"{path} is not a whole ONNX file: {error}") from error
    found: dict[str, Callable[[], tuple[Any, str]]] = {}
    for k, (node, tensors) in enumerate(nodes):
        name = node.name.strip("/").replace("/", ".") or f"{node.op_type}_{k}"
        found[name if name not in found else f"{name}_{k}"] = partial(_network, node, tensors)
    return found


def _nodes(graph: Any, outer: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield the recurrent nodes of a graph and of those in it, with the tensors that they see."""
    tensors = outer | {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            values = [a.t for a in node.attribute if a.name == "value"]
            tensors |= dict(zip(node.output, values, strict=False))
    for node in graph.node:
        if node.op_type in KINDS:
            yield node, tensors
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _nodes(inner, tensors)


def _network(node: Any, tensors: dict[str, Any]) -> tuple[Any, str]:
    """Return the layer of a node, and what had to be guessed."""
    from onnx import helper

    said = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    options = _options(node.op_type, said)
    arrays = {}
    for piece, place in TENSORS.items():
        name = node.input[place] if place < len(node.input) else ""
        if name:
            arrays[piece] = _array(piece, name, tensors)
    return from_onnx(arrays, **options), ""


def _array(piece: str, name: str, tensors: dict[str, Any]) -> Array:
    from onnx import external_data_helper, numpy_helper

    if name not in tensors:
        raise StateDictError(
            f"{piece} ({name!r}) is computed in the graph: fold its constants first"
        )
    if external_data_helper.uses_external_data(tensors[name]):
        raise StateDictError(f"{piece} is kept in another file: save the model in one")
    try:
        array: Array = numpy_helper.to_array(tensors[name])
    except Exception as error:  # of several kinds, by what is wrong
        raise StateDictError(f"{piece} does not hold what it says: {error}") from error
    return array


def _options(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    """Return the options of `from_onnx`; refuse what has no counterpart here, by name."""
    text = said.get("direction", b"forward")
    direction = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    if direction not in ("forward", "bidirectional"):
        raise StateDictError(
            f"its direction is {direction}: from_onnx takes its tensors, unroll has reverse=True"
        )
    if said.get("clip", 0):
        raise StateDictError(f"it clips what its activations are given (clip={said['clip']:g})")
    if said.get("input_forget", 0):
        raise StateDictError("it couples its gates (input_forget=1)")
    usual = KINDS[kind] * (2 if direction == "bidirectional" else 1)
    given = [a.decode(errors="replace").lower() for a in said.get("activations", ())] or usual
    options: dict[str, Any] = {}
    if kind == "RNN":
        if len(set(given)) > 1 or given[0] not in ("tanh", "relu"):
            raise StateDictError(
                f"its activations are {', '.join(given)}; here it has tanh or relu"
            )
        options["nonlinearity"] = given[0]
    elif given != usual:
        raise StateDictError(f"its activations are {', '.join(given)}; here {', '.join(usual)}")
    if kind == "GRU":
        options["linear_before_reset"] = bool(said.get("linear_before_reset", 0))
    return options
