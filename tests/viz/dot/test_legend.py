"""Titles, sums over time, the strips' bars and the legend, as DOT says them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.viz.models import Attributes, edge, model, size, statements
from viz.dot.legend import decades
from viz.dot.writer import digraph
from viz.layout.frames import SHARE_HEIGHT
from viz.model import Caption, Model, ParameterShares, Strip, Tick
from viz.style import LIGHT, Scale

SCALE = Scale(0.01, -2.0, 2.0)
BAR = 48.0
NUMBERS = ["0.0010", "0.010", "0.10", "1.0", "Inf"]


def written(drawn: Model, scale: Scale = SCALE) -> dict[str, Attributes]:
    return statements(digraph(drawn, scale, LIGHT))


def strip(values: list[float], places: list[float] | None = None, **facts: Any) -> Strip:
    steps = list(range(len(values)))
    given = {"layer": "", "state": "h", "steps": steps, "title": ["what it is of"], **facts}
    at = places or [100.0 + 60 * step for step in steps]
    return Strip(values=values, places=at, y=100.0, height=BAR, **given)


def begins(found: Attributes) -> float:
    """Where a left-aligned text begins."""
    return float(found["pos"].split(",")[0]) - float(found["width"]) * 36


def foot_and_top(found: Attributes) -> tuple[float, float]:
    middle, half = float(found["pos"].split(",")[1]), float(found["height"]) * 36
    return middle - half, middle + half


def test_the_lines_above_a_graph_begin_at_the_left_margin() -> None:
    drawn = model([], height=300.0, heading=[("Three", 14.0), ("cells", 14.0), ("All keep", 11.0)])
    drawn.captions = [Caption("a_caption", "RNN", 14.0, 250.0)]
    found = written(drawn)
    lines = [found[name] for name in ("title", "title1", "title2")]
    assert [line["label"] for line in lines] == ["Three", "cells", "All keep"]
    assert [line["fontsize"] for line in lines] == ["14", "14", "11"]
    heights = [float(line["pos"].split(",")[1]) for line in lines]
    assert heights == sorted(heights, reverse=True)
    assert all(begins(line) == pytest.approx(14, abs=0.01) for line in [*lines, found["a_caption"]])
    assert "title" not in written(model([]))


def test_without_a_flow_there_is_neither_strip_nor_legend() -> None:
    drawn = model([], has_flow=False, strips=[strip([0.1])])
    assert set(written(drawn)) == {"graph", "node", "edge"}


def test_a_sum_has_its_name_its_total_and_a_bar_for_each_step() -> None:
    shares = {0: size(0.02), 1: size(0.1), 2: size(0.0), 3: size(math.nan, False)}
    one = ParameterShares("sum-n3", "weight_hh", (2, 2), size(0.1), shares, 200.0, 80.0, 72.0, 40.0)
    other = ParameterShares("sum-n4", "bias", (2,), None, {}, 300.0, 80.0, 60.0, 40.0)
    found = written(model([], steps=[0], parameters=[one, other]))
    box = found["sum-n3"]
    assert (box["label"].split("\n")[:2], box["class"]) == (["weight_hh", "0.10"], "sum g6")
    assert found["sum-n4"]["label"].split("\n")[:2] == ["bias", "none"]
    bars = [found[f"sum-n3-{step}"] for step in range(4)]
    tall = [float(bar["height"]) * 72 for bar in bars]
    assert tall == pytest.approx([SHARE_HEIGHT / 5, SHARE_HEIGHT, 0.4, SHARE_HEIGHT], abs=0.01)
    assert bars[3]["class"] == "bar alarm"
    assert bars[1]["tooltip"] == "weight_hh, t = 1: 0.10"
    assert all(foot_and_top(bar)[0] >= 60 for bar in bars)
    assert found["sums-sum-n3"]["label"] == "sum over time"
    assert written(model([], parameters=[one]))["sums-sum-n3"]["label"] == "sum over uses"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1e-3, 0.02, 0.5], (-3, 0)),
        ([1.0], (-1, 0)),
        ([0.0, math.nan, math.inf], (-1, 0)),
        ([1e-30, 1.0], (-16, 0)),
        ([2e250, 3e251], (250, 252)),
    ],
)
def test_strips_have_a_range_of_their_own_in_whole_decades(
    values: list[float], expected: tuple[int, int]
) -> None:
    assert decades(model([], strips=[strip(values)])) == expected


def test_a_bars_height_is_linear_in_the_logarithm() -> None:
    values = [1e-3, 1e-2, 1e-1, 1.0, math.inf]
    found = written(model([], strips=[strip(values)]))
    tops = [foot_and_top(found[f"bar0_{step}"])[1] - 100 for step in range(5)]
    assert tops == pytest.approx([1.0, 16.0, 32.0, 48.0, 48.0], abs=0.01)
    assert [found[f"bar0_{i}n"]["label"] for i in range(5)] == [
        "0.0010",
        "0.010",
        "0.10",
        "1.0",
        "Inf",
    ]
    assert found["bar0_4"]["class"] == "bar alarm"
    assert (found["foot0n"]["label"], found["top0n"]["label"]) == ("0.001", "1")
    assert found["strip0"]["label"] == "what it is of"


def test_a_gradient_of_0_has_no_bar_but_its_number() -> None:
    found = written(model([], strips=[strip([0.0, 0.5])]))
    assert "bar0_0" not in found
    assert found["bar0_0n"]["label"] == "0"


def test_a_large_finite_number_is_not_called_infinite() -> None:
    found = written(model([], strips=[strip([3e250, 1e260])]))
    assert found["bar0_0n"]["label"] == "3.0e+250"
    assert foot_and_top(found["bar0_0"])[1] < foot_and_top(found["bar0_1"])[1]
    assert "alarm" not in found["bar0_1"]["class"]


def test_a_bar_below_the_range_is_marked() -> None:
    found = written(model([], strips=[strip([1e-40, 1.0])]))
    assert found["bar0_0n"]["label"] == "< 1.0e-40"


def test_a_single_step_has_a_bar() -> None:
    assert "bar0_0" in written(model([], strips=[strip([0.3])]))


def test_where_bars_stand_close_only_what_first_broke_is_named() -> None:
    values = [math.nan, math.nan, 0.1, 0.2]
    found = written(model([], strips=[strip(values, [10.0, 13.0, 16.0, 19.0])]))
    assert [f"bar0_{i}n" in found for i in range(4)] == [False, True, False, False]
    assert all(float(found[f"bar0_{i}"]["width"]) * 72 < 3 for i in range(4))


def test_ticks_are_written_where_the_layout_put_them() -> None:
    drawn = model([], strips=[strip([0.1, 0.2])], ticks=[Tick("7", 60.0, 92.0)])
    assert (written(drawn)["tick0"]["label"], written(drawn)["tick0"]["pos"]) == ("7", "60,92")


def test_the_key_runs_through_all_levels_in_colour_and_width() -> None:
    found = written(model([], width=900.0))
    keys = [found[f"key{level}"] for level in range(25)]
    assert [key["class"] for key in keys] == [f"bar g{level}" for level in range(-12, 13)]
    heights = [float(key["height"]) for key in keys]
    assert heights == sorted(heights)
    labels = {name: found[f"{name}n"]["label"] for name in ("key0", "key12", "key24")}
    assert labels == {"key0": "0.01", "key12": "1 = 0.010", "key24": "100"}


def test_the_key_ends_at_the_reference_where_nothing_lies_above() -> None:
    found = written(model([], width=900.0), Scale(2.0, -3.0, 0.0))
    assert "key13" not in found
    assert (found["key0n"]["label"], found["key12n"]["label"]) == ("0.001", "1 = 2.0")


@pytest.mark.parametrize(
    ("value", "less", "more"), [(1e-9, True, False), (0.01, False, False), (1e9, False, True)]
)
def test_caps_say_that_something_lies_beyond_the_ends(value: float, less: bool, more: bool) -> None:
    line = edge("a", "b", [(0.0, 0.0)] * 4, flow="flows", gradient=size(value))
    found = written(model([], [line], width=900.0))
    assert ("less" in found, "more" in found) == (less, more)


@pytest.mark.parametrize(("norm", "width"), [("l2", 900.0), ("rms", 330.0)])
def test_the_legend_says_what_lines_nodes_and_dashes_mean(norm: str, width: float) -> None:
    drawn = model([], norm=norm, width=width, notes=["coarser"])
    found = statements(digraph(drawn, Scale(1.0, -1.0, 1.0, norm), LIGHT))
    said = " ".join(found[name]["label"] for name in found if name.startswith("says"))
    for words in (f"{norm} norm of the gradient sent along it", "dashed: 0", "dotted", "NaN"):
        assert words in said
    assert said.endswith("coarser")


def test_each_strip_has_names_of_its_own() -> None:
    found = written(model([], strips=[strip([0.1]), strip([0.2], state="c")]))
    assert {"strip0", "strip1", "bar0_0", "bar1_0", "foot0", "foot1"} <= set(found)
    assert found["bar1_0"]["tooltip"] == "c_0: 0.20"
