"""A page's data holds the models that it was packed from: all of it is read back and compared."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.graphs import last_loss, loss_at_every_step
from tests.viz.page.unpack import (
    at,
    each,
    inflated,
    label,
    origins,
    runs,
    series_of,
    sizes,
    things,
    written,
)
from viz.build import levels
from viz.model import Model, ModelEdge, ModelNode
from viz.page.pack import pack
from viz.reading.folding import Folded

Series = dict[int, list[int]]
NORMS = ("l2", "rms", "max")
TENTH = 0.11  # places are kept in tenths of a point, and so are the steps' own


def unpack(pictures: dict[str, dict[str, Folded]]) -> tuple[dict[str, Any], Series]:
    packed = pack(pictures)
    drawing = json.loads(inflated(packed["drawing"]))
    return drawing, series_of(inflated(packed["numbers"]), drawing)


def stacked(steps: int = 4) -> tr.Tensor:
    run = tr.GRU(2, 3, num_layers=2, bidirectional=True, rng=0)(np.ones((steps, 1, 2)))
    return (run.outputs * run.outputs).sum()


def truncated() -> tr.Tensor:
    cell = tr.LSTMCell(2, 3, rng=0)
    return tr.unroll(cell, np.ones((5, 1, 2)), truncate=2).final.h.sum()


def broken() -> tr.Tensor:
    inputs = np.ones((4, 1, 2))
    inputs[1] = np.nan
    return tr.unroll(tr.RNNCell(2, 3, rng=0), inputs).final.sum()


GRAPHS = {
    "rnn": lambda: last_loss("rnn", 4),
    "lstm": lambda: last_loss("lstm", 7),
    "every step": lambda: loss_at_every_step("gru", 5),
    "stacked": stacked,
    "truncated": truncated,
    "broken": broken,
}


@pytest.fixture(scope="module", params=GRAPHS)
def held(request: pytest.FixtureRequest) -> tuple[dict[str, Model], dict[str, Any], Series]:
    """Models of all steps by level of detail, the picture as packed, the pool's series."""
    loss = GRAPHS[request.param]()
    flow = tr.trace(loss)
    folded = levels(loss, flow)
    with pytest.MonkeyPatch.context() as patch:  # a page leaves numbers where its templates do
        patch.setattr("viz.drawing.settle", lambda model, scale: None)
        models = {
            detail: viz.draw(loss, flow, detail, steps="all", numbers=True).model
            for detail in folded
        }
    drawing, series = unpack({"name": folded})
    (picture,) = drawing["pictures"]
    assert (picture["name"], tuple(drawing["norms"])) == ("name", NORMS)
    assert list(picture["levels"]) == list(models)
    return models, picture, series


def node_at(model: Model, group: dict[str, Any], step: int | None, x: float) -> ModelNode:
    """The one of the model's nodes that a member of a group is."""
    alike = [
        node for node in model.nodes
        if (node.layer, node.step, node.role) == (group.get("layer", ""), step, group["role"])
    ]  # fmt: skip
    place = np.array([x, *group["place"][1:]])
    return min(alike, key=lambda n: np.abs(place - [n.x, n.y, n.width, n.height]).sum())


def gradient(found: Any) -> list[str] | None:
    return [written(found.get(norm)) for norm in NORMS] if found else None


def test_every_node_is_where_it_was_and_says_what_it_said(held: Any) -> None:
    models, picture, series = held
    for detail, model in models.items():
        level = picture["levels"][detail]
        start, seen = origins(level, series), []
        for _, step, group, i in things(level["nodes"], series):
            x, *rest = group["place"]
            layer = group.get("layer", "")
            at_x = x + (0.0 if step is None else start[layer, step])
            node = node_at(model, group, step, at_x)
            seen.append(node.id)
            assert [at_x, *rest] == pytest.approx(
                [node.x, node.y, node.width, node.height], abs=TENTH
            )
            assert (label(group, step), step) == (node.label, node.step)
            for fact in ("op", "role", "layer", "gate", "name", "dtype", "formula"):
                assert group.get(fact, "") == getattr(node, fact)
            assert group.get("holds", 0) == node.holds
            assert tuple(group.get("shape", ())) == node.shape
            assert tuple(group.get("derivatives", ())) == node.derivatives
            assert sizes(group, series, i) == gradient(node.gradient)
            assert ("values" in group) == (node.value is not None)
            if node.value is not None:
                decimals = group["values"]["decimals"]
                for column, value in zip(group["values"]["places"], node.value, strict=True):
                    if np.isfinite(value):
                        kept = at(column, series, i) / 10**decimals
                        assert kept == pytest.approx(value, abs=0.51 * 10**-decimals)
        assert sorted(seen) == sorted(node.id for node in model.nodes)


def test_every_edge_joins_what_it_joined_along_the_same_line(held: Any) -> None:
    models, picture, series = held
    for detail, model in models.items():
        level = picture["levels"][detail]
        start = origins(level, series)
        nodes = {node.id: node for node in model.nodes}
        ids = {}  # by group and step
        for _, step, group, _ in things(level["nodes"], series):
            shift = 0.0 if step is None else start[group.get("layer", ""), step]
            ids[id(group), step] = node_at(model, group, step, group["place"][0] + shift).id
        groups = level["nodes"]
        known: dict[Any, list[ModelEdge]] = {}
        for edge in model.edges:
            known.setdefault((edge.source, edge.target, edge.via, edge.slot), []).append(edge)
        played = []
        for _, step, group, i in things(level["edges"], series):
            ends = []
            for end in ("source", "target", "via"):
                which, far = group.get(end, [None, None])
                away = far if step is None or far is None else far + step
                ends.append(ids[id(groups[which]), away] if which is not None else "")
            slot = each(group.get("slot", 0), series, i)
            (edge,) = known.pop((*ends, slot))
            home = nodes[edge.target]
            if home.step is None:  # then places and steps count from the source's step
                home = nodes[edge.source]
            shift = 0.0 if step is None else start[home.layer, step]
            place = [each(entry, series, i, 10) for entry in group["place"]]
            points = np.array(place).reshape(-1, 2) + np.array([shift, 0.0])
            expected = edge.points + ([edge.label] if edge.label else [])
            assert points == pytest.approx(np.array(expected), abs=TENTH)
            assert group.get("labelled", False) == (edge.label is not None)
            assert group.get("rail", False) == bool(edge.rail)
            assert group["holds"] == edge.holds
            found = sizes(group, series, i)
            assert found == gradient(edge.gradient)
            assert group["flow"] == (edge.flow if found is None else "flows")
            assert ("order" in group) == (edge.gradient is not None)
            if "order" in group:
                played.append((at(group["order"], series, i), edge))
        assert not known
        arrived = {model.root}
        for _, edge in sorted(played, key=lambda pair: pair[0]):
            role = nodes[edge.target].role
            assert edge.target in arrived or role in ("cell", "junction")
            arrived.add(edge.source)


def test_every_frame_is_where_it_was(held: Any) -> None:
    models, picture, series = held
    for detail, model in models.items():
        level = picture["levels"][detail]
        start, found = origins(level, series), []
        for group in level["frames"]:
            layer = group.get("layer", "")
            for step in runs(group):
                x, *rest = group["place"]
                found.append((layer, step, label(group, step), x + start[layer, step], *rest))
        expected = [
            (c.layer, c.step, c.label, c.x, c.y, c.width, c.height, c.aside) for c in model.clusters
        ]
        assert len(found) == len(expected)
        for one, other in zip(sorted(found), sorted(expected), strict=True):
            assert one[:3] == other[:3]
            assert one[3:] == pytest.approx(other[3:], abs=TENTH)


def test_sums_and_strips_are_those_of_the_first_level(held: Any) -> None:
    models, picture, series = held
    model = next(iter(models.values()))
    assert (picture["has_flow"], picture["norm"]) == (True, "l2")
    assert runs(picture) == model.steps
    for one, packed in zip(model.parameters, picture["parameters"], strict=True):
        assert (packed["name"], tuple(packed["shape"])) == (one.name, one.shape)
        assert packed["place"] == pytest.approx([one.x, one.y, one.width, one.height], abs=0.06)
        assert sizes(packed, series, 0) == gradient(one.total)
        assert runs(packed) == list(one.shares)
        for i, share in enumerate(one.shares.values()):
            assert sizes(packed["shares"], series, i) == gradient(share)
    for strip, packed in zip(model.strips, picture["strips"], strict=True):
        assert (packed["layer"], packed["state"]) == (strip.layer, strip.state)
        assert runs(packed) == strip.steps
        texts = sizes({"gradient": [packed["values"]]}, series, 0)
        assert texts == [written(strip.values[0])]
        assert packed["said"] == strip.said
    assert picture["headline"] == model.headline


def test_steps_that_are_alike_are_kept_as_one_group() -> None:
    loss = last_loss("lstm", 50)
    models = levels(loss, tr.trace(loss))
    drawing, series = unpack({"": models})
    level = drawing["pictures"][0]["levels"]["op"]
    inner = [group for group in level["nodes"] if group["role"] == "op" and "steps" in group]
    assert all(runs(group) == list(range(50)) for group in inner)
    assert len(level["nodes"]) < models["op"].count / 40
    (entry,) = level["origins"]
    shifts = np.diff([at(entry["x"], series, i) for i in range(50)])
    assert len(set(shifts)) == 1


def test_several_pictures_share_one_pool() -> None:
    losses = {kind: last_loss(kind, 4) for kind in ("rnn", "gru")}
    flows = {kind: tr.trace(loss) for kind, loss in losses.items()}
    drawing, series = unpack({kind: levels(losses[kind], flows[kind]) for kind in losses})
    for kind, picture in zip(losses, drawing["pictures"], strict=True):
        assert picture["name"] == kind
        found = [
            sizes(group, series, i)
            for _, _, group, i in things(picture["levels"]["op"]["edges"], series)
            if not group.get("rail")
        ]
        expected = [gradient(edge) for edge in map(Sent, flows[kind].edges)]
        assert sorted(filter(None, found)) == sorted(filter(None, expected))


class Sent:
    """An edge of a flow, with its norms by name."""

    def __init__(self, edge: Any) -> None:
        self.edge = edge

    def get(self, norm: str) -> float:
        return float(getattr(self.edge, norm))
