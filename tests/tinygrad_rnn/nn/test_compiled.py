"""The compiled loops against their plain twins, NumPy's: the same numbers for every cell."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.nn.fused import tape

pytest.importorskip("numba", reason="the extra `fast` is not installed")
CELLS = {
    "rnn": tr.RNNCell,
    "lstm": tr.LSTMCell,
    "gru": tr.GRUCell,
}


def gradients(kind, dtype, shape, inputs_need_one, size=5):
    """Outputs and all gradients of a loss at every step, from a given state."""
    rng = np.random.default_rng(3)
    cell = CELLS[kind](shape[2], size, rng=rng, dtype=dtype)
    for parameter in cell.parameters():
        parameter.data = rng.normal(scale=0.7, size=parameter.shape)
    x = tr.Tensor(rng.normal(size=shape), requires_grad=inputs_need_one, dtype=dtype)
    start = [
        tr.Tensor(rng.normal(size=(shape[1], size)), requires_grad=True, dtype=dtype)
        for _ in cell.parts
    ]
    state = tuple(start) if kind == "lstm" else start[0]
    run = tr.unroll(cell, x, state, engine="fused")
    weights = rng.normal(size=run.outputs.shape).astype(dtype)
    loss = (run.outputs * weights).sum()
    if kind == "lstm":
        loss = loss + (run.final.c * weights[0]).sum()
    leaves = [*cell.parameters(), *start, *([x] if inputs_need_one else [])]
    return run.outputs.data, [gradient.data for gradient in tr.grad(loss, leaves)]


@pytest.mark.parametrize("inputs_need_one", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 2), (7, 1, 3), (4, 3, 2)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("kind", CELLS)
def test_compiled_and_plain_loops_agree(
    kind, dtype, tolerance, shape, inputs_need_one, with_compiled_loops, monkeypatch
):
    used = []
    loops = with_compiled_loops()
    monkeypatch.setattr(tape, "compiled_loops", lambda: used.append(1) or loops)
    outputs, found = gradients(kind, dtype, shape, inputs_need_one)
    assert len(used) == 2  # forwards and backwards
    monkeypatch.setattr(tape, "compiled_loops", lambda: None)
    plain_outputs, expected = gradients(kind, dtype, shape, inputs_need_one)
    assert outputs.dtype == dtype
    np.testing.assert_allclose(outputs, plain_outputs, rtol=tolerance, atol=tolerance)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("what", ["large", "padded", "relu", "reset after"])
def test_what_has_no_compiled_form_takes_the_plain_loops(what, with_compiled_loops, monkeypatch):
    class Trap:
        def __getattr__(self, name):
            raise AssertionError(f"{name} was called")

    monkeypatch.setattr(tape, "compiled_loops", Trap)
    batch = tape.COMPILED_UP_TO if what == "large" else 2
    cell = {
        "relu": lambda: tr.RNNCell(2, 3, nonlinearity="relu", rng=0),
        "reset after": lambda: tr.GRUCell(2, 3, reset="after", rng=0),
    }.get(what, lambda: tr.RNNCell(2, 3, rng=0))()
    lengths = [3, 2] if what == "padded" else None
    run = tr.unroll(cell, np.ones((3, batch, 2)), lengths=lengths, engine="fused")
    run.outputs.sum().backward()
    assert np.isfinite(cell.weight_hh.grad).all()


def test_nan_stays_nan(with_compiled_loops, monkeypatch):
    monkeypatch.setattr(tape, "compiled_loops", with_compiled_loops)
    inputs = np.ones((3, 1, 2))
    inputs[1] = np.nan
    for kind in CELLS.values():
        run = tr.unroll(kind(2, 3, rng=0), inputs, engine="fused")
        assert np.isfinite(run.outputs.data[0]).all()
        assert np.isnan(run.outputs.data[1:]).all()
