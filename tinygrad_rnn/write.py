"""Writing a file whole or not at all: the one way in which anything here is written."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Put `content` in place of what is at `path`, all at once.

    It is written beside and then moved over what is there, so that a process that is ended at any
    moment, or a full disk, leaves the old file or the new one, and nothing else. A link stays a
    link, and the file that it leads to is replaced. A file keeps its mode; a new one has what the
    user's mask allows.

    Args:
        path: the file.
        content: all that is to stand in it.

    Raises:
        OSError: if it cannot be written, or is no file but a folder, a device or a pipe.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(folder + "/one.txt", b"one")
    ...     os.listdir(folder)
    ['one.txt']
    """
    path = Path(path).resolve()
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    mode = path.stat().st_mode if path.exists() else None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "a folder has that name", str(path))
    if mode is not None and not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file", str(path))
    # Its own name may be as long as the system allows, so it is no part of this one.
    beside = path.with_name(f".unfinished-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(stat.S_IMODE(mode))
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the move itself survive a loss of power, on systems where a folder can be synced."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
