"""Fetch what run.mjs needs: Pyodide with NumPy, Graphviz as WebAssembly, and pytest's wheels."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".github" / "site"))
import runtime  # noqa: E402  # the site's own, which knows the versions

WHEELS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments", "hypothesis",
          "sortedcontainers", "attrs", "graphviz")  # fmt: skip


def main() -> None:
    """Fetch what is not there yet."""
    cache = Path(sys.argv[1])
    cache.mkdir(parents=True, exist_ok=True)
    runtime.pyodide(cache)
    runtime.npm("@hpcc-js/wasm-graphviz", runtime.GRAPHVIZ, cache)
    wheels = cache / "wheels"
    if not wheels.exists():
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
        pure = ("--only-binary=:all:", "--no-deps", "--python-version", "3.12", "--platform", "any")
        runtime.run(*pip, "download", *pure, "--dest", wheels, *WHEELS)


main()
