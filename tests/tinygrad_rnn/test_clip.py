"""Clipping by norm and by value: new arrays, one factor, and gradients that are not finite."""

import numpy as np
import pytest

import tinygrad_rnn as tr


def gradients(*arrays):
    parameters = []
    for k, array in enumerate(arrays):
        parameters.append(tr.Parameter(np.zeros(np.shape(array)), name=f"p{k}"))
        parameters[-1].grad = np.array(array, dtype=np.float64)
    return parameters


def test_clip_norm_scales_all_by_one_factor_into_new_arrays():
    parameters = gradients([3.0], [[4.0]])
    held = [p.grad for p in parameters]
    assert tr.clip_grad_norm_([*parameters, tr.Parameter([0.0])], 1.0) == 5.0
    assert [p.grad.item() for p in parameters] == pytest.approx([0.6, 0.8], rel=1e-15)
    assert [array.item() for array in held] == [3.0, 4.0]
    assert tr.clip_grad_norm_(parameters, 7.0) == pytest.approx(1.0)
    assert parameters[0].grad.item() == pytest.approx(0.6, rel=1e-15)


def test_clip_norm_where_squares_overflow():
    parameters = gradients([3e200, 4e200])
    assert tr.clip_grad_norm_(parameters, 1.0) == pytest.approx(5e200)
    np.testing.assert_allclose(parameters[0].grad, [0.6, 0.8])


def test_clip_value():
    parameters = gradients([-3.0, 0.5, np.inf])
    held = parameters[0].grad
    tr.clip_grad_value_(parameters, 1.0)
    np.testing.assert_array_equal(parameters[0].grad, [-1.0, 0.5, 1.0])
    assert held[0] == -3.0


@pytest.mark.parametrize("clip", [tr.clip_grad_norm_, tr.clip_grad_value_])
@pytest.mark.parametrize("worst", [np.nan, np.inf])
def test_not_finite(clip, worst):
    parameters = gradients([1.0], [2.0, worst])
    with pytest.raises(tr.GradientError, match=r"not finite: p1$"):
        clip(parameters, 1.0, error_if_nonfinite=True)
    assert parameters[0].grad.item() == 1.0


def test_a_norm_that_is_not_finite_is_returned_and_changes_nothing():
    parameters = gradients([1.0], [np.inf])
    assert tr.clip_grad_norm_(parameters, 1.0) == np.inf
    assert parameters[0].grad.item() == 1.0


def test_bad_limits():
    with pytest.raises(ValueError, match="above 0"):
        tr.clip_grad_norm_([], 0.0)
    with pytest.raises(ValueError, match="above 0"):
        tr.clip_grad_value_([], -1.0)
