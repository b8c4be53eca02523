"""What the site's worker computes, run in this Python: the command's own steps and words."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest

ASSETS = Path(__file__).parents[2] / ".github" / "site" / "assets"


class Handed:
    """What JavaScript hands over: an object, or bytes."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def to_py(self) -> Any:
        return self.value

    def to_bytes(self) -> bytes:
        found: bytes = self.value
        return found


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    pyodide = types.ModuleType("pyodide.code")
    vars(pyodide)["eval_code"] = lambda code, globals, filename: eval(code, globals)
    monkeypatch.setitem(sys.modules, "pyodide", types.ModuleType("pyodide"))
    monkeypatch.setitem(sys.modules, "pyodide.code", pyodide)
    for name in ("IPython", "IPython.display"):  # it puts stand-ins there
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(sys, "argv", sys.argv)
    spec = importlib.util.spec_from_file_location("site_engine", ASSETS / "engine.py")
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delitem(sys.modules, "IPython")  # of which Matplotlib would ask more here
    monkeypatch.setattr(module, "FILES", tmp_path)
    return module


def draw(engine: Any, text: str, *options: str, table: bool = False) -> Any:
    asked = {"options": [*options, "--hidden", "3"], "table": table}
    return engine.answer("draw", Handed(asked), Handed(text.encode()))


def test_it_draws_writes_and_says_the_command(engine: Any) -> None:
    options = ("--cell", "rnn", "lstm", "--steps", "40", "--detail", "step")
    done = draw(engine, "abcabcabc", *options)["done"]
    assert done["svg"].lstrip().startswith("<")
    assert done["steps"] == 8  # as many as there are
    assert "RNN" in done["words"]
    assert "LSTM" in done["words"]
    assert done["command"].startswith("tinygrad-rnn --cell rnn lstm --steps 8")
    assert engine.answer("write", "html")["done"].startswith("<!doctype html>")
    assert engine.answer("write", "json")["done"].startswith("{")
    pytest.importorskip("matplotlib", reason="needs Matplotlib: the `charts` extra")
    assert "<svg" in engine.answer("chart")["done"]


def test_it_reads_a_table(engine: Any) -> None:
    options = ("--cell", "gru", "--steps", "3", "--detail", "cell")
    done = draw(engine, "x,y\n1,2\n3,4\n5,7\n7,8\n", *options, table=True)["done"]
    assert done["steps"] == 3
    assert "--series data.csv" in done["command"]


@pytest.mark.parametrize(
    ("text", "table", "words"),
    [("aaaa", False, "over and over"), ("1,2\n3,oops\n5,6\n", True, "line 2, column 2")],
)
def test_what_cannot_be_drawn_is_said(engine: Any, text: str, table: bool, words: str) -> None:
    options = ("--cell", "rnn", "--steps", "2", "--detail", "step")
    assert words in draw(engine, text, *options, table=table)["failed"]


def test_a_cell_of_the_notebook(engine: Any) -> None:
    assert engine.answer("cell", "1 + 1")["done"] == {"failed": False, "text": "2\n"}
    assert "ZeroDivisionError" in engine.answer("cell", "1 / 0")["done"]["text"]
