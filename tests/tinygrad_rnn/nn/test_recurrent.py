"""Layers: scopes, names, states handed on, dropout between, and what they refuse. (Their numbers
are compared in test_against_torch.)"""

import numpy as np
import pytest

import tinygrad_rnn as tr

X = np.random.default_rng(0).standard_normal((4, 2, 3))


def scopes(tensor):
    return [str(part) for part in tensor.scope]


def test_scopes():
    run = tr.LSTM(3, 2, num_layers=2, bidirectional=True, rng=0)(X)
    backwards = run.runs[1][1].states[3]
    assert scopes(backwards.h) == ["layer = 1", "direction = 1", "t = 3", "hidden state"]
    run = tr.LSTM(3, 2, rng=0)(X)
    assert scopes(run.states[3].c) == ["t = 3", "cell state"]


def test_parameter_names():
    layers = tr.GRU(3, 2, num_layers=2, bidirectional=True, reset="after", rng=0)
    names = [f"{d}.{k}.{p}" for d in ("layers", "reverse") for k in (0, 1) for p in
             ("weight_ih", "weight_hh", "bias", "bias_hn")]  # fmt: skip
    assert list(layers.state_dict()) == names
    assert layers.layers[1].weight_ih.shape == (6, 4)
    assert [p.name for p in layers.parameters()] == names


@pytest.mark.parametrize("make", [tr.RNN, tr.LSTM, tr.GRU])
def test_final_states_can_be_handed_on(make):
    layers = make(3, 2, num_layers=2, rng=0)
    whole = layers(X)
    first = layers(X[:2])
    second = layers(X[2:], first.final)
    np.testing.assert_allclose(second.outputs.data, whole.outputs.data[2:], rtol=1e-14)


def test_a_layer_above_reads_the_steps_below_directly():
    run = tr.RNN(3, 2, num_layers=2, rng=0)(X)
    below, above = (layer[0].states for layer in run.runs)
    steps = tr.graph.topological(above[1])
    assert any(node is below[1] for node in steps)
    assert not any(node.op and node.op.name == "stack" for node in steps)
    assert not any(node is below[2] for node in steps)


def test_dropout_lies_between_layers_and_in_training_only():
    layers = tr.GRU(3, 20, num_layers=2, dropout=0.5, rng=0)
    zeros = []
    for engine in ("graph", "fused"):
        run = layers(X, engine=engine)
        inputs = layers._between(run.runs[0])
        values = np.stack([x.data for x in inputs])
        zeros.append(np.mean(values == 0))
        assert np.all(run.outputs.data != 0)
    assert all(0.3 < share < 0.7 for share in zeros)
    layers.eval()
    np.testing.assert_array_equal(layers(X).outputs.data, layers(X).outputs.data)


def test_the_hidden_state_through_time_is_the_last_layers():
    run = tr.GRU(3, 2, num_layers=2, rng=0)(X)
    through = tr.trace(np.sum(run.states[-1])).through_time(run)["h"]
    assert through.shape == (4,)
    assert through[-1] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tr.RNN(3, 2, num_layers=0), ValueError, "num_layers = 0"),
        (lambda: tr.RNN(3, 2)(X, np.zeros((2, 2))), tr.ShapeError, "list of 1"),
        (lambda: tr.RNN(3, 2, num_layers=2)(X, [None]), tr.ShapeError, "list of 2"),
        (lambda: tr.RNN(3, 2, nonlinearity="sine"), ValueError, "tanh, relu, identity"),
        (lambda: tr.GRU(3, 2, reset="never"), ValueError, "'before' or 'after'"),
        (lambda: tr.LSTM(0, 2), ValueError, "at least 1"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
