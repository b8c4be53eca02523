"""What a PyTorch user writes from habit: each is refused by name, with this library's way."""

import numpy as np
import pytest

import tinygrad_rnn as tr

X = np.random.default_rng(0).normal(size=(7, 2, 3))


def test_there_is_no_batch_first():
    with pytest.raises(TypeError, match=r"LSTM has no batch_first: .*steps, batch, features"):
        tr.LSTM(3, 4, batch_first=True)


def test_layers_are_called_themselves():
    with pytest.raises(AttributeError, match=r"called themselves: layers\(inputs\)"):
        tr.GRU(3, 4).forward(X)
    assert not hasattr(tr.GRU(3, 4), "batch_first")


@pytest.mark.parametrize("part", ["h", "c", "shape"])
def test_the_final_of_layers_is_a_list(part):
    final = tr.LSTM(3, 4, num_layers=2)(X).final
    with pytest.raises(AttributeError, match=rf"one state for each.*run\.final\[-1\]\.{part}"):
        getattr(final, part)
    assert final[-1].h.shape == (2, 4)
    assert not hasattr(final, "_fields")


def test_lengths_of_the_other_axis_say_which_is_which():
    with pytest.raises(tr.ShapeError, match=r"lengths of shape \(7,\).*swap the first two axes"):
        tr.unroll(tr.GRUCell(3, 4), X, lengths=[2] * 7)


@pytest.mark.oracle
def test_inputs_of_pytorch_that_require_a_gradient_are_refused():
    torch = pytest.importorskip("torch", reason="needs PyTorch's tensors")
    x = torch.ones(5, 2, 3, requires_grad=True)
    with pytest.raises(TypeError, match=r"would lose it here: give tr\.Tensor"):
        tr.unroll(tr.GRUCell(3, 4), x)
    assert tr.unroll(tr.GRUCell(3, 4), x.detach()).outputs.shape == (5, 2, 4)
