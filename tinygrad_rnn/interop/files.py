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
from tinygrad_rnn.interop.parametrized import composed
from tinygrad_rnn.interop.torch import from_torch
from tinygrad_rnn.io import load_networks
from tinygrad_rnn.nn.form import Form, guessed, network

# Reads arrays by name, and the form of each network that the file describes.
Reader = Callable[[Path], tuple[dict[str, Any], dict[str, Form]]]
# Makes a network, given options that no array tells; returns it, and in words what was guessed.
Maker = Callable[[Mapping[str, str]], tuple[Any, str]]

# What an array of a cell is called, after the cell's name: here, and by PyTorch (of layers, too).
OWN_ARRAYS = {"weight_ih", "weight_hh", "weight_hr", "bias", "bias_hn", "peephole", "h_0", "c_0"}
OWN_ALONE = OWN_ARRAYS - {"weight_ih", "weight_hh"}  # PyTorch has no array of these names
TORCH_ARRAYS = re.compile(r"(?:weight|bias)_(?:ih|hh|hr)(?:_l\d+(?:_reverse)?)?")
# A cell of one of this library's layers.
IN_LAYERS = re.compile(r"(?:(?P<layers>.+)\.)?(?P<cell>(?:layers|reverse)\.\d+)")


def load_layers(
    path: str | Path,
    prefix: str | None = None,
    nonlinearity: str | None = None,
    reset: str | None = None,
) -> Any:
    """Return the recurrent network whose weights a file holds.

    The file maps names to arrays, as PyTorch names them (``weight_ih_l0``) or as this project does
    (``layers.0.weight_ih``), at any depth: a .safetensors or .npz file, or a checkpoint of
    PyTorch's (.pt .pth .bin .ckpt .th .tar), also a whole module or TorchScript. A file that
    `save` made of a module says which network it holds. Of another one, what no array tells is
    taken to be as by default, and a warning says so and which argument changes it. Weights that
    PyTorch's weight normalisation took apart are put together. Files of ONNX (.onnx), Keras (.keras
    .h5) and Flax (.msgpack) are read, too, where the extra `files` is installed.

    Args:
        path: the file.
        prefix: which of several layers, such as ``"encoder"``: the end of its name will do.
        nonlinearity: of an RNN in a file that does not say it: ``"tanh"`` (taken otherwise),
            ``"relu"`` or, by this project's names, ``"identity"``.
        reset: of a GRU by this project's names in such a file, where no array tells: ``"before"``
            the product (taken otherwise) or ``"after"`` it.

    Raises:
        WeightsFileError: if the file cannot be read, or is cut off or corrupted.
        StateDictError: if what it holds is not one recurrent network, or not one of that name.
        ValueError: if `nonlinearity` or `reset` is not known, or cannot apply.

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
    options = {"nonlinearity": nonlinearity, "reset": reset}
    layers, guess = found[chosen[0]]({k: v for k, v in options.items() if v is not None})
    if guess:
        warnings.warn(
            f"{path.name} does not say all of what it holds: taken for {guess}; "
            "tr.save(path, module) writes that into the file",
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
            layers, guess = make({})
            said[place] = layer_in_words(layers) + (f", taken for {guess}" if guess else "")
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
        told = LAYER_READERS[suffix](path)
        return {place: partial(_told_by_its_format, make) for place, make in told.items()}
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


def _described_network(
    form: Form, arrays: dict[str, Any], options: Mapping[str, str]
) -> tuple[Any, str]:
    _refuse(options)
    return network(form, arrays), ""


def _told_by_its_format(
    make: Callable[[], tuple[Any, str]], options: Mapping[str, str]
) -> tuple[Any, str]:
    _refuse(options)
    return make()


def _refuse(options: Mapping[str, str]) -> None:
    for name, value in options.items():
        raise ValueError(f"the file says what its network is: leave out {name}={value!r}")


def _foreign(arrays: dict[str, Any], options: Mapping[str, str]) -> tuple[Any, str]:
    """Return the network of arrays that nothing is said of, and what had to be guessed."""
    if "layers.0.weight_hh" in arrays or OWN_ALONE & arrays.keys():
        form, guess = guessed({name: as_array(a, name) for name, a in arrays.items()}, options)
        return network(form, arrays), guess
    if "reset" in options:
        raise ValueError(f"PyTorch resets after the product: leave out reset={options['reset']!r}")
    layers = from_torch(arrays, nonlinearity=options.get("nonlinearity"))
    simple = type(layers).__name__.startswith("RNN") and not options
    return layers, "an RNN with tanh (nonlinearity changes that)" if simple else ""


def recurrent(arrays: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Sort out the arrays of each recurrent layer, by the layer's name.

    Args:
        arrays: by dotted name.

    >>> list(recurrent({"en.rnn.weight_hh_l0": np.zeros((4, 1)), "en.out.weight": np.zeros(1)}))
    ['en.rnn']
    """
    cells: dict[str, dict[str, Any]] = {}
    for name, array in composed(arrays).items():
        place, _, own = name.rpartition(".")
        if own in OWN_ARRAYS or TORCH_ARRAYS.fullmatch(own):
            cells.setdefault(place, {})[own] = array
    found: dict[str, dict[str, Any]] = {}
    for place, cell in cells.items():
        inside = IN_LAYERS.fullmatch(place)
        if not any("weight_hh" in own for own in cell):
            continue
        if inside and cell.keys() <= OWN_ARRAYS:
            layers = found.setdefault(inside["layers"] or "", {})
            layers |= {f"{inside['cell']}.{own}": array for own, array in cell.items()}
        else:
            found[place] = cell
    return found


def layer_in_words(layers: Any) -> str:
    """Say in words what layers or a cell are.

    >>> from tinygrad_rnn.nn.cells import GRUCell
    >>> layer_in_words(GRUCell(2, 3))
    'GRUCell, 2 inputs, 3 units, float64'
    """
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
LAYER_READERS: dict[str, Callable[[Path], dict[str, Callable[[], tuple[Any, str]]]]] = {
    ".onnx": onnx_networks,
    **dict.fromkeys((".keras", ".h5", ".hdf5"), keras_networks),
    ".msgpack": flax_networks,
}
