"""Recurrent layers from a file of trained weights, whatever made it.

One idea: names and shapes of the arrays tell cell, size, layers and directions, so a file of
weights is enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import WeightsFileError
from tinygrad_rnn.interop.gates import as_array
from tinygrad_rnn.interop.torch import from_torch
from tinygrad_rnn.io import load
from tinygrad_rnn.nn.recurrent import GRU, LSTM, RNN


def load_layers(path: Path, prefix: str = "") -> Any:
    """Return the recurrent network whose weights a file holds.

    The file maps names to arrays, as PyTorch names them (``weight_ih_l0``) or as this project does
    (``layers.0.weight_ih``): a .safetensors or .npz file, or a .pt or .pth checkpoint, which only
    PyTorch itself can read. What no array tells is taken to be as by default: an RNN has a tanh,
    and three gates are a GRU's.

    Args:
        path: the file.
        prefix: where in the model the layers are, such as ``"encoder"``.

    Raises:
        WeightsFileError: if the file cannot be read, or is cut off or corrupted.
        StateDictError: if what it holds is not one recurrent network.
    """
    readers = {".safetensors": load, ".npz": _npz, ".pt": _checkpoint, ".pth": _checkpoint}
    reader: Callable[[Path], dict[str, Any]] | None = readers.get(path.suffix.lower())
    if reader is None:
        raise WeightsFileError(f"cannot read weights from {path.name}: give {', '.join(readers)}")
    try:
        path.open("rb").close()
    except OSError as error:
        raise WeightsFileError(f"cannot read {path}: {error.strerror}") from error
    arrays, start = reader(path), f"{prefix.rstrip('.')}." if prefix else ""
    if f"{start}layers.0.weight_hh" in arrays:
        found = {name: array for name, array in arrays.items() if name.startswith(start)}
        return _own({name.removeprefix(start): as_array(a, name) for name, a in found.items()})
    return from_torch(arrays, prefix)


def _own(arrays: dict[str, Any]) -> Any:
    """Return the layers that a state dict of this project's names is of."""
    shapes = [arrays.get(f"layers.0.weight_{part}", np.zeros(0)).shape for part in ("ih", "hh")]
    (inputs, hidden), rows = (shape[-1] for shape in shapes), shapes[1][0]
    kinds: dict[int, type[Any]] = {hidden: RNN, 3 * hidden: GRU, 4 * hidden: LSTM}
    if any(len(shape) != 2 for shape in shapes) or rows not in kinds or 0 in (inputs, hidden):
        raise WeightsFileError(
            f"weight_ih {shapes[0]} and weight_hh {shapes[1]} are not those of an RNN, LSTM or GRU"
        )
    options: dict[str, Any] = {"learn_state": True} if "layers.0.h_0" in arrays else {}
    if "layers.0.bias_hn" in arrays:
        options["reset"] = "after"
    if "layers.0.peephole" in arrays:
        options["peepholes"] = True
    layers = kinds[rows](
        inputs,
        hidden,
        num_layers=sum(bool(re.fullmatch(r"layers\.\d+\.weight_hh", name)) for name in arrays),
        bidirectional="reverse.0.weight_hh" in arrays,
        bias="layers.0.bias" in arrays,
        dtype=arrays["layers.0.weight_hh"].dtype,
        **options,
    )
    layers.load_state_dict(arrays)
    return layers


def _npz(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # zipfile and NumPy raise what they happen to meet
        raise WeightsFileError(f"{path} is not a whole .npz file of arrays: {error}") from error


def _checkpoint(path: Path) -> dict[str, Any]:
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
    return {  # still tensors: one that is no array may belong to another part of the model
        str(name): value.double() if value.dtype == torch.bfloat16 else value.detach()
        for name, value in found.items()
        if isinstance(value, torch.Tensor)
    }
