"""Draw public models, and write what was found as a page: `make models`.

    python -m tests.models [PART OF A NAME ...]

Each package is fetched into a cache of its own, with only what importing it takes; what cannot be
had is said and left out. A model runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.models.catalogue import MODELS, NOT_HAD, Public

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "out" / "models"
PAGE = ROOT / ".github" / "recipes" / "public-models.md"
PATIENCE = 300  # seconds for one model
EXACT = 1e-5  # of norms of float32 numbers, summed in another order
HEAD = """\
# Public models, drawn

Recurrent models from packages on the Python package index, watched and drawn with none of their
lines changed: `make models` fetches the packages, draws each and writes this table anew. The
weights are those in the package (marked *), else new ones; the inputs are random, and so is the
headline. "Apart" is the largest relative difference between the norm on a drawn edge and that of
what PyTorch's own hook on the same node was told, in the model's own precision.

| model | package | steps | layers | edges | apart | seconds | headline |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def fetched(public: Public) -> Path:
    """Return the folder that a package is in; fetch it first, if it is not there."""
    folder = CACHE / public.package
    if not (folder / ".whole").exists():
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade")
        command = (*pip, "--target", str(folder), public.package, *public.needs)
        subprocess.run(command, check=True, capture_output=True, text=True)
        (folder / ".whole").touch()
    return folder


def examined(name: str, folder: Path) -> dict[str, Any]:
    """Return what is found of a model, in a process of its own."""
    done = subprocess.run(
        (sys.executable, "-m", "tests.models.examine", name),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(name: str, public: Public, found: dict[str, Any]) -> str:
    """Return a model's line of the table."""
    cells = (
        f"{name}{'*' if public.trained else ''}",
        f"`{public.package}`",
        str(found["steps"] or "-"),
        str(found["layers"] or "-"),
        f"{found['edges']:,}",
        f"{found['worst']:.0e}",
        f"{found['watched'] + found['drawn']:.1f}",
        found["headline"],
    )
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Do what the command line says."""
    wanted = sys.argv[1:]
    rows, failed = [], []
    for name, public in MODELS.items():
        if wanted and not any(part in name for part in wanted):
            continue
        try:
            found = examined(name, fetched(public))
        except subprocess.TimeoutExpired:
            failed.append(f"{name} takes more than {PATIENCE} seconds")
        except subprocess.CalledProcessError as error:
            failed.append(f"{name}: {(error.stderr or 'no word').strip().splitlines()[-1]}")
        else:
            assert found["worst"] < EXACT, f"{name}: an edge is {found['worst']} apart"
            rows.append(row(name, public, found))
            print(rows[-1], end="", flush=True)
    print(*failed, f"{len(rows)} drawn, {len(failed)} not", sep="\n")
    if not wanted:
        text = HEAD + "".join(rows) + NOT_HAD
        PAGE.write_text(text, encoding="utf-8")
    sys.exit(not rows)


if __name__ == "__main__":
    main()
