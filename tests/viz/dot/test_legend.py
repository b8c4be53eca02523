"""Titles, sums over time, the strips' bars and the legend, number by number."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.viz.models import Attributes, model, size, statements
from viz.dot.marks import points
from viz.dot.writer import digraph
from viz.metrics import text_width
from viz.model import Caption, Model, Parameter, Strip
from viz.style import LIGHT, Scale

SCALE = Scale(0.01, -2.0, 2.0)  # a bar is 1.5 points high at 1e-4 and 48 at 1
BAR = 48.0


def written(drawn: Model) -> dict[str, Attributes]:
    return statements(digraph(drawn, SCALE, LIGHT))


def strip(values: list[float], places: list[float], **facts: Any) -> Strip:
    given = {"layer": "", "state": "h", "steps": list(range(len(values)))}
    return Strip(values=values, places=places, y=100.0, height=BAR, **{**given, **facts})


def begins(found: Attributes) -> float:
    """Where a left-aligned text begins."""
    return float(found["pos"].split(",")[0]) - float(found["width"]) * 36


def ends(found: Attributes) -> float:
    """Where a right-aligned text ends."""
    return float(found["pos"].split(",")[0]) + float(found["width"]) * 36


def height(found: Attributes) -> float:
    return float(found["pos"].split(",")[1])


# What stands above and beside.


def test_titles_captions_and_notes_begin_at_the_left_margin() -> None:
    drawn = model([], title="Three cells", height=300.0, notes=["one", "two"])
    drawn.captions = [Caption("a_caption", "RNN", 14.0, 250.0)]
    found = written(drawn)
    assert (begins(found["title"]), height(found["title"])) == (pytest.approx(14, abs=0.01), 286)
    assert (found["title"]["label"], found["title"]["fontsize"]) == ("Three cells", "14")
    assert begins(found["a_caption"]) == pytest.approx(14, abs=0.01)
    assert (height(found["a_caption"]), found["a_caption"]["fontsize"]) == (250, "13")
    for name, text in (("note0", "one"), ("note1", "two")):
        assert (found[name]["label"], height(found[name])) == (text, 4)
        assert begins(found[name]) == pytest.approx(14, abs=0.01)
        assert found[name]["fontsize"] == "8"
    assert "title" not in written(model([]))


def test_without_a_flow_there_is_neither_strip_nor_legend() -> None:
    drawn = model([], has_flow=False, strips=[strip([0.1], [50.0])], notes=["one"])
    assert set(written(drawn)) == {"graph", "node", "edge", "note0"}


# Sums.


def test_a_sum_has_its_name_its_total_and_its_colour() -> None:
    one = Parameter("sum-n3", "weight_hh", (2, 2), size(0.1), {}, 200.0, 80.0, 72.0, 30.0)
    other = Parameter("sum-n4", "bias", (2,), None, {}, 300.0, 80.0, 60.0, 30.0)
    found = written(model([], steps=[0], parameters=[one, other]))
    box = found["sum-n3"]
    assert (box["pos"], box["width"], box["height"]) == ("200,80", "1.0000", f"{30 / 72:.4f}")
    assert (box["label"], box["class"]) == ("weight_hh\n1.0e-01", "sum g6")
    assert (box["color"], box["fillcolor"]) == (LIGHT.colour(6), LIGHT.parameter)
    assert (found["sum-n4"]["label"], found["sum-n4"]["class"]) == ("bias\nnone", "sum silent")
    name = found["sums-sum-n3"]
    assert name["label"] == "sum over time"
    assert ends(name) == pytest.approx(200 - 36 - 8, abs=0.01)
    assert (height(name), name["fontsize"]) == (80, "8")
    assert "sums-sum-n4" not in found  # named once for the row


def test_each_row_of_sums_is_named() -> None:
    rows = [Parameter(f"p{i}", "w", (), None, {}, 100.0, 80.0 - i, 40.0, 30.0) for i in range(2)]
    found = written(model([], parameters=rows))
    assert [found[f"sums-p{i}"]["label"] for i in range(2)] == ["sum over uses"] * 2


# Strips.


@pytest.mark.parametrize(
    ("value", "tall"),
    [
        (0.0, 0.5),
        (1e-6, 1.5),
        (1e-4, 1.5),
        (1e-3, 1.5 + 46.5 / 4),
        (0.01, 1.5 + 46.5 / 2),
        (1.0, 48.0),
        (50.0, 48.0),
        (math.inf, 48.0),
    ],
)
def test_a_bars_height_is_linear_in_the_logarithm(value: float, tall: float) -> None:
    found = written(model([], strips=[strip([value], [60.0])]))["bar0_0"]
    # Through an edge's width, which has two decimals.
    assert float(found["height"]) * 72 == pytest.approx(tall, abs=0.05)
    assert float(found["pos"].split(",")[1]) == pytest.approx(100 + tall / 2, abs=0.05)
    assert found["pos"].split(",")[0] == "60"


def test_bars_stand_on_a_ruler_and_have_their_number_and_step() -> None:
    found = written(model([], strips=[strip([1e-4, 0.1], [60.0, 100.0], steps=[3, 4])]))
    wide = 0.8 * 40
    for step, x, tall, text in ((3, 60, 1.5, "1.0e-04"), (4, 100, 1.5 + 46.5 * 0.75, "1.0e-01")):
        bar = found[f"bar0_{step}"]
        assert float(bar["width"]) * 72 == pytest.approx(wide, abs=0.01)
        assert bar["tooltip"] == f"h_{step}: {text}"
        above = found[f"bar0_{step}n"]
        assert (above["label"], above["pos"].split(",")[0]) == (text, str(x))
        assert height(above) == pytest.approx(100 + tall + 6, abs=0.05)
        assert above["fontsize"] == "8"
        below = found[f"t0_{step}"]
        assert (below["label"], below["pos"], below["fontsize"]) == (str(step), f"{x},92", "7")
    assert found["bar0_4"]["class"] == "bar g6"
    assert found["bar0_4"]["color"] == LIGHT.colour(6)
    # The ruler is three points longer at either side, at the height of the scale's lower end.
    left, right = 60 - wide / 2 - 3, 100 + wide / 2 + 3
    foot = found["foot0"]
    assert foot["pos"] == f"{points((left + right) / 2)},101.5"
    assert float(foot["width"]) * 72 == pytest.approx(right - left, abs=0.01)
    assert float(foot["height"]) * 72 == pytest.approx(0.5, abs=0.01)
    assert (foot["class"], foot["color"]) == ("rule", LIGHT.cluster_line)
    assert found["foot0n"]["label"] == "1.0e-04"
    assert (ends(found["foot0n"]), height(found["foot0n"])) == (
        pytest.approx(left - 2, abs=0.01),
        101.5,
    )
    assert "top0" not in found
    headline = found["strip0"]
    assert (begins(headline), height(headline)) == (pytest.approx(left, abs=0.01), 100 + BAR + 17)


@pytest.mark.parametrize(
    ("places", "wide"),
    [
        ([60.0], 32.0),  # a single one, as if 40 points apart
        ([60.0, 160.0, 260.0], 46.0),  # at most
        ([60.0, 70.0, 80.0], 8.0),
        ([60.0, 60.2, 60.4], 0.4),  # at least
        ([60.0, 20.0], 32.0),  # from right to left
    ],
)
def test_a_bar_takes_four_fifths_of_the_room_for_a_step(places: list[float], wide: float) -> None:
    found = written(model([], strips=[strip([0.1] * len(places), places)]))
    assert float(found["bar0_0"]["width"]) * 72 == pytest.approx(wide, abs=0.01)


@pytest.mark.parametrize(("count", "few"), [(12, True), (13, False)])
def test_more_than_twelve_bars_have_a_ruler_instead_of_numbers(count: int, few: bool) -> None:
    places = [60.0 + 10 * i for i in range(count)]
    found = written(model([], strips=[strip([0.1] * count, places)]))
    assert ("bar0_5n" in found) == few
    assert ("top0" in found) != few
    if not few:  # at the reference, half of the way up
        assert float(found["top0"]["pos"].split(",")[1]) == pytest.approx(100 + 24.75, abs=0.05)
        assert found["top0n"]["label"] == "1.0e-02"
        assert found["top0"]["width"] == found["foot0"]["width"]


def test_nan_is_said_however_many_bars_there_are() -> None:
    values = [0.1] * 20
    values[7] = math.nan
    found = written(model([], strips=[strip(values, [60.0 + 10 * i for i in range(20)])]))
    assert found["bar0_7n"]["label"] == "NaN"
    assert found["bar0_7"]["class"] == "bar alarm"
    assert [name for name in found if name.startswith("bar0_") and name.endswith("n")] == [
        "bar0_7n"
    ]


@pytest.mark.parametrize(
    ("count", "named"),
    [
        (12, list(range(12))),
        (13, [0, 2, 4, 6, 8, 10, 12]),
        (24, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 23]),  # 22 would stand too close to the last
        (25, [0, 3, 6, 9, 12, 15, 18, 21, 24]),
        (26, [0, 3, 6, 9, 12, 15, 18, 21, 25]),
        (29, [0, 3, 6, 9, 12, 15, 18, 21, 24, 28]),
    ],
)
def test_about_twelve_steps_are_named_and_the_last(count: int, named: list[int]) -> None:
    places = [60.0 + 10 * i for i in range(count)]
    found = written(model([], strips=[strip([0.1] * count, places)]))
    assert [int(name[3:]) for name in found if name.startswith("t0_")] == named


@pytest.mark.parametrize(
    ("said", "layer", "text"),
    [
        ("", "", "l2 norm of dL/dh_t for all 2 steps"),
        ("times 0.50 a step", "", "l2 norm of dL/dh_t for all 2 steps: times 0.50 a step"),
        ("", "layer 1", "layer 1: l2 norm of dL/dh_t for all 2 steps"),
    ],
)
def test_a_strip_is_headed_by_what_is_said_of_it(said: str, layer: str, text: str) -> None:
    one = strip([0.1, 0.2], [60.0, 90.0], said=said, layer=layer)
    assert written(model([], strips=[one]))["strip0"]["label"] == text


def test_each_strip_has_names_of_its_own() -> None:
    strips = [strip([0.1], [60.0]), strip([0.1], [60.0], state="c")]
    found = written(model([], strips=strips))
    assert {"strip0", "bar0_0", "foot0", "strip1", "bar1_0", "foot1"} <= set(found)
    assert "dL/dc_t" in found["strip1"]["label"]


# The legend.


def test_the_legend_runs_through_all_levels_in_colour_and_width() -> None:
    found = written(model([]))
    keys = [found[f"key{i}"] for i in range(25)]
    assert [key["class"] for key in keys] == [f"bar g{level}" for level in range(-12, 13)]
    assert [key["color"] for key in keys] == [LIGHT.colour(level) for level in range(-12, 13)]
    assert [key["pos"] for key in keys] == [f"{24 + 10 * i},26" for i in range(25)]
    assert {key["width"] for key in keys} == {f"{10 / 72:.4f}"}
    widths = [round(0.9 + 5.1 * i / 24, 2) for i in range(25)]
    assert [float(key["height"]) * 72 for key in keys] == pytest.approx(widths, abs=0.02)
    assert "key25" not in found


def test_the_legends_ends_and_its_middle_have_numbers() -> None:
    found = written(model([]))
    numbers = {name: found[name] for name in found if name.startswith("key") and name[-1] == "n"}
    assert {name: entry["label"] for name, entry in numbers.items()} == {
        "key0n": "1.0e-04", "key12n": "1.0e-02", "key24n": "1.0e+00",
    }  # fmt: skip
    assert [entry["pos"] for entry in numbers.values()] == ["24,16", "144,16", "264,16"]
    assert {entry["fontsize"] for entry in numbers.values()} == {"7"}


def test_the_legend_of_a_lopsided_scale_is_stretched_on_either_side() -> None:
    found = statements(digraph(model([]), Scale(0.01, -4.0, 1.0), LIGHT))
    assert [found[f"key{i}n"]["label"] for i in (0, 12, 24)] == ["1.0e-06", "1.0e-02", "1.0e-01"]
    tall = [float(found[f"key{i}"]["height"]) * 72 for i in (0, 6, 12, 18, 24)]
    assert tall == pytest.approx([0.9 + 5.1 * s for s in (0, 0.4, 0.8, 0.9, 1)], abs=0.02)


def test_the_legend_says_what_lines_nodes_and_dashes_mean() -> None:
    found = written(model([], norm="rms"))
    end = 24 + 250 + 22
    assert found["says"]["label"] == (
        "line: rms norm of the gradient sent along it     node: rms norm of their sum"
    )
    assert found["special"]["label"] == (
        "dashed: 0, or below the scale     dotted: no gradient flows     red: NaN or Inf"
    )
    assert [height(found[name]) for name in ("says", "special")] == [31, 19]
    for name in ("says", "special"):
        assert begins(found[name]) == pytest.approx(end, abs=0.01)
        wide = text_width(found[name]["label"], 8.0) + 4
        assert float(found[name]["width"]) * 72 == pytest.approx(wide, abs=0.01)
