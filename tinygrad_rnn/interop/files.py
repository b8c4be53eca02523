"""Recurrent layers from a file of trained weights, whatever made it.

Names and shapes of the arrays tell cell, size, layers and directions, so a file of weights is
enough. Nothing in a file is ever run.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import StateDictError, WeightsFileError
from tinygrad_rnn.interop.archive import named_arrays, read_archive
from tinygrad_rnn.interop.flax_file import flax_networks
from tinygrad_rnn.interop.gates import as_array
from tinygrad_rnn.interop.keras_file import keras_networks
from tinygrad_rnn.interop.onnx_file import onnx_networks
from tinygrad_rnn.interop.torch import from_torch
from tinygrad_rnn.io import load_networks
from tinygrad_rnn.nn.form import Form, guessed, network

# Reads arrays by name, and the form of each network that the file describes.
Reader = Callable[[Path], tuple[dict[str, Any], dict[str, Form]]]

# Makes a network, and says what of it had to be guessed.
Maker = Callable[[], tuple[Any, str]]

# What an array of a recurrent layer is called, after the name of the layer.
OWN_ARRAYS = re.compile(
    r"(?:layers|reverse)\.\d+\.(?:weight_ih|weight_hh|weight_hr|bias|bias_hn|peephole|h_0|c_0)"
)
TORCH_ARRAYS = re.compile(r"(?:weight|bias)_(?:ih|hh|hr)(?:_l\d+(?:_reverse)?)?")
NAME = re.compile(rf"(?:(?P<place>.+?)\.)??(?P<array>{OWN_ARRAYS.pattern}|{TORCH_ARRAYS.pattern})")


def load_layers(path: str | Path, prefix: str | None = None) -> Any:
    """Return the recurrent network whose weights a file holds.

    The file maps names to arrays, as PyTorch names them (``weight_ih_l0``) or as this project does
    (``layers.0.weight_ih``), at any depth: a .safetensors or .npz file, or a checkpoint of
    PyTorch's (.pt .pth .bin .ckpt .th .tar), also a whole module or TorchScript. A file that
    `save` made of a module says which network it holds. Of another one, what no array tells is
    taken to be as by default, and a warning says so. Files of ONNX (.onnx), Keras (.keras .h5) and
    Flax (.msgpack) are read, too, where the extra `files` is installed.

    Args:
        path: the file.
        prefix: which of several layers, such as ``"encoder"``: the end of its name will do.

    Raises:
        WeightsFileError: if the file cannot be read, or is cut off or corrupted.
        StateDictError: if what it holds is not one recurrent network, or not one of that name.

    >>> import tempfile, tinygrad_rnn as tr
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.safetensors")
    ...     tr.save(path, tr.LSTM(2, 3, num_layers=2))
    ...     layers = load_layers(path)
    >>> type(layers).__name__, len(layers.layers)
    ('LSTM', 2)
    """
    path = Path(path)
    found = _networks(path)
    if not found:
        missing = ": no weight_hh_l0, no weight_hh" if path.suffix.lower() in READERS else ""
        raise StateDictError(f"{path} holds no recurrent layer{missing}")
    wanted = (prefix or "").rstrip(".")
    chosen = [p for p in found if not wanted or p == wanted or p.endswith(f".{wanted}")]
    if len(chosen) != 1:
        names = " or ".join(repr(place) for place in found)
        what = "several recurrent layers" if chosen else f"none called {wanted!r}"
        remedy = f"give the prefix {names}" if any(found) else "leave the prefix out"
        raise StateDictError(f"{path} holds {what}: {remedy}")
    layers, guess = found[chosen[0]]()
    if guess:
        warnings.warn(
            f"{path.name} does not say what it holds: taken for {guess}; tr.save(path, module) "
            "writes that into the file",
            stacklevel=2,
        )
    return layers


def list_layers(path: str | Path) -> dict[str, str]:
    """Return what each recurrent layer in a file was taken for, by its name.

    Args:
        path: the file.

    Raises:
        WeightsFileError: if the file cannot be read, or is cut off or corrupted.

    >>> import tempfile, tinygrad_rnn as tr
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.safetensors")
    ...     tr.save(path, tr.GRU(2, 3, bidirectional=True))
    ...     list_layers(path)
    {'': 'GRU, 1 layer, both directions, 2 inputs, 3 units, float64'}
    """
    said = {}
    for place, make in _networks(Path(path)).items():
        try:
            layers, guess = make()
            said[place] = _described(layers) + (f", taken for {guess}" if guess else "")
        except StateDictError as error:
            said[place] = f"cannot be read: {error}"
    return said


def _networks(path: Path) -> dict[str, Maker]:
    """What makes each recurrent network in a file, and says what was guessed, by its name."""
    suffix = path.suffix.lower()
    if suffix not in READERS and suffix not in LAYER_READERS:
        known = ", ".join((*READERS, *LAYER_READERS))
        raise WeightsFileError(f"cannot read weights from {path.name}: give {known}")
    try:
        path.open("rb").close()
    except OSError as error:
        raise WeightsFileError(f"cannot read {path}: {error.strerror}") from error
    if suffix in LAYER_READERS:
        return LAYER_READERS[suffix](path)
    arrays, forms = READERS[suffix](path)
    found: dict[str, Maker] = {}
    for place, form in forms.items():
        start = f"{place}." if place else ""
        inside = {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}
        found[place] = partial(_described_network, form, inside)
    for place, layer in recurrent(arrays).items():
        if not any(place == known or place.startswith(f"{known}.") for known in forms if known):
            found.setdefault(place, partial(_foreign, layer))
    return found


def _described_network(form: Form, arrays: dict[str, Any]) -> tuple[Any, str]:
    return network(form, arrays), ""


def _foreign(arrays: dict[str, Any]) -> tuple[Any, str]:
    """Return the network of arrays that nothing is said of, and what had to be guessed."""
    if "layers.0.weight_hh" not in arrays:
        return from_torch(arrays), ""
    form, guess = guessed({name: as_array(a, name) for name, a in arrays.items()})
    return network(form, arrays), guess


def recurrent(arrays: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Sort out the arrays of each recurrent layer, by the layer's name.

    Args:
        arrays: by dotted name.

    >>> list(recurrent({"en.rnn.weight_hh_l0": np.zeros((4, 1)), "en.out.weight": np.zeros(1)}))
    ['en.rnn']
    """
    found: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        match = NAME.fullmatch(name)
        if match is not None:
            place = found.setdefault(match["place"] or "", {})
            place[match["array"]] = array
    return {
        place: layer for place, layer in found.items() if any("weight_hh" in name for name in layer)
    }


def _described(layers: Any) -> str:
    cells = getattr(layers, "layers", [layers])
    first = cells[0]
    count = f"{len(cells)} layer{'s' if len(cells) > 1 else ''}"
    parts = [type(layers).__name__, *([count] if hasattr(layers, "layers") else [])]
    parts += ["both directions"] if getattr(layers, "reverse", None) else []
    parts += [f"{first.input_size} inputs", f"{first.hidden_size} units", str(first.dtype)]
    return ", ".join(parts)


def _npz(path: Path) -> tuple[dict[str, Any], dict[str, Form]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}, {}
    except Exception as error:  # zipfile and NumPy raise what they happen to meet
        raise WeightsFileError(f"{path} is not a whole .npz file of arrays: {error}") from error


def _checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Form]]:
    try:
        archive = zipfile.is_zipfile(path)
    except zipfile.BadZipFile as error:  # it has a zip's end, but not a whole one
        raise WeightsFileError(f"{path} is not a whole zip archive: {error}") from error
    if archive:
        return dict(read_archive(path)), {}
    try:
        import torch  # type: ignore[import-not-found,unused-ignore]  # need not be installed
    except ImportError as error:
        raise WeightsFileError(
            f"{path.name} is no zip archive, and only PyTorch can read older checkpoints: install "
            "it, or save the weights as .safetensors"
        ) from error
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its unpickler happens to meet
        raise WeightsFileError(
            f"{path} is not a checkpoint of plain weights, or is damaged: save a model's weights "
            "alone, torch.save(model.state_dict(), path)"
        ) from error
    return dict(named_arrays(_as_arrays(found))), {}


def _as_arrays(found: Any) -> Any:
    """Turn tensors into arrays, at any depth."""
    if isinstance(found, dict):
        return {str(key): _as_arrays(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_as_arrays(value) for value in found]
    if not hasattr(found, "detach"):
        return None
    return (found.double() if str(found.dtype) == "torch.bfloat16" else found).detach().numpy()


READERS: dict[str, Reader] = {
    ".safetensors": load_networks,
    ".npz": _npz,
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt", ".th", ".tar"), _checkpoint),
}
# Files that say more of a layer than its arrays do.
LAYER_READERS: dict[str, Callable[[Path], dict[str, Maker]]] = {
    ".onnx": onnx_networks,
    **dict.fromkeys((".keras", ".h5", ".hdf5"), keras_networks),
    ".msgpack": flax_networks,
}
