"""`tinygrad_rnn.viz` beside another project's package of the name `viz`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_rnn.viz
import viz

ROOT = Path(__file__).parents[2]
DRAW = """
import numpy as np, tinygrad_rnn as tr, tinygrad_rnn.viz as pictures
loss = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((3, 1, 2))).final.sum()
print(pictures.draw(loss, tr.trace(loss)).to_bytes("dot").decode()[:12])
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with both packages, as in site-packages."""
    for name in ("tinygrad_rnn", "viz"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(folder: Path, program: str, *options: str) -> subprocess.CompletedProcess[str]:
    first = f"import sys; sys.path[:0] = {[str(folder), *sys.path]!r}\n"
    command = [sys.executable, "-S", "-c", first + program, *options]  # -S: no editable install
    return subprocess.run(command, cwd=folder, text=True, capture_output=True)


def test_it_has_the_same_names() -> None:
    for name in viz.__all__:
        assert getattr(tinygrad_rnn.viz, name) is getattr(viz, name)
    assert set(tinygrad_rnn.viz.__all__) == {*viz.__all__, "start"}


def test_it_draws_where_the_other_project_took_the_name(installed: Path) -> None:
    (installed / "viz" / "__init__.py").write_text("def plot(): ...\n")
    done = run(installed, DRAW)
    assert done.stdout == "digraph bptt\n", done.stderr
    asked = "sys.argv[0] = 'tinygrad-rnn'\nimport tinygrad_rnn.viz\ntinygrad_rnn.viz.start()"
    out = ("--steps", "4", "--format", "dot", "--out", str(installed / "out"))
    done = run(installed, asked, *out)
    assert not done.returncode, done.stderr
    assert (installed / "out" / "lstm.dot").exists()


def test_it_says_so_where_nothing_of_this_project_is_left(installed: Path) -> None:
    shutil.rmtree(installed / "viz")
    (installed / "viz").mkdir()
    (installed / "viz" / "__init__.py").write_text("")
    done = run(installed, "import tinygrad_rnn.viz")
    assert "another project's package named viz" in done.stderr
    assert "in an environment of its own" in done.stderr
