"""Jacobians of the step against finite differences, the recorded graph and exact identities."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import analysis
from tinygrad_rnn.nn import init

CELLS = [tr.RNNCell, tr.LSTMCell, tr.GRUCell]


class LinearCell(tr.Cell):
    """h_t = U h_{t-1} + x_t"""

    def __init__(self, weight: Any) -> None:
        self.weight_hh = tr.Parameter(weight)

    def initial_state(self, batch: int) -> tr.Tensor:
        return tr.Tensor(np.zeros((batch, len(self.weight_hh))))

    def __call__(self, x: Any, state: tr.Tensor) -> Any:
        return tr.f.linear(state, self.weight_hh) + x


class Uneven(NamedTuple):
    h: Any
    memory: Any


class UnevenCell(tr.Cell):
    """Two parts of different sizes, each answering to both."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.hh, self.hm = (
            tr.Parameter(rng.normal(size=(2, 2))),
            tr.Parameter(rng.normal(size=(2, 3))),
        )
        self.mh, self.mm = (
            tr.Parameter(rng.normal(size=(3, 2))),
            tr.Parameter(rng.normal(size=(3, 3))),
        )

    def initial_state(self, batch: int) -> Uneven:
        return Uneven(tr.Tensor(np.zeros((batch, 2))), tr.Tensor(np.zeros((batch, 3))))

    def __call__(self, x: Any, state: Uneven) -> Uneven:
        h, memory = state
        linear = tr.f.linear
        return Uneven(
            np.tanh(linear(h, self.hh) + linear(memory, self.hm) + x),
            tr.f.sigmoid(linear(h, self.mh) + linear(memory, self.mm)),
        )


def randomised(cell: Any, rng: np.random.Generator) -> Any:
    for parameter in cell.parameters():
        parameter.data = rng.normal(size=parameter.shape) * 0.7
    return cell


def flat(state: Any, batch: int) -> Any:
    parts = [state] if isinstance(state, tr.Tensor) else list(state)
    return np.concatenate([part.data[batch] for part in parts])


def random_state(cell: tr.Cell, batch: int, rng: np.random.Generator) -> Any:
    zero = cell.initial_state(batch)
    if isinstance(zero, tr.Tensor):
        return tr.Tensor(rng.normal(size=zero.shape), requires_grad=True)
    return type(zero)(*[tr.Tensor(rng.normal(size=p.shape), requires_grad=True) for p in zero])


@pytest.mark.parametrize("kind", [*CELLS, UnevenCell])
def test_a_step_jacobian_is_the_slope_of_the_step(kind: Any) -> None:
    rng = np.random.default_rng(0)
    cell = UnevenCell(rng) if kind is UnevenCell else randomised(kind(2, 3), rng)
    inputs, state = rng.normal(size=(4, 3, 2)), random_state(cell, 3, rng)
    jacobians = analysis.step_jacobians(cell, inputs, state, batch=1)
    eps = 1e-6
    for t, x in enumerate(inputs):
        parts = [state] if isinstance(state, tr.Tensor) else list(state)
        column = 0
        for part in parts:
            for unit in range(part.shape[1]):
                moved = []
                for change in (eps, -eps):
                    data = part.data.copy()
                    data[1, unit] += change
                    others = [tr.Tensor(data) if p is part else p for p in parts]
                    there = others[0] if len(parts) == 1 else type(state)(*others)
                    moved.append(flat(cell(x, there), 1))
                slope = (moved[0] - moved[1]) / (2 * eps)
                np.testing.assert_allclose(jacobians[t][:, column], slope, rtol=1e-6, atol=1e-9)
                column += 1
        assert jacobians[t].shape == (column, column)
        state = cell(x, state)


@pytest.mark.parametrize("kind", CELLS)
def test_their_product_is_what_the_recorded_graph_gives(kind: Any) -> None:
    rng = np.random.default_rng(1)
    cell = randomised(kind(2, 3), rng)
    inputs, state = rng.normal(size=(5, 2, 2)), random_state(cell, 2, rng)
    run = tr.unroll(cell, inputs, state)
    jacobians = analysis.step_jacobians(cell, inputs, state, batch=1)
    whole = analysis.products(jacobians)[-1]
    parts = [state] if isinstance(state, tr.Tensor) else list(state)
    last = [run.final] if isinstance(run.final, tr.Tensor) else list(run.final)
    row = 0
    for part in last:
        for unit in range(3):
            one = np.zeros((2, 3))
            one[1, unit] = 1.0
            expected = np.concatenate([g.data[1] for g in tr.grad(part, parts, one)])
            np.testing.assert_allclose(whole[row], expected, rtol=1e-12, atol=1e-15)
            row += 1


def test_the_lstm_with_zero_weights_passes_its_cell_state_by_the_forget_gate_alone() -> None:
    rng, steps = np.random.default_rng(2), 7
    cell = tr.LSTMCell(2, 3)
    cell.weight_ih.data, cell.weight_hh.data = np.zeros((12, 2)), np.zeros((12, 3))
    assert cell.bias is not None
    cell.bias.data = rng.normal(size=12)
    f = 1 / (1 + np.exp(-cell.bias.data[3:6]))
    inputs, state = rng.normal(size=(steps, 1, 2)), random_state(cell, 1, rng)
    whole = analysis.products(analysis.step_jacobians(cell, inputs, state))[-1]
    np.testing.assert_allclose(whole[3:, 3:], np.diag(f**steps), rtol=1e-13)
    assert not whole[:, :3].any()  # nothing comes by way of h
    final = tr.unroll(cell, inputs, state).final
    (dc,) = tr.grad(final.c.sum(), [state.c])
    np.testing.assert_allclose(dc.data[0], f**steps, rtol=1e-13)


def test_the_gru_with_zero_weights_passes_its_state_by_one_minus_the_update_gate_alone() -> None:
    rng, steps = np.random.default_rng(3), 7
    cell = tr.GRUCell(2, 3)
    cell.weight_ih.data, cell.weight_hh.data = np.zeros((9, 2)), np.zeros((9, 3))
    assert cell.bias is not None
    cell.bias.data = rng.normal(size=9)
    z = 1 / (1 + np.exp(-cell.bias.data[3:6]))
    inputs, state = rng.normal(size=(steps, 1, 2)), random_state(cell, 1, rng)
    whole = analysis.products(analysis.step_jacobians(cell, inputs, state))[-1]
    np.testing.assert_allclose(whole, np.diag((1 - z) ** steps), rtol=1e-13)


def test_an_orthogonal_linear_network_keeps_every_singular_value_at_one() -> None:
    rng = np.random.default_rng(4)
    cell = LinearCell(init.orthogonal(rng, 6))
    jacobians = analysis.step_jacobians(cell, rng.normal(size=(200, 1, 6)))
    np.testing.assert_allclose(analysis.log10_singular_values(jacobians), 0.0, atol=1e-12)
    assert analysis.spectral_radius(jacobians[0]) == pytest.approx(1.0, abs=1e-12)
    assert analysis.norm_bound(cell.weight_hh) == pytest.approx(1.0, abs=1e-12)


def test_products_are_taken_from_the_last_step_backwards() -> None:
    a, b, c = np.random.default_rng(5).normal(size=(3, 4, 4))
    np.testing.assert_allclose(analysis.products([a, b, c]), [c, c @ b, c @ b @ a], rtol=1e-13)


def test_singular_values_are_those_of_the_products() -> None:
    jacobians = np.random.default_rng(6).normal(size=(5, 4, 4))
    expected = np.linalg.svd(analysis.products(jacobians), compute_uv=False)
    found = 10 ** analysis.log10_singular_values(jacobians)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_singular_values_neither_run_out_of_range_nor_show_rounding_as_a_value() -> None:
    logs = analysis.log10_singular_values(np.tile(np.diag([1e3, 1e2, 1.0]), (300, 1, 1)))
    np.testing.assert_allclose(logs[-1][0], 900.0, rtol=1e-12)
    assert np.isnan(logs[-1][1:]).all()
    np.testing.assert_allclose(logs[4], [15.0, 10.0, 0.0], atol=1e-9)
    assert (analysis.log10_singular_values(np.zeros((2, 3, 3))) == -np.inf).all()


def test_the_bound_holds_for_every_step_and_is_nearly_reached_near_zero() -> None:
    rng = np.random.default_rng(7)
    cell = randomised(tr.RNNCell(2, 8), rng)
    bound = analysis.norm_bound(cell.weight_hh)
    norms = np.linalg.norm(
        analysis.step_jacobians(cell, rng.normal(size=(50, 1, 2))), 2, axis=(1, 2)
    )
    assert norms.max() < bound
    assert cell.bias is not None
    cell.bias.data = np.zeros(8)
    (still,) = analysis.step_jacobians(cell, np.zeros((1, 1, 2)))  # tanh'(0) = 1
    assert np.linalg.norm(still, 2) == pytest.approx(bound, rel=1e-12)


def test_the_spectral_radius_is_not_the_norm_of_a_non_normal_matrix() -> None:
    matrix = np.array([[0.5, 100.0], [0.0, -0.6]])
    assert analysis.spectral_radius(matrix) == pytest.approx(0.6)
    assert analysis.norm_bound(matrix) > 100
    with pytest.raises(tr.ShapeError, match=r"\(12, 3\) is not \(H, H\)"):
        analysis.norm_bound(tr.LSTMCell(2, 3).weight_hh)
    assert analysis.spectral_radius(np.stack([matrix, 2 * matrix])).shape == (2,)


def test_decades_per_step_is_the_rate_of_a_linear_network_and_leaves_out_zeros() -> None:
    rng = np.random.default_rng(8)
    cell = LinearCell(0.01 * init.orthogonal(rng, 4))
    run = tr.unroll(cell, rng.normal(size=(240, 1, 4)))
    norms = tr.trace(run.final.sum()).through_time(run)["h"]
    assert not norms[0]  # 10 ** -478 is out of range
    usable = np.where(norms > 1e-300, norms, 0.0)  # subnormal numbers have few digits
    assert analysis.decades_per_step(usable) == pytest.approx(-2.0, abs=1e-9)
    assert analysis.decades_per_step(usable) == pytest.approx(
        np.log10(analysis.spectral_radius(cell.weight_hh)), abs=1e-9
    )


def test_a_run_that_reads_backwards_has_the_rate_of_the_same_run_forwards() -> None:
    rng = np.random.default_rng(8)
    cell, x = LinearCell(0.5 * init.orthogonal(rng, 4)), rng.normal(size=(30, 1, 4))
    run = tr.unroll(cell, x[::-1].copy(), reverse=True)
    norms = tr.trace(np.sum(run.hidden[0])).through_time(run)["h"]
    rate = analysis.decades_per_step(norms, reverse=True)
    assert rate == pytest.approx(np.log10(0.5), abs=1e-9)
    assert analysis.decades_per_step(norms) == pytest.approx(-rate)


def test_decades_per_step_leaves_out_what_is_stuck_next_to_zero() -> None:
    norms = np.concatenate([np.full(500, 1.5e-323), 10.0 ** -np.arange(300.0, 0.0, -1.0)])
    assert analysis.decades_per_step(norms) == pytest.approx(-1.0, rel=1e-9)


def test_decades_per_step_is_the_least_squares_slope() -> None:
    norms = np.exp(np.random.default_rng(9).normal(size=20))
    norms[[3, 11]] = 0.0, np.nan
    kept = np.flatnonzero(norms > 0)
    slope = np.polyfit(kept, np.log10(norms[kept]), 1)[0]
    assert analysis.decades_per_step(norms) == pytest.approx(-slope, rel=1e-12)
    for few in ([], [1.0], [0.0, 0.0, 2.0], [np.inf, 1.0]):
        assert np.isnan(analysis.decades_per_step(few))


def test_activations_are_the_gates_of_the_equations_in_time_order() -> None:
    rng = np.random.default_rng(10)
    cell = randomised(tr.LSTMCell(2, 3), rng)
    inputs = rng.normal(size=(4, 2, 2))
    run = tr.unroll(cell, inputs)
    found = analysis.activations(run)
    assert set(found) == {"input gate", "forget gate", "candidate", "output gate", "hidden state"}
    c = np.zeros((2, 3))
    for t, state in enumerate(run.states):
        c = found["forget gate"][t] * c + found["input gate"][t] * found["candidate"][t]
        np.testing.assert_allclose(c, state.c.data, rtol=1e-14)
        np.testing.assert_allclose(found["hidden state"][t], np.tanh(c), rtol=1e-14)
        np.testing.assert_allclose(
            found["output gate"][t] * np.tanh(c), state.h.data, rtol=1e-14, atol=1e-16
        )


def test_activations_of_a_run_leave_out_the_run_before_it() -> None:
    rng = np.random.default_rng(11)
    encoder, decoder = tr.GRUCell(2, 3, rng=rng), tr.GRUCell(2, 3, rng=rng)
    before = tr.unroll(encoder, rng.normal(size=(6, 1, 2)))
    after = tr.unroll(decoder, rng.normal(size=(4, 1, 2)), before.final)
    alone = tr.unroll(decoder, np.stack([node.data for node in inputs_of(after)]), before.final)
    for name, values in analysis.activations(after).items():
        assert values.shape == (4, 1, 3)
        np.testing.assert_array_equal(values, analysis.activations(alone)[name])


def inputs_of(run: tr.Run) -> list[tr.Tensor]:
    nodes = tr.graph.topological(run.final)
    return [node for node in nodes if node.name == "x"][-len(run.states) :]


def test_activations_of_one_run_among_layers_are_in_time_order_in_both_directions() -> None:
    rng = np.random.default_rng(14)
    layers = tr.GRU(2, 3, num_layers=2, bidirectional=True, rng=rng)
    runs = layers(rng.normal(size=(5, 2, 2))).runs
    for run, back in zip(runs[1], (False, True), strict=True):
        found = analysis.activations(run)
        assert set(found) == {"reset gate", "update gate", "candidate"}
        z, n = found["update gate"], found["candidate"]
        h = np.stack([state.data for state in run.states])
        before = np.roll(h, -1 if back else 1, axis=0)
        before[-1 if back else 0] = 0.0
        np.testing.assert_allclose(h, (1 - z) * before + z * n, rtol=1e-13, atol=1e-16)


def test_own_cells_without_scopes_are_named_by_their_primitives() -> None:
    rng = np.random.default_rng(12)
    found = analysis.activations(tr.unroll(UnevenCell(rng), np.ones((3, 2, 2))))
    assert {name: values.shape for name, values in found.items()} == {
        "tanh": (3, 2, 2),
        "sigmoid": (3, 2, 3),
    }


def test_saturation_counts_both_ends_by_hand() -> None:
    cell = LinearCell(np.zeros((4, 4)))
    squash = np.array([[-2.0, -0.5, 0.9, 1.2]])  # tanh: -0.96, -0.46, 0.72, 0.83

    class Squashed(LinearCell):
        def __call__(self, x: Any, state: tr.Tensor) -> Any:
            h = super().__call__(x, state)
            return np.tanh(h) + 0.0 * tr.f.sigmoid(3.0 * h)  # sigmoid: 0.002, 0.18, 0.94, 0.97

    run = tr.unroll(Squashed(cell.weight_hh.data), squash[None])
    found = analysis.saturation(run)
    np.testing.assert_array_equal(found["tanh"], [[0.25, 0.25]])
    np.testing.assert_array_equal(found["sigmoid"], [[0.25, 0.5]])
    np.testing.assert_array_equal(analysis.saturation(run, margin=0.05)["tanh"], [[0.25, 0.0]])


def test_bad_input_is_refused_by_name() -> None:
    cell = tr.RNNCell(2, 3, rng=0)
    with pytest.raises(tr.ShapeError, match="step_jacobians"):
        analysis.step_jacobians(cell, np.ones((5, 2)))
    with pytest.raises(tr.ShapeError, match="T at least 1"):
        analysis.step_jacobians(cell, np.ones((0, 1, 2)))
    with pytest.raises(tr.ShapeError, match="state"):
        analysis.step_jacobians(cell, np.ones((5, 1, 2)), np.ones((1, 4)))
    with pytest.raises(IndexError):
        analysis.step_jacobians(cell, np.ones((5, 2, 2)), batch=2)
    with pytest.raises(tr.ShapeError, match=r"\(T, S, S\)"):
        analysis.products(np.ones((3, 3)))
    with pytest.raises(tr.AnomalyError, match="not finite"):
        analysis.log10_singular_values(np.full((1, 2, 2), np.nan))
    with tr.no_grad():
        run = tr.unroll(cell, np.ones((5, 1, 2)))
    for seen in (
        run,
        tr.unroll(cell, np.ones((5, 1, 2)), engine="fused"),
        tr.unroll(cell, np.ones((5, 1, 2)), checkpoint=2),
    ):
        with pytest.raises(tr.GradientError, match="no_grad"):
            analysis.activations(seen)


def test_a_state_may_be_given_as_arrays() -> None:
    cell = randomised(tr.LSTMCell(2, 3), np.random.default_rng(13))
    x, h, c = np.ones((4, 2, 2)), np.full((2, 3), 0.5), np.full((2, 3), -0.5)
    np.testing.assert_array_equal(
        analysis.step_jacobians(cell, x, (h, c)),
        analysis.step_jacobians(cell, x, tr.LSTMState(tr.Tensor(h), tr.Tensor(c))),
    )


def test_float32_stays_float32() -> None:
    cell = tr.LSTMCell(2, 3, rng=0, dtype=np.float32)
    jacobians = analysis.step_jacobians(cell, np.ones((3, 1, 2), np.float32))
    assert jacobians.dtype == np.float32
