"""Control characters and halves of characters, in every name, every format and every chart."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from viz.text import clean

HOSTILE = [
    "a\x0bb",
    "a\x00b",
    "a\uffffb",
    "a\x1bb",
    "a\ud800b",
    "a\udfffb",
    "a\x07\ufffeb",
    "a\x9bb",
]
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@pytest.mark.parametrize("name", HOSTILE)
def test_each_forbidden_character_is_replaced_by_one(name: str) -> None:
    cleaned = clean(name)
    assert (cleaned[0], cleaned[-1], len(cleaned)) == ("a", "b", len(name))
    assert set(cleaned[1:-1]) == {"\N{REPLACEMENT CHARACTER}"}


def test_what_may_stand_stays() -> None:
    text = "tab\t line\n \u00e9 \u4e00 \N{PARTY POPPER} \ufffd"
    assert clean(text) == text


def drawn(name: str) -> tuple[viz.Picture, viz.Picture]:
    cell = tr.RNNCell(2, 3, rng=0)
    cell.weight_hh.name = name
    with tr.scope(name):
        run = tr.unroll(cell, np.ones((3, 1, 2)))
    loss: Any = run.final.sum()
    loss.name = name
    flow = tr.trace(loss)
    return viz.draw(loss, flow, title=name), viz.compare({name: (loss, flow)}, title=name)


@pytest.mark.parametrize("form", ["svg", "dot", "json", "html"])
@pytest.mark.parametrize("name", HOSTILE)
def test_every_format_holds_any_name(name: str, form: str) -> None:
    for picture in drawn(name):
        text = picture.to_bytes(form).decode()
        assert not CONTROLS.search(text)
        if form == "svg":
            ET.fromstring(text)  # our own
        if form in ("svg", "json"):
            assert clean(name) in text


@pytest.mark.parametrize("name", ["a\x1bb", "a\ud800b", "a\x9bb"])
def test_charts_hold_any_name(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="charts need it")
    run = tr.unroll(tr.LSTMCell(2, 3, rng=0), np.ones((3, 1, 2)))
    loss: Any = run.final.h.sum()
    loss.name = name
    flow = tr.trace(loss)
    for axes in (
        viz.chart({name: flow, "other": flow}),
        viz.charts.openness(run, title=name),
        viz.charts.heat_map(flow, title=name),
    ):
        viz.charts.save(axes, tmp_path / "chart.svg")
        text = (tmp_path / "chart.svg").read_text(encoding="utf-8")
        assert not CONTROLS.search(text)
        assert clean(name) in text
    assert not CONTROLS.search(repr(loss) + repr(flow))
