"""Recurrent layers from a file of trained weights, whatever made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from viz.cli import UsageError


def load_layers(path: Path, prefix: str = "") -> Any:
    """Return the `RNN`, `LSTM` or `GRU` whose weights a file holds.

    The file maps names to arrays as PyTorch names them (``weight_ih_l0``): a .safetensors or .npz
    file, or a .pt or .pth checkpoint, which only PyTorch itself can read.

    Args:
        path: the file.
        prefix: where in the model the layers are, such as ``"encoder"``.

    Raises:
        UsageError: if the file cannot be read.
        StateDictError: if what it holds is not one recurrent network.
    """
    readers = {".safetensors": _safetensors, ".npz": _npz, ".pt": _checkpoint, ".pth": _checkpoint}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"cannot read weights from {path.name}: give {', '.join(readers)}")
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    return tr.from_torch(reader(path), prefix)


def _safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, TypeError) as error:  # TypeError: a dtype that NumPy has not
        raise UsageError(f"{path} is not a whole safetensors file: {error}") from error


def _npz(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # zipfile and NumPy raise what they happen to meet
        raise UsageError(f"{path} is not a whole .npz file of arrays: {error}") from error


def _checkpoint(path: Path) -> dict[str, Any]:
    try:
        import torch
    except ImportError as error:
        raise UsageError(
            f"only PyTorch can read {path.name}: install it, or save the weights as .safetensors"
        ) from error
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its unpickler happens to meet
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{path} is not a checkpoint of plain weights: {reason}") from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds a {type(found).__name__}, not a state dict of named arrays")
    return {
        name: value.double().numpy() if value.dtype == torch.bfloat16 else value.numpy()
        for name, value in found.items()
        if isinstance(value, torch.Tensor)
    }
