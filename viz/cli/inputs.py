"""Readers of text, tables, arrays and weights for the command line, whose errors name the fault.

One idea: a file is read whole and checked before anything is computed, so that what is wrong with
it is said in the user's words, with the place in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.interop.files import load_layers
from tinygrad_rnn.tensor import Array
from viz.cli.command import UsageError
from viz.cli.table import read_table

TABLES = (".csv", ".tsv", ".parquet", ".xlsx")


class Series(NamedTuple):
    """Numbers, shape (T, B, I), with a label for each step if there are some, and notes in words
    about what was changed."""

    values: Array
    labels: list[str] | None
    notes: list[str]


def default_text(path: Path | None = None) -> str:
    """Return the text of a UTF-8 file, or an excerpt of the prose that comes with CPython.

    A byte order mark is dropped, and lines end with a newline.

    Raises:
        UsageError: the file cannot be read, is empty or not UTF-8.
    """
    if path is None:
        try:
            from pydoc_data.topics import topics
        except ImportError as error:
            raise UsageError("this Python comes without its prose: give --text-file") from error
        _, body = topics["objects"].split("\n\n", 1)  # the first paragraph is a heading
        return " ".join(body.replace("*", "").split())
    raw = _read_bytes(path)
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 text (byte {error.start} is {raw[error.start]:#04x}): "
            "save it as UTF-8 and try again"
        ) from error
    if not text:
        raise UsageError(f"{path} is empty: give a file with text in it")
    return text


def excerpt(steps: int, path: Path | None = None) -> str:
    """Return the first steps + 1 characters of a text: those to read, and the one to predict.

    Raises:
        UsageError: the text cannot be read, is too short, or is one character over and over.

    >>> excerpt(6)
    'Objects'
    """
    text = default_text(path)
    require_more_than(len(text), steps, f"the text has {len(text)} characters")
    text = text[: steps + 1]
    if len(set(text)) < 2:
        raise UsageError(
            f"the text is {text[0]!r} over and over: there is nothing to predict; give another"
        )
    return text


def require_more_than(length: int, steps: int, what: str) -> None:
    """Raise a `UsageError` unless there are more than so many steps, so that one can be predicted.

    Args:
        length: how many there are.
        steps: how many are to be read.
        what: how the message begins.
    """
    if length <= steps:
        fewer = f", or --steps {length - 1}" if length > 1 else ""
        raise UsageError(
            f"{what}: reading {steps} and predicting the next takes {steps + 1}; give more{fewer}"
        )


def encode(text: str) -> tuple[Array, str]:
    """Return a text as classes, shape (len(text),), and the alphabet that they index.

    >>> encode("banana")
    (array([1, 0, 2, 0, 2, 0]), 'abn')
    """
    alphabet = "".join(sorted(set(text)))
    place = {character: k for k, character in enumerate(alphabet)}
    return np.array([place[character] for character in text]), alphabet


def series(path: Path, columns: Sequence[str] | None = None, missing: str | None = None) -> Series:
    """Return a series of numbers from a file.

    A table (.csv, .tsv, .parquet, .xlsx) has one time step in each row; a first row without any
    number holds the columns' names, and the first column of text labels the steps. A ``.npy`` file
    has shape (T,), (T, I) or (T, B, I).

    Args:
        path: the file.
        columns: of a table, names or numbers from 1; all by default.
        missing: "drop" or "fill" a table's gaps; None refuses them.

    Raises:
        UsageError: the file cannot be read, or holds something else, nothing, NaN or infinity; or
            an option is given that is for tables.
    """
    labels: list[str] | None = None
    notes: list[str] = []
    if path.suffix.lower() in TABLES:
        values, _, labels, notes = read_table(path, default_text, columns, missing)
    elif columns is not None or missing is not None:
        option = "--missing" if columns is None else "--columns"
        raise UsageError(f"{option} is for tables ({', '.join(TABLES)}): leave it out")
    else:
        values = _npy(path)
    if values.ndim not in (1, 2, 3) or values.size == 0:
        raise UsageError(f"{path} has shape {values.shape}: it must be (T,), (T, I) or (T, B, I)")
    if not np.isfinite(values).all():
        step = int(np.argwhere(~np.isfinite(values))[0, 0])
        raise UsageError(f"{path} holds NaN or infinity, first at time step {step}: mend the data")
    if values.ndim == 1:
        values = values[:, np.newaxis]
    return Series(values[:, np.newaxis] if values.ndim == 2 else values, labels, notes)


def trained(path: Path, features: int, *options: str | None) -> Any:
    """Return the network of a weights file that takes so many features at each step.

    Args:
        path: the file.
        features: how many the input has.
        options: the other arguments of `load_layers`, in its order.

    Raises:
        UsageError: it takes another number of features, or an option cannot apply.
    """
    try:
        layers = load_layers(path, *options)
    except ValueError as error:
        raise UsageError(str(error)) from error
    expected = getattr(layers, "layers", [layers])[0].input_size
    if expected != features:
        raise UsageError(
            f"{path} takes {expected} features at each step, the input has {features}: "
            "give the series it was trained on with --series"
        )
    return layers


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _npy(path: Path) -> Array:
    _read_bytes(path)
    try:
        values = np.load(path, allow_pickle=False)
    except Exception as error:  # a broken header can make NumPy's parser raise nearly anything
        raise UsageError(
            f"{path} is neither a table ({', '.join(TABLES)}) nor a .npy array"
        ) from error
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
        raise UsageError(f"{path} does not hold one array of real numbers")
    with np.errstate(all="ignore"):  # NaN and infinity are refused by name, so not warned of
        return values.astype(np.float64)
