"""CONTRIBUTING is true: each source file has its tests where it says, and its commands exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(tinygrad_rnn|viz)/(.*)` \| (.*) \|$", TEXT, re.M)
SOURCES = sorted(
    path
    for package in ("tinygrad_rnn", "viz")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)


def together():
    """Yield each source file that the table names, with the names of its tests."""
    for package, files, tests in ROWS:
        first, *others = files.replace("` `", " ").split()
        folder = ROOT / package / Path(first).parent
        for name in (Path(first).name, *others):
            found = list(folder.glob(f"{name}.py"))
            assert found, f"there is no {package} file for {name}"
            yield from ((path, re.findall(r"`(\S+)`", tests)) for path in found)


TOGETHER = dict(together())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_tests_of_a_source_file_are_found(path):
    place = ROOT / "tests" / path.relative_to(ROOT).parent
    alone = place / f"test_{path.stem}.py"
    assert alone.is_file() or path in TOGETHER, (
        f"neither is there {alone.relative_to(ROOT)}, nor does CONTRIBUTING say where it is tried"
    )


def test_the_tests_that_the_table_names_exist():
    assert len(ROWS) > 10
    for path, tests in TOGETHER.items():
        place = ROOT / "tests" / path.relative_to(ROOT).parts[0]
        for name in tests:
            assert (place / f"{name}.py").is_file(), name


def test_its_commands_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"`make (\w+)", TEXT)
    assert {"test", "lint", "bench"} <= set(commands)
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.M), command
