"""Flax's msgpack files: `flax.serialization.to_bytes` of parameters or of a whole train state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import WeightsFileError
from tinygrad_rnn.interop.flax import from_flax
from tinygrad_rnn.interop.packages import reader_of

NDARRAY, COMPLEX, SCALAR = 1, 2, 3  # the types that Flax adds to msgpack's own
CHUNKED = "__msgpack_chunked_array__"  # an array of more than a gigabyte comes in pieces
FLAX_CELLS = (
    {"ii", "if", "ig", "io", "hi", "hf", "hg", "ho"},
    {"ii", "if_", "ig", "io", "hi", "hf", "hg", "ho"},
    {"ir", "iz", "in", "hr", "hz", "hn"},
    {"if", "in", "hf", "hn"},
    {"dense_i", "dense_h"},
    {"i", "h"},
)  # the modules in a cell


def flax_networks(path: Path) -> dict[str, Callable[[], tuple[Any, str]]]:
    """Return what makes the cell of each of Flax's, by the dotted name of its parameters.

    Args:
        path: a .msgpack file.

    Raises:
        WeightsFileError: if the package is missing, or the file is damaged.
    """
    msgpack = reader_of(path, "msgpack")
    try:
        found = msgpack.unpackb(path.read_bytes(), ext_hook=_extended, strict_map_key=False)
    except Exception as error:  # msgpack and NumPy raise what they happen to meet
        raise WeightsFileError(f"{path} is not a whole msgpack file of Flax's: {error}") from error
    return {name: partial(_network, cell) for name, cell in _cells(found)}


def _extended(code: int, data: bytes) -> Any:
    """Return the array that an extended type of Flax's stands for; others are None."""
    import msgpack

    if code not in (NDARRAY, SCALAR):
        return None
    shape, kind, raw = msgpack.unpackb(data, raw=False)
    if kind == "bfloat16":  # the upper half of a float32
        wide = np.frombuffer(raw, "<u2").astype("<u4") << 16
        return wide.view("<f4").astype(np.float64).reshape(shape)
    dtype = np.dtype(kind)
    if dtype.kind not in "fiub" or prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(f"an array of shape {tuple(shape)} and {kind} in {len(raw)} bytes")
    return np.frombuffer(raw, dtype).reshape(shape)


def _cells(found: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the parameters of every recurrent cell in nested dictionaries, by dotted names."""
    if not isinstance(found, dict) or depth > 50:
        return
    if set(found) in FLAX_CELLS and all(isinstance(part, dict) for part in found.values()):
        yield name, found
        return
    for key, value in found.items():
        yield from _cells(value, f"{name}.{key}".lstrip("."), depth + 1)


def _network(cell: Mapping[str, Any]) -> tuple[Any, str]:
    return from_flax(_whole(cell)), "a SimpleCell with tanh" if set(cell) == {"i", "h"} else ""


def _whole(parameters: Any) -> Any:
    """Put arrays together that were written in pieces."""
    if not isinstance(parameters, dict):
        return parameters
    if CHUNKED in parameters:
        chunks = parameters["chunks"]
        pieces = [np.ravel(chunks[key]) for key in sorted(chunks, key=int)]
        shape = [parameters["shape"][key] for key in sorted(parameters["shape"], key=int)]
        return np.concatenate(pieces).reshape(shape)
    return {key: _whole(value) for key, value in parameters.items()}
