"""What a file says of its network: what is saved comes back as the same network, or not at all."""

import json
import warnings

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import tinygrad_rnn as tr
from tests.tinygrad_rnn.modules import outputs, shaken
from tinygrad_rnn.interop.files import load_layers
from tinygrad_rnn.nn.form import MODULE_KINDS, form_of, network

NETWORKS = [
    lambda **more: tr.RNN(3, 4, nonlinearity="relu", **more),
    lambda **more: tr.RNN(3, 4, nonlinearity="identity", bias=False, **more),
    lambda **more: tr.LSTM(3, 4, **more),
    lambda **more: tr.LSTM(3, 4, coupled=True, **more),
    lambda **more: tr.LSTM(3, 4, coupled=True, peepholes=True, **more),
    lambda **more: tr.LSTM(3, 4, peepholes=True, learn_state=True, **more),
    lambda **more: tr.LSTM(3, 4, proj_size=2, learn_state=True, **more),
    lambda **more: tr.GRU(3, 4, **more),
    lambda **more: tr.GRU(3, 4, reset="after", **more),
    lambda **more: tr.GRU(3, 4, reset="after", bias=False, **more),
]
CELLS = [
    lambda: tr.RNNCell(3, 4, nonlinearity="relu", rng=1),
    lambda: tr.LSTMCell(3, 4, coupled=True, rng=1),
    lambda: tr.GRUCell(3, 4, reset="after", bias=False, rng=1),
    lambda: tr.GRUCell(3, 4, dtype=np.float32, rng=1),
]


@pytest.mark.parametrize("more", [{}, {"num_layers": 2, "bidirectional": True, "dropout": 0.25}])
@pytest.mark.parametrize("make", NETWORKS)
def test_a_saved_network_comes_back_the_same(make, more, tmp_path):
    saved = shaken(make(rng=0, **more)).eval()
    tr.save(tmp_path / "w.safetensors", saved)
    with warnings.catch_warnings(action="error"):
        loaded = load_layers(tmp_path / "w.safetensors").eval()
    assert form_of(loaded) == form_of(saved)
    x = np.random.default_rng(1).normal(size=(6, 2, 3))
    np.testing.assert_array_equal(outputs(loaded, x), outputs(saved, x))


@pytest.mark.parametrize("make", CELLS)
def test_a_saved_cell_comes_back_the_same(make, tmp_path):
    saved = shaken(make())
    tr.save(tmp_path / "w.safetensors", saved)
    loaded = load_layers(tmp_path / "w.safetensors")
    assert type(loaded) is type(saved)
    assert form_of(loaded) == form_of(saved)
    x = np.random.default_rng(1).normal(size=(6, 2, 3))
    np.testing.assert_array_equal(outputs(loaded, x), outputs(saved, x))


class Translator(tr.Module):
    def __init__(self):
        self.encoder = shaken(tr.LSTM(3, 4, coupled=True, rng=0))
        self.decoders = [shaken(tr.GRU(4, 5, reset="after", bias=False, rng=0))]
        self.readout = tr.Linear(5, 2, rng=0)


@pytest.mark.parametrize("prefix", ["encoder", "decoders.0", "decoders.0."])
def test_networks_inside_a_model_are_found_by_name(prefix, tmp_path):
    model = Translator()
    tr.save(tmp_path / "m.safetensors", model)
    loaded = load_layers(tmp_path / "m.safetensors", prefix)
    saved = model.encoder if prefix == "encoder" else model.decoders[0]
    assert form_of(loaded) == form_of(saved)


def test_the_only_network_of_a_model_needs_no_name(tmp_path):
    model = Translator()
    del model.decoders
    tr.save(tmp_path / "m.safetensors", model)
    assert form_of(load_layers(tmp_path / "m.safetensors")) == form_of(model.encoder)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: tr.RNN(3, 4), "an RNN with tanh"),
        (lambda: tr.GRU(3, 4), "a GRU with reset before"),
        (lambda: tr.LSTM(3, 4, coupled=True), "a GRU with reset before"),
    ],
)
def test_arrays_alone_are_taken_for_what_is_said(make, word, tmp_path):
    tr.save(tmp_path / "w.safetensors", make().state_dict())
    with pytest.warns(UserWarning, match=f"w.safetensors does not say.*taken for {word}"):
        load_layers(tmp_path / "w.safetensors")


@pytest.mark.parametrize("options", [{}, {"peepholes": True}, {"learn_state": True}])
@pytest.mark.parametrize("coupled", [False, True])
def test_arrays_that_tell_all_are_taken_without_a_word(options, coupled, tmp_path):
    if coupled and not options:
        pytest.skip("three gates without a mark of an LSTM are a guess, tried above")
    saved = tr.LSTM(3, 4, coupled=coupled, rng=0, **options)
    tr.save(tmp_path / "w.safetensors", saved.state_dict())
    with warnings.catch_warnings(action="error"):
        loaded = load_layers(tmp_path / "w.safetensors")
    assert form_of(loaded) == form_of(saved)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "Transformer"},
        {"hidden_size": 10**9},
        {"num_layers": 10**9},
        {"num_layers": None},
        {"reset": "sometimes"},
        {"surprise": 1},
        {"dtype": "nonsense"},
        {"input_size": 7},
    ],
)
def test_a_form_that_does_not_fit_is_refused(change):
    layer = tr.GRU(3, 4, rng=0)
    with pytest.raises(tr.StateDictError):
        network(form_of(layer) | change, layer.state_dict())


@pytest.mark.parametrize("text", ["[]", "{", '{"": 3}', "null"])
def test_a_description_that_is_none_is_refused(text, tmp_path):
    save_file({"w": np.ones(2)}, tmp_path / "w.safetensors", {"networks": text})
    assert list(load_file(tmp_path / "w.safetensors")) == ["w"]
    with pytest.raises(tr.WeightsFileError, match="does not say rightly"):
        load_layers(tmp_path / "w.safetensors")


@pytest.mark.parametrize("make", [*NETWORKS, *CELLS])
def test_a_form_is_what_json_holds(make):
    form = form_of(make())
    assert json.loads(json.dumps(form)) == form
    assert form["kind"] in MODULE_KINDS
