"""The optimisers against PyTorch's, step by step; schedules, clipping, and what they refuse."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import optim

A = np.random.default_rng(0).standard_normal((4, 4))
START = np.random.default_rng(1).standard_normal((2, 4))


def loss(p):
    return np.sum(np.square(np.tanh(p @ A))) + np.sum(p * p) * 0.1


PAIRS = {
    "SGD": ({}, {}),
    "SGD momentum": ({"momentum": 0.9}, {"momentum": 0.9}),
    "SGD Nesterov": (
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "nesterov": True},
    ),
    "RMSprop": ({"decay": 0.9}, {"alpha": 0.9}),
    "Adam": ({"betas": (0.8, 0.95)}, {"betas": (0.8, 0.95)}),
    "AdamW": ({"weight_decay": 0.1}, {"weight_decay": 0.1}),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", PAIRS)
def test_against_torch(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    kind = name.split()[0]
    mine, theirs = PAIRS[name]
    p = tr.Parameter(START)
    q = torch.nn.Parameter(torch.tensor(START))
    ours = getattr(tr, kind)([p], lr=0.05, **mine)
    other = getattr(torch.optim, kind)([q], lr=0.05, **theirs)
    a = torch.tensor(A)
    for _ in range(25):
        ours.zero_grad()
        loss(p).backward()
        ours.step()
        other.zero_grad()
        (((q @ a).tanh() ** 2).sum() + (q * q).sum() * 0.1).backward()
        other.step()
    np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-10)


@pytest.mark.parametrize("name", PAIRS)
def test_it_goes_down_and_leaves_recorded_graphs_alone(name):
    p = tr.Parameter(START)
    optimizer = getattr(tr, name.split()[0])([p], lr=0.02, **PAIRS[name][0])
    held, first = p.data, loss(p)
    for _ in range(200):
        optimizer.zero_grad()
        loss(p).backward()
        optimizer.step()
    assert loss(p).item() < 0.2 * first.item()
    np.testing.assert_array_equal(held, START)


def test_adam_by_hand():
    p = tr.Parameter([1.0])
    optimizer = tr.Adam([p], lr=0.1)
    p.grad = np.array([3.0])
    optimizer.step()
    np.testing.assert_allclose(p.data, [0.9], rtol=1e-8)  # the first step has length lr


def test_float32_stays():
    p = tr.Parameter(np.ones(2, np.float32))
    p.grad = np.full(2, 0.5, np.float32)
    optimizer = tr.Adam([p])
    optimizer.step()
    assert p.dtype == np.float32
    assert {array.dtype.kind for array in optimizer.memory[0].values()} <= {"f", "i"}
    assert optimizer.memory[0]["m"].dtype == np.float32


def test_a_parameter_without_a_gradient_stays():
    p, q = tr.Parameter([1.0]), tr.Parameter([1.0])
    p.grad = np.array([1.0])
    tr.SGD([p, q], lr=0.5).step()
    assert (p.data[0], q.data[0]) == (0.5, 1.0)


def test_schedules_set_the_rate_of_each_step():
    p = tr.Parameter([0.0])
    optimizer = tr.SGD([p], lr=optim.warmup(2, optim.exponential(1.0, 0.5)))
    moves = []
    for _ in range(4):
        before, p.grad = p.data[0], np.array([-1.0])
        moves.append((optimizer.lr, p.data[0] - before))
        optimizer.step()
        moves[-1] = (moves[-1][0], p.data[0] - before)
    assert moves == [(0.5, 0.5), (1.0, 1.0), (1.0, 1.0), (0.5, 0.5)]


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


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: tr.SGD([], lr=1.0), ValueError, "at least one"),
        (lambda p: tr.SGD([p, p], lr=1.0), ValueError, "twice"),
        (lambda p: tr.SGD([p], lr=-1.0), ValueError, "negative"),
        (lambda p: tr.SGD([p], lr=1.0, nesterov=True), ValueError, "momentum"),
        (lambda p: tr.SGD([("weight", p)], lr=1.0), TypeError, "not tuple"),
        (lambda p: tr.clip_grad_norm_([p], 0.0), ValueError, "above 0"),
        (lambda p: tr.clip_grad_value_([p], -1.0), ValueError, "above 0"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call(tr.Parameter([1.0]))
