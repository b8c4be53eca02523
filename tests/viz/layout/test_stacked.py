"""Several drawings as one: what is moved, what is renamed, how large the whole is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viz.models import edge, gap, model, node, size
from viz.layout.frames import legend_height
from viz.layout.stacked import together
from viz.model import Cluster, Layer, Model, ParameterShares, Strip

GAP, MARGIN = 12.0, 14.0
CAPTION = 13 * 1.28  # height of a part's name


def part(height: float = 200.0, width: float = 300.0, **rest: Any) -> Model:
    """A model with one of everything, whose places have thirds of points."""
    y = 100 / 3
    line = edge("a", "b", [(1.0, y)] * 4, via="a", label=(5.0, y))
    box = gap("gap", 3, 4, x=7.0)
    box.y = y
    return model(
        [node("a", 10, y), node("b", 20, y)],
        [line, edge("b", "a", [(2.0, y)] * 4)],
        **{
            "root": "b",
            "clusters": [Cluster("0", "t = 0", "", 0, "", 1.0, y, 9.0, 9.0)],
            "omitted": [box],
            "layers": [Layer("L", [0], [])],
            "parameters": [ParameterShares("sum-n1", "w", (), size(1.0), {}, 5.0, y, 10.0, 10.0)],
            "strips": [
                Strip("", "h", [0], [1.0], places=[5.0], rail=y, y=y, height=48.0),
                Strip("", "c", [0], [1.0], places=[5.0], y=y, height=48.0),
            ],
            "notes": ["coarser"],
            "width": width,
            "height": height,
            **rest,
        },
    )


def foot(width: float = 300.0) -> float:
    """Of a part's own legend, which the whole has once."""
    return legend_height(part(width=width), width)


def test_parts_stand_above_one_another_and_share_one_foot() -> None:
    whole = together({"A": part(150.0), "B": part(200.0, 400.0), "C": part(250.0)})
    shared, each = foot(400.0), CAPTION + GAP - MARGIN
    low = [shared - foot()]  # of C, B, A
    low.append(low[0] + 250 + each - foot(400.0))
    low.append(low[1] + foot(400.0) + 200 + each - foot(400.0) - foot())
    assert [n.y for n in whole.nodes[::2]] == [round(100 / 3 + dy, 2) for dy in reversed(low)]
    assert whole.width == 400
    titled = together({"A": part(150.0)}, "Title").height
    assert titled - together({"A": part(150.0)}).height == pytest.approx(14 * 1.28 + 6)


def test_a_step_stands_at_one_x_in_all_parts() -> None:
    late = part()
    late.clusters[0].x = 51.0
    whole = together({"A": part(), "B": late})
    assert [c.x for c in whole.clusters] == [51.0, 51.0]
    assert [n.x for n in whole.nodes] == [60.0, 70.0, 10.0, 20.0]
    assert [s.places for s in whole.strips] == [[55.0]] * 2 + [[5.0]] * 2
    assert whole.width == 350.0


def test_everything_of_a_part_moves_by_the_same_height() -> None:
    whole = together({"A": part(), "B": part()})
    for serial, dy in ((0, 200 - foot() + CAPTION + GAP - MARGIN), (1, 0.0)):
        name = "AB"[serial]
        at = round(100 / 3 + dy, 2)
        boxes = [*whole.nodes[2 * serial : 2 * serial + 2], whole.clusters[serial],
                 whole.omitted[serial], whole.parameters[serial]]  # fmt: skip
        assert {box.y for box in boxes} == {at}
        labelled, plain = whole.edges[2 * serial : 2 * serial + 2]
        assert labelled.points == [(1.0, at)] * 4
        assert (labelled.label, plain.label) == ((5.0, at), None)
        h, c = whole.strips[2 * serial : 2 * serial + 2]
        assert (h.y, h.rail, c.rail) == (at, at, None)
        assert [n.part for n in whole.nodes[2 * serial : 2 * serial + 2]] == [name] * 2
        assert {whole.clusters[serial].part, h.part, c.part, whole.layers[serial].part} == {name}
        caption = whole.captions[serial]
        assert (caption.id, caption.text) == (f"{'ab'[serial]}_caption", name)
        assert (caption.x, caption.y) == (14, round(200 - 14 + CAPTION / 2 + dy, 2))


def test_places_are_rounded_to_hundredths() -> None:
    a = part(100 / 3 + 200)
    whole = together({"A": a, "B": part(100 / 7 + 200)})
    numbers = [whole.height, *(n.y for n in whole.nodes), *(c.y for c in whole.captions)]
    numbers += [*(s.y for s in whole.strips), *(s.rail or 0 for s in whole.strips)]
    numbers += [y for e in whole.edges for _, y in [*e.points, e.label or (0, 0)]]
    for boxes in (whole.clusters, whole.omitted, whole.parameters):
        numbers += [box.y for box in boxes]
    assert numbers == [round(number, 2) for number in numbers]


def test_names_are_told_apart_by_a_letter_for_each_part() -> None:
    whole = together({"A": part(), "B": part()})
    assert [n.id for n in whole.nodes] == ["a_a", "a_b", "b_a", "b_b"]
    first = whole.edges[0]
    assert (first.id, first.source, first.target, first.via) == ("a_a-b", "a_a", "a_b", "a_a")
    assert whole.edges[1].via == ""
    assert [c.id for c in whole.clusters] == ["a_0", "b_0"]
    assert [o.id for o in whole.omitted] == ["a_gap", "b_gap"]
    assert [p.id for p in whole.parameters] == ["a_sum-n1", "b_sum-n1"]
    assert whole.root == "a_b"
    assert together({"A": part(root="")}).root == ""


@pytest.mark.parametrize(("place", "prefix"), [(0, "a_"), (25, "z_"), (26, "a1_"), (53, "b2_")])
def test_letters_do_not_run_out(place: int, prefix: str) -> None:
    whole = together({str(i): part() for i in range(54)})
    assert whole.nodes[2 * place].id == f"{prefix}a"
    assert len({n.id for n in whole.nodes}) == 108


def test_what_holds_for_any_part_holds_for_the_whole() -> None:
    whole = together({"A": part(has_flow=False), "B": part(notes=["coarser", "other"])}, "Title")
    assert whole.has_flow
    assert not together({"A": part(has_flow=False)}).has_flow
    assert whole.notes == ["coarser", "other"]
    assert (whole.title, whole.norm, whole.detail) == ("Title", "l2", "op")
