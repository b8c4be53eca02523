"""Writing a picture whole or not at all, with an error that says what to do."""

from __future__ import annotations

from pathlib import Path

from tinygrad_rnn.write import write_whole
from viz.errors import VizError


def write(path: Path, content: bytes) -> None:
    """Write a whole file or nothing (see `write_whole`).

    Raises:
        VizError: the folder or the file cannot be written.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise VizError(
            f"cannot write {path}: {error.strerror or error}; choose another place"
        ) from error
