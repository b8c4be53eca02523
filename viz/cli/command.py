"""Manners of every command line here: one-line errors, whole output or none.

One idea: an error is one line and exit status 2, and output that was begun is either whole or not
there.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from tinygrad_rnn.errors import TinygradError
from viz.errors import VizError


class UsageError(Exception):
    """What was asked for on the command line cannot be done; the message says what to change."""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Keep the description's line breaks, and name the defaults where there is one to name."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        default = action.default
        if default in (None, "", argparse.SUPPRESS) or default is False:
            return action.help
        shown = " ".join(default) if isinstance(default, list) else default
        return f"{action.help} (default: {shown})"


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog, description=description, epilog=epilog, formatter_class=_Help, allow_abbrev=False
        )

    def error(self, message: str) -> NoReturn:
        """End with status 2 and one line instead of the whole usage."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def int_between(low: int, high: int) -> Callable[[str], int]:
    """Return an argument type: a whole number from `low` to `high`.

    >>> int_between(1, 9)("4")
    4
    """

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return value

    return convert


def finite(text: str) -> float:
    """Argument type: a number that is neither infinite nor NaN.

    >>> finite("1e-3")
    0.001
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number")
    return value


def run_command(prog: str, main: Callable[[], None]) -> NoReturn:
    """Call `main` and exit: 0, or 2 and one line on stderr for whatever the user can mend.

    A warning is one line on stderr, too.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a stream that somebody put in its place
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # see above

    def note(message: Warning | str, *where: Any, **also: Any) -> None:
        sys.stderr.write(f"{prog}: note: {' '.join(str(message).split())}\n")

    ended = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that it tidies up
    try:
        with warnings.catch_warnings():
            warnings.showwarning = note
            main()
        sys.stdout.flush()
    except (UsageError, VizError, TinygradError) as error:
        message = str(error)
    except MemoryError:
        message = "not enough memory: ask for fewer steps or a smaller hidden size"
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    else:
        sys.exit(0)
    finally:
        signal.signal(signal.SIGTERM, ended)
    sys.stderr.write(f"{prog}: {' '.join(message.split())}\n")
    sys.exit(2)


@contextlib.contextmanager
def output_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; its files move to `path` when the block succeeds.

    If the block raises, nothing of it stays, and neither do folders that were made for it.

    Raises:
        UsageError: the folder cannot be made or written into, or a folder in it has a file's name.
    """
    made: list[Path] = []
    staging = None
    try:
        try:
            made += [folder for folder in (path, *path.parents) if not folder.exists()]
            path.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=path))
        except OSError as error:
            raise UsageError(
                f"cannot write into {path}: {error.strerror}; choose another folder"
            ) from error
        yield staging
        files = sorted(staging.iterdir())
        for file in files:
            if (path / file.name).is_dir():
                raise UsageError(f"cannot write {path / file.name}: a folder has that name")
        for file in files:
            file.replace(path / file.name)
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        for folder in made:  # innermost first; one that holds something stays
            with contextlib.suppress(OSError):
                folder.rmdir()
