"""What is read off the recorded values, against what the cell computed."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.analysis import activations
from tinygrad_rnn.diagnosis.examined import Examined

T, B, F, H = 6, 2, 3, 4
X = np.random.default_rng(0).standard_normal((T, B, F))


def evidence_of(cell, **options):
    run = tr.unroll(cell, X, **options)
    seen = Examined(tr.trace(np.square(run.hidden[-1]).sum()), run)
    return seen.evidence[0], run


def test_what_a_forget_gate_lets_straight_through():
    evidence, run = evidence_of(tr.LSTMCell(F, H, rng=0))
    gates = activations(run)["forget gate"][1:].ravel()
    assert list(evidence.keep) == ["c"]
    np.testing.assert_array_equal(evidence.keep["c"], gates)
    assert evidence.keeping_gate == "forget gate"


def test_what_an_input_gate_lets_through_that_is_coupled():
    evidence, run = evidence_of(tr.LSTMCell(F, H, rng=0, coupled=True))
    gates = activations(run)["input gate"][1:].ravel()
    np.testing.assert_allclose(evidence.keep["c"], 1 - gates, rtol=1e-14)
    assert evidence.keeping_gate == "input gate"


@pytest.mark.parametrize("reset", ["before", "after"])
def test_what_an_update_gate_lets_through(reset):
    evidence, run = evidence_of(tr.GRUCell(F, H, rng=0, reset=reset))
    gates = activations(run)["update gate"][1:].ravel()
    np.testing.assert_allclose(evidence.keep["h"], 1 - gates, rtol=1e-14)


class Mixed(tr.Cell):
    """h + z * (n - h), written with one product."""

    def initial_state(self, batch):
        return tr.Tensor(np.zeros((batch, H)))

    def __call__(self, x, h):
        weight = tr.Parameter(np.random.default_rng(1).standard_normal((F, H)))
        z = tr.f.sigmoid(x @ weight)
        return h + z * (np.tanh(x @ weight) - h)


def test_a_cell_of_ones_own_may_write_it_otherwise():
    evidence, run = evidence_of(Mixed())
    gates = activations(run)["sigmoid"][1:].ravel()
    np.testing.assert_allclose(evidence.keep["h"], 1 - gates, rtol=1e-14)


def test_a_simple_cell_has_no_straight_way():
    assert evidence_of(tr.RNNCell(F, H, rng=0))[0].keep == {}


def test_padding_is_left_out_of_what_is_kept():
    evidence, run = evidence_of(tr.GRUCell(F, H, rng=0), lengths=[6, 2])
    gates = activations(run)["update gate"][1:, :1].ravel()
    np.testing.assert_allclose(evidence.keep["h"], 1 - gates, rtol=1e-14)


def test_slopes_and_gains_multiply_to_the_rate():
    cell = tr.RNNCell(F, H, rng=0)
    evidence, run = evidence_of(cell)
    norms = tr.trace(np.square(run.final).sum()).through_time(run)["h"]
    # every step back is one slope and one product; the first step's slope leads out of the chain
    slopes = [evidence._slope_at(t) for t in range(1, T)]
    gains = [evidence._weight_at(t) for t in range(1, T)]
    np.testing.assert_allclose(np.prod(slopes) * np.prod(gains), norms[0] / norms[-1], rtol=1e-12)
    assert evidence.recurrent is cell.weight_hh
    assert evidence.radius == pytest.approx(tr.analysis.spectral_radius(cell.weight_hh))


def test_the_recurrent_weight_of_a_loop_of_ones_own():
    class Own(Mixed):
        U = tr.Parameter(np.random.default_rng(2).standard_normal((H, H)))

        def __call__(self, x, h):
            return np.tanh(h @ self.U.T)

    cell = Own()
    assert evidence_of(cell)[0].recurrent is cell.U


def test_squashing_values_are_those_of_the_gates():
    evidence, run = evidence_of(tr.LSTMCell(F, H, rng=0))
    expected = activations(run)
    for one in evidence.squashing:
        np.testing.assert_array_equal(one.flat, expected[one.name].ravel())
        y = one.flat
        slope = 1 - y * y if "tanh" in one.op else 4 * y * (1 - y)
        assert one.slope == pytest.approx(np.sqrt(np.mean(slope**2)))
        low = -0.9 if "tanh" in one.op else 0.05
        high = 0.9 if "tanh" in one.op else 0.95
        assert one.ends == (np.mean(y < low), np.mean(y > high))
