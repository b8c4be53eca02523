"""PyTorch's zip archives, read without PyTorch and without running anything that a file asks for.

Checkpoints, whole pickled modules and TorchScript are zip files with a pickle and raw arrays. A
pickle names classes and functions to call. Here none is ever imported: what rebuilds a tensor is
known by name, and everything else becomes an `Inert` object that only keeps what it was given.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import WeightsFileError
from tinygrad_rnn.graph import Array

DTYPES = {
    "HalfStorage": "<f2", "FloatStorage": "<f4", "DoubleStorage": "<f8", "LongStorage": "<i8",
    "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?", "BFloat16Storage": "bfloat16",
}  # fmt: skip
LARGEST_PICKLE = 1 << 28  # bytes: it holds names and shapes, not the arrays


class Inert:
    """What stands for an object of a class that is not imported.

    >>> thing = Inert("never", called=True)
    >>> thing.__setstate__({"weight": 1})
    >>> thing.state
    {'weight': 1}
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.state: Any = {}

    def __setstate__(self, state: Any) -> None:
        """Keep what the object is made of."""
        self.state = state

    def __call__(self, *args: Any, **kwargs: Any) -> Inert:
        """Stand for what a call would give."""
        return Inert()

    def append(self, item: Any) -> None:
        """Take what a pickle puts into a list of some kind."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(self.state, dict):
            self.state[key] = value


class _Dict(dict[Any, Any]):
    """A dictionary that a pickle may also give attributes to, which are not kept."""

    def __setstate__(self, state: Any) -> None:
        """Leave the attributes out."""


class _StorageType(str):
    """The name of a kind of storage, where a pickle has its class."""


def _tensor(
    storage: Array, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> Array:
    """Return the array that a piece of a storage is seen as, checked to lie inside of it."""
    if any(n < 0 for n in (*size, *stride)) or len(size) != len(stride) or offset < 0:
        raise ValueError(f"a tensor of shape {size} with strides {stride}")
    if 0 in size:
        return np.zeros(size, storage.dtype)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if last >= storage.size:
        raise ValueError(f"a tensor of shape {size} is larger than what is stored of it")
    strides = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, strides).copy()


KNOWN: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_parameter"): lambda data, *_: data,
    ("collections", "OrderedDict"): _Dict,
}


class _Unpickler(pickle.Unpickler):
    """Reads a pickle and imports nothing."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(archive.open(f"{folder}data.pkl"))
        self.archive, self.folder = archive, folder
        self.storages: dict[str, Array] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what is known by that name, or a class of inert objects."""
        if module in ("torch", "torch.storage") and name in DTYPES:
            return _StorageType(name)
        return KNOWN.get((module, name), Inert)

    def persistent_load(self, pid: Any) -> Array:
        """Return a stored array: its kind, and the name of its entry."""
        _, kind, key, _, count = pid
        if key not in self.storages:
            dtype = DTYPES[kind]
            width = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
            entry = self.archive.getinfo(f"{self.folder}data/{key}")
            if entry.file_size != count * width or entry.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{entry.filename} does not hold {count} numbers")
            raw = self.archive.read(entry)
            if dtype == "bfloat16":  # the upper half of a float32
                wide = np.frombuffer(raw, "<u2").astype("<u4") << 16
                self.storages[key] = wide.view("<f4").astype(np.float64)
            else:
                self.storages[key] = np.frombuffer(raw, dtype)
        return self.storages[key]


def read_archive(path: Path) -> dict[str, Array]:
    """Return every array in a PyTorch zip archive by its dotted name.

    Args:
        path: a checkpoint, a pickled module, or TorchScript.

    Raises:
        WeightsFileError: if it is no such archive, or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
            if len(pickles) != 1:
                raise ValueError(f"{len(pickles)} entries data.pkl where one is expected")
            if archive.getinfo(pickles[0]).file_size > LARGEST_PICKLE:
                raise ValueError(f"{pickles[0]} is too large")
            found = _Unpickler(archive, pickles[0].removesuffix("data.pkl")).load()
    except Exception as error:  # a damaged pickle can make the unpickler raise nearly anything
        raise WeightsFileError(f"{path} is not a whole PyTorch archive: {error}") from error
    return dict(named_arrays(found))


def named_arrays(found: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Array]]:
    """Yield the arrays in nested dictionaries, lists and modules by their dotted names.

    Args:
        found: what was read.
        name: where it stands.

    >>> [name for name, _ in named_arrays({"en": {"weight": np.zeros(2)}, "epoch": 3})]
    ['en.weight']
    """
    if isinstance(found, Inert):
        found = found.state
    if isinstance(found, np.ndarray):
        yield name, found
    elif depth < 50:
        items = found.items() if isinstance(found, dict) else ()
        if isinstance(found, list | tuple):
            items = enumerate(found)  # type: ignore[assignment]  # names and numbers alike
        for key, value in items:
            inner = key in ("_parameters", "_buffers", "_modules")  # a module's own tables
            place = name if inner else f"{name}.{key}".lstrip(".")
            yield from named_arrays(value, place, depth + 1)
