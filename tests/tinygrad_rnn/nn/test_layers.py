"""Linear, Embedding, Dropout, LayerNorm: values, gradients, and what they refuse."""

import numpy as np
import pytest

import tinygrad_rnn as tr

rng = np.random.default_rng(0)


def test_linear():
    layer = tr.Linear(3, 2, rng=0)
    x = rng.standard_normal((4, 5, 3))
    expected = x @ layer.weight.data.T + layer.bias.data
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-14)
    assert tr.Linear(3, 2, bias=False).bias is None


def test_embedding_sums_the_gradient_of_repeated_symbols():
    table = tr.Embedding(4, 2, rng=0)
    g = rng.standard_normal((3, 2))
    np.sum(table([1, 3, 1]) * g).backward()
    np.testing.assert_allclose(table.weight.grad, [[0, 0], g[0] + g[2], [0, 0], g[1]])


def test_embedding_refuses():
    table = tr.Embedding(4, 2)
    with pytest.raises(IndexError, match="-1 to 2 in a table of 4"):
        table([-1, 2])
    with pytest.raises(IndexError):
        table([4])
    with pytest.raises(tr.DtypeError, match="float64"):
        table([1.0])


def test_dropout_keeps_the_mean_in_training_and_does_nothing_in_evaluation():
    dropout = tr.Dropout(0.25, rng=0)
    x = tr.Tensor(np.ones(40_000), requires_grad=True)
    y = dropout(x)
    assert set(np.unique(y.data)) == {0.0, 1 / 0.75}
    assert abs(y.data.mean() - 1) < 0.02
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.data)
    assert dropout.eval()(x) is x
    with pytest.raises(ValueError, match="p = 1"):
        tr.Dropout(1.0)


def test_dropout_keeps_float32():
    assert tr.Dropout(0.5, rng=0)(tr.Tensor(np.ones(3, np.float32))).dtype == np.float32


def test_layer_norm():
    layer = tr.LayerNorm(4)
    layer.weight.data, layer.bias.data = rng.standard_normal((2, 4))
    x = rng.standard_normal((3, 4))
    centred = x - x.mean(-1, keepdims=True)
    expected = centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(
        layer(x).data, expected * layer.weight.data + layer.bias.data, rtol=1e-13
    )
    assert tr.gradcheck(layer, x)
    with pytest.raises(tr.ShapeError, match="LayerNorm"):
        layer(np.ones((3, 5)))


@pytest.mark.parametrize("make", [lambda: tr.Linear(0, 1), lambda: tr.LayerNorm(0)])
def test_sizes_below_one(make):
    with pytest.raises(ValueError, match="at least 1"):
        make()
