"""Keras's files: .keras archives, whole models as .h5, and weights alone.

What a layer's weights do not tell (its activations, whether it goes backwards) is read from the
model's description, and what has no counterpart here is refused by name. Nothing is run.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.errors import StateDictError, WeightsFileError
from tinygrad_rnn.interop.gates import stacked_layers
from tinygrad_rnn.interop.hdf5 import LARGEST_RATIO, read_hdf5
from tinygrad_rnn.interop.keras import from_keras
from tinygrad_rnn.tensor import Array

NAMES = ("kernel", "recurrent_kernel", "bias")
KEYS = dict(zip("012", NAMES, strict=True))  # what Keras 3 calls them in a file
ACTIVATIONS = {"tanh": "tanh", "relu": "relu", "linear": "identity"}  # of a SimpleRNN
CLASSES = ("SimpleRNN", "LSTM", "GRU")


class Described(NamedTuple):
    """What a model says of a layer."""

    kind: str
    config: dict[str, Any]
    merged: str | None = None  # how a Bidirectional joins its two halves


def keras_networks(path: Path) -> dict[str, Callable[[], tuple[Any, str]]]:
    """Return what makes the network of each recurrent layer of Keras's, by the layer's name.

    Of a Sequential model, like layers that follow each other are one network.

    Args:
        path: a .keras, .h5 or .hdf5 file.

    Raises:
        WeightsFileError: if the package h5py is missing, or the file is damaged.
    """
    content, text = _opened(path)
    arrays, attributes = read_hdf5(path, content)
    text = text or attributes.get((), {}).get("model_config")
    try:
        model = json.loads(text) if text else {}
    except ValueError as error:
        raise WeightsFileError(f"{path} does not describe its model rightly: {error}") from error
    described = dict(_described(model))
    masked = any(config.get("mask_zero") for config in _configs(model)) or "Masking" in (text or "")
    guess = "inputs without masked steps" if masked else ""
    layers: dict[str, dict[str, dict[str, Array]]] = {}
    for layer, direction, weights in _recurrent(arrays, attributes):
        layers.setdefault(layer, {})[direction] = weights
    found: dict[str, Callable[[], tuple[Any, str]]] = {}
    for names in _runs(model, described, list(layers)):
        parts = [(layers[name], described.get(name)) for name in names]
        found[" + ".join(names)] = partial(_network, parts, guess, bool(model))
    return found


def _opened(path: Path) -> tuple[bytes | None, str | None]:
    """Return the weights and the description in an archive; neither, of a plain HDF5 file."""
    if path.suffix.lower() != ".keras":
        return None, None
    try:
        with zipfile.ZipFile(path) as archive:
            out = []
            for name in ("model.weights.h5", "config.json"):
                entry = archive.getinfo(name)
                if entry.file_size > LARGEST_RATIO * max(entry.compress_size, 1000):
                    raise ValueError(f"{name} would become {entry.file_size} bytes")
                out.append(archive.read(entry))
            return out[0], out[1].decode()
    except Exception as error:  # a damaged archive shows as nearly anything
        raise WeightsFileError(f"{path} is not a whole .keras archive: {error}") from error


def _recurrent(
    arrays: dict[tuple[str, ...], Array], attributes: dict[tuple[str, ...], dict[str, Any]]
) -> Iterator[tuple[str, str, dict[str, Array]]]:
    """Yield the name of a layer, a direction and weights, for every cell in the file."""
    cells: dict[tuple[str, ...], dict[str, Array]] = {}
    for path, array in arrays.items():
        place, name = path[:-1], path[-1]
        plain = name.partition(":")[0]
        if place and place[-1] == "vars" and "cell" in "".join(place[-2:-1]) and name in KEYS:
            cells.setdefault(place[:-1], {})[KEYS[name]] = array
        elif plain in NAMES:
            cells.setdefault(place, {})[plain] = array
    for place, weights in cells.items():
        if "recurrent_kernel" in weights:
            inner = place[:-1] if len(place) > 1 and "cell" in place[-1] else place
            direction = inner[-1].partition("_")[0] if inner else ""
            direction = direction if direction in ("forward", "backward") else ""
            layer = inner[:-1] if direction and len(inner) > 1 else inner
            said = attributes.get((*layer, "vars"), {}).get("name")
            yield said or (layer or place or ("layer",))[-1], direction, weights


def _configs(model: Any) -> Iterator[dict[str, Any]]:
    """Yield every layer's settings in a description, however deep."""
    if isinstance(model, dict):
        if isinstance(model.get("config"), dict):
            yield model["config"]
        for value in model.values():
            yield from _configs(value)
    elif isinstance(model, list):
        for value in model:
            yield from _configs(value)


def _described(model: Any) -> Iterator[tuple[str, Described]]:
    """Yield what a model says of each recurrent layer, by name."""
    if isinstance(model, list):
        for value in model:
            yield from _described(value)
    elif isinstance(model, dict):
        config = model.get("config")
        if isinstance(config, dict) and "name" in config:
            inner = config.get("layer" if model.get("class_name") == "Bidirectional" else "cell")
            kind = str(model.get("class_name"))
            if isinstance(inner, dict) and isinstance(inner.get("config"), dict):
                merged = config.get("merge_mode") if kind == "Bidirectional" else None
                name = str(inner.get("class_name")).removesuffix("Cell")
                yield str(config["name"]), Described(name, inner["config"], merged)
                return
            yield str(config["name"]), Described(kind, config)
        for value in model.values():
            yield from _described(value)


def _runs(model: Any, described: dict[str, Described], names: list[str]) -> Iterator[list[str]]:
    """Yield the names of layers that are one network: like ones in a row of a Sequential model."""
    order = [*names]
    rows: list[list[str]] = []
    if isinstance(model, dict) and model.get("class_name") == "Sequential":
        stack = [
            layer.get("config", {}).get("name")
            for layer in model.get("config", {}).get("layers", ())
            if isinstance(layer, dict) and layer.get("class_name") != "Dropout"
        ]
        for name in stack:
            like = rows[-1][-1] if rows and rows[-1] else None
            if name not in order:
                rows.append([])
            elif like and _alike(described.get(like), described.get(name)):
                rows[-1].append(name)
            else:
                rows.append([name])
    joined = [row for row in rows if row]
    yield from joined
    yield from ([name] for name in order if not any(name in row for row in joined))


def _alike(one: Described | None, other: Described | None) -> bool:
    if one is None or other is None or one.kind != other.kind or one.merged != other.merged:
        return False
    keys = (
        "units", "use_bias", "reset_after", "activation", "recurrent_activation", "go_backwards",
    )  # fmt: skip
    return all(one.config.get(key) == other.config.get(key) for key in keys)


def _network(
    parts: list[tuple[dict[str, dict[str, Array]], Described | None]], guess: str, known: bool
) -> tuple[Any, str]:
    """Return the network of layers that follow each other, and what had to be guessed."""
    cells = []
    for weights, said in parts:
        options = _options(said) if said is not None else {}
        order = ["forward", "backward"] if "backward" in weights else list(weights)
        cells.append([from_keras(_plain(weights[direction]), **options) for direction in order])
    if not known:
        guess = "layers with Keras's usual activations, read forwards"
    return stacked_layers(cells), guess


def _plain(weights: dict[str, Array]) -> dict[str, Array]:
    return {name: np.asarray(array) for name, array in weights.items()}


def _options(said: Described) -> dict[str, Any]:
    """Return the options of `from_keras`; refuse what has no counterpart here, by name."""
    config = said.config
    if said.kind not in CLASSES:
        raise StateDictError(f"a {said.kind} has no counterpart here")
    if config.get("go_backwards"):
        raise StateDictError("it goes backwards: from_keras takes its weights, unroll reverse=True")
    if said.merged not in (None, "concat"):
        raise StateDictError(f"its two directions are joined by {said.merged}, here side by side")
    activation = config.get("activation", "tanh")
    if said.kind == "SimpleRNN":
        if str(activation) not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise StateDictError(f"its activation is {activation}: here it is one of {known}")
        return {"nonlinearity": ACTIVATIONS[str(activation)]}
    gate = config.get("recurrent_activation", "sigmoid")
    if (activation, gate) != ("tanh", "sigmoid"):
        raise StateDictError(
            f"its activation is {activation}, its gates' {gate}: here they are tanh and sigmoid"
        )
    return {"reset_after": config["reset_after"]} if "reset_after" in config else {}
