"""Run pytest inside Pyodide, without the tests that cannot apply there; see run.mjs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path("/checkout")


class Part:
    """Keeps part `index` of `count` of what was collected: whole files, in turn."""

    def __init__(self, count: int, index: int) -> None:
        self.count, self.index = count, index

    def pytest_configure(self) -> None:
        from hypothesis import HealthCheck, settings  # earlier, pytest could not rewrite it

        settings.register_profile(
            "pyodide", max_examples=15, deadline=None, suppress_health_check=list(HealthCheck)
        )
        settings.load_profile("pyodide")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        files = {path: k for k, path in enumerate(dict.fromkeys(item.path for item in items))}
        items[:] = [item for item in items if files[item.path] % self.count == self.index]


def left_out() -> list[str]:
    """Return pytest's options that leave out what left-out.txt names, and say so."""
    options = []
    for line in (ROOT / "tests" / "pyodide" / "left-out.txt").read_text().splitlines():
        name, _, reason = line.partition("  ")
        if name and not name.startswith("#"):
            assert reason, f"left-out.txt: say why {name} is left out"
            assert (ROOT / name.partition("::")[0]).exists(), f"left-out.txt: there is no {name}"
            options.append(f"--deselect={name}" if "::" in name else f"--ignore={name}")
    return options


def main(arguments: list[str]) -> int:
    """Run the tests; return pytest's exit status."""
    os.chdir(ROOT)
    count, index = 1, 0
    if arguments[:1] and arguments[0].isdigit():
        count, index, *arguments = [int(arguments[0]), int(arguments[1]), *arguments[2:]]
    chosen = list(arguments)
    if all(argument.startswith("-") for argument in arguments):
        chosen += ["tests/tinygrad_rnn", "tests/viz", "tinygrad_rnn", "viz"]
    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--tb=short", "--capture=sys"]
    return int(pytest.main([*quiet, *left_out(), *chosen], plugins=[Part(count, index)]))


main(arguments)  # type: ignore[name-defined]  # noqa: F821  # run.mjs sets it
