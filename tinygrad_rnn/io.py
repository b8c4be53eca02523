"""Saving and loading weights as safetensors: arrays and their names, no code, whole or not at all.

The file carries a SHA-256 of its arrays, so that a flipped bit is noticed; a file made elsewhere
has none, and is read all the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.errors import DtypeError, WeightsFileError
from tinygrad_rnn.nn.form import Form, forms_in
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.tensor import Array
from tinygrad_rnn.write import write_whole

CHECKSUM, NETWORKS = "sha256", "networks"


def save(path: str | os.PathLike[str], state: Module | Mapping[str, ArrayLike]) -> None:
    """Write a module's parameters, or any arrays by name, to a safetensors file.

    Of a module the file also says which recurrent networks it holds, so that `load_layers` makes
    the same again; arrays alone do not tell all.

    A process that is ended at any moment leaves the old file or the new one, never a part of one:
    the new one is written beside it and then moved over it.

    Args:
        path: the file, by convention ``*.safetensors``.
        state: a module, or what its `state_dict` returns.

    Raises:
        DtypeError: if something is not an array of numbers.
        TypeError: if `state` is neither a module nor a mapping.
        OSError: if the file cannot be written; an older one is then as it was.

    >>> import tempfile, tinygrad_rnn as tr
    >>> layer, other = tr.Linear(2, 3, rng=0), tr.Linear(2, 3, rng=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(folder + "/linear.safetensors", layer)
    ...     other.load_state_dict(load(folder + "/linear.safetensors"))
    >>> bool(np.all(layer.weight.data == other.weight.data))
    True
    """
    from safetensors.numpy import save as encode  # needed by those alone who save

    if not isinstance(state, Module | Mapping):
        raise TypeError(f"save takes a module or arrays by name, not a {type(state).__name__}")
    metadata = {}
    if isinstance(state, Module):
        metadata[NETWORKS] = json.dumps(forms_in(state))
    arrays = {}
    for name, value in (state.state_dict() if isinstance(state, Module) else state).items():
        array = np.asarray(value, order="C")
        if array.dtype.kind not in "fiub":
            raise DtypeError(f"{name!r} has dtype {array.dtype}: only numbers can be saved")
        arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    write_whole(path, encode(arrays, {**metadata, CHECKSUM: _checksum(arrays)}))


def load(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read a safetensors file and return its arrays by name, for `Module.load_state_dict`.

    Args:
        path: a file of `save`, or of any other library.

    Returns:
        The arrays, sorted by name, with the shapes and dtypes that they were saved with.

    Raises:
        WeightsFileError: if the file is cut off, is corrupted, is no safetensors file, or holds
            numbers of a kind that NumPy lacks, such as bfloat16.
        OSError: if it cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(folder + "/one.safetensors", {"w": np.ones(2)})
    ...     load(folder + "/one.safetensors")
    {'w': array([1., 1.])}
    """
    return _read_arrays(path)[0]


def load_networks(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Form]]:
    """Read a safetensors file: its arrays, and the form of each recurrent network in it by name.

    Args:
        path: a file of `save`; one made elsewhere tells no form.

    Raises:
        WeightsFileError: as `load`.
        OSError: as `load`.
    """
    arrays, metadata = _read_arrays(path)
    try:
        forms = json.loads(metadata.get(NETWORKS, "{}"))
        return arrays, {str(name): dict(form) for name, form in forms.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise WeightsFileError(f"{path} does not say rightly what it holds: {error}") from error


def _read_arrays(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """Return the arrays of a file, sorted by name, and its metadata."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as decode

    content = Path(path).read_bytes()
    try:
        arrays = {name: array.copy() for name, array in sorted(decode(content).items())}
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except SafetensorError as error:
        raise WeightsFileError(f"{path} is not a whole safetensors file: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsFileError(
            f"{path} holds what NumPy has no dtype for ({error}): save it as float32 or float64"
        ) from error
    if CHECKSUM in metadata and metadata[CHECKSUM] != _checksum(arrays):
        raise WeightsFileError(f"{path} is corrupted: its arrays do not match its checksum")
    return arrays, metadata


def _checksum(arrays: Mapping[str, Array]) -> str:
    """Return a hash of all names, dtypes, shapes and values, whatever their order."""
    hashed = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        hashed.update(f"{name!r} {array.dtype.str} {array.shape} ".encode())
        hashed.update(array.tobytes())
    return hashed.hexdigest()
