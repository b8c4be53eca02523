"""The file formats that are read: for each one good files, the reader, and what must hold after."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from viz.cli import UsageError
from viz.inputs import encode, prose, series


class Format(NamedTuple):
    suffix: str
    good: list[bytes]  # files that are read without an error
    read: Callable[[Path], Any]
    errors: tuple[type[Exception], ...]  # what it may raise; anything else is a defect
    holds: Callable[[Any], bool]  # of all that it returns


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def is_series(values: Any) -> bool:
    return values.ndim == 3 and values.size > 0 and bool(np.isfinite(values).all())


RNG = np.random.default_rng(0)

FORMATS = {
    "text": Format(
        ".txt",
        [b"Call me Ishmael.\n", "\ufeffzwölf Boxkämpfer\r\n日本語 🙂\n".encode()],
        lambda path: encode(prose(path)),
        (UsageError,),
        lambda found: len(found[0]) > 0 and found[0].max() < len(found[1]),
    ),
    "csv": Format(
        ".csv",
        [b"a,b\n1,2\n3,4.5\n-1e-3,0\n", b"1\n2\n3\n", "\ufefft,x\r\n0,1\r\n1,2\r\n".encode()],
        series,
        (UsageError,),
        is_series,
    ),
    "npy": Format(
        ".npy",
        [
            npy(RNG.standard_normal((5, 3))),
            npy(np.arange(6, dtype="<i4")),
            npy(np.asfortranarray(RNG.standard_normal((4, 2, 3)).astype("f4"))),
        ],
        series,
        (UsageError,),
        is_series,
    ),
}
