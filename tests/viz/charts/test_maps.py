"""Maps hold the numbers that they are given, and say what grey and red are."""

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from viz.charts import heat_map, triangle

X = np.random.default_rng(0).standard_normal((6, 2, 3))


def texts(axes):
    found = axes.get_legend()
    return [] if found is None else [text.get_text() for text in found.get_texts()]


def test_the_triangle_is_that_of_the_losses():
    run = tr.unroll(tr.LSTMCell(3, 4, rng=0), X)
    norms = tr.itemised([np.square(h).sum() for h in run.hidden], run)["c"]
    image = triangle(norms, "c").images[0].get_array()
    upper = np.triu(np.ones((6, 6), bool), 1)
    np.testing.assert_array_equal(np.ma.getmaskarray(image), upper)
    np.testing.assert_allclose(image[~upper].data, np.log10(norms[~upper]))
    assert texts(triangle(norms, "c")) == []


def test_a_window_of_the_losses_is_the_last_of_them_unless_said_otherwise():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X)
    losses = [np.square(h).sum() for h in run.hidden]
    last = triangle(tr.itemised(losses[-2:], run)["h"]).images[0]
    assert last.get_extent() == [-0.5, 5.5, 3.5, 5.5]
    assert np.ma.count(last.get_array()) == 5 + 6
    some = triangle(tr.itemised(losses[1::2], run)["h"], steps=[1, 3, 5]).images[0]
    assert np.ma.count(some.get_array()) == 2 + 4 + 6


def test_a_truncated_way_is_grey_and_says_so():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X, truncate=3)
    axes = triangle(tr.itemised([np.square(h).sum() for h in run.hidden], run)["h"])
    assert texts(axes) == ["exactly 0"]
    broken = np.array([[1.0, 0.0], [np.nan, np.inf]])
    assert texts(triangle(broken)) == ["NaN or Inf"]


def test_what_a_layer_that_runs_backwards_gets_is_shown():
    network = tr.GRU(3, 4, bidirectional=True, rng=0)
    run = network(X)
    norms = tr.itemised([np.square(run.outputs[t]).sum() for t in range(6)], run.runs[0][1])["h"]
    image = triangle(norms).images[0].get_array()
    np.testing.assert_allclose(np.triu(image.data), np.triu(np.log10(np.where(norms, norms, 1))))
    assert not np.ma.getmaskarray(image)[0].any()


@pytest.mark.parametrize("norms", [np.ones(3), np.ones((0, 3)), np.ones((2, 2, 2))])
def test_what_is_no_matrix_is_refused(norms):
    with pytest.raises(viz.VizError, match="are not"):
        triangle(norms)


def test_other_steps_than_losses_are_refused():
    with pytest.raises(viz.VizError, match="3 steps for 2 losses"):
        triangle(np.ones((2, 4)), steps=[1, 2, 3])


def test_a_single_step_is_a_map_of_one_column():
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), X[:1])
    axes = heat_map(tr.trace(np.square(run.final).sum()))
    assert axes.images[0].get_extent() == [-0.5, 0.5, -0.5, 3.5]
