"""Packages that read files of other libraries, imported when such a file is met."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from tinygrad_rnn.errors import WeightsFileError


def reader_of(path: Path, package: str) -> Any:
    """Return the package that reads a file.

    Args:
        path: the file.
        package: the name to import, which is also the one to install.

    Raises:
        WeightsFileError: if the package is missing.

    >>> reader_of(Path("array.npy"), "numpy").__name__
    'numpy'
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise WeightsFileError(
            f"{path.name} is read by the package {package}: pip install {package}"
        ) from error
