from __future__ import annotations

import re
import warnings
import xml.etree.ElementTree as ET

import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.graphs import last_loss
from viz import build

SVG = "{http://www.w3.org/2000/svg}"


def runs(steps: int = 4) -> dict[str, tuple[tr.Tensor, tr.GradientFlow]]:
    losses = {kind.upper(): last_loss(kind, steps) for kind in ("rnn", "lstm", "gru")}
    return {name: (loss, tr.trace(loss)) for name, loss in losses.items()}


def test_parts_stand_above_one_another_and_share_ids_with_none() -> None:
    model = viz.compare(runs(), detail="op").model
    assert [caption.text for caption in model.captions] == ["RNN", "LSTM", "GRU"]
    bands = []
    for name in ("RNN", "LSTM", "GRU"):
        heights = [node.y for node in model.nodes if node.part == name]
        bands.append((min(heights), max(heights)))
    assert bands[0][0] > bands[1][1]
    assert bands[1][0] > bands[2][1]
    ids = [thing.id for thing in (*model.nodes, *model.edges, *model.clusters, *model.parameters)]
    assert len(ids) == len(set(ids))
    known = {node.id for node in model.nodes}
    assert all({edge.source, edge.target} <= known for edge in model.edges)


def test_one_scale_and_one_legend_hold_for_all() -> None:
    picture = viz.compare(runs(), detail="step", title="Three cells")
    assert picture.scale == viz.Scale.fit([flow for _, flow in runs().values()])
    source = picture.digraph.source
    assert len(re.findall(r"(?m)^\tkey0 ", source)) == 1
    root = ET.fromstring(picture.to_bytes("svg"))
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == "Three cells"
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"RNN", "LSTM", "GRU", "Three cells"} <= set(texts)


def test_each_part_is_drawn_as_it_would_be_alone() -> None:
    both = runs()
    model = viz.compare(both, detail="op").model
    for name, (loss, flow) in both.items():
        alone = viz.draw(loss, flow).model
        part = [node for node in model.nodes if node.part == name]
        assert [n.label for n in part] == [n.label for n in alone.nodes]
        shifts = {round(a.y - b.y, 2) for a, b in zip(part, alone.nodes, strict=True)}
        assert len(shifts) == 1
    frames = {c.part: c for c in model.clusters if c.step == model.shown[-1]}
    assert len({(c.x, c.width) for c in frames.values()}) == 1  # the same t at the same x


def test_nothing_to_compare_is_named() -> None:
    loss = last_loss("rnn", 2)
    for runs in ({}, {"RNN": loss}, (loss, tr.trace(loss))):
        with pytest.raises(viz.VizError, match="nothing to compare"):
            viz.compare(runs)
    with pytest.raises(viz.VizError, match="have seen a sweep"):
        viz.compare({"RNN": (loss, None)})


def test_what_is_too_large_is_drawn_coarser_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = last_loss("lstm", 12)
    flow = tr.trace(loss)
    monkeypatch.setattr(build, "MAX_PAINTED", 250)
    with pytest.warns(viz.VizWarning, match="drawn at detail 'cell': at 'op' it would be"):
        picture = viz.draw(loss, flow, steps="all")
    assert picture.model.detail == "cell"
    assert "drawn at detail" in picture.digraph.source
    assert len(picture.model.shown) == 12
    with pytest.raises(viz.TooLargeError, match="detail 'op' are too many"):
        viz.draw(loss, flow, steps="all", strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        viz.draw(loss, flow, detail="cell", steps="all", strict=True)


def test_at_the_coarsest_level_the_middle_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = last_loss("lstm", 40)
    monkeypatch.setattr(build, "MAX_PAINTED", 100)
    with pytest.warns(viz.VizWarning, match="drawn at detail 'step'"):
        picture = viz.draw(loss, tr.trace(loss), steps="all")
    assert picture.model.omitted
    monkeypatch.setattr(build, "MAX_PAINTED", 3)
    with pytest.raises(viz.TooLargeError, match="at any detail"):
        viz.draw(loss, tr.trace(loss), steps="all")
