"""There and back through every library's form: the same cell; and what does not fit is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tr
from tinygrad_rnn import interop

RNN, LSTM, GRU = tr.RNNCell, tr.LSTMCell, tr.GRUCell
KEPT = {
    "keras": [(RNN, {}), (LSTM, {}), (GRU, {"reset": "before"}), (GRU, {"reset": "after"})],
    "haiku": [(RNN, {"nonlinearity": "relu"}), (LSTM, {}), (GRU, {"reset": "before"})],
    "flax": [(RNN, {}), (LSTM, {}), (GRU, {"reset": "after"})],
    "torch": [(RNN, {}), (LSTM, {}), (GRU, {"reset": "after"})],
}
TO = {library: getattr(interop, f"to_{library}") for library in KEPT}
FROM = {library: getattr(interop, f"from_{library}") for library in KEPT}
PATHS = [(library, kind, options) for library, kinds in KEPT.items() for kind, options in kinds]


def randomised(module: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    for parameter in module.parameters():
        parameter.data = rng.normal(size=parameter.shape)
    return module


def assert_equal(found: Any, expected: Any, exact: bool = True) -> None:
    ours, theirs = found.state_dict(), expected.state_dict()
    assert list(ours) == list(theirs)
    for name in ours:
        assert ours[name].dtype == theirs[name].dtype
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=0 if exact else 1e-6)


@given(
    path=st.sampled_from(PATHS),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    bias=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_cell_comes_back_as_it_was(
    path: Any, sizes: Any, bias: bool, dtype: Any, seed: int
) -> None:
    library, kind, options = path
    bias = bias or library in ("haiku", "flax")  # they always have one
    cell = randomised(kind(*sizes, bias=bias, dtype=dtype, **options), seed)
    also = {}
    if library == "keras" and kind is GRU and not bias:
        also["reset_after"] = options["reset"] == "after"
    back = FROM[library](TO[library](cell), **also)
    assert type(back) is kind
    # Haiku's forget bias goes down by one and up again.
    assert_equal(back, cell, exact=library != "haiku" or kind is not LSTM)
    for name, value in options.items():
        assert getattr(back, name) == value


@given(
    kind=st.sampled_from(["RNN", "LSTM", "GRU before", "GRU after", "LSTM peepholes"]),
    bidirectional=st.booleans(),
    bias=st.booleans(),
    layers=st.integers(1, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_layers_come_back_from_onnx_as_they_were(
    kind: str, bidirectional: bool, bias: bool, layers: int, seed: int
) -> None:
    name, _, option = kind.partition(" ")
    options: Any = {"": {}, "peepholes": {"peepholes": True}}.get(option, {"reset": option})
    module = randomised(getattr(tr, name)(2, 3, layers, bidirectional, bias=bias, **options), seed)
    nodes = interop.to_onnx(module)
    assert len(nodes) == layers
    for k, node in enumerate(nodes):
        back = interop.from_onnx(node, linear_before_reset=option == "after")
        assert_equal(back.layers[0], module.layers[k])
        if bidirectional:
            assert_equal(back.reverse[0], module.reverse[k])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_layers_come_back_from_torch_as_they_were(kind: str) -> None:
    options = {"reset": "after"} if kind == "GRU" else {}
    module = randomised(getattr(tr, kind)(2, 3, 2, True, **options), 0)
    back = interop.from_torch(interop.to_torch(module))
    assert type(back) is type(module)
    assert_equal(back, module)


def test_what_comes_out_is_a_copy() -> None:
    cell = randomised(RNN(2, 3), 0)
    before = {name: array.copy() for name, array in cell.state_dict().items()}
    for library in ("keras", "torch"):
        for array in TO[library](cell).values():
            array[...] = 7.0
    for name, array in cell.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("convert", "cell", "message"),
    [
        (interop.to_torch, GRU(2, 3), 'PyTorch has no GRU with reset="before", only "after"'),
        (interop.to_torch, RNN(2, 3, nonlinearity="identity"), "without nonlinearity"),
        (interop.to_torch, LSTM(2, 3, peepholes=True), "no place for peephole"),
        (interop.to_torch, LSTM(2, 3, coupled=True), "LSTMCell with coupled gates"),
        (interop.to_keras, LSTM(2, 3, learn_state=True), "no place for h_0, c_0"),
        (interop.to_haiku, GRU(2, 3, reset="after"), 'only "before"'),
        (interop.to_haiku, RNN(2, 3), "VanillaRNN has relu"),
        (interop.to_flax, GRU(2, 3), 'Flax has no GRU with reset="before"'),
        (interop.to_torch, LSTM(2, 3, proj_size=2), "no place for weight_hr"),
        (interop.to_keras, LSTM(2, 3, proj_size=2), "no place for weight_hr"),
        (interop.to_keras, tr.Linear(2, 3), "no form of Linear is known for Keras"),
    ],
)
def test_a_cell_that_the_library_lacks_is_refused(convert: Any, cell: Any, message: str) -> None:
    with pytest.raises(tr.StateDictError, match=message):
        convert(cell)


def zeros(**shapes: tuple[int, ...]) -> dict[str, Any]:
    return {name: np.zeros(shape) for name, shape in shapes.items()}


KERAS = zeros(kernel=(2, 12), recurrent_kernel=(3, 12), bias=(12,))
KERAS_GRU = zeros(kernel=(2, 9), recurrent_kernel=(3, 9))
TORCH = zeros(weight_ih_l0=(12, 2), weight_hh_l0=(12, 3), bias_ih_l0=(12,), bias_hh_l0=(12,))
ONNX = zeros(W=(2, 9, 2), R=(2, 9, 3), B=(2, 18))
FLAX_MGU = {f"{side}{gate}": zeros(kernel=(3, 3)) for side in "ih" for gate in "fn"}
HAIKU_GRU = zeros(w_i=(2, 9), w_h=(3, 9), b=(9,))


@pytest.mark.parametrize(
    ("convert", "arrays", "message"),
    [
        ("keras", {"kernel": KERAS["kernel"]}, "missing: recurrent_kernel"),
        ("keras", KERAS | zeros(gamma=(3,)), "unexpected: gamma"),
        ("keras", KERAS | zeros(kernel=(2, 9)), r"kernel has shape \(9, 2\) where"),
        ("keras", KERAS | zeros(recurrent_kernel=(3, 10)), "1, 3 or 4 gates"),
        ("keras", KERAS | zeros(recurrent_kernel=(0, 0)), "1, 3 or 4 gates"),
        ("keras", KERAS | zeros(recurrent_kernel=(12,)), "1, 3 or 4 gates"),
        ("keras", KERAS | zeros(bias=(11,)), r"bias has shape \(11,\)"),
        ("keras", KERAS | zeros(bias=(2, 12)), r"bias has shape \(2, 12\)"),
        ("keras", KERAS | {"kernel": np.zeros((2, 12), np.float32)}, "one floating dtype"),
        ("keras", {k: a.astype(int) for k, a in KERAS.items()}, "one floating dtype"),
        ("keras", KERAS | {"kernel": [[0.0], [0.0, 1.0]]}, "kernel cannot be read"),
        ("keras", KERAS_GRU, "reset_after= must say"),
        ("keras", KERAS_GRU | zeros(bias=(3, 9)), r"neither \(3\*H,\) nor \(2, 3\*H\)"),
        ("torch", {}, "no weight_ih_l0 and no weight_ih here"),
        ("torch", TORCH | zeros(weight_hr_l0=(2, 3)), r"weight_hr_l0 has shape \(2, 3\) where"),
        ("torch", TORCH | zeros(weight_hr_l0=(2,)), r"weight_hr_l0 \(2,\) is no matrix"),
        ("torch", {k: TORCH[k] for k in list(TORCH)[:3]}, "missing: bias_hh_l0"),
        ("torch", TORCH | zeros(fc=(2, 3)), "unexpected: fc"),
        ("torch", TORCH | zeros(weight_ih_l2=(12, 3)), "missing: weight_ih_l1.*weight_ih_l2"),
        ("torch", TORCH | zeros(bias_ih_l0=(13,)), r"bias_ih_l0 has shape \(13,\)"),
        ("torch", TORCH | zeros(weight_ih_l0=(12,)), r"weight_ih_l0 has shape \(12,\)"),
        ("torch", TORCH | zeros(weight_ih_l1=(12, 4), weight_hh_l1=(12, 3)), "layers.1.weight_ih"),
        ("onnx", ONNX | zeros(W=(9, 2)), "W .* directions"),
        ("onnx", ONNX | zeros(R=(1, 9, 3)), "W has 2 directions, R 1"),
        ("onnx", ONNX | zeros(W=(3, 9, 2)), "1 or 2 directions"),
        ("onnx", ONNX | zeros(B=(2, 9)), "two biases"),
        ("onnx", ONNX | zeros(P=(2, 9)), "only an LSTM"),
        ("haiku", HAIKU_GRU | zeros(w_h=(3, 12)), r"w_h \(3, 12\) is not \(H, 3\*H\)"),
        ("haiku", zeros(w=(5, 12), b=(13,)), "w .* and b"),
        ("haiku", zeros(w=(5, 9), b=(12,)), r"b has shape \(12,\) where w"),
        ("haiku", zeros(w=(3, 12), b=(12,)), "w .* and b"),
        ("haiku", zeros(w=(5, 12)), "missing: b"),
        ("haiku", {"linear": zeros(w=(2, 3), b=(3,))}, "missing: linear_1 w"),
        ("flax", {"i": zeros(kernel=(2, 3))}, "missing: h.kernel"),
        ("flax", {"i": zeros(kernel=(2, 3)), "h": zeros(kernel=(3, 4))}, "1, 3 or 4 gates"),
        ("flax", FLAX_MGU, "MGUCell has no counterpart"),
        (
            "flax",
            {"dense_i": zeros(kernel=(2, 9)), "dense_h": zeros(kernel=(3, 12))},
            "dense_i.kernel",
        ),
        ("flax", {}, "there is nothing"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(
    convert: str, arrays: dict[str, Any], message: str
) -> None:
    with pytest.raises(tr.StateDictError, match=message):
        (FROM | {"onnx": interop.from_onnx})[convert](arrays)


def test_keras_is_held_to_its_own_word() -> None:
    with pytest.raises(tr.StateDictError, match="reset_after=True"):
        interop.from_keras(KERAS_GRU | zeros(bias=(9,)), reset_after=True)
    assert interop.from_keras(KERAS_GRU, reset_after=True).reset == "after"  # type: ignore[attr-defined]  # a GRU


def test_no_library_is_imported_to_convert() -> None:
    program = (
        "import sys, numpy as np\n"
        "from tinygrad_rnn import interop\n"
        "interop.from_torch({'weight_ih': np.zeros((3, 2)), 'weight_hh': np.zeros((3, 3))})\n"
        "print({'torch', 'keras', 'onnx', 'haiku', 'jax'} & set(sys.modules))\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout.strip() == "set()", found.stderr
