"""The file formats that are read: for each one good files, the reader, and what must hold after."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

import tinygrad_rnn as tr
from tests.fuzz import page_data
from tinygrad_rnn.interop.files import load_layers
from viz.cli.command import UsageError
from viz.cli.inputs import default_text, encode, series

RNG = np.random.default_rng(0)


class Format(NamedTuple):
    suffix: str
    good: list[bytes]  # files that are read without an error
    read: Callable[[Path], Any]
    errors: tuple[type[Exception], ...]  # what it may raise; anything else is a defect
    holds: Callable[[Any], bool]  # of all that it returns
    bad: tuple[bytes, ...] = ()  # files that are refused, to be spoiled as well


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npz(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def weights(gates: int, layers: int, dtype: str) -> dict[str, Any]:
    """Return the weights of a network with H = 3, named as PyTorch names them."""
    shapes = {"weight_ih": (3 * gates, 3), "weight_hh": (3 * gates, 3)}
    shapes |= {"bias_ih": (3 * gates,), "bias_hh": (3 * gates,)}
    return {
        f"{name}_l{k}": RNG.standard_normal(shape).astype(dtype)
        for k in range(layers)
        for name, shape in shapes.items()
    }


def layers(path: Path) -> Any:
    # Weights may hold NaN, and a file may have lost what it says of itself: both are to be seen.
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* does not say .* taken for", UserWarning)
        return load_layers(path)


def written(write: Callable[[Path], Any]) -> bytes:
    """Return what `write` writes into a file."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "file"))
        return Path(folder, "file").read_bytes()


SAVED = {"a": RNG.standard_normal((3, 2)), "b": np.arange(4, dtype="i2"), "c": np.float32(1.5)}


def load_saved(path: Path) -> tuple[bool, dict[str, Any]]:
    """Return whether the checksum is still in the file, and what was loaded."""
    return b'"sha256":"' in path.read_bytes(), tr.load(path)


def is_saved(found: tuple[bool, dict[str, Any]]) -> bool:
    """As long as its checksum is there, a file of `save` gives back what was saved or nothing."""
    checked, arrays = found
    return not checked or (
        arrays.keys() == SAVED.keys()
        and all(np.array_equal(arrays[name], value) for name, value in SAVED.items())
    )


class SameThread(Executor):
    """Runs what it is given at once, so that thousands of studies are quick."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*args, **kwargs))
        return done


def study(gain: float, seed: int) -> dict[str, Any]:
    return {"gain": gain, "seed": seed, "curve": [gain * k for k in range(3)]}


def resume(path: Path) -> Any:
    with SameThread() as here:
        return tr.study.run(study, {"gain": [0.5, 2.0]}, path, seeds=[0, 1], executor=here)


def is_network(found: Any) -> bool:
    return isinstance(found, tr.Module) and all(p.size > 0 for p in found.parameters())


def is_series(found: Any) -> bool:
    values = found.values
    return values.ndim == 3 and values.size > 0 and bool(np.isfinite(values).all())


def checkpoints() -> Format:
    """Return the format of PyTorch's checkpoints; some of the bad ones would run code."""
    import torch

    def saved(what: Any, **options: Any) -> bytes:
        buffer = io.BytesIO()
        torch.save(what, buffer, **options)
        return buffer.getvalue()

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (Path("ran"),)

    def read(path: Path) -> Any:
        try:
            return layers(path)
        finally:
            if Path("ran").exists():
                Path("ran").unlink()
                raise AssertionError("code in the file was run")

    names = {name: torch.from_numpy(array) for name, array in weights(4, 1, "f4").items()}
    return Format(
        ".pt",
        [
            saved(names),
            saved({"model": names, "step": 3}),
            saved(names, _use_new_zipfile_serialization=False),
        ],
        read,
        (UsageError, tr.TinygradError),
        is_network,
        bad=tuple(
            saved(what, _use_new_zipfile_serialization=zipped)
            for what in (names | {"weight_ih_l0": Evil()}, [Evil()])
            for zipped in (True, False)
        ),
    )


def pages() -> Format:
    """Return the data of interactive pages, as the page's own scripts read them."""
    data = [page_data.of(loss, flow) for loss, flow in map(traced, (tr.RNNCell, tr.LSTMCell))]
    known = {page_data.content(one) for one in data}
    return Format(".json", data, page_data.read, (page_data.PageError,), known.__contains__)


def traced(cell: Any) -> tuple[tr.Tensor, tr.GradientFlow]:
    run = tr.unroll(cell(1, 2, rng=0), RNG.standard_normal((3, 1, 1)))
    loss = run.outputs.sum()
    return loss, tr.trace(loss)


@cache
def kind(name: str) -> Format:
    """Return a format; raises ImportError where what reads it is not installed."""
    found = FORMATS[name]
    return found if isinstance(found, Format) else found()


FORMATS: dict[str, Format | Callable[[], Format]] = {
    "text": Format(
        ".txt",
        [b"Call me Ishmael.\n", "\ufeffzwölf Boxkämpfer\r\n日本語 🙂\n".encode()],
        lambda path: encode(default_text(path)),
        (UsageError,),
        lambda found: len(found[0]) > 0 and found[0].max() < len(found[1]),
    ),
    "csv": Format(
        ".csv",
        [b"a,b\n1,2\n3,4.5\n-1e-3,0\n", b"1\n2\n3\n", "\ufefft,x\r\n0,1\r\n1,2\r\n".encode()],
        series,
        (UsageError,),
        is_series,
    ),
    "npy": Format(
        ".npy",
        [
            npy(RNG.standard_normal((5, 3))),
            npy(np.arange(6, dtype="<i4")),
            npy(np.asfortranarray(RNG.standard_normal((4, 2, 3)).astype("f4"))),
        ],
        series,
        (UsageError,),
        is_series,
    ),
    "safetensors": Format(
        ".safetensors",
        [
            safetensors.numpy.save(weights(4, 2, "f4"), metadata={"from": "a test"}),
            safetensors.numpy.save(weights(1, 1, "f8")),
        ],
        layers,
        (UsageError, tr.TinygradError),
        is_network,
    ),
    "npz": Format(
        ".npz",
        [npz(weights(4, 1, "f8")), npz(weights(1, 2, "f4"))],
        layers,
        (UsageError, tr.TinygradError),
        is_network,
    ),
    "saved": Format(
        ".safetensors",
        [written(lambda path: tr.save(path, SAVED))],
        load_saved,
        (tr.TinygradError,),
        is_saved,
    ),
    "own weights": Format(
        ".safetensors",
        [
            written(lambda path: tr.save(path, tr.LSTM(2, 3, 2, rng=0))),
            written(lambda path: tr.save(path, tr.GRU(2, 3, bidirectional=True, rng=0))),
        ],
        layers,
        (UsageError, tr.TinygradError),
        is_network,
    ),
    "pt": checkpoints,
    "page data": pages,
    "study": Format(
        ".jsonl",
        [written(resume), written(resume)[:-9], b""],
        resume,
        (tr.TinygradError,),
        lambda points: (
            [(p.setting["gain"], p.seed) for p in points]
            == [(0.5, 0), (0.5, 1), (2.0, 0), (2.0, 1)]
        ),
    ),
}
