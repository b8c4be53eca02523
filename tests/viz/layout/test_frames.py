"""Frames, titles, sums, strips and margins around steps that are placed already."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.viz.models import edge, gap, model, node
from viz.layout.frames import MARGIN, frame, frame_label, legend_height, legend_lines
from viz.metrics import FONT, SMALL, text_width
from viz.model import OUT, Layer, Model, ParameterShares, Strip

HEADER, BAR, LEAST = 16.0, 48.0, 300.0


def framed(drawn: Model, left: dict[int, float], **spans: tuple[float, float, float]) -> Model:
    """The model after everything has its place; `L` is the span of the layer without a name."""
    frame(drawn, left, {name.removeprefix("L"): span for name, span in spans.items()})
    return drawn


def two_steps(**rest: Any) -> Model:
    """Nodes at 50 and 350 in two frames of 100 by 80, from (0, 0) and (300, 0)."""
    nodes = [node("a", 50, 40, step=0), node("b", 350, 40, step=1)]
    return framed(model(nodes, **rest), {0: 0.0, 1: 300.0}, L=(0.0, 100.0, 80.0))


def parameter(name: str) -> ParameterShares:
    return ParameterShares(f"sum-{name}", name, (2, 3), None, {})


def strip(layer: str = "", state: str = "h", count: int = 2) -> Strip:
    return Strip(layer, state, list(range(count)), [0.1] * count, None)


def test_a_frame_encloses_its_step_and_a_line_of_text() -> None:
    drawn = two_steps(has_flow=False)
    a, b = drawn.clusters
    assert (a.id, a.label, a.layer, a.step, a.gate) == ("0", "t = 0", "", 0, "")
    assert (b.id, b.label, b.layer, b.step, b.gate) == ("1", "t = 1", "", 1, "")
    assert (a.x, a.y, a.width, a.height) == (MARGIN, MARGIN, 100, 80 + HEADER)
    assert (b.x, b.y) == (300 + MARGIN, MARGIN)
    assert (drawn.nodes[1].x, drawn.nodes[1].y) == (350 + MARGIN, 40 + MARGIN)
    assert (drawn.width, drawn.height) == (400 + 2 * MARGIN, 80 + HEADER + 2 * MARGIN)


@pytest.mark.parametrize(
    ("ways", "side"),
    [([], 0), ([50], -1), ([35], 1), ([65], -1), ([5], 0), ([20, 50], 1), ([20, 80], 0)],
)
def test_no_line_that_leaves_a_step_runs_over_its_label(ways: list[float], side: int) -> None:
    drawn = model([node("a", 50, 40, step=0), node("b", 250, 40, step=1)])
    frame(drawn, {0: 0.0, 1: 200.0}, {"": (0.0, 100.0, 80.0)}, {"": ways, "other": [50.0]})
    half = text_width("t = 0", FONT) / 2
    for cluster in drawn.clusters:
        assert cluster.aside == pytest.approx(side * (50 - half - 10))
        assert all(abs(way - 50 - cluster.aside) > half for way in ways)


def test_a_frame_says_what_was_read_there() -> None:
    assert frame_label("", 3) == "t = 3"
    assert frame_label("layer = 1", 3) == "layer = 1, t = 3"
    assert frame_label("", 3, {3: "a"}) == "t = 3: a"
    assert frame_label("", 3, {3: " "}) == "t = 3: \N{OPEN BOX}"
    drawn = two_steps(labels={0: "a word that is too long for its frame"})
    assert text_width(drawn.clusters[0].label, FONT) <= 100
    assert drawn.clusters[1].label == "t = 1"


def test_only_steps_that_are_drawn_and_that_a_layer_has_are_framed() -> None:
    nodes = [node(f"{layer}{t}", 100 * t, layer=layer, step=t) for layer in "AB" for t in range(2)]
    layers = [Layer("A", [0, 1], []), Layer("B", [1], []), Layer(OUT, [0, 1], [])]
    drawn = framed(
        model(nodes, layers=layers, shown=[1]), {0: 0.0, 1: 100.0},
        A=(0.0, 80.0, 40.0), B=(90.0, 80.0, 40.0), **{OUT: (180.0, 80.0, 40.0)},
    )  # fmt: skip
    assert [(c.layer, c.step) for c in drawn.clusters] == [("A", 1), ("B", 1)]


def test_a_small_graph_stands_in_the_middle_of_its_legend() -> None:
    drawn = framed(model([node("a", 500, 40)]), {})
    assert drawn.width == LEAST + 2 * MARGIN
    assert drawn.nodes[0].x == drawn.width / 2
    assert framed(model([node("a", 500, 40)], has_flow=False), {}).width == 40 + 2 * MARGIN


@pytest.mark.parametrize("width", [180.0, 328.0, 428.0, 700.0, 2000.0])
def test_the_legends_words_fit_any_width(width: float) -> None:
    drawn = model([], notes=["a note of many words, " * 12])
    lines = legend_lines(drawn, width)
    assert all(text_width(line, SMALL) <= width - 2 * MARGIN for line in lines)
    assert legend_height(drawn, width) >= 8 * len(lines)
    said = " ".join(" ".join(lines).split())
    assert "l2 norm of the gradient" in said
    assert said.endswith("a note of many words,")


def test_a_title_and_a_headline_of_any_length_are_broken_into_lines() -> None:
    words = "many words that say what this picture shows and more " * 3
    drawn = two_steps(title=words, headline=words)
    short = two_steps()
    assert {size for _, size in drawn.heading} == {14.0, 11.0}
    assert all(text_width(line, size) <= 400 for line, size in drawn.heading)
    assert drawn.height - short.height > sum(size for _, size in drawn.heading)
    long = two_steps(title="W" * 5000)
    assert len(long.heading) <= 3
    assert all(text_width(line, size) <= 400 for line, size in long.heading)


def test_a_box_for_steps_left_out_is_as_high_as_the_frames() -> None:
    nodes = [node("a", 50, 40, step=0), node("b", 350, 40, step=3)]
    box = gap("gap", 1, 2, x=150)
    drawn = framed(model(nodes, omitted=[box]), {0: 0.0, 3: 300.0}, L=(0.0, 100.0, 80.0))
    (a, _) = drawn.clusters
    assert (box.y, box.height) == (a.y, a.height)


def test_sums_stand_in_rows_that_the_picture_has_room_for() -> None:
    names = ["weight_ih", "weight_hh", "bias", "a rather long name of a parameter", "w" * 300]
    drawn = two_steps(parameters=[parameter(name) for name in names])
    boxes = drawn.parameters
    assert len({box.y for box in boxes}) > 1
    for box in boxes:
        assert box.x + box.width / 2 <= drawn.width - MARGIN
        assert box.y + box.height / 2 < drawn.clusters[0].y
    for a, b in itertools.pairwise(boxes):
        assert a.y > b.y or a.x + a.width / 2 < b.x - b.width / 2
        assert a.y == b.y or a.y - a.height / 2 > b.y + b.height / 2
    assert boxes[0].x - boxes[0].width / 2 > MARGIN + text_width("sum over time", SMALL)


def test_every_bar_stands_below_its_step_whatever_is_left_out() -> None:
    nodes = [node("a", 50, 40, step=0), node("b", 350, 40, step=9)]
    box = gap("gap", 1, 8, x=120, width=160)
    strips = [strip(count=10), strip(state="c", count=10)]
    drawn = framed(
        model(nodes, omitted=[box], strips=strips, steps=list(range(10)), shown=[0, 9]),
        {0: 0.0, 9: 300.0}, L=(0.0, 100.0, 80.0),
    )  # fmt: skip
    for one in strips:
        assert [one.places[0], one.places[-1]] == [c.x + 50 for c in drawn.clusters]
        inner = one.places[1:-1]
        assert box.x < inner[0] < inner[-1] < box.x + box.width
    high, low = strips
    assert high.y > low.y + BAR + FONT
    assert high.places == low.places
    assert {tick.text for tick in drawn.ticks} >= {"0", "9"}
    for tick in drawn.ticks:  # one row, below the last strip
        assert tick.x == low.places[int(tick.text)]
        assert tick.y == low.y - 8


def test_a_strip_knows_where_its_rail_is() -> None:
    nodes = [node(f"{n}{t}", 300 * t, y, step=t, role="state", name=n)
             for n, y in (("h", 20), ("c", 60)) for t in range(2)]  # fmt: skip
    strips = [strip(), strip(state="c"), strip(layer="other")]
    drawn = framed(model(nodes, strips=strips), {0: -50.0, 1: 250.0}, L=(0.0, 100.0, 80.0))
    assert [s.rail for s in strips] == [drawn.nodes[0].y, drawn.nodes[2].y, None]


def test_everything_is_moved_and_rounded_to_hundredths() -> None:
    nodes = [node("a", 100 / 3, 40, step=0), node("b", 350, 40, step=1)]
    line = edge("a", "b", [(100 / 3, 40.0)] * 4, label=(200 / 3, 45.0))
    drawn = framed(
        model(nodes, [line], strips=[strip()], parameters=[parameter("w")]),
        {0: 0.0, 1: 300.0}, L=(0.0, 100.0, 80.0),
    )  # fmt: skip
    numbers = [drawn.width, drawn.height]
    for box in [*drawn.nodes, *drawn.clusters, *drawn.parameters]:
        numbers += [box.x, box.y, box.width, box.height]
    numbers += [n for point in [*line.points, line.label or (0.0, 0.0)] for n in point]
    numbers += [n for tick in drawn.ticks for n in (tick.x, tick.y)] + drawn.strips[0].places
    assert numbers == [round(number, 2) for number in numbers]
    assert min(numbers) > 0
