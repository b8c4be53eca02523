"""Sweeps: every point once, whatever stops them, on every kind of executor."""

import json
import math
import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.tinygrad_rnn import studies

ROOT = Path(__file__).parents[2]


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


def calls(folder):
    return sorted((folder / "calls").read_text().splitlines())


def results(points):
    return [point.result for point in points]


def test_processes_compute_every_point_once(tmp_path):
    grid = {"gain": [0.5, 2.0], "steps": [10], "folder": [str(tmp_path)]}
    told = []
    path = tmp_path / "results.jsonl"
    points = tr.study.run(
        studies.product, grid, path, [0, 1], progress=lambda *counts: told.append(counts)
    )
    assert [point.result["product"] for point in points] == [5, 6, 20, 21]
    assert [(point.setting["gain"], point.seed) for point in points] == [
        (0.5, 0),
        (0.5, 1),
        (2.0, 0),
        (2.0, 1),
    ]
    assert os.getpid() not in {point.result["process"] for point in points}
    assert told == [(done, 4) for done in range(5)]
    assert calls(tmp_path) == ["0.5 10 0", "0.5 10 1", "2.0 10 0", "2.0 10 1"]

    again = tr.study.run(studies.product, grid, path, [0, 1])  # no call, the same results
    assert again == points
    assert len(calls(tmp_path)) == 4


def test_a_larger_grid_computes_what_is_new(tmp_path, threads):
    path = tmp_path / "results.jsonl"
    for steps in ([1, 2, 3], [2, 3, 4, 5], [5]):
        grid = {"gain": np.array([3.0]), "steps": steps, "folder": [str(tmp_path)]}
        points = tr.study.run(studies.product, grid, path, executor=threads)
        assert [point.result["product"] for point in points] == [3 * n for n in steps]
    assert calls(tmp_path) == [f"3.0 {n} 0" for n in (1, 2, 3, 4, 5)]


def test_cut_at_every_byte_it_goes_on_where_it_was(tmp_path, threads):
    """A process can end, or a disk be full, at any byte of the last line."""
    grid = {"gain": [1.5, 2.5], "steps": [1], "folder": [str(tmp_path)]}
    path = tmp_path / "results.jsonl"
    tr.study.run(studies.product, grid, path, executor=threads)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        (tmp_path / "calls").unlink(missing_ok=True)
        points = tr.study.run(studies.product, grid, path, executor=threads)
        assert [point.result["product"] for point in points] == [1.5, 2.5]
        assert len(calls(tmp_path)) == 2 - whole[:length].count(b"\n")
        assert len([json.loads(line) for line in path.read_text().splitlines()]) == 2


def test_killed_it_goes_on_where_it_was(tmp_path):
    """The whole study, parent and children, killed midway: what was recorded is not recomputed."""
    script = (
        "import sys; from concurrent.futures import ThreadPoolExecutor\n"
        "import tinygrad_rnn as tr; from tests.tinygrad_rnn import studies\n"
        "grid = {'step': range(20), 'folder': [sys.argv[1]]}\n"
        "with ThreadPoolExecutor(1) as thread:\n"
        "    tr.study.run(studies.slow, grid, sys.argv[1] + '/results', executor=thread)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    path = tmp_path / "results"
    with subprocess.Popen(command, cwd=ROOT) as process:
        wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3)
        process.kill()
    before = path.read_bytes()
    recorded, called = before.count(b"\n"), len(calls(tmp_path))
    assert 3 <= recorded < 20
    subprocess.run(command, cwd=ROOT, check=True)
    assert path.read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    assert len(calls(tmp_path)) - called == 20 - recorded
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert {entry["setting"]["step"]: entry["result"] for entry in found} == {
        step: step**2 for step in range(20)
    }


def wait_for(condition, seconds=60):
    for _ in range(seconds * 50):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def test_one_setting_that_fails_stops_no_other(tmp_path, threads):
    grid = {"step": range(6), "folder": [str(tmp_path)]}
    path = tmp_path / "results"
    with pytest.raises(tr.StudyError, match=r"1 of 6 failed.*three.*has the other 5") as caught:
        tr.study.run(studies.refuses_three, grid, path, executor=threads)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    (tmp_path / "mended").touch()
    points = tr.study.run(studies.refuses_three, grid, path, executor=threads)
    assert results(points) == [0, 1, 2, 3, 4, 5]
    assert calls(tmp_path) == ["0", "1", "2", "3", "3", "4", "5"]


def test_a_process_that_dies_is_named_and_nothing_recorded_is_lost(tmp_path):
    grid = {"step": range(4), "folder": [str(tmp_path)]}
    path = tmp_path / "results"
    with pytest.raises(tr.StudyError, match=r"BrokenProcessPool.*run the study again"):
        tr.study.run(studies.dies_at_two, grid, path)
    recorded = path.read_bytes()
    (tmp_path / "mended").touch()
    assert results(tr.study.run(studies.dies_at_two, grid, path)) == [0, 1, 2, 3]
    assert path.read_bytes().startswith(recorded)


def test_on_dask_with_one_of_two_workers_killed(tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs dask: the `study` extra")
    grid = {"step": range(24), "folder": [str(tmp_path)]}
    path = tmp_path / "results"
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own, of files and ports
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            victim = next(iter(client.run(os.getpid).values()))

            def progress(done, total):
                told.append(done)
                if done == 5:
                    os.kill(victim, signal.SIGKILL)

            points = tr.study.run(
                studies.slow, grid, path, executor=client.get_executor(), progress=progress
            )
    assert results(points) == [step**2 for step in range(24)]
    assert told == list(range(25))  # each recorded once
    assert path.read_bytes().count(b"\n") == 24
    assert 24 <= len(calls(tmp_path)) <= 24 + 5  # again: only what died with the worker
    assert tr.study.run(studies.slow, grid, path) == points


def test_results_are_the_same_now_and_later(tmp_path, threads):
    def study(seed):
        return {
            "inf": -math.inf,
            "nan": np.float64("nan"),
            "array": np.arange(3, dtype=np.float32) / 3,
            "pair": (1, "two"),
            "none": None,
        }

    now, later = (tr.study.run(study, {}, tmp_path / "r", executor=threads) for _ in range(2))
    assert repr(now) == repr(later)
    assert now[0].result["pair"] == [1, "two"]
    assert now[0].result["array"] == (np.arange(3, dtype=np.float32) / 3).tolist()
    assert now[0].result["inf"] == -math.inf


def test_a_result_that_json_cannot_hold_loses_its_own_point_alone(tmp_path, threads):
    path = tmp_path / "r"

    def study(seed):
        return {1, 2} if seed == 1 else seed

    with pytest.raises(tr.StudyError, match=r'1 of 4 failed.*"seed": 1.*JSON cannot hold a set'):
        tr.study.run(study, {}, path, range(4), executor=threads)
    assert path.read_bytes().count(b"\n") == 3


@pytest.mark.parametrize("content", ["notes without an end of line", '{"weights": [1, 2]}'])
def test_one_line_of_something_else_is_not_taken_for_a_line_cut_off(content, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(tr.StudyError, match=r"line 1 of .*notes.txt is not a study's"):
        tr.study.run(studies.slow, {"step": [1]}, path)
    assert path.read_text() == content


def test_text_is_no_list_of_values(tmp_path):
    with pytest.raises(TypeError, match=r"'cell' has 'LSTM'.*give a list, \['LSTM'\]"):
        tr.study.run(studies.slow, {"cell": "LSTM"}, tmp_path / "r")


@pytest.mark.parametrize("line", ["step,loss", '{"setting": {}}', "[1, 2]", "\x00"])
def test_a_file_of_something_else_is_left_alone(line, tmp_path):
    path = tmp_path / "table.csv"
    content = f'{{"setting": {{}}, "seed": 0, "result": 1}}\n{line}\nmore\n'
    path.write_text(content)
    with pytest.raises(tr.StudyError, match=r"line 2 of .*table.csv is not a study's"):
        tr.study.run(studies.slow, {"step": [1]}, path)
    assert path.read_text() == content


def test_two_studies_do_not_share_a_file(tmp_path, threads):
    pytest.importorskip("fcntl", reason="files are locked on POSIX systems only")

    def study(seed):
        return tr.study.run(abs, {}, tmp_path / "r", executor=threads)

    with pytest.raises(tr.StudyError, match=r"another study is writing to .*r: wait"):
        tr.study.run(study, {}, tmp_path / "r", executor=threads)


def test_seed_is_no_setting(tmp_path):
    with pytest.raises(ValueError, match=r"give seeds=\[...\]"):
        tr.study.run(studies.slow, {"seed": [1, 2]}, tmp_path / "r")
