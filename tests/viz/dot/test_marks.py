"""Small words of DOT: coordinates, quoted texts, colours, bars and lines of text."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.viz.models import size
from viz.dot.marks import bar, line_of_text, points, quote, tint
from viz.style import LIGHT, Scale

SCALE = Scale(0.01, -2.0, 2.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (1.5, "1.5"), (1.005, "1"), (1.006, "1.01"), (-0.25, "-0.25"), (100.0, "100")],
)
def test_a_coordinate_has_at_most_two_decimals(value: float, text: str) -> None:
    assert points(value) == text


def test_a_quoted_text_says_exactly_what_it_is_given() -> None:
    assert quote('a "b" \\N & <c>\nd\te') == '"a \\"b\\" \\\\N &amp; <c>\\nd e"'


@pytest.mark.parametrize(
    ("gradient", "expected"),
    [
        (None, (LIGHT.muted, "silent")),
        (size(math.nan, finite=False), (LIGHT.alarm, "alarm")),
        (size(0.01), (LIGHT.ramp[3], "g0")),
        (size(1.0), (LIGHT.ramp[-1], "g12")),
        (size(1e-4), (LIGHT.ramp[0], "g-12")),
        (size(0.1), (LIGHT.colour(6), "g6")),
    ],
)
def test_a_gradients_colour_and_class_name_its_level(gradient: Any, expected: object) -> None:
    assert tint(gradient, "l2", SCALE, LIGHT) == expected


def test_a_gradient_is_judged_in_the_norm_that_is_drawn() -> None:
    assert tint(size(0.04), "max", SCALE, LIGHT)[1] == "g0"
    assert tint(size(0.02), "rms", SCALE, LIGHT)[1] == "g0"


def test_a_bar_is_a_filled_box_in_inches() -> None:
    text = bar("b1", 10, 20.5, 36, 7.2, "#123456", "bar g1", 'h_1: "1"')
    assert text == (
        'b1 [pos="10,20.5", width="0.5000", height="0.1000", style=filled, color="#123456", '
        'fillcolor="#123456", penwidth=0, class="bar g1", tooltip="h_1: \\"1\\""]'
    )
    assert "tooltip" not in bar("b1", 10, 20, 36, 72, "#123456", "bar")


@pytest.mark.parametrize(
    ("align", "middle", "ends"), [("l", 111.85, "\\l"), ("c", 100.0, ""), ("r", 88.15, "\\r")]
)
def test_text_is_aligned_by_the_side_of_an_unseen_node(
    align: str, middle: float, ends: str
) -> None:
    wide = (0.98 + 0.62 + 0.28) * 9.888 * 1.06 + 4  # of "m", "a", "i" in the widest of the faces
    size = 9.888
    text = line_of_text("t", 100, 50, "mai", "#111111", align, size)
    at = 100 + {"l": wide / 2, "c": 0, "r": -wide / 2}[align]
    assert at == pytest.approx(middle, abs=0.05)
    assert f'pos="{points(at)},50"' in text
    assert f'width="{wide / 72:.4f}", height="{1.5 * size / 72:.4f}"' in text
    assert f'label="mai{ends}"' in text
    assert 'shape=none, style=""' in text


@pytest.mark.parametrize(("size", "kind"), [(10.0, "text"), (9.9, "muted"), (14.0, "text")])
def test_small_text_is_muted(size: float, kind: str) -> None:
    assert f'class="{kind}"' in line_of_text("t", 0, 0, "a", "#111111", size=size)
