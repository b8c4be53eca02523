"""Whole files compared byte by byte. To renew them after a change that is meant: run this file."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz

FOLDER = Path(__file__).parents[1] / "golden"
PAINTED_BY = "2.0.4"  # the pygraphviz whose wheel painted the SVG files


def picture(kind: str, detail: str) -> viz.Picture:
    """A cell whose numbers are far from any rounding boundary."""
    cell = {"rnn": tr.RNNCell, "lstm": tr.LSTMCell, "gru": tr.GRUCell}[kind](1, 1, rng=0)
    for parameter in cell.parameters():
        parameter.data = np.linspace(0.3, 0.7, parameter.size).reshape(parameter.shape)
    state = tr.unroll(cell, np.ones((3, 1, 1))).final
    loss = (state.h if kind == "lstm" else state).sum()
    return viz.draw(loss, tr.trace(loss), detail=detail, title=kind.upper())


CASES = [("rnn", "op"), ("lstm", "op"), ("gru", "gate"), ("lstm", "cell")]


@pytest.mark.parametrize(("kind", "detail"), CASES)
def test_dot_is_as_it_was(kind: str, detail: str) -> None:
    expected = (FOLDER / f"{kind}-{detail}.dot").read_bytes()
    assert picture(kind, detail).to_bytes("dot") == expected


def test_svg_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        found = version("pygraphviz")
    except PackageNotFoundError:
        found = "none"
    if found != PAINTED_BY:
        pytest.skip(f"painted by the Graphviz in pygraphviz {PAINTED_BY}, here is {found}")
    monkeypatch.setenv("PATH", "")
    assert picture("rnn", "op").to_bytes("svg") == (FOLDER / "rnn-op.svg").read_bytes()


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import sys; from tests.viz.test_golden import CASES, picture; "
        "sys.stdout.buffer.write(b''.join(picture(*case).to_bytes('dot') for case in CASES))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert outputs.pop() == b"".join((FOLDER / f"{k}-{d}.dot").read_bytes() for k, d in CASES)


if __name__ == "__main__":
    os.environ["PATH"] = ""
    for kind, detail in CASES:
        picture(kind, detail).save(FOLDER / f"{kind}-{detail}.dot")
    picture("rnn", "op").save(FOLDER / "rnn-op.svg")
