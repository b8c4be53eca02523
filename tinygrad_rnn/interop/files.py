"""Recurrent layers from a file of trained weights, whatever made it.

One idea: names and shapes of the arrays tell cell, size, layers and directions, so a file of
weights is enough.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import WeightsFileError
from tinygrad_rnn.interop.gates import as_array
from tinygrad_rnn.interop.torch import from_torch
from tinygrad_rnn.io import load_networks
from tinygrad_rnn.nn.form import Form, guessed, network

# Reads arrays by name, and the form of each network that the file describes.
Reader = Callable[[Path], tuple[dict[str, Any], dict[str, Form]]]


def load_layers(path: Path, prefix: str = "") -> Any:
    """Return the recurrent network whose weights a file holds.

    The file maps names to arrays, as PyTorch names them (``weight_ih_l0``) or as this project does
    (``layers.0.weight_ih``): a .safetensors or .npz file, or a .pt or .pth checkpoint, which only
    PyTorch itself can read. A file that `save` made of a module says which network it holds. Of
    another one, what no array tells is taken to be as by default, and a warning says so.

    Args:
        path: the file.
        prefix: where in the model the layers are, such as ``"encoder"``.

    Raises:
        WeightsFileError: if the file cannot be read, or is cut off or corrupted.
        StateDictError: if what it holds is not one recurrent network.
    """
    readers: dict[str, Reader] = {
        ".safetensors": load_networks,
        ".npz": _npz,
        ".pt": _checkpoint,
        ".pth": _checkpoint,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise WeightsFileError(f"cannot read weights from {path.name}: give {', '.join(readers)}")
    try:
        path.open("rb").close()
    except OSError as error:
        raise WeightsFileError(f"cannot read {path}: {error.strerror}") from error
    prefix = prefix.rstrip(".")
    arrays, forms = reader(path)
    if not prefix and "" not in forms and len(forms) == 1:
        (prefix,) = forms
    found = _own(path, arrays, forms, prefix)
    return from_torch(arrays, prefix) if found is None else found


def _own(path: Path, arrays: dict[str, Any], forms: Mapping[str, Form], prefix: str) -> Any:
    """Return the network of this library that stands at `prefix` in a file, or None."""
    start = f"{prefix}." if prefix else ""
    inside = {name.removeprefix(start): a for name, a in arrays.items() if name.startswith(start)}
    if prefix in forms:
        return network(forms[prefix], inside)
    if "layers.0.weight_hh" not in inside:
        return None
    form, guess = guessed({name: as_array(a, name) for name, a in inside.items()})
    if guess:
        warnings.warn(
            f"{path.name} does not say what it holds: taken for {guess}; tr.save(path, module) "
            "writes that into the file",
            stacklevel=3,
        )
    return network(form, inside)


def _npz(path: Path) -> tuple[dict[str, Any], dict[str, Form]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}, {}
    except Exception as error:  # zipfile and NumPy raise what they happen to meet
        raise WeightsFileError(f"{path} is not a whole .npz file of arrays: {error}") from error


def _checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Form]]:
    try:
        import torch  # type: ignore[import-not-found,unused-ignore]  # need not be installed
    except ImportError as error:
        raise WeightsFileError(
            f"only PyTorch can read {path.name}: install it, or save the weights as .safetensors"
        ) from error
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its unpickler happens to meet
        raise WeightsFileError(
            f"{path} is not a checkpoint of plain weights, or is damaged: save a model's weights "
            "alone, torch.save(model.state_dict(), path)"
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        raise WeightsFileError(
            f"{path} holds a {type(found).__name__}, not a state dict of named arrays"
        )
    named = {  # still tensors: one that is no array may belong to another part of the model
        str(name): value.double() if value.dtype == torch.bfloat16 else value.detach()
        for name, value in found.items()
        if isinstance(value, torch.Tensor)
    }
    return named, {}
