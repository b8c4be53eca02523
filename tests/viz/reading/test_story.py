"""What pictures, pages and notebooks say of a flow is what a diagnosis of it says."""

import re

import numpy as np

import tinygrad_rnn as tr
import viz
from viz.reading.story import curve_of, diagnosis_of, headline_of

X = np.random.default_rng(0).standard_normal((12, 1, 3))


def test_every_format_takes_its_headline_from_the_diagnosis():
    run = tr.unroll(tr.LSTMCell(3, 4, rng=0), X)
    loss = np.square(run.final.h).sum()
    flow = tr.trace(loss)
    picture = viz.draw(loss, flow)
    said = tr.diagnose(loss, flow, run).headline
    assert picture.model.headline == said
    assert said in picture.description
    assert all(level.model.headline == said for level in viz.page.levels(loss, flow).values())
    assert said in picture.to_bytes("json").decode()
    assert picture._repr_mimebundle_()["text/plain"].startswith(said)


def test_a_comparison_has_a_headline_for_each_of_its_parts():
    parts = {}
    for name, cell in {"RNN": tr.RNNCell(3, 4, rng=0), "GRU": tr.GRUCell(3, 4, rng=0)}.items():
        loss = tr.unroll(cell, X).final.sum()
        parts[name] = loss, tr.trace(loss)
    expected = " ".join(f"{n}: {tr.diagnose(*part).headline}" for n, part in parts.items())
    assert viz.compare(parts).model.headline == expected


def test_strips_tell_the_way_back_of_their_own_state():
    run = tr.unroll(tr.LSTMCell(3, 4, rng=0), X)
    loss = np.square(run.final.h).sum()
    strips = {strip.state: strip for strip in viz.draw(loss, tr.trace(loss)).model.strips}
    for part, norms in tr.trace(loss).through_time(run).items():
        said = float(re.match(r"times (\S+) a step", strips[part].said)[1])
        assert abs(np.log10(said) - strips[part].decades) < 0.03
        assert strips[part].decades < 0
        assert norms[0] < norms[-1]


def test_a_run_that_goes_backwards_falls_along_the_sweep():
    """Where 50 times less arrives, the strip and the headline say less, and not that it grows."""
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X, reverse=True)
    loss = np.square(run.final).sum()
    model = viz.draw(loss, tr.trace(loss)).model
    (strip,) = model.strips
    assert strip.values[0] > 20 * strip.values[-1]  # it sets out at t = 0
    assert strip.decades < -0.1
    assert "of the gradient at t = 0 reaches t = 11" in model.headline


def test_a_sum_over_losses_has_no_rate():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X)
    loss = np.square(run.outputs).mean()
    (strip,) = viz.draw(loss, tr.trace(loss)).model.strips
    assert strip.decades is None
    assert strip.said.startswith("a sum; what the loss at t = 11 sends goes times 0.")


def test_a_truncated_way_is_not_told_as_a_rate():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X, truncate=4)
    loss = np.square(run.final).sum()
    model = viz.draw(loss, tr.trace(loss)).model
    assert "No gradient goes from t = 8 to t = 7" in model.headline
    assert model.strips[0].said == "ends at t = 8 on its way back"
    assert model.strips[0].values[7] == 0


def test_a_flow_is_diagnosed_once():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X)
    flow = tr.trace(run.final.sum())
    assert diagnosis_of(flow) is diagnosis_of(flow)
    assert curve_of(flow, run.final).part == "h"


def test_nothing_is_said_without_a_flow_or_without_time():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    assert headline_of(None) == ""
    assert headline_of(tr.trace((x * x).sum())) == ""
    with np.errstate(all="ignore"):
        assert "log is NaN" in headline_of(tr.trace(np.log(x - 2).sum()))
