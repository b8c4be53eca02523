"""The optimisers against PyTorch's, step by step; schedules, clipping, and what they refuse."""

import copy
import pickle

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


def test_a_step_without_any_gradient_is_refused():
    """After trace(loss), say, which leaves .grad alone: nothing would be learned, unseen."""
    p = tr.Tensor([1.0], requires_grad=True)
    optimiser = tr.Adam([p], lr=0.5)
    tr.trace((p * p).sum())
    with pytest.raises(tr.GradientError, match=r"loss\.backward\(\)"):
        optimiser.step()
    assert optimiser.steps == 0


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


@pytest.mark.parametrize("name", PAIRS)
def test_stopped_and_resumed_is_never_stopped(name, tmp_path):
    def make(start):
        p = tr.Parameter(start)
        rate = optim.exponential(0.05, 0.9)
        return p, getattr(tr, name.split()[0])([p], lr=rate, **PAIRS[name][0])

    def go(p, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            loss(p).backward()
            optimizer.step()

    whole, optimizer = make(START)
    go(whole, optimizer, 12)
    first, optimizer = make(START)
    go(first, optimizer, 5)
    tr.save(tmp_path / "optimizer", optimizer.state_dict())
    second, optimizer = make(first.data)
    optimizer.load_state_dict(tr.load(tmp_path / "optimizer"))
    go(second, optimizer, 7)
    np.testing.assert_array_equal(second.data, whole.data)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "missing: steps"),
        ({"steps": 1, "1.v": np.zeros((2, 4))}, "1.v"),
        ({"steps": 1, "0.v": np.zeros((3, 4))}, r"0.v of shape \(3, 4\)"),
        ({"steps": 1, "weight": np.zeros((2, 4))}, "weight"),
        ({"steps": [1, 2]}, "steps of shape"),
    ],
)
def test_a_state_that_does_not_fit(state, message):
    optimizer = tr.SGD([tr.Parameter(START)], lr=0.1, momentum=0.5)
    with pytest.raises(tr.StateDictError, match=message):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict() == {"steps": 0}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: tr.SGD([], lr=1.0), ValueError, "at least one"),
        (lambda p: tr.SGD([p, p], lr=1.0), ValueError, "twice"),
        (lambda p: tr.SGD([p], lr=-1.0), ValueError, r"SGD: lr = -1.0 is not a number from 0"),
        (lambda p: tr.SGD([p], lr=1.0, nesterov=True), ValueError, "momentum"),
        (lambda p: tr.SGD([("weight", p)], lr=1.0), TypeError, "not a tuple"),
        (lambda p: tr.SGD(tr.Linear(1, 1), lr=1.0), TypeError, r"module\.parameters\(\)"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call(tr.Parameter([1.0]))


REMEMBERING = {
    "RMSprop": tr.RMSprop,
    "Adam": tr.Adam,
    "momentum": lambda p: tr.SGD(p, 0.1, momentum=0.9),
}


@pytest.mark.parametrize("other", REMEMBERING)
@pytest.mark.parametrize("mine", REMEMBERING)
def test_another_optimisers_state_is_refused(mine, other):
    p = tr.Parameter(np.ones(3))
    p.grad = np.ones(3)
    saved = REMEMBERING[other]([p])
    saved.step()
    optimiser = REMEMBERING[mine]([p])
    if mine == other:
        optimiser.load_state_dict(saved.state_dict())
        assert optimiser.steps == 1
        return
    with pytest.raises(tr.StateDictError, match="another optimiser's state"):
        optimiser.load_state_dict(saved.state_dict())
    assert optimiser.steps == 0


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (lambda p: tr.Adam([p], eps=-1), ValueError, r"Adam: eps = -1"),
        (lambda p: tr.RMSprop([p], eps=np.nan), ValueError, r"RMSprop: eps = nan"),
        (lambda p: tr.AdamW([p], lr="0.1"), TypeError, r"AdamW: lr = '0.1'"),
        (lambda p: tr.SGD([p], lr=None), TypeError, r"SGD: lr = None"),
        (lambda p: tr.SGD([p], 0.1, momentum=True), TypeError, r"SGD: momentum = True"),
        (lambda p: tr.Adam([p], betas=(0.9, 1.0)), ValueError, r"Adam: a beta = 1.0"),
        (lambda p: tr.SGD([p * 2.0], 0.1), ValueError, "moves leaves, and .* was computed"),
    ],
)
def test_settings_are_refused_by_name(make, kind, said):
    with pytest.raises(kind, match=said):
        make(tr.Parameter(np.ones(3)))


def test_a_gradient_of_another_shape_moves_nothing():
    first, second = tr.Parameter(np.ones(3)), tr.Parameter(np.ones((2, 3)))
    first.grad, second.grad = np.ones(3), np.ones(3)  # the second would be broadcast
    with pytest.raises(tr.ShapeError, match=r"grad of shape \(3,\)"):
        tr.SGD([first, second], 0.1).step()
    np.testing.assert_array_equal(first.data, np.ones(3))


SCHEDULES = {
    "number": 0.1,
    "exponential": optim.exponential(0.1, 0.5),
    "cosine": optim.cosine(0.1, 5),
    "warmup": optim.warmup(3, optim.constant(0.1)),
}


@pytest.mark.parametrize("again", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
@pytest.mark.parametrize("lr", SCHEDULES)
@pytest.mark.parametrize("name", PAIRS)
def test_a_copy_goes_on_as_if_never_stopped(name, lr, again):
    p = tr.Parameter(START)
    optimiser = getattr(tr, name.split()[0])([p], lr=SCHEDULES[lr], **PAIRS[name][0])

    def train(p, optimiser):
        for _ in range(4):
            optimiser.zero_grad()
            loss(p).backward()
            optimiser.step()

    train(p, optimiser)
    other, twin = again((p, optimiser))
    train(p, optimiser)
    assert (other.data != p.data).all()
    train(other, twin)
    np.testing.assert_array_equal(other.data, p.data)
