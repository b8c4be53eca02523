"""Every Python block of the README and of the recipes runs, and prints what is said it prints."""

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

from tinygrad_rnn import primitive

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
BLOCKS = BLOCK.findall(README)
RECIPES = [
    page
    for page in sorted((ROOT / ".github" / "recipes").glob("*.md"))
    if BLOCK.search(page.read_text(encoding="utf-8"))
]


def test_there_are_examples():
    assert len(BLOCKS) == README.count("```python") >= 1


@pytest.mark.parametrize(("code", "output"), BLOCKS, ids=range(len(BLOCKS)))
def test_example(code, output, tmp_path, monkeypatch):
    if "import torch" in code:
        pytest.importorskip("torch", reason="this example is for those who have PyTorch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(primitive, "REGISTRY", dict(primitive.REGISTRY))  # it may add to it
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert said.getvalue() == output
    for name in re.findall(r'save\("(.*?)"\)', code):
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.oracle
@pytest.mark.parametrize("page", RECIPES, ids=lambda page: page.stem)
def test_a_recipe_runs_from_its_first_block_to_its_last(page, tmp_path, monkeypatch):
    text = page.read_text(encoding="utf-8")
    torch = pytest.importorskip("torch", reason="the recipe is for those who have PyTorch")
    monkeypatch.chdir(tmp_path)
    names, usual = {"__name__": "recipe"}, torch.get_default_dtype()
    try:
        for code, output in BLOCK.findall(text):
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                exec(compile(code, page.name, "exec"), names)
            assert said.getvalue() == output
    finally:
        torch.set_default_dtype(usual)
    saved = [*tmp_path.glob("*.svg"), *tmp_path.glob("*.html")]
    assert saved
    assert all(one.stat().st_size > 0 for one in saved)


def test_links_to_files_lead_somewhere():
    for link in re.findall(r"\]\((?!https?:)(.*?)\)", README):
        assert (ROOT / link).is_file(), link


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake (\w+)\b(?= )", README):
        assert re.search(rf"^{target}:", makefile, re.M), target


def code_lines(path):
    """Count the lines that are neither blank, comment nor docstring."""
    text = path.read_text(encoding="utf-8")
    dropped = set()
    for node in ast.walk(ast.parse(text)):
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            dropped |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(n not in dropped and line.strip()[:1] not in ("", "#") for n, line in lines)


def test_the_engine_is_as_short_as_it_says():
    core, whole = re.search(
        r"about ([\d,]+) lines of code for the core, ([\d,]+) with", README
    ).groups()
    engine = ROOT / "tinygrad_rnn"
    lines = {
        n: code_lines(engine / f"{n}.py")
        for n in ("graph", "backward", "tensor", "primitive", "array", "scope", "errors")
    }
    found = sum(list(lines.values())[:4])
    assert found == pytest.approx(float(core.replace(",", "")), rel=0.12)
    found = sum(lines.values()) + sum(map(code_lines, (engine / "ops").glob("*.py")))
    assert found == pytest.approx(float(whole.replace(",", "")), rel=0.12)
