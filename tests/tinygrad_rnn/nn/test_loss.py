"""The losses against their definitions, and against PyTorch where it is installed."""

import numpy as np
import pytest

import tinygrad_rnn as tr

rng = np.random.default_rng(0)
LOGITS = rng.standard_normal((3, 4, 5))
CLASSES = rng.integers(0, 5, (3, 4))
MASK = rng.random((3, 4)) < 0.6
WEIGHT = rng.uniform(0.5, 2.0, 5)


def naive_cross_entropy(logits, classes, counts, weight):
    total = share = 0.0
    for index in np.ndindex(classes.shape):
        if counts[index]:
            row = logits[index]
            p = np.exp(row[classes[index]]) / np.exp(row).sum()
            total -= weight[classes[index]] * np.log(p)
            share += weight[classes[index]]
    return total / share


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("mask", [None, MASK])
def test_cross_entropy(weight, mask):
    got = tr.cross_entropy(tr.Tensor(LOGITS), CLASSES, weight, mask)
    counts = np.ones((3, 4), bool) if mask is None else mask
    expected = naive_cross_entropy(
        LOGITS, CLASSES, counts, np.ones(5) if weight is None else weight
    )
    np.testing.assert_allclose(got.item(), expected, rtol=1e-13)
    assert tr.gradcheck(lambda x: tr.cross_entropy(x, CLASSES, weight, mask), LOGITS)


def test_ignore_index_and_masks_meet():
    classes = np.where(rng.random((3, 4)) < 0.3, -100, CLASSES)
    got = tr.cross_entropy(tr.Tensor(LOGITS), classes, mask=MASK, ignore_index=-100)
    expected = naive_cross_entropy(LOGITS, classes, MASK & (classes != -100), np.ones(5))
    np.testing.assert_allclose(got.item(), expected, rtol=1e-13)


def test_what_a_mask_leaves_out_may_be_nan_and_gets_exactly_zero():
    values = np.where(MASK[..., None], LOGITS, np.nan)
    targets = rng.random((3, 4, 5))
    for loss in (
        lambda x: tr.cross_entropy(x, CLASSES, mask=MASK),
        lambda x: tr.mse_loss(x, targets, mask=MASK),
        lambda x: tr.bce_with_logits(x, targets, mask=MASK),
    ):
        x = tr.Tensor(values, requires_grad=True)
        out = loss(x)
        out.backward()
        assert np.isfinite(out.item())
        assert np.all(x.grad[~MASK] == 0)
        assert np.all(x.grad[MASK] != 0)


def test_bce_with_logits():
    x, y = rng.standard_normal((2, 3, 4)) * 3
    y = 1 / (1 + np.exp(-y))
    p = 1 / (1 + np.exp(-x))
    expected = -np.mean(2.5 * y * np.log(p) + (1 - y) * np.log(1 - p))
    got = tr.bce_with_logits(tr.Tensor(x), y, positive_weight=2.5)
    np.testing.assert_allclose(got.item(), expected, rtol=1e-12)
    assert tr.gradcheck(lambda x: tr.bce_with_logits(x, y, 2.5), x)


def test_bce_with_logits_is_stable():
    x = tr.Tensor([800.0, -800.0], requires_grad=True)
    loss = tr.bce_with_logits(x, [0.0, 1.0])
    loss.backward()
    assert loss.item() == 800.0
    np.testing.assert_array_equal(x.grad, [0.5, -0.5])


def test_mse_loss_with_a_mask():
    prediction, target = rng.standard_normal((2, 3, 4, 5))
    got = tr.mse_loss(tr.Tensor(prediction), target, mask=MASK)
    np.testing.assert_allclose(got.item(), np.mean((prediction - target)[MASK] ** 2), rtol=1e-14)


X = tr.Tensor(LOGITS)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tr.mse_loss(X, LOGITS[0]), tr.ShapeError, "differ"),
        (lambda: tr.mse_loss(X, LOGITS, mask=MASK[:2]), tr.ShapeError, "mask"),
        (lambda: tr.mse_loss(X, LOGITS, mask=MASK * 1.0), tr.DtypeError, "booleans"),
        (lambda: tr.mse_loss(X, LOGITS, mask=MASK & False), ValueError, "nothing"),
        (lambda: tr.mse_loss(X[:0], LOGITS[:0]), ValueError, "nothing"),
        (lambda: tr.cross_entropy(X, CLASSES[0]), tr.ShapeError, "not"),
        (lambda: tr.cross_entropy(X, CLASSES * 1.0), tr.DtypeError, "integers"),
        (
            lambda: tr.cross_entropy(X, CLASSES + 1),
            ValueError,
            "5 logits are of the classes 0 to 4",
        ),
        (lambda: tr.cross_entropy(X, CLASSES, weight=[1.0]), tr.ShapeError, "weight"),
        (lambda: tr.cross_entropy(X, CLASSES, weight=[0.0] * 5), ValueError, "weight 0"),
        (lambda: tr.bce_with_logits(X, LOGITS[0]), tr.ShapeError, "differ"),
        (lambda: tr.bce_with_logits(X, LOGITS), ValueError, "from 0 to 1"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.oracle
def test_against_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    functional = torch.nn.functional
    x = torch.tensor(LOGITS.reshape(12, 5), requires_grad=True)
    classes = np.where(MASK, CLASSES, -7).ravel()
    functional.cross_entropy(
        x, torch.tensor(classes), torch.tensor(WEIGHT), ignore_index=-7
    ).backward()
    ours = tr.Tensor(LOGITS.reshape(12, 5), requires_grad=True)
    tr.cross_entropy(ours, classes, WEIGHT, ignore_index=-7).backward()
    np.testing.assert_allclose(ours.grad, x.grad.numpy(), rtol=1e-12)
    y = rng.random((12, 5))
    x.grad, ours.grad = None, None
    functional.binary_cross_entropy_with_logits(
        x, torch.tensor(y), pos_weight=torch.tensor(3.0, dtype=torch.float64)
    ).backward()
    tr.bce_with_logits(ours, y, 3.0).backward()
    np.testing.assert_allclose(ours.grad, x.grad.numpy(), rtol=1e-12)
