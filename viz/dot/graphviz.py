"""Graphviz as a child process: DOT text to bytes within a time limit, or a named error.

One idea: Graphviz always runs as a child in a process group of its own, reading from and writing
to files, so that it can hang, crash or print rubbish and nothing of ours hangs, crashes or is
half-written; and a second child ends it should this process be killed. The `dot` on PATH is used
where there is one, else the Graphviz inside pygraphviz's wheel (the `embedded` extra), else one
compiled to WebAssembly (`viz.dot.wasm`). All positions are given, so each only has to paint.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from viz.dot import wasm
from viz.errors import GraphvizFailedError, GraphvizMissingError, GraphvizTimeoutError, VizError

PAINTED = ("svg", "png", "pdf")


TIME_LIMIT = 30.0  # seconds


# Runs in the child. Its program for given positions is nop2; `-n2` as an argument to its neato is
# silently ignored and would lay the graph out anew. fontconfig's remarks go to stderr, unread.
_EMBEDDED = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.read())
graph.graph_attr["dpi"] = sys.argv[2]
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="nop2"))
"""


# Leads the child's process group, and waits for a line that never comes: once whoever would have
# written it is gone, it removes the folder and ends the group.
_GUARD = 'read line; rm -rf -- "$1"; kill -s KILL 0'


_BEGINS = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF"}


_ENDS = {"svg": b"</svg>", "png": b"IEND\xaeB`\x82", "pdf": b"%%EOF"}


def run_graphviz(source: str, form: str, time_limit: float = TIME_LIMIT, dpi: int = 72) -> bytes:
    """Paint DOT text whose positions are all given.

    Args:
        source: the DOT text.
        form: "svg", "png" or "pdf".
        time_limit: seconds after which Graphviz and all that it started are ended; a browser's runs
            without one.
        dpi: dots per inch of a png; 72 makes a point a pixel.

    Returns:
        The picture's bytes: whole, or an error is raised.

    Raises:
        VizError: an unknown format.
        GraphvizMissingError, GraphvizFailedError, GraphvizTimeoutError: as they say.
    """
    if form not in PAINTED:  # first of all: pygraphviz can crash on a format it does not know
        raise VizError(f"unknown format {form!r}: choose one of {', '.join(PAINTED)}")
    if wasm.IN_BROWSER:
        return wasm.paint(source, form)
    command = _command(form, dpi if form == "png" else 72)
    with tempfile.TemporaryDirectory(prefix="tinygrad-rnn-") as folder:
        into, out, err = (Path(folder, name) for name in ("in.dot", "out", "err"))
        into.write_text(source, encoding="utf-8")
        status = _run(command, into, out, err, time_limit)
        painted = out.read_bytes()
        said = err.read_text(encoding="utf-8", errors="replace").strip()
    if status or not _is_picture(painted, form):
        reason = f"exit status {status}" if status else f"what it wrote is not {form}"
        raise GraphvizFailedError(
            f"{command[0]} failed ({reason}): {said[-500:] or 'it gave no message'}. "
            f"Try another Graphviz, or save as .html, .dot or .json, which need none."
        )
    return painted


def is_there(form: str = "svg") -> bool:
    """Return whether a Graphviz that paints this format can be found."""
    if wasm.IN_BROWSER:
        return form == "svg" and wasm.is_lent()
    try:
        return bool(_command(form, 72))
    except GraphvizMissingError:
        return False


def _command(form: str, dpi: int) -> list[str]:
    dot = shutil.which("dot")
    if dot:
        return [dot, "-Kneato", "-n2", f"-T{form}", f"-Gdpi={dpi}"]
    if importlib.util.find_spec("pygraphviz"):
        return [sys.executable, "-X", "utf8", "-c", _EMBEDDED, form, str(dpi)]
    if paints := wasm.command(form):
        return paints
    raise GraphvizMissingError(f"no Graphviz found for .{form}: {wasm.remedy()}")


def _run(command: list[str], into: Path, out: Path, err: Path, time_limit: float) -> int:
    """Run the command with files as its streams; its exit status, or a named error."""
    guard = _guard(into.parent)
    child = None
    group = guard.pid if guard else 0
    try:
        with into.open("rb") as stdin, out.open("wb") as stdout, err.open("wb") as stderr:
            child = subprocess.Popen(
                command, stdin=stdin, stdout=stdout, stderr=stderr, process_group=group
            )
            return child.wait(timeout=time_limit)
    except OSError as error:
        raise GraphvizFailedError(f"{command[0]} cannot be run: {error}") from error
    except subprocess.TimeoutExpired:
        raise GraphvizTimeoutError(
            f"{command[0]} did not finish within {time_limit:g} s and was ended; draw fewer "
            f"steps or a coarser level of detail, or give more time with time_limit="
        ) from None
    finally:  # it may also have been interrupted, or have left something running
        _end(child, guard)


def _guard(folder: Path) -> subprocess.Popen[bytes] | None:
    """Start what ends its process group and removes the folder once this process is gone.

    Returns:
        The leader of the group; None where there is no shell.
    """
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
    except OSError:
        return None


def _end(child: subprocess.Popen[bytes] | None, guard: subprocess.Popen[bytes] | None) -> None:
    """End the child's whole process group, so that nothing it started outlives it."""
    leader = guard or child
    if leader is not None and hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader.pid, signal.SIGKILL)
    elif child is not None:
        child.kill()
    for ended in (child, guard):
        if ended is not None:
            ended.wait()
    if guard is not None and guard.stdin is not None:
        guard.stdin.close()


def _is_picture(painted: bytes, form: str) -> bool:
    return painted.startswith(_BEGINS[form]) and painted.rstrip().endswith(_ENDS[form])
