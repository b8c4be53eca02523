"""Flax's own msgpack files, and what their cells compute."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.interop.files import list_layers, load_layers

msgpack = pytest.importorskip("msgpack", reason="reads Flax's files: the extra files")
FILES = Path(__file__).parents[2] / "golden" / "files"
EXPECTED = json.loads((FILES / "expected.json").read_text())["model.msgpack"]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_cell_computes_what_flax_says(name: str) -> None:
    cell = load_layers(FILES / "model.msgpack", name.removeprefix("params."))
    x = np.array(EXPECTED[name]["x"], np.float32)
    np.testing.assert_allclose(tr.unroll(cell, x).outputs.data, EXPECTED[name]["y"], atol=2e-6)


def test_every_cell_is_listed() -> None:
    assert list_layers(FILES / "model.msgpack") == {
        "params.encoder.cell": "LSTMCell, 3 inputs, 4 units, float32",
        "params.decoder.cell": "GRUCell, 3 inputs, 4 units, float32",
    }


def packed(path: Path, value: Any) -> Path:
    path.write_bytes(msgpack.packb(value))
    return path


def array(values: Any, kind: str = "float64", shape: Any = None) -> Any:
    found = np.asarray(values, np.float64)
    shape = found.shape if shape is None else shape
    return msgpack.ExtType(1, msgpack.packb((shape, kind, found.tobytes())))


def simple(kernel: Any) -> Any:
    return {"i": {"kernel": kernel, "bias": array(np.ones(3))}, "h": {"kernel": array(np.eye(3))}}


def test_a_simple_cell_is_a_guess(tmp_path: Path) -> None:
    path = packed(tmp_path / "m.msgpack", simple(array(np.ones((2, 3)))))
    with pytest.warns(UserWarning, match="a SimpleCell with tanh"):
        assert load_layers(path).input_size == 2


def test_an_array_in_pieces(tmp_path: Path) -> None:
    values = np.arange(6.0)
    pieces = {
        "__msgpack_chunked_array__": True,
        "shape": {"0": 2, "1": 3},
        "chunks": {"0": array(values[:4]), "1": array(values[4:])},
    }
    path = packed(tmp_path / "m.msgpack", simple(pieces))
    with pytest.warns(UserWarning, match="taken for"):
        found = load_layers(path).weight_ih.data
    np.testing.assert_array_equal(found, values.reshape(2, 3).T)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (array(np.ones((2, 3)), shape=(2, 1 << 40)), "an array of shape"),
        (array(np.ones((2, 3)), kind="object"), "an array of shape|object"),
        (msgpack.ExtType(1, b"\xff"), "is not a whole msgpack file"),
    ],
)
def test_an_array_that_is_not_what_it_says(kernel: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(tr.WeightsFileError, match=message):
        load_layers(packed(tmp_path / "m.msgpack", simple(kernel)))


def test_a_file_cut_short_or_of_something_else(tmp_path: Path) -> None:
    path, raw = tmp_path / "m.msgpack", (FILES / "model.msgpack").read_bytes()
    for length in (0, 10, len(raw) - 1):
        path.write_bytes(raw[:length])
        with pytest.raises(tr.WeightsFileError, match="is not a whole msgpack file"):
            list_layers(path)
    with pytest.raises(tr.StateDictError, match="holds no recurrent layer"):
        load_layers(packed(path, [1, {"a": msgpack.ExtType(9, b"x")}]))
