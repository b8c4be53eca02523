"""The harness runs, its libraries compute the same, and a slower run is told from a noisy one."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from tests.benchmarks.__main__ import FEW, SMOKE, measure
from tests.benchmarks.cases import GATES, TINY, Case
from tests.benchmarks.compare import main as compare
from tests.benchmarks.contenders import PYTORCH
from tests.benchmarks.race import check, race, workers
from tests.benchmarks.report import report


@pytest.fixture(scope="module")
def data():
    with pytest.MonkeyPatch.context() as patch:  # the harness sets variables for its children
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        return json.loads(json.dumps(measure(SMOKE)))


def test_a_tiny_run_measures_every_part(data):
    assert {row["cell"] for row in data["table"]} == set(GATES)
    assert {"ours, op graph", "matrix products alone"} <= {r["contender"] for r in data["table"]}
    assert [point["steps"] for point in data["scale"]] == [2, 4]
    assert len(data["flow"]) == 4
    assert data["import"]["over_numpy_ms"]["median"] > 0
    assert {point["size"] for point in data["growth"]} == {4, 8}
    assert len(data["recorder"]) == len(data["faults"]) == 1
    assert data["machine"]["page_fault_microseconds"] > 0
    text = report(data)
    assert "GRU" in text
    assert "import tinygrad_rnn" in text


@pytest.mark.oracle
def test_ours_and_pytorch_compute_the_same():
    pytest.importorskip("torch", reason="compares with PyTorch")
    with workers(FEW | PYTORCH) as (runs, absent):
        assert not absent
        for cell in GATES:
            turns = race(runs, Case(cell, TINY, "float64"), 0.0, (1, 1))  # race() checks them
            assert len(turns) >= 5


def test_who_computes_something_else_is_refused():
    case = Case("lstm", TINY, "float64")
    right = (1.0, np.ones((20, 5)))
    check(case, {"a": right, "b": right, "nothing to compare": None})
    for wrong in ((1.1, np.ones((20, 5))), (1.0, 1.1 * np.ones((20, 5)))):
        with pytest.raises(ArithmeticError, match="b and a do not compute the same"):
            check(case, {"a": right, "b": wrong})


def slowed(data, factor, spread):
    """Return the data with the op graph's LSTM made slower, and its quartiles this far apart."""
    new = copy.deepcopy(data)
    for row in new["table"]:
        row["to_products"] = {"median": 1.0, "q1": 1 - spread, "q3": 1 + spread}
        if (row["contender"], row["cell"]) == ("ours, op graph", "lstm"):
            row["to_products"] = {
                key: factor * row["to_products"][key] for key in ("median", "q1", "q3")
            }
    return new


@pytest.mark.parametrize(
    ("factor", "spread", "code", "word"),
    [
        (1.2, 0.02, 1, "slower"),
        (1.2, 0.3, 0, "unsure"),
        (1.05, 0.01, 0, "same"),
        (0.7, 0.02, 0, "faster"),
    ],
)
def test_compare_tells_slower_from_noise(tmp_path, capsys, data, factor, spread, code, word):
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, by in zip(paths, (1.0, factor), strict=True):
        path.write_text(json.dumps(slowed(data, by, spread)))
    assert compare([str(path) for path in paths]) == code
    line = next(line for line in capsys.readouterr().out.splitlines() if "op graph, lstm" in line)
    assert line.startswith(word)


def test_a_slow_peer_alone_is_no_change(tmp_path, capsys, data):
    old, new = slowed(data, 1.0, 0.01), slowed(data, 1.0, 0.01)
    for row in (*old["table"], *new["table"]):
        row["to_torch"] = dict(row["to_products"])
    for row in new["table"]:  # PyTorch ran at half its speed
        row["to_torch"] = {key: value / 2 for key, value in row["to_torch"].items()}
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, content in zip(paths, (old, new), strict=True):
        path.write_text(json.dumps(content))
    assert compare([str(path) for path in paths]) == 0
    assert "faster" not in capsys.readouterr().out
