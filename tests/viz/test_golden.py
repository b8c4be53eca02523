"""Whole files compared byte by byte.

To renew them after a change that is meant: python -m tests.viz.test_golden
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.layout.steps import laid_out

FOLDER = Path(__file__).parents[1] / "golden"
PAINTED_BY = "2.0.4"  # the pygraphviz whose wheel painted the SVG files


def even(cell: Any) -> Any:
    """The cell with weights for which its numbers are far from any rounding boundary."""
    for parameter in cell.parameters():
        parameter.data = np.linspace(0.3, 0.7, parameter.size).reshape(parameter.shape)
    return cell


def picture(kind: str, detail: str) -> viz.Picture:
    """Three steps of a cell, with the loss after the last."""
    cell = {"rnn": tr.RNNCell, "lstm": tr.LSTMCell, "gru": tr.GRUCell}[kind](1, 1, rng=0)
    state = tr.unroll(even(cell), np.ones((3, 1, 1))).final
    loss = (state.h if kind == "lstm" else state).sum()
    return viz.draw(loss, tr.trace(loss), detail=detail, title=kind.upper())


CASES = [("rnn", "op"), ("lstm", "op"), ("gru", "gate"), ("lstm", "cell")]


def stacked() -> viz.Picture:
    """Two layers, on dark, in another norm, without numbers on the edges."""
    run = even(tr.LSTM(1, 1, num_layers=2, rng=0))(np.ones((2, 1, 1)))
    loss = (run.outputs * run.outputs).sum()
    return viz.draw(loss, tr.trace(loss), "gate", norm="rms", theme="dark", numbers=False)


def both_ways() -> viz.Picture:
    """A layer that runs backwards."""
    run = even(tr.GRU(1, 1, bidirectional=True, rng=0))(np.ones((3, 1, 1)))
    loss = (run.outputs * run.outputs).sum()
    return viz.draw(loss, tr.trace(loss), "cell", norm="max", theme="light", title="Both ways")


def left_out() -> viz.Picture:
    """A loss at each step, and steps left out in the middle and at the end."""
    run = tr.unroll(even(tr.RNNCell(1, 1, rng=0)), np.ones((9, 1, 1)))
    loss: Any = 0.0
    for state in run.states:
        loss = loss + (state * state).sum()
    return viz.draw(loss, tr.trace(loss), "gate", steps=[0, 1, 4, 7])


def truncated() -> viz.Picture:
    """Cuts, NaN, and steps that nothing flows back to."""
    inputs = np.ones((4, 1, 1))
    inputs[2] = np.nan
    run = tr.unroll(even(tr.RNNCell(1, 1, rng=0)), inputs, truncate=2)
    loss = run.final.sum()
    return viz.draw(loss, tr.trace(loss), scale=viz.Scale(0.1, -2.0, 1.0))


def skips() -> viz.Picture:
    """A state that is used again two steps later, so that lines pass over the heads of steps."""
    w = tr.Tensor(0.5, requires_grad=True, name="w")
    h: list[Any] = [tr.Tensor(1.0), tr.Tensor(2.0)]
    for t in range(5):
        with tr.scope("t", t):
            h.append(np.tanh(h[-1] * w + h[-2] * 0.3))
    loss = h[-1] * 1.0
    return viz.draw(loss, tr.trace(loss), title="Skips")


def compared() -> viz.Picture:
    """Two cells on one scale, with more steps than have a number each."""
    runs = {}
    for name, cell in (("RNN", tr.RNNCell(1, 1, rng=0)), ("GRU", tr.GRUCell(1, 1, rng=0))):
        loss = tr.unroll(even(cell), np.ones((14, 1, 1))).final.sum()
        runs[name] = loss, tr.trace(loss)
    return viz.compare(runs, "step", steps=[0, 1, 12, 13], title="Two cells")


OTHERS = {
    "stacked": stacked, "both-ways": both_ways, "left-out": left_out, "truncated": truncated,
    "skips": skips, "compared": compared,
}  # fmt: skip
STEPS = 24  # random ones


@pytest.mark.parametrize(("kind", "detail"), CASES)
def test_dot_is_as_it_was(kind: str, detail: str) -> None:
    expected = (FOLDER / f"{kind}-{detail}.dot").read_bytes()
    assert picture(kind, detail).to_bytes("dot") == expected


@pytest.mark.parametrize("name", OTHERS)
def test_dot_of_other_graphs_is_as_it_was(name: str) -> None:
    assert OTHERS[name]().to_bytes("dot") == (FOLDER / f"{name}.dot").read_bytes()


def test_random_steps_are_laid_out_as_they_were() -> None:
    expected = (FOLDER / "steps.txt").read_text().split("\n\n")
    assert [laid_out(seed).rstrip() for seed in range(STEPS)] == [e.rstrip() for e in expected]


def test_svg_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        found = version("pygraphviz")
    except PackageNotFoundError:
        found = "none"
    if found != PAINTED_BY:
        pytest.skip(f"painted by the Graphviz in pygraphviz {PAINTED_BY}, here is {found}")
    monkeypatch.setenv("PATH", "")
    painted, expected = picture("rnn", "op").to_bytes("svg"), (FOLDER / "rnn-op.svg").read_bytes()
    assert without_baselines(painted) == without_baselines(expected)


def without_baselines(svg: bytes) -> bytes:
    """Leave out where each text's baseline lies, which the fonts decide that the machine has."""
    return re.sub(rb'(<text [^>]*?) y="[^"]*"', rb"\1", svg)


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
    for name, build in OTHERS.items():
        build().save(FOLDER / f"{name}.dot")
    (FOLDER / "steps.txt").write_text("\n".join(map(laid_out, range(STEPS))))
