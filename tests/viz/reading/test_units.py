"""Units are those of the flow and of the cell's gates."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from viz.reading.units import MOST_UNITS_SHOWN, units_of


def traced(cell, steps=9):
    inputs = np.random.default_rng(1).normal(size=(steps, 2, cell.input_size))
    run = tr.unroll(cell, inputs)
    last = getattr(run.final, "h", run.final)
    return run, tr.trace(np.square(last).sum())


def test_an_lstms_units_are_those_of_its_cell_state():
    run, flow = traced(tr.LSTMCell(3, 4, rng=0))
    found = units_of(flow)
    gates = tr.analysis.activations(run)
    assert found.state == "c"
    for t in range(9):
        expected = np.linalg.norm(flow.gradient(run.states[t].c), axis=0)
        np.testing.assert_allclose(found.gradients[:, t], expected, rtol=1e-12)
        for name in ("input gate", "forget gate", "output gate"):
            np.testing.assert_allclose(found.gates[name][:, t], gates[name][t].mean(axis=0))
    product = np.prod(gates["forget gate"][3:8], axis=0)  # from c_2 to c_7
    kept = 10 ** (found.kept[:, 7] - found.kept[:, 2])
    np.testing.assert_allclose(kept, np.sqrt(product[0] * product[1]), rtol=1e-12)


def test_a_grus_state_is_multiplied_by_one_minus_z():
    run, flow = traced(tr.GRUCell(3, 4, rng=0))
    found = units_of(flow)
    z = tr.analysis.activations(run)["update gate"]
    kept = 10 ** (found.kept[:, 5] - found.kept[:, 4])
    np.testing.assert_allclose(kept, np.sqrt((1 - z[5, 0]) * (1 - z[5, 1])), rtol=1e-12)


@pytest.mark.parametrize("cell", [tr.RNNCell(3, 4, rng=0)])
def test_without_gates_there_are_gradients_alone(cell):
    _, flow = traced(cell)
    found = units_of(flow)
    assert found.gates == {}
    assert found.kept.size == 0


def test_long_runs_are_thinned_out_and_large_layers_left_out():
    run, flow = traced(tr.LSTMCell(2, 16, rng=0), steps=300)
    found = units_of(flow)
    assert found.steps[0] == 0
    assert found.steps[-1] == 299
    assert len(found.steps) == 125
    at = found.steps[60]
    forget = np.log10(tr.analysis.activations(run)["forget gate"]).mean(axis=1)
    expected = forget[found.steps[10] + 1 : at + 1].sum(axis=0)
    np.testing.assert_allclose(found.kept[:, 60] - found.kept[:, 10], expected, rtol=1e-10)
    assert units_of(traced(tr.RNNCell(2, MOST_UNITS_SHOWN + 1, rng=0))[1]) is None
    assert units_of(None) is None
