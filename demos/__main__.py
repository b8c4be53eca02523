"""List the demos: `python -m demos`; each runs as `python -m demos.NAME`."""

from __future__ import annotations

import ast
from pathlib import Path

from viz.cli import run


def main() -> None:
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        about = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        if file.stem != "common":
            print(f"python -m demos.{file.stem}\n    {about.splitlines()[0]}")


if __name__ == "__main__":
    run("python -m demos", main)
