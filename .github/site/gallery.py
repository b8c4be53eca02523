"""The gallery: every demo run once, its pictures, and what it says of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from demos.chapters import CHAPTERS

ROOT = Path(__file__).resolve().parents[2]
FINDINGS = "What these numbers show:"
SOURCES = ("demos", "viz", "tinygrad_rnn")


class Shown(NamedTuple):
    """A demo in the gallery: its question, its command, what it found, and its files' names."""

    name: str
    level: str
    question: str
    findings: list[str]
    pictures: list[str]
    pages: list[str]


def chapters(names: list[str] | None, cache: Path, out: Path) -> list[tuple[str, list[Shown]]]:
    """Run the demos and copy what they drew.

    Args:
        names: of those that are shown; all by default.
        cache: where each demo's files are kept until a source file changes.
        out: the gallery's folder in the site.

    Returns:
        For each chapter its title and its demos.
    """
    found = []
    for chapter in CHAPTERS:
        shown = [
            _shown(demo, cache, out)
            for demo in chapter.demos
            if names is None or demo.name in names
        ]
        if shown:
            found.append((chapter.title, shown))
    return found


def _shown(demo: Any, cache: Path, out: Path) -> Shown:
    folder = cache / demo.name
    said = folder / "said.txt"
    if not said.exists() or said.stat().st_mtime < _changed():
        print(f"drawing {demo.name}", flush=True)
        command = [sys.executable, "-m", "demos", demo.name, "--out", str(folder)]
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
        said.write_text(done.stdout, encoding="utf-8")
    _, _, tail = said.read_text(encoding="utf-8").partition(FINDINGS)
    findings = [" ".join(line.split()) for line in tail.strip().removeprefix("- ").split("\n- ")]
    pictures = sorted(path.name for path in folder.glob("*.svg"))
    pages = sorted(path.name for path in folder.glob("*.html"))
    (out / demo.name).mkdir(parents=True)
    for name in (*pictures, *pages):
        shutil.copy(folder / name, out / demo.name / name)
    question = demo.question
    return Shown(demo.name, demo.level, question, [f for f in findings if f], pictures, pages)


def _changed() -> float:
    """Return when a source file was last written."""
    return max(path.stat().st_mtime for name in SOURCES for path in (ROOT / name).rglob("*.py"))
