"""HDF5 files as plain arrays: no link out of the file is followed, nothing is made up."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinygrad_rnn.errors import WeightsFileError
from tinygrad_rnn.interop.packages import reader_of
from tinygrad_rnn.tensor import Array

MAX_NESTING, MOST_ARRAYS = 30, 100_000
LARGEST_RATIO = 1000  # of an array to the whole file; no compression of trained weights comes near


def read_hdf5(
    path: Path, content: bytes | None = None
) -> tuple[dict[tuple[str, ...], Array], dict[tuple[str, ...], dict[str, Any]]]:
    """Return all arrays of numbers in a file and all attributes that are text, by their paths.

    Args:
        path: the file.
        content: what is read instead, of an archive at `path`.

    Raises:
        WeightsFileError: if the package h5py is missing, the file is damaged, leads to other files,
            or claims to hold far more than its size.
    """
    h5py = reader_of(path, "h5py")
    raw = path.read_bytes() if content is None else content
    arrays, attributes = {}, {}
    try:
        with h5py.File(io.BytesIO(raw), "r") as file:
            for place, thing in _walk(h5py, file, (), set()):
                if isinstance(thing, h5py.Dataset):
                    arrays[place] = _array(thing, len(raw))
                said = {str(key): value for key, value in thing.attrs.items()}
                attributes[place] = {
                    key: value.decode(errors="replace") if isinstance(value, bytes) else value
                    for key, value in said.items()
                    if isinstance(value, bytes | str)
                }
    except WeightsFileError:
        raise
    except Exception as error:  # HDF5 tells what is wrong by many kinds of errors
        raise WeightsFileError(
            f"{path} is not a whole HDF5 file that can be read: {error}"
        ) from error
    return arrays, attributes


def _walk(h5py: Any, group: Any, place: tuple[str, ...], seen: set[Any]) -> Iterator[Any]:
    """Yield groups and arrays with their paths, each once."""
    yield place, group
    seen.add(h5py.h5o.get_info(group.id).addr)
    if len(place) > MAX_NESTING or len(seen) > MOST_ARRAYS:
        raise ValueError("it is nested too deeply, or holds too much")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{'/'.join((*place, name))} is a link to something elsewhere")
        thing = group[name]
        if h5py.h5o.get_info(thing.id).addr in seen:
            raise ValueError(f"{'/'.join((*place, name))} is there twice")
        if isinstance(thing, h5py.Group):
            yield from _walk(h5py, thing, (*place, name), seen)
        elif thing.dtype.kind in "fiub":
            yield (*place, name), thing


def _array(dataset: Any, size: int) -> Array:
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"{dataset.name} is kept in another file")
    if dataset.nbytes > LARGEST_RATIO * size:
        raise ValueError(f"{dataset.name} claims {dataset.nbytes} bytes in a file of {size}")
    array: Array = dataset[()]
    return array
