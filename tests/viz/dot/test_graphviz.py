from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import viz
from tests.viz.graphs import last_loss
from viz.dot.graphviz import run_graphviz
from viz.save import write

DOT = 'digraph { a [pos="20,20"]; b [pos="70,20"]; a -> b [pos="40,20 45,20 45,20 50,20"] }'


def fake_dot(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_paints_every_format(form: str, begins: bytes) -> None:
    assert run_graphviz(DOT, form).startswith(begins)


def test_unknown_format_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dot(tmp_path, f"touch {tmp_path}/ran", monkeypatch)
    with pytest.raises(viz.VizError, match="svg, png, pdf"):
        run_graphviz(DOT, "bmp")
    assert not (tmp_path / "ran").exists()


def test_hanging_graphviz_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dot(tmp_path, f"sleep 60 & echo $! > {tmp_path}/grandchild; wait", monkeypatch)
    with pytest.raises(viz.GraphvizTimeoutError, match=r"did not finish within 0\.5 s"):
        run_graphviz(DOT, "svg", time_limit=0.5)
    grandchild = int((tmp_path / "grandchild").read_text())
    for _ in range(100):  # whoever adopted it may need a moment to notice that it is gone
        if not Path(f"/proc/{grandchild}").exists() or _is_zombie(grandchild):
            return
        time.sleep(0.05)
    pytest.fail("a process that Graphviz started outlived it")


def _gone(pid: int) -> bool:
    for _ in range(100):  # whoever adopted it may need a moment to notice that it is gone
        if not Path(f"/proc/{pid}").exists() or _is_zombie(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_a_killed_process_leaves_neither_graphviz_nor_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dot(tmp_path, f"sleep 60 & echo $$ $! > {tmp_path}/pids; wait", monkeypatch)
    folders = tmp_path / "folders"
    folders.mkdir()
    program = f"from viz.dot.graphviz import run_graphviz; run_graphviz({DOT!r}, 'svg')"
    environment = os.environ | {
        "TMPDIR": str(folders),
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as parent:
        while not (tmp_path / "pids").exists() or not (tmp_path / "pids").read_text().strip():
            assert parent.poll() is None
            time.sleep(0.02)
        parent.kill()
    assert all(_gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())
    for _ in range(100):
        if not list(folders.iterdir()):
            return
        time.sleep(0.05)
    pytest.fail("the temporary folder stayed")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_what_graphviz_left_running_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dot(tmp_path, f"sleep 60 & echo $! > {tmp_path}/pid", monkeypatch)
    with pytest.raises(viz.GraphvizFailedError):
        run_graphviz(DOT, "svg")
    assert _gone(int((tmp_path / "pid").read_text()))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'it broke' >&2; exit 3", "exit status 3.*it broke"),
        ("kill -SEGV $$", "exit status -11"),
        ("echo rubbish", "not svg"),
        ("printf '<?xml version=\"1.0\"?><svg>'", "not svg"),
        ("true", "not svg"),
    ],
)
def test_failing_graphviz_is_named(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dot(tmp_path, script, monkeypatch)
    with pytest.raises(viz.GraphvizFailedError, match=message):
        run_graphviz(DOT, "svg")


def test_missing_graphviz_says_what_to_install_and_what_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    picture = viz.draw(last_loss("rnn", 2))
    with pytest.raises(viz.GraphvizMissingError, match=r"pip install .pygraphviz>=2") as raised:
        picture.save(tmp_path / "picture.svg")
    free = re.findall(r"\.\w+", str(raised.value).split(";")[1])
    assert free == [".html", ".dot", ".json"]
    for suffix in free:
        assert picture.save(tmp_path / f"picture{suffix}").stat().st_size > 0


def test_writes_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "picture.svg"
    write(target, b"old")
    write(target, b"new")
    assert target.read_bytes() == b"new"
    with pytest.raises(viz.VizError, match="cannot write"):
        write(tmp_path / "absent" / "picture.svg", b"new")
    folder = tmp_path / "folder.svg"
    folder.mkdir()
    with pytest.raises(viz.VizError, match="cannot write"):
        write(folder, b"new")
    assert sorted(os.listdir(tmp_path)) == ["folder.svg", "picture.svg"]
