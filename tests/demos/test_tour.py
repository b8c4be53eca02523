"""The notebook: it runs from top to bottom, and says what it said when it was saved."""

import json
import os
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "demos" / "tour.ipynb"


def outputs(cells):
    """Return what each code cell printed, and the kinds of picture it showed."""
    said = []
    for cell in cells:
        if cell["cell_type"] == "code":
            text = [out["text"] for out in cell["outputs"] if out.get("name") == "stdout"]
            shown = [out["data"] for out in cell["outputs"] if "data" in out]
            said.append((text, [sorted(data) for data in shown]))
    return said


def test_it_runs_and_says_what_it_said(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient: the `dev` extra")
    pytest.importorskip("ipykernel", reason="needs ipykernel: the `dev` extra")
    import nbformat

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    saved = nbformat.read(TOUR, as_version=4)
    run = nbformat.read(TOUR, as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the machinery around the kernel
        client = nbclient.NotebookClient(
            run, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute()
    assert outputs(run.cells) == outputs(saved.cells)
    assert sum("image/svg+xml" in data for _, shown in outputs(saved.cells) for data in shown) == 4
    assert (tmp_path / "out" / "lstm.html").stat().st_size > 10_000


def test_what_is_saved_is_small_and_whole():
    notebook = json.loads(TOUR.read_text(encoding="utf-8"))
    assert TOUR.stat().st_size < 400_000
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(out["output_type"] != "error" for cell in code for out in cell["outputs"])
    assert "/home" not in TOUR.read_text(encoding="utf-8")
