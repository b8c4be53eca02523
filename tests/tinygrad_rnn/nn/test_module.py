"""Finding, naming, switching, saving to and loading from the parameters of nested modules."""

import numpy as np
import pytest

import tinygrad_rnn as tr


class Model(tr.Module):
    def __init__(self):
        self.embed = tr.Embedding(5, 3, rng=0)
        self.rnn = tr.GRU(3, 4, num_layers=2, dropout=0.5, rng=1)
        self.heads = {"next": tr.Linear(4, 5, rng=2)}


NAMES = [
    "embed.weight",
    "rnn.layers.0.weight_ih",
    "rnn.layers.0.weight_hh",
    "rnn.layers.0.bias",
    "rnn.layers.1.weight_ih",
    "rnn.layers.1.weight_hh",
    "rnn.layers.1.bias",
    "heads.next.weight",
    "heads.next.bias",
]


def test_names_follow_the_attributes():
    model = Model()
    assert list(model.state_dict()) == NAMES
    assert [parameter.name for parameter in model.parameters()] == NAMES


def test_a_given_name_stays():
    class Named(tr.Module):
        def __init__(self):
            self.inner = tr.Linear(1, 1)
            self.own = tr.Parameter(np.ones(1), name="theta")

    outer = tr.Module()
    outer.part = Named()
    assert [p.name for p in outer.parameters()] == ["part.inner.weight", "part.inner.bias", "theta"]


def test_a_shared_parameter_is_listed_once():
    model = Model()
    tied = tr.Module()
    tied.first = model.embed
    tied.second = model.embed
    assert [name for name, _ in tied.named_parameters()] == ["first.weight"]


def test_a_module_that_knows_its_owner():
    model = Model()
    model.embed.owner = model
    assert list(model.state_dict()) == NAMES
    assert [parameter.name for parameter in model.parameters()] == NAMES
    assert len(list(model.modules())) == 7


def test_train_and_eval_reach_every_module():
    model = Model()
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    assert len(list(model.modules())) == 7
    model.train()
    assert all(module.training for module in model.modules())


def test_zero_grad():
    model = Model()
    for parameter in model.parameters():
        parameter.grad = np.ones(parameter.shape)
    model.zero_grad()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_state_round_trip_copies():
    model, other = Model(), Model()
    for parameter in other.parameters():
        parameter.data = parameter.data + 1.0
    state = other.state_dict()
    model.load_state_dict(state)
    state["embed.weight"][:] = np.nan
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)


def test_loading_names_everything_that_is_wrong_and_loads_nothing():
    model = Model()
    before = model.state_dict()
    state = {name: array + 1 for name, array in before.items()}
    del state["rnn.layers.0.bias"]
    state["rnn.layers.7.bias"] = np.zeros(12)
    state["heads.next.bias"] = np.zeros(6)
    state["embed.weight"] = state["embed.weight"].astype(np.int64)
    with pytest.raises(tr.StateDictError) as caught:
        model.load_state_dict(state)
    message = str(caught.value)
    for part in (
        "missing: rnn.layers.0.bias",
        "unexpected: rnn.layers.7.bias",
        "heads.next.bias: shape (6,) where (5,) is expected",
        "embed.weight: int64 does not fit into float64",
    ):
        assert part in message
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_double_precision_is_not_lost_silently():
    layer = tr.Linear(2, 2, dtype=np.float32)
    state = tr.Linear(2, 2).state_dict()
    with pytest.raises(tr.StateDictError, match="float64 does not fit into float32"):
        layer.load_state_dict(state)
    tr.Linear(2, 2).load_state_dict(layer.state_dict())  # the other way nothing is lost
