"""Charts over training hold the numbers, mark what is clipped, and refuse what does not fit."""

import numpy as np
import pytest

import viz
from viz.charts import over_training, training_map


def test_what_goes_beyond_the_threshold_is_marked_and_counted():
    norms = np.array([0.5, 3.0, 0.7, 9.0, np.nan, np.inf])
    axes = over_training(norms, threshold=1.0, iterations=[0, 10, 20, 30, 40, 50])
    measured, *_, clipped = axes.lines
    np.testing.assert_array_equal(measured.get_ydata()[:4], norms[:4])
    np.testing.assert_array_equal(clipped.get_ydata()[[1, 3]], [3.0, 9.0])
    assert np.isnan(clipped.get_ydata()[[0, 2, 4, 5]]).all()
    assert axes.get_legend_handles_labels()[1][-1] == "clipped at 1.0: 4 of 6"
    assert {text.get_text() for text in axes.texts} == {"NaN", "Inf"}
    assert axes.get_yscale() == "log"


def test_without_a_threshold_there_is_the_norm_alone():
    assert over_training([1.0, 2.0]).get_legend_handles_labels()[1] == ["norm"]


def test_a_map_over_training_has_a_row_for_each_iteration():
    norms = np.array([[1e-3, 1.0], [np.nan, 0.0], [0.1, 1.0]])
    axes = training_map([0, 50, 100], norms, "c")
    image = axes.images[0]
    assert image.get_extent() == [-0.5, 1.5, -25.0, 125.0]
    np.testing.assert_allclose(image.get_array()[[0, 2]].data, np.log10(norms[[0, 2]]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: over_training([]), "one number for each iteration"),
        (lambda: over_training([[1.0]]), "one number for each iteration"),
        (lambda: over_training([1.0], iterations=[1, 2]), "2 iterations for 1 norms"),
        (lambda: over_training([1.0], threshold=0.0), "not a positive number"),
        (lambda: over_training([1.0], threshold=np.nan), "not a positive number"),
        (lambda: training_map([0], [1.0]), r"are not \(N, T\)"),
        (lambda: training_map([0, 1], [[1.0]]), "for 2 iterations"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(call, message):
    with pytest.raises(viz.VizError, match=message):
        call()
