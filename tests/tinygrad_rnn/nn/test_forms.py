"""Any form of unrolling, drawn at random, gives what the plain op graph gives."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tr

CELLS = [
    (tr.RNNCell, {}),
    (tr.RNNCell, {"nonlinearity": "relu"}),
    (tr.LSTMCell, {}),
    (tr.GRUCell, {}),
    (tr.GRUCell, {"reset": "after"}),
]


@st.composite
def forms(draw):
    make, options = draw(st.sampled_from(CELLS))
    steps, batch, size, hidden = (draw(st.integers(1, n)) for n in (6, 3, 3, 3))
    lengths = st.lists(st.integers(0, steps), min_size=batch, max_size=batch)
    return {
        "make": make,
        "options": options | {"bias": draw(st.booleans()), "learn_state": draw(st.booleans())},
        "shape": (steps, batch, size),
        "hidden": hidden,
        "seed": draw(st.integers(0, 99)),
        "lengths": draw(st.none() | lengths),
        "reverse": draw(st.booleans()),
        "truncate": draw(st.none() | st.integers(1, 7)),
        "checkpoint": draw(st.integers(1, 7)),
    }


def results(form, **how):
    rng = np.random.default_rng(form["seed"])
    cell = form["make"](form["shape"][2], form["hidden"], rng=rng, **form["options"])
    for parameter in cell.parameters():
        parameter.data = rng.uniform(-1, 1, parameter.shape)
    x = tr.Tensor(rng.standard_normal(form["shape"]), requires_grad=True)
    run = tr.unroll(cell, x, lengths=form["lengths"], reverse=form["reverse"], **how)
    weights = rng.standard_normal(run.outputs.shape)
    final = run.final.c if isinstance(run.final, tr.LSTMState) else run.final
    (np.sum(run.outputs * weights) + np.sum(np.square(final))).backward()
    gradients = {name: parameter.grad for name, parameter in cell.named_parameters()}
    return {"y": run.outputs.data, "dx": x.grad} | gradients


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(forms())
def test_every_form_is_the_same_function(form):
    truncated = results(form, truncate=form["truncate"], engine="fused")
    _compare(truncated, results(form, truncate=form["truncate"]))
    plain = results(form)
    _compare(results(form, checkpoint=form["checkpoint"]), plain)
    _compare(results(form, checkpoint=form["checkpoint"], engine="fused"), plain)
    if form["truncate"] is None or form["truncate"] >= form["shape"][0]:
        _compare(truncated, plain)


def _compare(ours, theirs):
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, rtol=1e-11, atol=1e-13, err_msg=name)
