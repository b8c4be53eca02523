"""List the demos: `python -m demos`; each runs as `python -m demos.NAME`."""

from __future__ import annotations

import ast
from pathlib import Path


def main() -> None:
    files = [f for f in sorted(Path(__file__).parent.glob("[!_]*.py")) if f.stem != "common"]
    width = max(len(file.stem) for file in files)
    for file in files:
        about = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        print(f"python -m demos.{file.stem:<{width}}  {about.splitlines()[0]}")


if __name__ == "__main__":
    main()
