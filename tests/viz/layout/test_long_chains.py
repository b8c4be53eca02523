"""A graph that names no steps: drawn in time that grows with its size, with a hint said once."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from viz import build


def chain(count: int) -> tr.Tensor:
    w = tr.Tensor(np.full(3, 0.5), requires_grad=True, name="w")
    y: Any = tr.Tensor(np.ones(3), requires_grad=True)
    for i in range(count):
        y = np.tanh(y) if i % 2 else y * w
    return y.sum()  # type: ignore[no-any-return]  # a tensor


def seconds(count: int) -> float:
    loss = chain(count)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = viz.draw(loss).model
    assert len(drawn.nodes) > count
    return time.process_time() - start


def test_time_grows_about_with_the_number_of_operations() -> None:
    seconds(50)  # what is loaded when it is first needed
    few, many = min(seconds(200 + k) for k in range(3)), seconds(1600)  # none is laid out before
    assert many < 8 * few * 3


def test_every_operation_of_a_chain_stands_above_the_one_before() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = viz.draw(chain(300)).model
    heights = [node.y for node in model.nodes if node.op in ("tanh", "multiply")]
    assert heights == sorted(heights)
    assert len(set(heights)) == 300


def test_a_loop_without_steps_is_told_once_of_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_hinted", False)
    with pytest.warns(viz.VizWarning, match=r'scope\("t", t\) around each pass') as said:
        viz.draw(chain(20))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        viz.draw(chain(20))
    assert len(said) == 1
    assert said[0].filename == __file__


def test_short_graphs_and_those_with_steps_are_left_in_peace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(build, "_hinted", False)
    run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((20, 1, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        viz.draw(chain(6))
        viz.draw(run.final.sum())
