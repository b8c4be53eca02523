"""What is no cell, no state, no input is refused with the remedy before anything is recorded."""

import numpy as np
import pytest

import tinygrad_rnn as tr

X = np.random.default_rng(0).standard_normal((4, 2, 3))


class LikeTorch:
    """Stands for a module of PyTorch, which is known by its state dict."""

    def state_dict(self):
        return {}


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        (tr.LSTMCell, r"the class LSTMCell is not a cell: make one first, LSTMCell\("),
        (tr.LSTM(3, 4, rng=0), r"layers\(inputs\)"),
        (LikeTorch(), r"LikeTorch is not a cell: .*from_torch\(module\)"),
        (lambda x, h: np.tanh(x + h), "function is not a cell: it is a subclass of Cell"),
        (X, "ndarray is not a cell"),
    ],
)
def test_what_is_no_cell(cell, remedy):
    with pytest.raises(TypeError, match=remedy):
        tr.unroll(cell, X)


class Own(tr.Cell):
    """A cell whose methods return what a test wants."""

    def __init__(self, start, step):
        self.start, self.step = start, step

    def initial_state(self, batch):
        return self.start(np.zeros((batch, 3)))

    def __call__(self, x, state):
        return self.step(x, state)


def pair(zeros):
    return tr.Tensor(zeros), tr.Tensor(zeros)


@pytest.mark.parametrize(
    ("start", "step", "message"),
    [
        (tr.Tensor, lambda x, h: (h + x, h + x), r"__call__ returned tuple \(Tensor, Tensor\)"),
        (tr.Tensor, lambda x, h: h.data + x.data, "__call__ returned ndarray"),
        (tr.Tensor, lambda x, h: None, "__call__ returned NoneType"),
        (pair, lambda x, h: h[0], "__call__ returned Tensor"),
        (pair, lambda x, h: (*h, h[0]), r"__call__ returned tuple \(Tensor, Tensor, Tensor\)"),
        (pair, lambda x, h: (h[0], 1.0), r"__call__ returned tuple \(Tensor, float\)"),
        (np.asarray, lambda x, h: h, "initial_state returned ndarray"),
        (lambda zeros: (tr.Tensor(zeros), zeros), lambda x, h: h, "initial_state returned tuple"),
    ],
)
def test_a_state_is_made_of_tensors_and_stays_of_one_kind(start, step, message):
    with pytest.raises(TypeError, match=rf"Own\.{message}.*the state alone"):
        tr.unroll(Own(start, step), X)


def test_a_method_that_is_missing_is_named():
    class Half(tr.Cell):
        def initial_state(self, batch):
            return tr.Tensor(np.zeros((batch, 3)))

    with pytest.raises(NotImplementedError, match=r"Half needs a method __call__\(x, state\)"):
        tr.unroll(Half(), X)
    with pytest.raises(NotImplementedError, match=r"Cell needs a method initial_state\(batch\)"):
        tr.unroll(tr.Cell(), X)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (X[:, 0], r"one sequence alone is inputs\[:, np\.newaxis\]"),
        (X[..., :2], r"2 features where the cell expects 3: they are \(steps, batch, features\)"),
        ([[1.0, 2.0], [3.0]], "unequal length.*lengths="),
    ],
)
def test_inputs_of_another_shape(inputs, message):
    with pytest.raises(tr.ShapeError, match=message):
        tr.unroll(tr.RNNCell(3, 4, rng=0), inputs)


def test_another_librarys_array_is_taken_as_numpys():
    class Theirs:
        def __array__(self, dtype=None, copy=None):
            return X

    cell = tr.LSTMCell(3, 4, rng=0)
    for engine in ("graph", "fused"):
        ours, theirs = (tr.unroll(cell, inputs, engine=engine) for inputs in (X, Theirs()))
        np.testing.assert_array_equal(theirs.outputs.data, ours.outputs.data)
        assert not isinstance(theirs.outputs.data, Theirs)
