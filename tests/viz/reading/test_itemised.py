"""Rows of the page's triangle are those that `tr.itemised` computes, one sweep after another."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from viz.reading.itemised import MOST_ROWS, itemised_of


def losses_of(steps):
    rng = np.random.default_rng(0)
    run = tr.unroll(tr.LSTMCell(2, 3, rng=rng), rng.normal(size=(steps, 2, 2)))
    return [np.square(h).sum() for h in run.hidden], run


@pytest.mark.parametrize("steps", [2, 7])
def test_every_row_is_one_losss_own(steps):
    losses, run = losses_of(steps)
    found = itemised_of(tr.trace(np.stack(losses).sum()))
    assert found.losses == found.steps == list(range(steps))
    np.testing.assert_allclose(found.norms, tr.itemised(losses, run)["h"], rtol=1e-12)


def test_of_many_losses_some_rows_are_kept_as_they_are():
    losses, run = losses_of(MOST_ROWS + 5)
    found = itemised_of(tr.trace(np.stack(losses).sum()))
    assert len(found.losses) == MOST_ROWS
    assert (found.losses[0], found.losses[-1]) == (0, MOST_ROWS + 4)
    expected = tr.itemised(losses, run)["h"][found.losses]
    np.testing.assert_allclose(found.norms, expected, rtol=1e-12)


def test_one_loss_or_none_has_no_triangle():
    losses, _ = losses_of(4)
    assert itemised_of(tr.trace(losses[-1])) is None
    assert itemised_of(None) is None
    x = tr.Tensor([1.0], requires_grad=True)
    assert itemised_of(tr.trace((x * x).sum())) is None
