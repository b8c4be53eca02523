"""The house rules that a machine can check: names, first lines."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for package in ("tinygrad_rnn", "viz")
    for path in sorted((ROOT / package).rglob("*.py"))
}

# A function that numbers and lists may be given to, beside the primitive that it applies.
WITH_PRIMITIVE = {
    "elu", "erf", "leaky_relu", "linear_recurrence", "log_softmax", "logsumexp", "relu", "sigmoid",
    "softmax", "softplus", "tanh",
}  # fmt: skip
# The same for weights and charts, for graphs of this project's and of PyTorch's, for both commands.
FOR_TWO = {"save", "start", "sweep", "trace"}
PUBLIC = {"linear"}  # in `f` a weight's product, in `primitive` what declares a linear primitive


def defined(module: ast.Module) -> Iterator[str]:
    """The names that a module defines at its top."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from (part.id for part in parts if isinstance(part, ast.Name))


def test_a_public_name_means_one_thing_in_all_modules() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for path, module in MODULES.items():
        for name in defined(module):
            if not name.startswith("_"):
                where[name].add(path)
    twice = {name: paths for name, paths in where.items() if len(paths) > 1}
    assert not {n: p for n, p in twice.items() if n not in WITH_PRIMITIVE | FOR_TWO | PUBLIC}
    assert set(twice) >= WITH_PRIMITIVE | FOR_TWO | PUBLIC, "an exception that is none any more"


@pytest.mark.parametrize("path", MODULES)
def test_the_first_line_of_a_module_says_what_it_is(path: str) -> None:
    first = (ast.get_docstring(MODULES[path]) or "").split("\n")[0]
    assert first, "a module has a docstring"
    assert first.split()[0] not in ("What", "Where", "Which", "Who", "How", "Why", "Everything")
