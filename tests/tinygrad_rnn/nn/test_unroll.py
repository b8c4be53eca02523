"""Unrolling in its forms: lengths, reversed, truncated, learned and given states, own cells."""

from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.ops.cut import stop_gradient

CELLS = [tr.RNNCell, tr.LSTMCell, tr.GRUCell]
rng = np.random.default_rng(0)


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def leaf(*shape):
    return tr.Tensor(rng.standard_normal(shape), requires_grad=True)


def gradients(cell, loss):
    for parameter in cell.parameters():
        parameter.grad = None
    loss.backward()
    return {name: parameter.grad for name, parameter in cell.named_parameters()}


def assert_same(ours, theirs, **tolerance):
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, **tolerance, err_msg=name)


@pytest.mark.parametrize("engine", ["graph", "fused"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("make", CELLS)
def test_a_padded_batch_equals_each_sequence_alone(make, reverse, engine):
    cell, lengths = make(2, 3, rng=1), [4, 0, 6, 1]
    x = leaf(6, 4, 2)
    weights = rng.standard_normal((6, 4, 3)) * (np.arange(6)[:, None] < lengths)[..., None]
    x.data = np.where((np.arange(6)[:, None] < lengths)[..., None], x.data, np.nan)
    run = tr.unroll(cell, x, lengths=lengths, reverse=reverse, engine=engine)
    together = gradients(
        cell, np.sum(run.outputs * weights) + sum(np.sum(p * p) for p in parts(run.final))
    )
    alone = dict.fromkeys(together, 0.0)
    for k, length in enumerate(lengths):
        if not length:
            assert all(np.all(part.data[k] == 0) for part in parts(run.final))
            continue
        one = tr.Tensor(x.data[:length, k : k + 1], requires_grad=True)
        single = tr.unroll(cell, one, reverse=reverse, engine=engine)
        loss = np.sum(single.outputs * weights[:length, k : k + 1])
        loss = loss + sum(np.sum(p * p) for p in parts(single.final))
        for name, g in gradients(cell, loss).items():
            alone[name] = alone[name] + g
        np.testing.assert_allclose(x.grad[:length, k], one.grad[:, 0], rtol=1e-12, atol=1e-15)
        for mine, theirs in zip(parts(run.final), parts(single.final), strict=True):
            np.testing.assert_allclose(mine.data[k], theirs.data[0], rtol=1e-13)
    assert_same(together, alone, rtol=1e-12, atol=1e-14)
    for k, length in enumerate(lengths):
        assert np.all(x.grad[length:, k] == 0)


def test_a_finished_sequence_keeps_its_state():
    run = tr.unroll(tr.GRUCell(2, 3, rng=0), rng.standard_normal((5, 2, 2)), lengths=[3, 5])
    for t in (3, 4):
        np.testing.assert_array_equal(run.states[t].data[0], run.states[2].data[0])
    assert np.all(run.states[4].data[1] != run.states[2].data[1])
    assert [str(part) for part in run.states[3].scope] == ["t = 3", "hidden state"]


@pytest.mark.parametrize("engine", ["graph", "fused"])
@pytest.mark.parametrize("make", CELLS)
def test_reversed_is_forwards_over_the_reversed_input(make, engine):
    cell, x = make(2, 3, rng=0), rng.standard_normal((5, 2, 2))
    back = tr.unroll(cell, x, reverse=True, engine=engine)
    forth = tr.unroll(cell, x[::-1], engine=engine)
    np.testing.assert_array_equal(back.outputs.data, forth.outputs.data[::-1])
    for mine, theirs in zip(parts(back.final), parts(forth.final), strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)
    for mine, theirs in zip(parts(back.states[0]), parts(back.final), strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)


def test_an_empty_batch():
    for engine in ("graph", "fused"):
        run = tr.unroll(tr.GRUCell(2, 3), np.ones((4, 0, 2)), lengths=[], engine=engine)
        assert run.outputs.shape == (4, 0, 3)


# -- truncation


def test_a_cut_keeps_the_link_and_sends_nothing():
    x = tr.Tensor([1.0, 2.0], requires_grad=True)
    y = stop_gradient(x)
    z = np.sum(y * x)
    z.backward()
    np.testing.assert_array_equal(x.grad, [1.0, 2.0])  # y is a constant: d(y x)/dx = y
    assert any(node is y for node in tr.graph.topological(z))
    assert all(edge.consumer is not y for edge in tr.trace(z).edges)


def test_a_cut_of_a_constant_is_that_constant():
    x = tr.Tensor([1.0])
    assert stop_gradient(x) is x


@pytest.mark.parametrize("engine", ["graph", "fused"])
@pytest.mark.parametrize("make", CELLS)
def test_truncation_truncates_exactly_at_the_cut(make, engine):
    """A loss at step t reaches the inputs since the last cut, and not one before it."""
    cell = make(2, 3, rng=0)
    values = rng.standard_normal((7, 1, 2))
    for t in range(7):
        x = tr.Tensor(values, requires_grad=True)
        run = tr.unroll(cell, x, truncate=3, engine=engine)
        np.sum(run.outputs[t]).backward()
        reached = [bool(np.any(g != 0)) for g in x.grad]
        assert reached == [t - t % 3 <= s <= t for s in range(7)]
        full = tr.unroll(cell, values)
        np.testing.assert_allclose(run.outputs.data, full.outputs.data, rtol=1e-13)


@pytest.mark.parametrize("engine", ["graph", "fused"])
def test_the_initial_state_belongs_to_the_first_stretch(engine):
    for steps, reached in ((3, True), (4, False)):
        h_0 = leaf(1, 3)
        run = tr.unroll(
            tr.GRUCell(2, 3, rng=0), X[:, :1][[0] * steps], h_0, truncate=3, engine=engine
        )
        np.sum(run.final).backward()
        assert (h_0.grad is not None and bool(np.any(h_0.grad != 0))) == reached


def test_cuts_are_recorded_with_their_step_and_part():
    run = tr.unroll(tr.LSTMCell(2, 3, rng=0), np.ones((5, 1, 2)), truncate=2)
    cuts = [n for n in tr.graph.topological(*parts(run.final)) if n.op and n.op.name == "cut"]
    assert [(str(n.scope[0]), n.inputs[0].name) for n in cuts] == [
        ("t = 2", "h"),
        ("t = 2", "c"),
        ("t = 4", "h"),
        ("t = 4", "c"),
    ]


# -- states


@pytest.mark.parametrize("engine", ["graph", "fused"])
@pytest.mark.parametrize("make", CELLS)
def test_a_learned_initial_state_gets_the_sum_over_the_batch(make, engine):
    cell = make(2, 3, rng=0, learn_state=True)
    names = ["h_0", "c_0"] if make is tr.LSTMCell else ["h_0"]
    for name in names:
        getattr(cell, name).data = rng.standard_normal(3)
    x = rng.standard_normal((4, 5, 2))
    np.sum(np.square(tr.unroll(cell, x, engine=engine).outputs)).backward()
    given = [tr.Tensor(np.tile(getattr(cell, n).data, (5, 1)), requires_grad=True) for n in names]
    run = tr.unroll(cell, x, given[0] if len(names) == 1 else given)
    np.sum(np.square(run.outputs)).backward()
    for name, tensor in zip(names, given, strict=True):
        np.testing.assert_allclose(getattr(cell, name).grad, tensor.grad.sum(0), rtol=1e-12)


def test_names():
    run = tr.unroll(tr.LSTMCell(2, 3, rng=0), np.ones((2, 1, 2)))
    names = {n.name for n in tr.graph.topological(run.final.h)}
    assert {"x", "h", "c", "h_0", "c_0", "weight_ih", "weight_hh", "bias"} <= names


def test_an_input_keeps_its_own_name():
    inputs = [tr.Tensor(np.ones((1, 2))), tr.Tensor(np.ones((1, 2)), name="token")]
    tr.unroll(tr.GRUCell(2, 3, rng=0), inputs, engine="graph")
    assert [x.name for x in inputs] == ["x", "token"]


@pytest.mark.parametrize("engine", ["graph", "fused"])
def test_inputs_may_be_a_list_of_one_tensor_for_each_step(engine):
    cell = tr.GRUCell(2, 3, rng=0)
    whole = tr.Tensor(np.random.default_rng(1).normal(size=(4, 2, 2)), requires_grad=True)
    parts = [tr.Tensor(x, requires_grad=True) for x in whole.data]
    runs = [tr.unroll(cell, inputs, engine=engine) for inputs in (whole, parts)]
    np.testing.assert_array_equal(runs[0].outputs.data, runs[1].outputs.data)
    for run in runs:
        np.sum(np.square(run.outputs)).backward()
    np.testing.assert_allclose([x.grad for x in parts], whole.grad, rtol=1e-12)


@pytest.mark.parametrize("lengths", [None, [5, 3], [0, 0]])
@pytest.mark.parametrize("options", [{}, {"checkpoint": 2}, {"truncate": 2, "reverse": True}])
@pytest.mark.parametrize(  # nested lists of no sequences do not tell how many features there are
    ("as_steps", "batch"), [(list, 2), (np.ndarray.tolist, 2), (list, 0), (np.asarray, 0)]
)
@pytest.mark.parametrize("make", CELLS)
def test_both_engines_take_steps_in_any_form(make, as_steps, batch, options, lengths):
    array = np.random.default_rng(0).standard_normal((5, batch, 2))
    lengths = None if lengths is None else lengths[:batch]

    def found(inputs, engine):
        cell = make(2, 3, rng=0)
        if batch == 0 and isinstance(inputs, np.ndarray):
            inputs = tr.Tensor(inputs, requires_grad=True)
        run = tr.unroll(cell, inputs, lengths=lengths, engine=engine, **options)
        np.sum(run.outputs * run.outputs).backward()
        return [run.outputs.data, *[parameter.grad for parameter in cell.parameters()]]

    expected = found(array, "graph")
    for engine in ("graph", "fused"):
        for one, other in zip(found(as_steps(array), engine), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_the_last_state_alone_needs_no_stack():
    run = tr.unroll(tr.GRUCell(2, 3, rng=0), np.ones((3, 1, 2)))
    assert "stack" not in {n.op.name for n in tr.graph.topological(run.final) if n.op}
    assert run.outputs is run.outputs


class MinimalGatedUnit(tr.Cell):
    """A cell of one's own (Zhou et al. 2016).

    f = sigmoid(W_f x_t + U_f h_{t-1})
    h_t = (1 - f) * h_{t-1} + f * tanh(W_n x_t + U_n (f * h_{t-1}))
    """

    def __init__(self, size, hidden):
        self.forget = tr.Linear(size + hidden, hidden, rng=0)
        self.x, self.h = tr.Linear(size, hidden, rng=1), tr.Linear(hidden, hidden, rng=2)
        self.hidden = hidden

    def initial_state(self, batch):
        return tr.Tensor(np.zeros((batch, self.hidden)))

    def __call__(self, x, h):
        weight = self.forget.weight
        f = tr.f.sigmoid(x @ weight[:, : x.shape[1]].T + h @ weight[:, x.shape[1] :].T)
        return (1 - f) * h + f * np.tanh(self.x(x) + self.h(f * h))


def test_a_cell_of_ones_own():
    cell = MinimalGatedUnit(2, 3)
    x = rng.standard_normal((4, 2, 2))
    assert tr.gradcheck(lambda x: tr.unroll(cell, x, lengths=[4, 2]).outputs, x)
    run = tr.unroll(cell, x, truncate=2)
    flow = tr.trace(np.sum(run.final))
    through = flow.through_time(run)["h"]
    assert np.all(through[2:] > 0)
    assert np.all(through[:2] == 0)


class Pair(NamedTuple):
    h: tr.Tensor
    count: tr.Tensor


class Counter(tr.Cell):
    """A state whose parts differ in shape."""

    def initial_state(self, batch):
        return Pair(tr.Tensor(np.zeros((batch, 2))), tr.Tensor(np.zeros((batch, 1, 2))))

    def __call__(self, x, state):
        return Pair(state.h + x, state.count + 1.0)


def test_every_part_of_a_state_stops_at_its_length():
    run = tr.unroll(Counter(), np.ones((3, 2, 2)), lengths=[1, 3])
    np.testing.assert_array_equal(run.final.count.data[:, 0, 0], [1, 3])
    np.testing.assert_array_equal(run.final.h.data[:, 0], [1, 3])


# -- what is refused

LSTM, X = tr.LSTMCell(2, 3, rng=0), np.ones((4, 2, 2))
H = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tr.unroll(LSTM, X[0]), tr.ShapeError, "steps, batch, features"),
        (lambda: tr.unroll(LSTM, X[:0]), tr.ShapeError, "steps, batch, features"),
        (lambda: tr.unroll(LSTM, X[..., :1]), tr.ShapeError, "1 features where the cell expects 2"),
        (
            lambda: tr.unroll(LSTM, X, H),
            tr.ShapeError,
            r"LSTMState \(Tensor, Tensor\).*got ndarray",
        ),
        (lambda: tr.unroll(LSTM, X, (H, H[:1])), tr.ShapeError, r"\(2, 3\) is expected"),
        (lambda: tr.unroll(LSTM, X, lengths=[4]), tr.ShapeError, "batch of 2"),
        (lambda: tr.unroll(LSTM, X, lengths=[4, 5]), ValueError, "from 0 to 4"),
        (lambda: tr.unroll(LSTM, X, lengths=[4, -1]), ValueError, "from 0 to 4"),
        (lambda: tr.unroll(LSTM, X, lengths=[4.0, 1.0]), ValueError, "integers"),
        (lambda: tr.unroll(LSTM, X, truncate=0), ValueError, "truncate = 0"),
        (lambda: tr.unroll(LSTM, X, truncate=1.5), ValueError, "truncate = 1.5"),
        (lambda: tr.unroll(LSTM, X, checkpoint=-1), ValueError, "checkpoint = -1"),
        (lambda: tr.unroll(LSTM, X, truncate=2, checkpoint=2), ValueError, "not both"),
        (lambda: tr.unroll(LSTM, X, engine="fast"), ValueError, "'fast' is none of"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
