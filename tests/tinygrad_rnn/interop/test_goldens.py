"""Keras's, Haiku's, Flax's, ONNX's and PyTorch's own numbers, from tests/golden/make_recurrent.py,
to 1e-9.

Each of them also shows that it would notice each mistake that is easily made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import interop

GOLDEN = Path(__file__).parents[2] / "golden"
Unroll = Callable[..., Any]


def from_onnx_node(*args: Any, **options: Any) -> Any:
    (cell,) = interop.from_onnx(*args, **options).layers
    return cell


def nested(weights: Any) -> Any:
    """Return arrays by module and name, where the names are dotted."""
    out: dict[str, Any] = {}
    for name, array in weights.items():
        module, _, last = name.rpartition(".")
        (out.setdefault(module, {}) if module else out)[last] = array
    return out


READ: dict[str, Callable[..., Any]] = {
    "keras": interop.from_keras,
    "haiku": lambda weights: interop.from_haiku(nested(weights)),
    "flax": lambda weights: interop.from_flax(nested(weights)),
    "onnx": from_onnx_node,
    "torch": interop.from_torch,
}


def load() -> dict[str, Any]:
    """Return all cases by "library: name", with arrays."""

    def arrays(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: arrays(inner) for key, inner in value.items()}
        return np.array(value) if isinstance(value, list) else value

    return {
        f"{library}: {name}": {"library": library, **arrays(case)}
        for library in READ
        for name, case in json.loads((GOLDEN / f"{library}.json").read_text())["cases"].items()
    }


CASES = load()


def read(case: Any, weights: Any = None) -> Any:
    return READ[case["library"]](case["weights"] if weights is None else weights, **case["options"])


def compare(case: Any, cell: Any, unroll: Unroll = tr.unroll) -> None:
    """Assert that the cell computes the golden outputs, last states and gradients."""
    given = {k: tr.Tensor(v, requires_grad=True) for k, v in case["given"].items()}
    lstm = case["kind"] == "LSTM"
    state = tr.LSTMState(given["h_0"], given["c_0"]) if lstm else given["h_0"]
    run = unroll(cell, given["x"], state)
    close(run.outputs.data, case["outputs"])
    last = run.final._asdict() if lstm else {"h": run.final}
    for part, expected in case["last"].items():
        close(last[part].data, expected)
    if "gradients" not in case:
        return
    cotangents = case["cotangents"]
    loss = (run.outputs * cotangents["outputs"]).sum()
    if lstm:
        loss = loss + (run.final.c * cotangents["c"]).sum()
    loss.backward()
    for name, tensor in given.items():
        close(tensor.grad, case["gradients"][name])
    for name, at, step in unit_steps(case):
        found = sum(np.sum(p.grad * step[key]) for key, p in cell.named_parameters())
        close(found, case["gradients"][name][at])


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def unit_steps(case: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield how this project's parameters move with each single element of the library's."""
    nowhere = {name: np.zeros(array.shape) for name, array in case["weights"].items()}
    start = read(case, nowhere).state_dict()
    for name, zeros in nowhere.items():
        for at in np.ndindex(zeros.shape):
            one = zeros.copy()
            one[at] = 1.0
            moved = read(case, {**nowhere, name: one}).state_dict()
            yield name, at, {key: moved[key] - start[key] for key in start}


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        (name, engine)
        for name in CASES
        for engine in ("graph", "fused")
        if (engine, "peepholes" in name) != ("fused", True)  # that form is not fused
    ],
)
def test_outputs_states_and_gradients_are_the_librarys(name: str, engine: str) -> None:
    compare(CASES[name], read(CASES[name]), partial(tr.unroll, engine=engine))


def swap(first: str, second: str) -> Callable[[Any], Any]:
    """Return the mistake of taking one gate's rows for another's."""

    def mutate(cell: Any) -> Any:
        for name in ("weight_ih", "weight_hh", "bias"):
            rows = getattr(cell, name).data.copy()
            a, b = cell.rows(first), cell.rows(second)
            rows[a], rows[b] = rows[b].copy(), rows[a].copy()
            getattr(cell, name).data = rows
        return cell

    return mutate


def flip_z(cell: Any) -> Any:
    for name in ("weight_ih", "weight_hh", "bias"):
        rows = getattr(cell, name).data.copy()
        rows[cell.rows("z")] *= -1
        getattr(cell, name).data = rows
    return cell


def exchange_reset(cell: Any) -> Any:
    other = {"before": "after", "after": "before"}[cell.reset]
    mutant = tr.GRUCell(cell.input_size, cell.hidden_size, reset=other)
    weights = cell.state_dict()
    if other == "after":
        weights["bias_hn"] = np.zeros(cell.hidden_size)
    else:
        weights["bias"] = weights["bias"].copy()
        weights["bias"][cell.rows("n")] += weights.pop("bias_hn")
    mutant.load_state_dict(weights)
    return mutant


def truncating(cell: tr.Cell, inputs: Any, state: Any) -> Any:
    return tr.unroll(cell, inputs, state, truncate=2)


def dropping_dc(cell: Any, inputs: Any, state: Any) -> Any:
    class Dropping(tr.Cell):
        def initial_state(self, batch: int) -> Any:
            return cell.initial_state(batch)

        def __call__(self, x: Any, state: Any) -> Any:
            return cell(x, tr.LSTMState(state.h, state.c.detach()))

    return tr.unroll(Dropping(), inputs, state)


MISREAD = {
    "GRU": {
        "z flipped": flip_z,
        "r and z swapped": swap("r", "z"),
        "reset before and after exchanged": exchange_reset,
    },
    "LSTM": {f"{a} and {b} swapped": swap(a, b) for a, b in ("if", "io", "fo")},
    "RNN": {},
}
MISTAKEN: dict[str, Unroll] = {"truncated": truncating, "without dc": dropping_dc}


@pytest.mark.parametrize(
    ("name", "mistake"),
    [(name, mistake) for name, case in CASES.items() for mistake in MISREAD[case["kind"]]],
)
def test_a_misread_convention_is_noticed(name: str, mistake: str) -> None:
    case = CASES[name]
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare(case, MISREAD[case["kind"]][mistake](read(case)))


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        (name, mistake)
        for name, case in CASES.items()
        if "gradients" in case
        for mistake in MISTAKEN
        if case["kind"] == "LSTM" or mistake == "truncated"
    ],
)
def test_a_gradient_that_lacks_a_path_is_noticed(name: str, mistake: str) -> None:
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare(CASES[name], read(CASES[name]), MISTAKEN[mistake])


def test_the_files_name_the_versions_that_made_them() -> None:
    for library in READ:
        versions = json.loads((GOLDEN / f"{library}.json").read_text())["versions"]
        assert versions["numpy"]
        assert any(library in name for name in versions)
