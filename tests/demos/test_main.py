"""The list of demos has every demo and the notebook, with a line that says what each shows."""

import sys
from pathlib import Path

import pytest

from demos.__main__ import main
from viz.cli import UsageError


def test_every_demo_is_listed(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["demos"])
    main()
    lines = capsys.readouterr().out.splitlines()
    files = Path(main.__code__.co_filename).parent.glob("[!_]*.py")
    names = sorted(file.stem for file in files if file.stem != "common")
    expected = [f"python -m demos.{name}" for name in names] + ["demos/tour.ipynb"]
    assert lines[::2] == expected
    assert lines[-1].strip() == "From a scalar to an unrolled LSTM: a notebook, to open in Jupyter."
    assert all(line.startswith("    ") and line.strip() for line in lines[1::2])


def test_a_demo_is_not_run_by_an_argument(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["demos", "vanishing"])
    with pytest.raises(UsageError, match=r"run one as python -m demos\.NAME"):
        main()
