"""The fused engine where units are saturated: it has what is left of a gradient, too."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.nn.fused import base

T, B, D, H = 6, 3, 2, 4
CELLS = {
    "rnn": (tr.RNNCell, {}),
    "lstm": (tr.LSTMCell, {}),
    "gru": (tr.GRUCell, {}),
    "gru after": (tr.GRUCell, {"reset": "after"}),
}
# Where gates are nearly all shut or wide open: how far, so that slopes are normal numbers still.
FAR = {np.float32: 14.0, np.float64: 45.0}


def gradients(name, engine, dtype, far, lengths=None, bias=True):
    """What the last state sends to all that goes in, for weights that saturate most units."""
    make, options = CELLS[name]
    rng = np.random.default_rng(3)
    cell = make(D, H, dtype=dtype, rng=rng, bias=bias, **options)
    for parameter in cell.parameters():
        parameter.data = rng.uniform(-0.5, 0.5, parameter.shape)
    if bias:
        cell.bias.data = rng.uniform(-far, far, cell.bias.shape)
    else:
        cell.weight_ih.data = rng.uniform(-far, far, cell.weight_ih.shape)
    x = tr.Tensor(rng.uniform(-1, 1, (T, B, D)), requires_grad=True, dtype=dtype)
    run = tr.unroll(cell, x, lengths=lengths, engine=engine)
    weights = rng.uniform(0.5, 1, (B, H)).astype(dtype)
    final = run.final.h if make is tr.LSTMCell else run.final
    return [g.data for g in tr.grad(np.sum(final * weights), [x, *cell.parameters()])]


@pytest.mark.parametrize("fast", [True, False], ids=["compiled where it is installed", "NumPy"])
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_left_of_a_gradient_has_half_of_its_digits(name, dtype, fast, monkeypatch):
    if not fast:
        monkeypatch.setattr(base, "compiled_loops", lambda: None)
    half = 20 * np.sqrt(np.finfo(dtype).eps)  # a few such slopes in a row
    for form in ({}, {"lengths": [4, T, 2]}, {"bias": False}):
        truth = gradients(name, "graph", np.float64, FAR[dtype], **form)
        found = gradients(name, "fused", dtype, FAR[dtype], **form)
        for expected, ours in zip(truth, found, strict=True):
            largest = np.abs(expected).max()
            # A sum over units and steps is as exact as its largest term.
            np.testing.assert_allclose(ours, expected, rtol=half, atol=half * 1e-3 * largest)


@pytest.mark.parametrize("fast", [True, False], ids=["compiled where it is installed", "NumPy"])
@pytest.mark.parametrize("name", CELLS)
def test_one_unit_alone_has_the_op_graphs_gradient(name, fast, monkeypatch):
    """Float64, one unit, no sum that hides it: 1 - y * y would be 0 or have no digit."""
    if not fast:
        monkeypatch.setattr(base, "compiled_loops", lambda: None)
    make, options = CELLS[name]
    for level in (12.0, -12.0, 25.0, -25.0, 60.0):
        found = {}
        for engine in ("graph", "fused"):
            cell = make(1, 1, rng=0, **options)
            cell.bias.data = np.full(cell.bias.shape, level)
            x = tr.Tensor(np.full((3, 1, 1), 0.3), requires_grad=True)
            run = tr.unroll(cell, x, engine=engine)
            found[engine] = tr.grad(np.sum(run.outputs), [x])[0].data
        assert np.all(found["graph"] != 0)
        np.testing.assert_allclose(found["fused"], found["graph"], rtol=1e-5, atol=0)
