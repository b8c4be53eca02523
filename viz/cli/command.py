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
from viz.text import clean


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
        self.exit(2, f"{self.prog}: {one_line(message)} (see --help)\n")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Take the value of ``--out=--`` for what it is: before Python 3.13 it was lost."""
        if arg_strings != ["--"] or not action.option_strings:
            return super()._get_values(action, arg_strings)
        value = self._get_value(action, "--")
        self._check_value(action, value)
        return value if action.nargs is None else [value]


def one_line(text: object) -> str:
    """Return a message as one line without characters that control a terminal.

    >>> one_line("no file\\x1b[2J\\nof that name")
    'no file\ufffd[2J of that name'
    """
    return clean(" ".join(str(text).split()))


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
        _complain(f"{prog}: note: {message}")

    if sys.stdout is None:
        _complain(f"{prog}: standard output is closed: send it to /dev/null")
        sys.exit(2)
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
        _discard_output()
        sys.exit(0)
    except OSError as error:
        _discard_output()
        where = f" {error.filename}" if error.filename else ""
        message = f"cannot read or write{where or ' the output'}: {error.strerror or error}"
    else:
        sys.exit(0)
    finally:
        signal.signal(signal.SIGTERM, ended)
    _complain(f"{prog}: {message}")
    sys.exit(2)


def _complain(text: str) -> None:
    """Write one line to stderr; where that cannot be written to, there is nobody to be told."""
    with contextlib.suppress(AttributeError, OSError):
        sys.stderr.write(one_line(text) + "\n")


def _discard_output() -> None:
    """Let what is left to be written go nowhere, or Python would try once more at its end."""
    with contextlib.suppress(OSError, ValueError):  # a stream that has no file, or is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
