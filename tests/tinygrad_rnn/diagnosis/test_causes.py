"""The right cause first for planted faults, none for healthy networks, and each by itself."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.tinygrad_rnn.diagnosis.networks import PLANTED, healthy
from tinygrad_rnn.diagnosis import CAUSES, diagnose

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
SEED = 2024
X = np.random.default_rng(0).standard_normal((20, 2, 3))


def first(finding):
    return finding.findings[0] if finding.findings else None


def test_a_hundred_planted_faults_have_the_right_cause_first():
    names, wrong = list(PLANTED), []
    assert set(names) == set(CAUSES)
    for k in range(100):
        name = names[k % len(names)]
        loss, run = PLANTED[name](np.random.default_rng([SEED, k]))
        found = first(diagnose(loss, run=run))
        if found is None or found.cause != name:
            wrong.append((k, name, found))
    assert len(wrong) <= 5, wrong


def test_a_hundred_healthy_networks_give_few_alarms():
    alarms = []
    for k in range(100):
        loss, run = healthy(np.random.default_rng([SEED, 1, k]))
        found = first(diagnose(loss, run=run))
        if found is not None:
            alarms.append((k, found))
    assert len(alarms) <= 5, alarms


@pytest.mark.parametrize("name", PLANTED)
def test_every_finding_says_where_how_much_and_what_to_do(name):
    loss, run = PLANTED[name](np.random.default_rng([SEED, 7]))
    found = diagnose(loss, run=run)
    cause = next(finding for finding in found.findings if finding.cause == name)
    assert cause.text.endswith(".")
    assert cause.remedy.endswith(".")
    assert not any(word in f"{cause}" for word in ("None", "{", "  "))
    assert [f.weight for f in found.findings] == sorted(f.weight for f in found.findings)[::-1]
    assert found.headline in str(found)


def test_the_step_of_a_cut_is_named():
    run = tr.unroll(tr.LSTMCell(3, 4, rng=0, forget_bias=4.0), X, truncate=8)
    found = diagnose(np.square(run.final.h).sum(), run=run)
    assert first(found).where.step == 16
    assert "goes from t = 16 to t = 15" in found.headline
    assert "and at 1 more step" in first(found).text


@pytest.mark.parametrize("part", ["h", "c"])
def test_a_single_part_of_the_state_that_is_detached(part):
    class Cell(tr.LSTMCell):
        def __call__(self, x, state):
            return super().__call__(x, state._replace(**{part: getattr(state, part).detach()}))

    run = tr.unroll(Cell(3, 8, rng=0, forget_bias=4.0), X)
    found = first(diagnose(np.square(run.final.h).sum(), run=run))
    assert found.cause == "detached"
    assert f"to {part} of the step before" in found.text


def test_the_operation_of_the_first_nan_is_named():
    cell = tr.RNNCell(3, 4, rng=0)
    x = X.copy()
    x[5] = np.nan
    run = tr.unroll(cell, x)
    found = first(diagnose(np.square(run.final).sum(), run=run))
    assert (found.cause, found.where.step) == ("non-finite", 5)
    run = tr.unroll(cell, X)
    with np.errstate(all="ignore"):
        found = first(diagnose(np.log(run.hidden[3]).sum() + run.final.sum(), run=run))
        assert "value of log is NaN" in found.text
        found = first(diagnose(np.sqrt(run.hidden[3] * 0.0).sum(), run=run))
    assert "sqrt sends to multiply is Inf" in found.text


def test_a_mask_of_minus_infinity_that_softmax_takes_is_no_fault():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0, update_bias=-3.0), X[:8])
    scores = np.where(np.arange(4) < 3, run.final, -np.inf)
    assert not diagnose(np.square(tr.f.softmax(scores)).sum(), run=run).findings


def test_parameters_that_moved_are_told_of_a_state_carried_over():
    cell = tr.GRUCell(3, 4, rng=0, update_bias=-3.0)
    before = tr.unroll(cell, X)
    cell.weight_hh.data = 0.9 * cell.weight_hh.data
    run = tr.unroll(cell, X, before.final)
    found = first(diagnose(np.square(run.final).sum(), run=run))
    assert found.cause == "stale-state"
    assert "have moved" in found.text


def test_a_state_carried_over_detached_is_fine():
    cell = tr.GRUCell(3, 4, rng=0, update_bias=-3.0)
    run = tr.unroll(cell, X, tr.unroll(cell, X).final.detach())
    assert not diagnose(np.square(run.final).sum(), run=run).findings


def test_an_encoder_before_a_decoder_is_no_state_carried_over():
    encoder, decoder = (tr.GRUCell(3, 6, rng=k, update_bias=-3.0) for k in (0, 1))
    run = tr.unroll(decoder, X, tr.unroll(encoder, X).final)
    assert not diagnose(np.square(run.outputs).mean(), run=run).findings
    assert not diagnose(np.square(run.outputs).mean()).findings


def test_a_padded_run_backwards_is_no_state_carried_over():
    network = tr.GRU(3, 6, bidirectional=True, rng=0, update_bias=-3.0)
    run = network(X, lengths=[12, 5])
    assert not diagnose(np.square(run.outputs).mean(), run=run).findings


def test_a_loss_at_every_step_does_not_hide_what_one_of_them_loses():
    run = tr.unroll(tr.RNNCell(3, 16, rng=0), np.random.default_rng(0).standard_normal((40, 1, 3)))
    loss = np.square(run.outputs).mean()
    norms = tr.trace(loss).through_time(run)["h"]
    assert norms[0] > 0.1 * norms[-1]  # the sum over all losses looks kept
    found = diagnose(loss, run=run)
    assert first(found).cause == "small-recurrent-weights"
    assert "what the loss at t = 39 sends back" in found.headline


def test_what_cannot_be_diagnosed_is_refused_by_name():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X)
    loss, other = run.final.sum(), run.outputs.sum()
    with pytest.raises(tr.GradientError, match="traced from another tensor"):
        diagnose(loss, tr.trace(other), run)
    with pytest.raises(tr.GradientError, match="has watched no sweep"):
        diagnose(loss, tr.GradientFlow(), run)
    with pytest.raises(TypeError, match="what unroll returns"):
        diagnose(loss, None, [1])
    sealed = tr.unroll(tr.GRUCell(3, 4, rng=0), X, engine="fused")
    with pytest.raises(tr.GradientError, match="engine='graph'"):
        diagnose(sealed.outputs.sum(), None, sealed)


def test_a_graph_without_time_says_so():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    found = diagnose((x * x).sum())
    assert (found.headline, found.findings) == ("The graph has no time steps.", ())
