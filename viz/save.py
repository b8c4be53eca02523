"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from viz.errors import VizError


def write(path: Path, content: bytes) -> None:
    """Write a whole file or nothing: into a temporary file beside it, then moved over it.

    Raises:
        VizError: the folder or the file cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise VizError(f"cannot write {path}: {error.strerror}; choose another folder") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise VizError(f"cannot write {path}: {error.strerror}") from error
