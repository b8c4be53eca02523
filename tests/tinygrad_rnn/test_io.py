"""Weights on disk: round trips, and files that are cut, corrupted, foreign or half-written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import tinygrad_rnn as tr
from tinygrad_rnn import io

rng = np.random.default_rng(0)


def test_a_module_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "model.safetensors"
    model = tr.LSTM(3, 4, num_layers=2, bidirectional=True, rng=0)
    other = tr.LSTM(3, 4, num_layers=2, bidirectional=True, rng=1)
    tr.save(path, model)
    other.load_state_dict(tr.load(path))
    for mine, theirs in zip(other.parameters(), model.parameters(), strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


ARRAYS = {
    "strided": rng.standard_normal((4, 6))[::2, ::-3],
    "transposed": rng.standard_normal((2, 3)).T,
    "scalar": np.float32(1.5),
    "empty": np.zeros((0, 3)),
    "big-endian": np.arange(3, dtype=">f8"),
    "half": np.arange(3, dtype=np.float16),
    "integers": np.arange(3),
    "flags": np.array([True, False]),
    "päth/π": np.array([np.nan, np.inf, -0.0]),
}


def test_every_kind_of_array(tmp_path):
    path = tmp_path / "arrays.safetensors"
    tr.save(path, ARRAYS)
    for found in (tr.load(path), load_file(path)):
        assert found.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].shape == np.shape(array)
            assert found[name].dtype == array.dtype.newbyteorder("=")
    tr.load(path)["strided"][:] = 0  # writable, and its own
    assert np.any(tr.load(path)["strided"])


def test_a_file_from_elsewhere(tmp_path):
    path = tmp_path / "theirs.safetensors"
    save_file({"weight": np.ones(2)}, path, metadata={"format": "pt"})
    np.testing.assert_array_equal(tr.load(path)["weight"], [1, 1])


def test_the_permissions_are_the_usual_ones(tmp_path):
    path = tmp_path / "model.safetensors"
    tr.save(path, {"a": np.ones(1)})
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    tr.save(tmp_path / "link", {"a": np.ones(1)})
    assert (tmp_path / "link").is_symlink()
    assert list(tr.load(tmp_path / "real")) == ["a"]


# -- files that are not right


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("io") / "good.safetensors"
    tr.save(path, {"first": rng.standard_normal((3, 2)), "second": np.arange(4.0)})
    return path.read_bytes()


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_any_cut_or_changed_byte_is_noticed(data, good, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "bad.safetensors"
    if data.draw(st.booleans(), "cut"):
        bad = good[: data.draw(st.integers(0, len(good) - 1), "length")]
    else:
        place = data.draw(st.integers(0, len(good) - 1), "place")
        flipped = good[place] ^ data.draw(st.integers(1, 255), "bits")
        bad = good[:place] + bytes([flipped]) + good[place + 1 :]
    path.write_bytes(bad)
    try:
        found = tr.load(path)
    except tr.WeightsFileError:
        return
    # The change has hit the name under which the checksum is kept, and the arrays are right.
    assert found.keys() == {"first", "second"}
    np.testing.assert_array_equal(found["second"], np.arange(4.0))


def test_a_flipped_bit_in_a_value_is_noticed(good, tmp_path):
    path = tmp_path / "bad"
    path.write_bytes(good[:-3] + bytes([good[-3] ^ 1]) + good[-2:])
    with pytest.raises(tr.WeightsFileError, match="checksum"):
        tr.load(path)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"{}", b"\xff" * 64])
def test_foreign_files(content, tmp_path):
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(tr.WeightsFileError, match="foreign is not a whole safetensors file"):
        tr.load(path)


def test_a_dtype_that_numpy_lacks(tmp_path):
    header = b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    path = tmp_path / "bf16"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(tr.WeightsFileError, match="BF16"):
        tr.load(path)


def test_a_folder_that_is_not_there_is_named_and_not_the_file_that_was_to_be_written(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder: '.*none'$"):
        tr.save(tmp_path / "none" / "w.safetensors", {"w": np.ones(2)})


def test_names_are_sorted(tmp_path):
    """A file's own order would be another one in each process."""
    names = [f"layers.{k}" for k in range(9)]
    tr.save(tmp_path / "w", {name: np.ones(2) for name in reversed(names)})
    assert list(tr.load(tmp_path / "w")) == names


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        tr.load(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        tr.save(tmp_path / "none" / "file", {"a": np.ones(1)})


@pytest.mark.parametrize("value", ["text", [object()], 1j])
def test_what_is_no_number_is_refused_before_the_file_is_touched(value, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(tr.DtypeError, match="'odd'"):
        tr.save(path, {"fine": np.ones(1), "odd": value})
    assert path.read_bytes() == b"old"


def test_foreign_names_are_refused_by_the_module_and_nothing_is_loaded(tmp_path):
    tr.save(tmp_path / "f", {"weight": np.ones((2, 2)), "biases": np.ones(2)})
    layer = tr.Linear(2, 2, rng=0)
    before = layer.weight.data.copy()
    with pytest.raises(tr.StateDictError, match="missing: bias; unexpected: biases"):
        layer.load_state_dict(tr.load(tmp_path / "f"))
    np.testing.assert_array_equal(layer.weight.data, before)


# -- old or new, never half


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(broken, tmp_path, monkeypatch):
    path = tmp_path / "model"
    tr.save(path, {"a": np.zeros(3)})

    def fail(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(*(("os.fsync", fail) if broken == "fsync" else (Path, "replace", fail)))
    with pytest.raises(OSError, match="no space"):
        tr.save(path, {"a": np.ones(3)})
    monkeypatch.undo()
    np.testing.assert_array_equal(tr.load(path)["a"], np.zeros(3))
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


WRITER = """
import sys, numpy as np
from tinygrad_rnn import io
k = 0
while True:
    io.save(sys.argv[1], {"a": np.full(200_000, float(k))})
    if k == 0:
        print("ready", flush=True)
    k += 1
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX systems")
def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / "model"
    root = Path(io.__file__).parents[1]
    for delay in (0.0, 0.003, 0.011):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], cwd=root, stdout=subprocess.PIPE
        )
        assert child.stdout.readline() == b"ready\n"
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        a = tr.load(path)["a"]
        assert a.shape == (200_000,)
        assert np.all(a == a[0])
