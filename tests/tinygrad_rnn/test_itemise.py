"""The itemised gradient against one sweep for each loss, which is what it stands for."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import itemise as module
from tinygrad_rnn.itemise import itemised

T, B, F, H = 7, 2, 3, 4

CELLS = {
    "rnn": lambda: tr.RNNCell(F, H, rng=0),
    "relu": lambda: tr.RNNCell(F, H, rng=0, nonlinearity="relu"),
    "identity": lambda: tr.RNNCell(F, H, rng=0, nonlinearity="identity"),
    "lstm": lambda: tr.LSTMCell(F, H, rng=0),
    "peepholes": lambda: tr.LSTMCell(F, H, rng=0, peepholes=True),
    "coupled": lambda: tr.LSTMCell(F, H, rng=0, coupled=True, peepholes=True),
    "gru": lambda: tr.GRUCell(F, H, rng=0),
    "gru, reset after": lambda: tr.GRUCell(F, H, rng=0, reset="after"),
}
OPTIONS = {
    "plain": {},
    "padded": {"lengths": [5, 3]},
    "backwards": {"reverse": True},
    "truncated": {"truncate": 3},
}


class Normalised(tr.Cell):
    """A cell of rules that are not known for all rows at once: softmax, layer norm, a sum."""

    def __init__(self):
        rng = np.random.default_rng(5)
        self.W = tr.Parameter(rng.standard_normal((F, H)))
        self.U = tr.Parameter(rng.standard_normal((H, H)))
        self.norm = tr.LayerNorm(H)

    def initial_state(self, batch):
        return tr.Tensor(np.zeros((batch, H)))

    def __call__(self, x, h):
        h = self.norm(np.tanh(x @ self.W + h @ self.U))
        return h * tr.f.softmax(h) + np.sum(h, axis=-1, keepdims=True) * h.T.T


def readout(run, seed=1):
    """One loss for each step, of random read-out and targets."""
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((run.hidden[0].shape[1], 2))
    return [tr.mse_loss(h @ weight, rng.standard_normal((B, 2))) for h in run.hidden]


def one_by_one(losses, run):
    """The norms by a sweep for each loss."""
    rows = []
    for loss in losses:
        flow = tr.trace(loss)
        rows.append(
            {
                part: [
                    flow.norm(getattr(s, part) if part == "c" else part_h(s)) for s in run.states
                ]
                for part in ("h", "c")
                if part == "h" or hasattr(run.states[0], "c")
            }
        )
    return {part: np.array([row[part] for row in rows]) for part in rows[0]}


def part_h(state):
    return getattr(state, "h", state)


def agree(found, expected):
    assert found.keys() == expected.keys()
    for part, norms in expected.items():
        np.testing.assert_allclose(found[part], norms, rtol=1e-10, atol=0, err_msg=part)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("make", CELLS.values(), ids=CELLS)
def test_each_row_is_a_sweep_of_its_own(make, options):
    x = np.random.default_rng(2).standard_normal((T, B, F))
    run = tr.unroll(make(), x, **options)
    losses = readout(run)
    found = itemised(losses, run)
    agree(found, one_by_one(losses, run))
    assert all(part.shape == (T, T) and np.all(np.isfinite(part)) for part in found.values())


@pytest.mark.parametrize("rows", [1, 3])
def test_rules_that_are_taken_row_by_row_and_windows_of_rows(rows, monkeypatch):
    run = tr.unroll(Normalised(), np.random.default_rng(3).standard_normal((T, B, F)))
    losses = readout(run)
    monkeypatch.setattr(module, "ELEMENTS_AT_ONCE", rows * 2 * B * H)
    agree(itemised(losses, run), one_by_one(losses, run))


def test_losses_in_one_tensor_taken_from_the_stacked_outputs():
    run = tr.unroll(tr.LSTMCell(F, H, rng=0), np.random.default_rng(3).standard_normal((T, B, F)))
    rng = np.random.default_rng(4)
    prediction = run.outputs @ rng.standard_normal((H, 2))
    losses = np.square(prediction - rng.standard_normal((T, B, 2))).mean(axis=(1, 2))
    agree(itemised(losses, run), one_by_one([losses[k] for k in range(T)], run))
    # the same read one by one from the stack
    again = [np.square(run.outputs[t]).sum() for t in range(T)]
    agree(itemised(again, run), one_by_one(again, run))


@pytest.mark.parametrize("kind", [tr.LSTM, tr.GRU])
def test_every_layer_and_direction(kind):
    network = kind(F, H, num_layers=2, bidirectional=True, rng=0)
    run = network(np.random.default_rng(3).standard_normal((T, B, F)))
    losses = [np.square(run.outputs[t]).sum() for t in range(T)]
    for layer in run.runs:
        for one in layer:
            found = itemised(losses, one)
            agree(found, one_by_one(losses, one))
    agree(itemised(losses, run), one_by_one(losses, run.runs[-1][0]))
    assert np.all(itemised(losses, run.runs[0][0])["h"] > 0)  # a lower layer serves every loss


def test_attention_over_all_earlier_states():
    run = tr.unroll(tr.GRUCell(F, H, rng=0), np.random.default_rng(3).standard_normal((T, B, F)))
    losses = []
    for t, h in enumerate(run.hidden):
        keys = np.stack(run.hidden[: t + 1])
        weights = tr.f.softmax(np.sum(keys * h, axis=-1), axis=0)
        losses.append(np.sum(np.tanh(np.sum(keys * weights[..., None], axis=0))))
    agree(itemised(losses, run), one_by_one(losses, run))


def test_a_linear_network_in_closed_form():
    """dL_k/dh_t = (U^T)^(k - t) v for L_k = v . h_k."""
    cell = tr.RNNCell(F, H, rng=0, nonlinearity="identity", bias=False)
    run = tr.unroll(cell, np.random.default_rng(3).standard_normal((T, 1, F)))
    v = np.random.default_rng(4).standard_normal(H)
    found = itemised([np.sum(h * v) for h in run.hidden], run)["h"]
    for k in range(T):
        for t in range(T):
            power = np.linalg.matrix_power(cell.weight_hh.data.T, max(k - t, 0)) @ v
            expected = np.linalg.norm(power) if t <= k else 0.0
            assert found[k, t] == pytest.approx(expected, rel=1e-12)


def test_what_lies_beyond_the_squares_of_floating_point_is_measured():
    cell = tr.RNNCell(1, 2, rng=0, nonlinearity="identity", bias=False)
    cell.weight_hh.data = 1e-9 * np.eye(2)
    run = tr.unroll(cell, np.ones((30, 1, 1)))
    found = itemised([h.sum() for h in run.hidden], run)["h"]
    assert found[29, 0] == pytest.approx(np.sqrt(2) * 1e-261, rel=1e-9)


def test_float32_is_swept_in_float32():
    cell = tr.LSTMCell(F, H, rng=0, dtype=np.float32)
    run = tr.unroll(cell, np.random.default_rng(3).standard_normal((T, B, F)).astype(np.float32))
    losses = [np.square(h).sum() for h in run.hidden]
    found, expected = itemised(losses, run), one_by_one(losses, run)
    for part, norms in expected.items():
        np.testing.assert_allclose(found[part], norms, rtol=1e-4)


def test_nothing_is_added_to_any_grad():
    cell = tr.GRUCell(F, H, rng=0)
    run = tr.unroll(cell, np.ones((T, B, F)))
    itemised([h.sum() for h in run.hidden], run)
    assert cell.weight_hh.grad is None


def test_not_a_number_stays_one():
    run = tr.unroll(tr.RNNCell(F, H, rng=0), np.ones((T, B, F)))
    losses = [h.sum() * (np.nan if t == 3 else 1.0) for t, h in enumerate(run.hidden)]
    found = itemised(losses, run)["h"]
    assert np.isnan(found[3, :4]).all()
    assert np.isfinite(np.delete(found, 3, axis=0)).all()


def refused(losses, run, kind, words):
    with pytest.raises(kind, match=words):
        itemised(losses, run)


def test_what_cannot_be_itemised_is_refused_by_name(monkeypatch):
    x = np.ones((T, B, F))
    cell = tr.GRUCell(F, H, rng=0)
    run, other = tr.unroll(cell, x), tr.unroll(cell, x)
    losses = [h.sum() for h in run.hidden]
    refused(losses, other, tr.GradientError, r"losses\[0\] does not depend on any state")
    refused([*losses[:2], other.final.sum()], run, tr.GradientError, r"losses\[2\]")
    refused([tr.Tensor(1.0)], run, tr.GradientError, "no gradient flows")
    refused(run.outputs, run, tr.ShapeError, "no row of scalars")
    refused(run.hidden, run, tr.ShapeError, r"losses\[0\] of shape \(2, 4\) is no scalar")
    refused([], run, tr.ShapeError, "no loss")
    refused([1.0], run, TypeError, r"losses\[0\] is a float")
    refused(3.0, run, TypeError, "a list of losses")
    refused(losses, losses, TypeError, "takes what unroll returns")
    sealed = tr.unroll(cell, x, engine="fused")
    refused([sealed.outputs.sum()], sealed, tr.GradientError, "engine='graph'")
    monkeypatch.setattr(module, "LARGEST_RESULT", 20)
    refused(losses, run, tr.ShapeError, r"7 losses at 7 steps are 49 numbers .* the last 2 \(loss")


def test_a_gradient_of_exactly_zero_is_no_error():
    run = tr.unroll(tr.RNNCell(F, H, rng=0), np.ones((T, B, F)))
    found = itemised([np.sum(h * 0.0) for h in run.hidden], run)["h"]
    assert not found.any()
