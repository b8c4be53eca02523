"""The house rules that a machine can check: names, first lines."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for package in ("tinygrad_rnn", "viz")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def test_a_class_has_a_name_of_its_own() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for path, module in MODULES.items():
        for node in module.body:
            if isinstance(node, ast.ClassDef):
                where[node.name].add(path)
    assert not {name: paths for name, paths in where.items() if len(paths) > 1}


@pytest.mark.parametrize("path", MODULES)
def test_the_first_line_of_a_module_says_what_it_is(path: str) -> None:
    first = (ast.get_docstring(MODULES[path]) or "").split("\n")[0]
    assert first, "a module has a docstring"
    assert first.split()[0] not in ("What", "Where", "Which", "Who", "How", "Why", "Everything")


def code_lines(path: str) -> int:
    """How many lines of a module hold code: no blank line, no comment, no docstring."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    written = {k for k, line in enumerate(lines, 1) if line.strip() and line.strip()[0] != "#"}
    for node in ast.walk(MODULES[path]):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            written -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(written)


@pytest.mark.parametrize("folder", ["tinygrad_rnn", "tinygrad_rnn/ops", "tinygrad_rnn/optim"])
def test_types_say_something(folder: str) -> None:
    """`Any` stands in fewer than 4 of 100 lines of code, in a folder and not in those within it."""
    paths = [path for path in MODULES if Path(path).parent.as_posix() == folder]
    names = [node for path in paths for node in ast.walk(MODULES[path])]
    said_nothing = sum(isinstance(node, ast.Name) and node.id == "Any" for node in names)
    assert said_nothing < 4 * sum(map(code_lines, paths)) / 100
