from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.sight import BLINDNESS, contrast, difference
from viz.style import (
    DARK,
    LIGHT,
    STEPS_PER_SIDE,
    THICK,
    THIN,
    Scale,
    Theme,
    mix_colours,
    number,
)


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


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_what_is_larger_stands_out_more_in_grey(theme: Theme) -> None:
    levels = range(-STEPS_PER_SIDE, STEPS_PER_SIDE + 1)
    seen = [contrast(theme.colour(level), theme.background) for level in levels]
    assert seen == sorted(seen)
    assert seen[-1] > 2 * seen[0]


def test_without_anything_above_the_reference_the_scale_ends_there() -> None:
    scale = Scale.cover([1e-3, 0.1, 1.0], 1.0, "l2")
    assert (scale.high, scale.level(1.0), scale.level(5.0)) == (0, 0, 0)
    assert (scale.width(1.0), scale.level(math.nan)) == (THICK, STEPS_PER_SIDE)


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
    for theme in (LIGHT, DARK):
        ends = [channels(theme.colour(level)) for level in (-STEPS_PER_SIDE, STEPS_PER_SIDE)]
        (red, _, blue), (hot, _, cold) = ends
        assert blue > red
        assert hot > cold


def test_scale_covers_what_it_is_fitted_to() -> None:
    scale = Scale.cover([3e-9] * 5 + [0.2, *[7.0] * 5, 0.0, math.nan, math.inf], 0.5, "l2")
    assert scale.low <= math.log10(3e-9 / 0.5) < scale.low + 1
    assert scale.high - 1 < math.log10(7 / 0.5) <= scale.high
    assert Scale.cover([], 0.0, "max").reference == 1.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.21e-5, "3.2e-05"),
        (0.0, "0"),
        (-0.0, "0"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (-math.inf, "-Inf"),
        (0.15, "0.15"),
        (0.0999, "0.10"),
        (0.001, "0.0010"),
        (9.9e-4, "9.9e-04"),
        (9.96e-4, "0.0010"),
        (1.0, "1.0"),
        (9.96, "10"),
        (12.0, "12"),
        (24.4, "24"),
        (1234.0, "1234"),
        (9999.4, "9999"),
        (9999.6, "1.0e+04"),
        (9.96e-5, "1.0e-04"),
        (5e-324, "4.9e-324"),
        (1.7e308, "1.7e+308"),
        (-0.5, "-0.50"),
    ],
)
def test_numbers_are_plain_ascii(value: float, text: str) -> None:
    assert number(value) == text


def channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_every_fourth_level_is_a_stop_and_others_lie_evenly_between(theme: Theme) -> None:
    for level in range(-12, 13):
        stop, quarter = divmod(level + 12, 4)
        if quarter == 0:
            assert theme.colour(level) == theme.ramp[stop]
            continue
        ends = zip(channels(theme.ramp[stop]), channels(theme.ramp[stop + 1]), strict=True)
        between = [a + (b - a) * quarter / 4 for a, b in ends]
        assert channels(theme.colour(level)) == [round(value) for value in between]


def test_mixing_keeps_two_digits_for_each_colour() -> None:
    assert mix_colours("#102030", "#304050", 0.0) == "#102030"
    assert mix_colours("#102030", "#304050", 1.0) == "#304050"
    assert mix_colours("#000000", "#0c0804", 0.25) == "#030201"


@pytest.mark.parametrize(
    ("value", "level", "width", "below"),
    [
        (1e-9, -12, 0.9, True),
        (1e-5, -12, 0.9, False),
        (1e-3, -6, 0.9 + 5.1 * 2 / 6, False),
        (0.1, 0, 0.9 + 5.1 * 4 / 6, False),
        (10**-0.5, 3, 0.9 + 5.1 * 4.5 / 6, False),
        (1.0, 6, 0.9 + 5.1 * 5 / 6, False),
        (10.0, 12, 6.0, False),
        (1e4, 12, 6.0, False),
        (0.0, -12, 0.9, True),
        (math.inf, 12, 6.0, False),
        (math.nan, 12, 6.0, None),
    ],
)
def test_level_and_width_are_linear_in_the_logarithm(
    value: float, level: int, width: float, below: bool | None
) -> None:
    scale = Scale(reference=0.1, low=-4, high=2)
    assert scale.level(value) == level
    assert scale.width(value) == round(width, 2)
    assert below is None or scale.below(value) == below


def test_decades_are_counted_from_the_reference() -> None:
    scale = Scale(0.02, -1, 1)
    assert scale.decades(2.0) == pytest.approx(2)
    assert scale.decades(0.02) == 0
    assert scale.decades(0.0) == -math.inf


@pytest.mark.parametrize(
    ("sizes", "reference", "expected"),
    [
        ([1e-3, 1.0, 1e2], 1.0, (1.0, -3, 2)),  # whole decades are not rounded up
        ([1.1e-3] * 5 + [90.0] * 5, 1.0, (1.0, -3, 2)),
        ([0.9e-3] * 5 + [110.0] * 5, 1.0, (1.0, -4, 3)),
        ([1.0], 1.0, (1.0, -1, 0)),  # a decade below; above only where something is
        ([50.0, 60.0], 10.0, (10.0, -1, 1)),
        ([1e-30] * 5 + [1e40] * 5, 1.0, (1.0, -16, 32)),  # beyond lies rounding noise
        ([1e-2, 1e2, 1e3], 0.0, (100.0, -4, 1)),  # the median stands in
        ([1e-2, 1e2], math.nan, (1.0, -2, 2)),  # of two, the geometric middle
        ([1e-2, 1e2], math.inf, (1.0, -2, 2)),
        ([0.0, math.nan, math.inf], 0.5, (0.5, -1, 0)),
        ([], 0.0, (1.0, -1, 0)),
        ([1e-9, *[0.1] * 98, 1e9], 1.0, (1.0, -1, 1)),
    ],
)
def test_a_scale_ends_at_whole_decades(
    sizes: list[float], reference: float, expected: tuple[float, float, float]
) -> None:
    scale = Scale.cover(sizes, reference, "rms")
    assert (scale.reference, scale.low, scale.high) == pytest.approx(expected)
    assert (type(scale.low), type(scale.high), scale.norm) == (float, float, "rms")


def test_the_reference_is_the_largest_gradient_at_any_last_hidden_state() -> None:
    flows = []
    for factor in (3.0, 20.0):
        h = tr.Tensor([1.0, 0.0], requires_grad=True)
        for t in range(3):
            with tr.scope("t", t):
                h = h * 0.5
        flows.append(tr.trace((h * factor).sum()))
    assert Scale.fit(flows).reference == pytest.approx(20 * math.sqrt(2))
    assert Scale.fit(flows[:1], "max").reference == pytest.approx(3)
    assert Scale.fit(flows[:1], "rms").norm == "rms"
    other = tr.Tensor([1.0, 0.0], requires_grad=True, name="other")
    unnamed = tr.trace((other * 7.0).sum())
    assert Scale.fit([unnamed]).reference == 1  # at the root
    assert Scale.fit([unnamed]).high == 1
    assert 10 ** Scale.fit([unnamed, *flows]).high >= 1


def test_a_hidden_state_is_known_by_its_mark_not_by_its_name() -> None:
    run = tr.unroll(tr.GRUCell(2, 3, rng=0), np.random.default_rng(0).normal(size=(4, 1, 2)))
    readout = run.final * 5.0
    readout.name = "h"
    flow = tr.trace(readout.sum())
    assert Scale.fit([flow]).reference == flow.norm(run.final) != flow.norm(readout)


def test_of_two_directions_the_reference_is_the_last_step_of_the_forward_one() -> None:
    """The backward half is made last, and its last state is that of the first step."""
    x = np.random.default_rng(0).normal(size=(6, 2, 3))
    for layer in (
        tr.RNN(3, 4, bidirectional=True, rng=0),
        tr.RNN(3, 4, 2, bidirectional=True, rng=0),
    ):
        run = layer(x)
        flow = tr.trace(run.outputs[-1].sum())
        forward, backward = run.runs[-1]
        assert Scale.fit([flow]).reference == flow.norm(forward.final) > 0
        assert flow.norm(backward.final) == 0


@pytest.mark.parametrize(
    ("reference", "low", "high"),
    [
        (-1.0, -1, 1), (math.inf, -1, 1), (math.nan, -1, 1), (1.0, 1, 1), (1.0, 2, 1),
        (1.0, 0, 1), (1.0, -1, -0.5), (1.0, -math.inf, 1), (1.0, -1, math.inf), (1.0, math.nan, 1),
    ],
)  # fmt: skip
def test_scale_refuses_ranges_that_are_none(reference: float, low: float, high: float) -> None:
    with pytest.raises(viz.VizError):
        Scale(reference, low, high)


def test_scale_refuses_nonsense() -> None:
    with pytest.raises(viz.VizError, match="reference"):
        Scale(0.0, -1, 1)
    with pytest.raises(viz.VizError, match="l2, rms, max"):
        Scale(1.0, -1, 1, "l1")
    with pytest.raises(viz.VizError, match="l2, rms, max"):
        Scale.fit([tr.trace(tr.Tensor(1.0, requires_grad=True) * 2.0)], "l1")
    for low, high in ((0, 1), (1, 2), (-2, -1), (-math.inf, 1)):
        with pytest.raises(viz.VizError, match="low < 0 <= high"):
            Scale(1.0, low, high)
    for flows in ([], [tr.GradientFlow()], [None]):
        with pytest.raises(viz.VizError, match="one or more flows that have seen a sweep"):
            Scale.fit(flows)


@pytest.mark.parametrize("tie", [0.0245, 1.85e-07, 0.645])
def test_the_last_bit_of_a_value_changes_no_byte(tie: float) -> None:
    scale = Scale(1.0, -6.0, 2.0, "l2")
    beside = [math.nextafter(tie, 0), tie, math.nextafter(tie, 1)]
    assert len({f"{value:.1e}" for value in beside}) == 2  # or else this shows nothing
    assert len({(number(v), scale.level(v), scale.width(v)) for v in beside}) == 1


def test_the_last_bit_of_a_decade_changes_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """C libraries differ there; five and a half of the levels stand on one."""
    scale = Scale(1.0, -6.0, 2.0, "l2")
    half = -6.0 * 5.5 / STEPS_PER_SIDE
    beside = [math.nextafter(half, -9), half, math.nextafter(half, 0)]
    levels = set()
    for decades in beside:
        monkeypatch.setattr(Scale, "decades", lambda self, value, d=decades: d)
        levels.add(scale.level(1.0))
    assert len(levels) == 1
