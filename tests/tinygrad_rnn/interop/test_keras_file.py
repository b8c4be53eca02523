"""Keras's own files, and what they compute; hostile and damaged ones are refused by name."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.interop.files import list_layers, load_layers

h5py = pytest.importorskip("h5py", reason="reads Keras's files: the extra files")
FILES = Path(__file__).parents[2] / "golden" / "files"
EXPECTED = json.loads((FILES / "expected.json").read_text())["model.keras"]


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_layer_computes_what_keras_says(file: str, name: str) -> None:
    layers = load_layers(FILES / file, name).eval()
    x = np.array(EXPECTED[name]["x"], np.float32)
    np.testing.assert_allclose(layers(x).outputs.data, EXPECTED[name]["y"], atol=2e-6)


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
def test_every_layer_is_listed_or_refused_by_name(file: str) -> None:
    found = list_layers(FILES / file)
    assert found == {
        "first + second": "LSTM, 2 layers, 3 inputs, 4 units, float32",
        "both": "GRU, 1 layer, both directions, 4 inputs, 2 units, float32",
        "before": "GRU, 1 layer, 4 inputs, 2 units, float32",
        "simple": "RNN, 1 layer, 2 inputs, 3 units, float32",
        "hard": "cannot be read: its activation is tanh, its gates' hard_sigmoid: here they are "
        "tanh and sigmoid",
        "backwards": "cannot be read: it goes backwards: from_keras takes its weights, unroll "
        "reverse=True",
    }


def test_weights_without_a_description_are_a_guess(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with zipfile.ZipFile(FILES / "model.keras") as archive:
        path.write_bytes(archive.read("model.weights.h5"))
    with pytest.warns(UserWarning, match="Keras's usual activations"):
        layers = load_layers(path, "second")
    assert len(layers.layers) == 1


def written(path: Path, fill: Any) -> Path:
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def plain(file: Any, prefix: str = "rnn/lstm_cell") -> None:
    file[f"{prefix}/kernel:0"] = np.ones((3, 16))
    file[f"{prefix}/recurrent_kernel:0"] = np.ones((4, 16))
    file[f"{prefix}/bias:0"] = np.ones(16)


def outside(file: Any) -> None:
    plain(file)
    file["more"] = h5py.ExternalLink("/etc/hostname", "/x")


def soft(file: Any) -> None:
    plain(file)
    file["more"] = h5py.SoftLink("/rnn")


def stored_outside(file: Any) -> None:
    plain(file)
    file.create_dataset("x", (4,), "f8", external=[("/etc/hostname", 0, 32)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (4,))
    file.create_virtual_dataset("x", layout)


def huge(file: Any) -> None:
    file.create_dataset("x", (1 << 40,), "f8", chunks=(1 << 16,), compression="gzip")


def circular(file: Any) -> None:
    plain(file)
    file["rnn/again"] = file["rnn"]


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (outside, "more is a link to something elsewhere"),
        (soft, "more is a link to something elsewhere"),
        (stored_outside, "/x is kept in another file"),
        (virtual, "/x is kept in another file"),
        (huge, "claims 8796093022208 bytes"),
        (circular, "rnn/again is there twice"),
    ],
)
def test_a_file_that_leads_out_of_itself_is_refused(
    fill: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(tr.WeightsFileError, match=message):
        load_layers(written(tmp_path / "model.h5", fill))


@pytest.mark.parametrize("prefix", ["rnn/lstm_cell", "rnn/rnn", "lstm_cell", "."])
def test_an_older_file_with_one_layer(prefix: str, tmp_path: Path) -> None:
    path = written(tmp_path / "model.h5", lambda file: plain(file, prefix))
    with pytest.warns(UserWarning, match="taken for"):
        assert load_layers(path).layers[0].hidden_size == 4


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
def test_a_file_cut_short(file: str, tmp_path: Path) -> None:
    raw = (FILES / file).read_bytes()
    for length in (0, 100, len(raw) // 2, len(raw) - 40):
        (tmp_path / file).write_bytes(raw[:length])
        with pytest.raises(tr.WeightsFileError, match="is not a whole"):
            load_layers(tmp_path / file)


def test_an_archive_that_would_become_huge(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", bytes(1 << 26))
    with pytest.raises(tr.WeightsFileError, match="would become 67108864 bytes"):
        load_layers(path)


def test_a_description_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    inner = io.BytesIO()
    with h5py.File(inner, "w") as file:
        plain(file)
    for text in ("{", "[]", '{"config": []}', '{"config": {"name": 3, "layers": [1, null]}}'):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", text)
            archive.writestr("model.weights.h5", inner.getvalue())
        if text == "{":
            with pytest.raises(tr.WeightsFileError, match="does not describe its model rightly"):
                list_layers(path)
        else:
            assert list(list_layers(path)) == ["rnn"]
