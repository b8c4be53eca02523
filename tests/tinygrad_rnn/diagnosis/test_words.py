"""Sentences about a gradient are true of its numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.diagnosis.chains import Chain
from tinygrad_rnn.diagnosis.curves import Curve
from tinygrad_rnn.diagnosis.words import factor, in_words, journey, percent


def curve(norms, steps=None, alone=True, top=True, layer=None, parts=("h",)):
    steps = list(range(len(norms)))[::-1] if steps is None else steps
    chain = Chain(layer, None, steps[::-1], {part: [] for part in parts})
    return Curve(chain, parts[-1], steps, np.asarray(norms, float), alone, top)


@given(st.floats(1e-300, 1e300))
def test_a_number_is_within_its_two_digits(value):
    assert float(in_words(value).replace(",", "")) == pytest.approx(value, rel=0.051)
    assert in_words(value) == in_words(value * (1 + 1e-13)) or in_words(value) != ""


@given(st.floats(1e-280, 1.0))
def test_a_percentage_is_within_its_two_digits(share):
    assert float(percent(share).removesuffix(" %")) == pytest.approx(100 * share, rel=0.051)


@given(st.floats(-5, 5))
def test_a_factor_is_never_told_as_no_change_where_it_is_one(decades):
    said = float(factor(decades).replace(",", ""))
    assert said == pytest.approx(10**decades, rel=0.051)
    if abs(10**decades - 1) > 1e-3:
        assert said != 1.0


def test_a_way_that_shrinks():
    said = journey(curve(0.58 ** np.arange(40.0)))
    assert said == "0.000000059 % of the gradient at t = 39 reaches t = 0: times 0.58 a step."


def test_a_way_that_grows_is_told_by_how_much():
    said = journey(curve(1.1 ** np.arange(30.0)))
    assert said == "The gradient at t = 0 is 16 times that at t = 29: times 1.10 a step."


def test_a_run_that_goes_backwards_is_told_along_the_sweep():
    """It starts at t = 0 and ends at the last step, so a 50-fold fall is a fall."""
    said = journey(curve(50.0 ** -np.linspace(0, 1, 21), steps=list(range(21))))
    assert said == "2.0 % of the gradient at t = 0 reaches t = 20: times 0.82 a step."


def test_a_knee_is_told_as_two_pieces():
    norms = np.concatenate([0.3 ** np.arange(8), 0.3**7 * np.ones(12)])
    said = journey(curve(norms))
    assert said.endswith("reaches t = 0: times 0.30 a step back to t = 12, then times 1.00.")


def test_what_the_loss_of_one_step_sends_is_said_to_be_that():
    said = journey(curve([1.0, 0.5, 0.25], alone=False))
    assert said == "25 % of what the loss at t = 2 sends back reaches t = 0: times 0.50 a step."
    said = journey(curve([1.0, 2.0, 4.0], alone=False))
    assert (
        said
        == "What the loss at t = 2 sends back is 4.0 times as large at t = 0: times 2.0 a step."
    )
    said = journey(curve([1.0, 0.5, 0.25], alone=False, top=False, layer=1, parts=("h", "c")))
    assert said == (
        "25 % of what comes from above at t = 2 in layer 1 reaches t = 0 along c: "
        "times 0.50 a step."
    )


def test_ends_that_no_rate_tells():
    assert "ends at t = 2" in journey(curve([1.0, 0.5, 0.0, 0.0], steps=[3, 2, 1, 0]))
    assert "is NaN at t = 1" in journey(curve([1.0, np.nan, 0.1]))
    assert "is Inf at t = 0" in journey(curve([1.0, 2.0, np.inf]))
    assert "one time step" in journey(curve([1.0]))


@given(
    st.lists(st.floats(-300, 300), min_size=2, max_size=40),
    st.booleans(),
)
def test_nothing_that_lost_a_hundredfold_is_said_to_keep(logs, alone):
    """No word of keeping, and the share at the end is the one that is told."""
    with np.errstate(all="ignore"):
        norms = 10.0 ** np.asarray(logs)
    said = journey(curve(norms, alone=alone))
    assert "keep" not in said
    with np.errstate(all="ignore"):
        share = norms[-1] / norms[0]
    if 0 < share < 0.5 and share > 1e-290:
        assert percent(share) in said
