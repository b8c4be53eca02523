from __future__ import annotations

import itertools
import json
import re
import warnings
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.graphs import last_loss, loss_at_every_step
from viz.style import DARK, number

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}title"


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("build", [last_loss, loss_at_every_step])
def test_every_number_drawn_is_the_number_computed(kind: str, build: object) -> None:
    loss = build(kind, 3)
    flow = tr.trace(loss)
    picture = viz.draw(loss, flow)
    root = ET.fromstring(picture.to_bytes("svg"))
    shown = {
        group.get("id"): [text.text for text in group.iter(f"{SVG}text")]
        for group in root.iter(f"{SVG}g")
        if (group.get("id") or "").startswith("e")
    }
    computed = {(edge.consumer.index, edge.slot): edge for edge in flow.edges}
    order = tr.graph.topological(loss)
    names = {f"n{i}": tensor for i, tensor in enumerate(order)}
    tags = {
        (group.find(f"{SVG}title").text): [text.text for text in group.iter(f"{SVG}text")]
        for group in root.iter(f"{SVG}g")
        if "parameter" in (group.get("class") or "")
    }
    seen = set()
    for drawn in picture.model.edges:
        if drawn.rail:
            continue
        consumer = names[drawn.target]
        edge = computed.get((consumer.index, drawn.slot))
        if edge is None:
            assert drawn.flow == "none"
            assert shown[drawn.id] == []
            continue
        seen.add((consumer.index, drawn.slot))
        assert drawn.gradient is not None
        assert (drawn.gradient.l2, drawn.gradient.rms, drawn.gradient.max) == (
            edge.l2,
            edge.rms,
            edge.max,
        )
        if drawn.source in tags:  # the tag of a parameter holds its number
            assert tags[drawn.source][-1] == number(edge.l2)
        else:
            assert shown[drawn.id] == [number(edge.l2)]
    assert seen == set(computed)


def test_a_rail_carries_the_norm_of_the_sum_not_the_sum_of_norms() -> None:
    loss = last_loss("gru", 3)  # h is used three times in the next step, and nowhere else
    flow = tr.trace(loss)
    model = viz.draw(loss, flow).model
    states = {t.scope[0].index: t for t in tr.graph.topological(loss) if t.name == "h"}
    rails = [edge for edge in model.edges if edge.rail in ("h_0", "h_1")]
    assert len(rails) == 2
    for rail in rails:
        assert rail.gradient is not None
        state = states[int(rail.rail[-1])]
        assert rail.gradient.l2 == pytest.approx(flow.norm(state), rel=1e-12)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_states_run_on_straight_rails(kind: str) -> None:
    loss = last_loss(kind, 4)
    model = viz.draw(loss, tr.trace(loss)).model
    for key in model.layers[0].states:
        rail = [node for node in model.nodes if node.key == key]
        assert len(rail) == 4
        assert len({node.y for node in rail}) == 1
        steps = [round(b.x - a.x, 1) for a, b in itertools.pairwise(rail)]
        assert len(set(steps)) == 1


def test_every_step_has_the_same_shape() -> None:
    model = viz.draw(loss := last_loss("lstm", 4), tr.trace(loss)).model
    frames = {frame.step: frame for frame in model.clusters if not frame.gate}
    shapes = {
        step: {
            (n.key, round(n.x - frame.x, 1), round(n.y - frame.y, 1))
            for n in model.nodes
            if n.step == step and n.role != "junction"
        }
        for step, frame in frames.items()
    }
    assert len(shapes) == 4
    assert all(shape == shapes[0] for shape in shapes.values())


def test_long_runs_leave_out_the_middle_but_the_strip_has_all_steps() -> None:
    loss = last_loss("lstm", 40)
    flow = tr.trace(loss)
    model = viz.draw(loss, flow).model
    (box,) = model.omitted
    hidden = [t for t in tr.graph.topological(loss) if t.name == "h"]
    norms = [flow.norm(t) for t in hidden]
    cells = [flow.norm(t) for t in tr.graph.topological(loss) if t.name == "c"]
    inside = [*norms[box.first : box.last + 1], *cells[box.first : box.last + 1]]
    count = box.last - box.first + 1
    assert box.text() == f"{count} steps\n{number(max(inside))} .. {number(min(inside))}"
    assert model.strips[0].state == "h"
    assert model.strips[0].values == norms
    assert [strip.state for strip in model.strips] == ["h", "c"]
    assert {node.step for node in model.nodes} - {None} == set(model.shown)
    ids = {node.id for node in model.nodes} | {box.id}
    assert all({edge.source, edge.target} <= ids for edge in model.edges)


def test_the_same_graph_gives_the_same_bytes() -> None:
    def once(form: str) -> bytes:
        loss = last_loss("gru", 3)
        return viz.draw(loss, tr.trace(loss), title="GRU").to_bytes(form)

    for form in ("dot", "svg", "json"):
        assert once(form) == once(form)


def test_every_svg_says_what_it_shows() -> None:
    loss = last_loss("rnn", 3)
    svg = viz.draw(loss, tr.trace(loss), title="a < b & c").to_bytes("svg")
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == "a < b & c"
    assert description is not None
    assert "3 time steps" in (description.text or "")
    assert b"prefers-color-scheme:dark" in svg


def test_saves_by_suffix(tmp_path: Path) -> None:
    loss = last_loss("rnn", 2)
    picture = viz.draw(loss, tr.trace(loss))
    for suffix in ("svg", "png", "pdf", "dot", "json"):
        assert picture.save(tmp_path / f"x.{suffix}").stat().st_size > 500
    with pytest.raises(viz.VizError, match="unknown format 'bmp'"):
        picture.save(tmp_path / "x.bmp")
    assert len(list(tmp_path.iterdir())) == 5


def test_shared_scale_means_shared_colours() -> None:
    losses = [last_loss("rnn", 4), last_loss("lstm", 4)]
    flows = [tr.trace(loss) for loss in losses]
    scale = viz.Scale.fit(flows)
    sources = [
        viz.draw(a, b, scale=scale).digraph.source for a, b in zip(losses, flows, strict=True)
    ]
    keys = [re.findall(r"(?m)^\tkey.*$", source) for source in sources]
    assert keys[0]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"detail": "atom"}, "op, gate, cell, step"),
        ({"theme": "pink"}, "light, dark or auto"),
        ({"norm": "l1"}, "l2, rms, max"),
        ({"steps": [0, 7]}, r"\[7\].*0 \.\. 2"),
        ({"steps": []}, "none"),
        ({"steps": [0, "a"]}, r"\['a'\].*0 \.\. 2"),
        ({"steps": "some"}, '"auto", "all"'),
        ({"steps": 3}, '"auto", "all"'),
        ({"scale": viz.Scale(1.0, -1, 1, "max")}, "norm"),
    ],
)
def test_bad_requests_are_named(arguments: dict[str, object], message: str) -> None:
    loss = last_loss("rnn", 3)
    with pytest.raises(viz.VizError, match=message):
        viz.draw(loss, tr.trace(loss), **arguments)


def test_a_png_too_large_to_read_warns_and_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = last_loss("rnn", 3)
    picture = viz.draw(loss)
    dots = 16000 * 72 / picture.model.width
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small = picture.to_bytes("png")
    monkeypatch.setattr("viz.picture.PNG_LIMIT", 600)
    assert 600 * 72 / picture.model.width < 50 < dots
    with pytest.warns(viz.VizWarning, match="dots per inch, too few to read: draw fewer steps"):
        painted = picture.to_bytes("png")
    widths = [int.from_bytes(png[16:20], "big") for png in (small, painted)]
    assert widths[1] < 620 < widths[0]


def test_a_flow_of_another_graph_is_refused() -> None:
    loss, other = last_loss("rnn", 2), last_loss("rnn", 2)
    with pytest.raises(viz.VizError, match="another tensor"):
        viz.draw(loss, tr.trace(other))
    with pytest.raises(viz.VizError, match="needs a Tensor"):
        viz.draw(3.0)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda loss, run: (loss, run), "a flow is what tinygrad_rnn.trace returns, not a Run"),
        (lambda loss, run: (loss, tr.GradientFlow()), "this flow has watched no sweep"),
        (lambda loss, run: (loss.detach(),), "nothing was recorded under this tensor"),
    ],
)
def test_what_has_no_picture_says_what_was_forgotten(what: Any, message: str) -> None:
    run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((3, 1, 2)))
    with pytest.raises(viz.VizError, match=message):
        viz.draw(*what(run.final.sum(), run))


def test_the_dark_style_sheet_knows_every_class_that_is_painted() -> None:
    loss = last_loss("lstm", 9)
    svg = unescape(viz.draw(loss, tr.trace(loss)).to_bytes("svg").decode())
    sheet = svg[svg.index("<style>") : svg.index("</style>")]
    painted = {name for found in re.findall(r'class="([^"]*)"', svg) for name in found.split()}
    levels = {name for name in painted if re.fullmatch(r"g-?\d+", name)}
    assert len(levels) > 3
    for name in {*levels, "state", "parameter", "sum", "step", "silent", "rule"}:
        assert f".{name}" in sheet, name


def test_a_fixed_theme_ignores_what_the_reader_prefers() -> None:
    loss = last_loss("rnn", 2)
    svg = viz.draw(loss, tr.trace(loss), theme="dark").to_bytes("svg")
    assert b"<style>" not in svg
    assert DARK.background.encode() in svg


def test_the_model_as_json_holds_what_was_drawn() -> None:
    loss = last_loss("gru", 9)
    flow = tr.trace(loss)
    picture = viz.draw(loss, flow)
    stored = json.loads(picture.to_bytes("json"))
    assert (stored["format"], stored["version"]) == ("tinygrad-rnn drawing", 1)
    assert len(stored["nodes"]) == len(picture.model.nodes)
    for plain, edge in zip(stored["edges"], picture.model.edges, strict=True):
        assert plain["tooltip"] == edge.tooltip()
        assert (plain["gradient"] or {}).get("l2") == (edge.gradient and edge.gradient.l2)
    (parameter,) = (p for p in stored["parameters"] if p["name"] == "weight_hh")
    (weight,) = (t for t in tr.graph.topological(loss) if t.name == "weight_hh")
    assert parameter["total"]["l2"] == pytest.approx(flow.norm(weight))
    assert list(parameter["shares"]) == [str(t) for t in range(9)]


def test_without_a_flow_only_values_and_shapes_are_drawn() -> None:
    picture = viz.draw(last_loss("lstm", 3))
    assert {edge.flow for edge in picture.model.edges} == {"unknown"}
    assert picture.model.strips == []
    assert picture.model.parameters == []
    assert "no gradients were recorded" in picture.description
    assert picture.to_bytes("svg").endswith(b"</svg>\n")


def test_a_suffix_in_capitals_is_the_same_format(tmp_path: Path) -> None:
    picture = viz.draw(last_loss("rnn", 2))
    assert picture.save(tmp_path / "loss.DOT").read_bytes() == picture.to_bytes("dot")
