"""Files of weights, as libraries and people write them; nothing in one is run."""

import os
import zipfile

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.interop.files import list_layers, load_layers

torch = pytest.importorskip("torch", reason="writes PyTorch's files, which is not installed")
pytestmark = pytest.mark.oracle

from torch import nn  # noqa: E402  # after the skip

LSTM = "LSTM, 1 layer, both directions, 2 inputs, 3 units, float32"
GRU = "GRUCell, 2 inputs, 3 units, float32"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.LSTM(2, 3, bidirectional=True), nn.Linear(3, 1)
        self.decoder = nn.GRUCell(2, 3)

    def forward(self, x):
        return self.rnn(x)[0]


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Model()


def nested(model):
    return {"model_state": model.state_dict(), "epoch": 3, "args": {"lr": [0.1, None]}}


def lightning(model):
    weights = {f"model._orig_mod.module.{k}": v for k, v in model.state_dict().items()}
    return {"state_dict": weights, "optimizer": torch.optim.Adam(model.parameters()).state_dict()}


FORMS = {
    "plain.pt": lambda m: m.state_dict(),
    "nested.ckpt": nested,
    "lightning.ckpt": lightning,
    "two.th": lambda m: {"en": m.rnn.state_dict(), "de": m.decoder.state_dict()},
    "whole.bin": lambda m: m,
}


@pytest.mark.parametrize("name", FORMS)
def test_a_checkpoint_is_walked_and_its_layers_named(name, model, tmp_path):
    path = tmp_path / name
    torch.save(FORMS[name](model), path)
    found = list_layers(path)
    assert list(found.values()) == [LSTM, GRU]
    with pytest.raises(tr.StateDictError, match="several recurrent layers: give the prefix"):
        load_layers(path)
    first, second = found
    for place in (first, first.rpartition(".")[2]):
        ours = load_layers(path, place)
        x = np.random.default_rng(0).standard_normal((4, 2, 2)).astype(np.float32)
        theirs = model(torch.from_numpy(x)).detach().numpy()
        np.testing.assert_allclose(ours(x).outputs.data, theirs, rtol=1e-5, atol=1e-6)
    assert type(load_layers(path, second)).__name__ == "GRUCell"


def test_an_older_checkpoint(model, tmp_path):
    path = tmp_path / "old.tar"
    torch.save(nested(model), path, _use_new_zipfile_serialization=False)
    assert list(list_layers(path)) == ["model_state.rnn", "model_state.decoder"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_read_as_an_archive(model, tmp_path):
    path = tmp_path / "scripted.pt"
    torch.jit.script(model).save(str(path))
    assert list_layers(path) == {"rnn": LSTM, "decoder": GRU}


def test_half_precision(model, tmp_path):
    path = tmp_path / "half.pt"
    torch.save(model.bfloat16().rnn.state_dict(), path)
    expected = model.rnn.weight_hh_l0.detach().double().numpy()
    np.testing.assert_array_equal(load_layers(path).layers[0].weight_hh.data, expected)


class Hostile:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_what_a_pickle_asks_for_is_not_run(model, tmp_path):
    path, made = tmp_path / "hostile.pt", tmp_path / "made"
    torch.save({"x": Hostile(made), **model.state_dict()}, path)
    assert list_layers(path) == {"rnn": LSTM, "decoder": GRU}
    assert not made.exists()


def rewritten(source, target, change):
    """Copy an archive with one entry changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))


def test_a_file_cut_short_or_with_too_little_stored(model, tmp_path):
    whole, cut = tmp_path / "whole.pt", tmp_path / "cut.pt"
    torch.save(model.state_dict(), whole)
    for length in (0, 10, 500, whole.stat().st_size - 100):
        cut.write_bytes(whole.read_bytes()[:length])
        with pytest.raises(tr.WeightsFileError):
            load_layers(cut)
    rewritten(whole, cut, lambda name, raw: raw[:-4] if name.endswith("data/0") else raw)
    with pytest.raises(tr.WeightsFileError, match="does not hold 24 numbers"):
        load_layers(cut)


def test_a_file_with_nothing_recurrent_or_of_no_known_kind(tmp_path):
    path = tmp_path / "linear.pt"
    torch.save(nn.Linear(2, 3).state_dict(), path)
    with pytest.raises(tr.StateDictError, match="holds no recurrent layer"):
        load_layers(path)
    with pytest.raises(tr.WeightsFileError, match=r"cannot read weights from model\.docx"):
        load_layers(tmp_path / "model.docx")
    with pytest.raises(tr.WeightsFileError, match="No such file"):
        load_layers(tmp_path / "none.pt")


def test_a_prefix_that_is_not_there(model, tmp_path):
    path = tmp_path / "model.pt"
    torch.save(model.state_dict(), path)
    with pytest.raises(tr.StateDictError, match=r"none called 'encoder'.*'rnn' or 'decoder'"):
        load_layers(path, "encoder")
