from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.sight import BLINDNESS, contrast, difference
from viz.style import DARK, LIGHT, STEPS_PER_SIDE, THICK, THIN, Scale, Theme, number


def test_contrast_knows_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_lines_stand_out_and_text_reads(theme: Theme) -> None:
    grounds = (theme.background, theme.cluster, theme.gate)
    for ground in grounds:
        for level in range(-STEPS_PER_SIDE, STEPS_PER_SIDE + 1):
            assert contrast(theme.colour(level), ground) >= 3
        assert contrast(theme.alarm, ground) >= 3
    for ground in (*grounds, theme.node, theme.state, theme.parameter):
        assert contrast(theme.text, ground) >= 4.5
    for ground in grounds:
        assert contrast(theme.muted, ground) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("sight", BLINDNESS)
def test_colours_are_told_apart_by_every_eye(theme: Theme, sight: str) -> None:
    for a, b in combinations(theme.ramp, 2):
        assert difference(a, b, sight) >= 5, (a, b)
    far, reference, near = theme.ramp[0], theme.ramp[3], theme.ramp[-1]
    for a, b in ((far, reference), (reference, near), (far, near)):
        assert difference(a, b, sight) >= 20, (a, b)


def test_scale_runs_from_thin_blue_to_thick_orange() -> None:
    scale = Scale(reference=0.1, low=-4, high=2)
    assert (scale.level(1e-5), scale.level(0.1), scale.level(10.0)) == (
        -STEPS_PER_SIDE,
        0,
        STEPS_PER_SIDE,
    )
    assert (scale.width(1e-5), scale.width(10.0)) == (THIN, THICK)
    assert scale.below(1e-6)
    assert scale.below(0.0)
    assert not scale.below(1e-5)
    sizes = np.logspace(-7, 3, 200)
    widths = [scale.width(size) for size in sizes]
    assert widths == sorted(widths)
    assert LIGHT.colour(-STEPS_PER_SIDE) == "#0b5394"
    assert LIGHT.colour(0) == "#808080"
    assert LIGHT.colour(STEPS_PER_SIDE) == "#a63603"


def test_scale_covers_what_it_is_fitted_to() -> None:
    scale = Scale.cover([3e-9, 0.2, 7.0, 0.0, math.nan, math.inf], 0.5, "l2")
    assert scale.low <= math.log10(3e-9 / 0.5) < scale.low + 1
    assert scale.high - 1 < math.log10(7 / 0.5) <= scale.high
    assert Scale.cover([], 0.0, "max").reference == 1.0


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.21e-5, "3.2e-05"), (0.0, "0"), (math.nan, "NaN"), (math.inf, "Inf"), (12.0, "1.2e+01")],
)
def test_numbers_are_plain_ascii(value: float, text: str) -> None:
    assert number(value) == text


def test_scale_refuses_nonsense() -> None:
    with pytest.raises(viz.VizError, match="reference"):
        Scale(0.0, -1, 1)
    with pytest.raises(viz.VizError, match="l2, rms, max"):
        Scale(1.0, -1, 1, "l1")
    for low, high in ((0, 1), (-1, 0), (1, 2), (-2, -1), (-math.inf, 1)):
        with pytest.raises(viz.VizError, match="low < 0 < high"):
            Scale(1.0, low, high)
    for flows in ([], [tr.GradientFlow()], [None]):
        with pytest.raises(viz.VizError, match="one or more flows that have seen a sweep"):
            Scale.fit(flows)
