"""List the demos, `python -m demos`: programs to run as `python -m demos.NAME`, and a notebook."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

from viz.cli import UsageError, run


def main() -> None:
    folder = Path(__file__).parent
    if sys.argv[1:]:
        raise UsageError("this only lists them: run one as python -m demos.NAME, with its options")
    for file in sorted(folder.glob("[!_]*.py")):
        about = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        if file.stem != "common":
            print(f"python -m demos.{file.stem}\n    {about.splitlines()[0]}")
    for file in sorted(folder.glob("*.ipynb")):
        heading = json.loads(file.read_text(encoding="utf-8"))["cells"][0]["source"][0]
        print(
            f"demos/{file.name}\n    {heading.strip('# ').strip()}: a notebook, to open in Jupyter."
        )


if __name__ == "__main__":
    run("python -m demos", main)
