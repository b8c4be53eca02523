"""ONNX: the tensors W, R, B and P of `RNN`, `LSTM` and `GRU` nodes, one node for each layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.interop.gates import (
    ONNX,
    Pieces,
    build,
    kind_of,
    of_an_rnn,
    required_arrays,
    stacked_layers,
    take_apart,
)
from tinygrad_rnn.nn.recurrent import RecurrentLayers
from tinygrad_rnn.tensor import Array

ONNX_NAMES = {"weight_ih": "W", "weight_hh": "R", "bias_ih": "B", "bias_hh": "B", "peephole": "P"}


def from_onnx(
    tensors: Mapping[str, Any],
    nonlinearity: str | None = None,
    linear_before_reset: bool = False,
) -> RecurrentLayers:
    """Return the one layer that a node computes with its default activations.

    Args:
        tensors: ``"W"`` (D, G*H, I) and ``"R"`` (D, G*H, H) for D directions, and where the node
            has them ``"B"`` (D, 2*G*H) and an LSTM's peepholes ``"P"`` (D, 3*H).
        nonlinearity: an RNN's activation: ``"tanh"`` (the default), ``"relu"`` or ``"identity"``.
        linear_before_reset: a GRU's attribute, False by default, which this project calls
            ``reset="after"``.

    Returns:
        An `RNN`, `LSTM` or `GRU`, bidirectional if D is 2. Of a node whose direction is "reverse",
        unroll its only cell with ``reverse=True``.

    Raises:
        StateDictError: if a tensor is missing, unexpected, or of a wrong shape or dtype.
        TypeError: if `tensors` is no mapping, such as a path.
        ValueError: if there is no such nonlinearity, or an option is given to another node.

    >>> rng = np.random.default_rng(0)
    >>> node = {"W": rng.normal(size=(2, 9, 2)), "R": rng.normal(size=(2, 9, 3))}
    >>> from_onnx(node)(np.ones((5, 1, 2))).outputs.shape
    (5, 1, 6)
    """
    w, r, b, p = required_arrays(tensors, ("W", "R"), ("B", "P"))
    given = {name: a for name, a in zip("WRBP", (w, r, b, p), strict=True) if a is not None}
    for name, array in given.items():
        if array.ndim != (3 if name in "WR" else 2) or len(array) not in (1, 2):
            raise StateDictError(f"{name} {array.shape} does not start with 1 or 2 directions")
        if len(array) != len(w):
            raise StateDictError(f"W has {len(w)} directions, {name} {len(array)}")
    kind = kind_of(r[0], "R of one direction")
    if p is not None and kind != "LSTM":
        raise StateDictError("unexpected: P, the peepholes, which only an LSTM has")
    if b is not None and b.shape[1] != 2 * r.shape[1]:
        raise StateDictError(f"B {b.shape} does not hold two biases for the rows of R {r.shape}")
    options: dict[str, Any] = of_an_rnn(kind, nonlinearity)
    if kind == "GRU":
        options["reset"] = "after" if linear_before_reset else "before"
    elif linear_before_reset:
        raise ValueError(f"linear_before_reset is a GRU's, and these are the tensors of an {kind}")
    cells = []
    for d in range(len(w)):
        first, second = (None, None) if b is None else np.split(b[d], [r.shape[1]])
        pieces = Pieces(w[d], r[d], first, second, None if p is None else p[d])
        cells.append(build(pieces, ONNX, ONNX_NAMES, **options))
    return stacked_layers([cells])


def to_onnx(layers: RecurrentLayers) -> list[dict[str, Array]]:
    """Return the tensors of one ONNX node for each layer.

    A GRU's node needs ``linear_before_reset=1`` if the layer's reset is "after"; an RNN's, its
    nonlinearity among the `activations`; with two directions, ``direction="bidirectional"``.

    Args:
        layers: an `RNN`, `LSTM` or `GRU`.

    Returns:
        For each layer, tensors by name, of the shapes that `from_onnx` takes.

    Raises:
        StateDictError: if a cell has coupled gates or a learned state: they are not carried over.

    >>> from tinygrad_rnn.nn.recurrent import LSTM
    >>> (node,) = to_onnx(LSTM(2, 3))
    >>> {name: tensor.shape for name, tensor in node.items()}
    {'W': (1, 12, 2), 'R': (1, 12, 3), 'B': (1, 24)}
    """
    nodes = []
    for k, cell in enumerate(layers.layers):
        directions = [cell, layers.reverse[k]] if layers.reverse else [cell]
        pieces = [take_apart(one, ONNX, "ONNX") for one in directions]
        node = {
            "W": [one.weight_ih for one in pieces],
            "R": [one.weight_hh for one in pieces],
            "B": [np.concatenate(one[2:4]) for one in pieces if one.bias_ih is not None],  # type: ignore[arg-type]  # both or neither
            "P": [one.peephole for one in pieces if one.peephole is not None],
        }
        nodes.append({name: np.stack(arrays) for name, arrays in node.items() if arrays})
    return nodes
