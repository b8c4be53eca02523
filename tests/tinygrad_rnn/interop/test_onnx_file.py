"""ONNX files: each recurrent node computes what ONNX's own evaluator says, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.interop.files import list_layers, load_layers

onnx = pytest.importorskip("onnx", reason="reads ONNX files: the extra files")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402  # after the skip
from onnx.reference import ReferenceEvaluator  # noqa: E402  # after the skip

T, B, I, H = 4, 2, 3, 5  # noqa: E741  # I is the input size, as everywhere here
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def tensors(kind: str, directions: int = 1) -> list[Any]:
    rng, rows = np.random.default_rng(0), GATES[kind] * H
    shapes = {"W": (directions, rows, I), "R": (directions, rows, H), "B": (directions, 2 * rows)}
    return [numpy_helper.from_array(rng.normal(size=s) * 0.6, n) for n, s in shapes.items()]


def model(
    kind: str, stored: list[Any], nodes: Any = (), name: str = "/rnn/Layer", **more: Any
) -> Any:
    node = helper.make_node(kind, ["X", "W", "R", "B"], ["Y"], name=name, hidden_size=H, **more)
    inputs = [helper.make_tensor_value_info("X", TensorProto.DOUBLE, None)]
    outputs = [helper.make_tensor_value_info("Y", TensorProto.DOUBLE, None)]
    return helper.make_model(
        helper.make_graph([*nodes, node], "graph", inputs, outputs, initializer=stored)
    )


def saved(path: Path, proto: Any) -> Path:
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("RNN", {}),
        ("LSTM", {}),
        ("GRU", {}),
        ("GRU", {"linear_before_reset": 1}),
        ("RNN", {"activations": ["Relu"]}),
    ],
)
def test_a_node_computes_what_onnx_says(kind: str, more: Any, tmp_path: Path) -> None:
    proto = model(kind, tensors(kind), **more)
    path = saved(tmp_path / "m.onnx", proto)
    assert list(list_layers(path)) == ["rnn.Layer"]
    x = np.random.default_rng(1).normal(size=(T, B, I))
    if "activations" not in more:  # the evaluator has tanh alone
        (expected,) = ReferenceEvaluator(proto).run(None, {"X": x})
        found = load_layers(path, "Layer")(x).outputs.data
        np.testing.assert_allclose(found, expected[:, 0], rtol=0, atol=1e-12)
    else:
        assert load_layers(path).layers[0].nonlinearity == "relu"


def test_both_directions_and_constants_in_the_graph(tmp_path: Path) -> None:
    stored = tensors("LSTM", 2)
    constant = helper.make_node("Constant", [], ["W"], value=stored[0])
    proto = model("LSTM", stored[1:], [constant], direction="bidirectional", name="")
    path = saved(tmp_path / "m.onnx", proto)
    said = "LSTM, 1 layer, both directions, 3 inputs, 5 units, float64"
    assert list_layers(path) == {"LSTM_0": said}


def test_a_node_in_a_branch_sees_the_tensors_outside(tmp_path: Path) -> None:
    node = helper.make_node("LSTM", ["X", "W", "R", "B"], ["Z"], name="inner", hidden_size=H)
    out = [helper.make_tensor_value_info("Z", TensorProto.DOUBLE, None)]
    branch = helper.make_graph([node], "branch", [], out)
    choice = helper.make_node("If", ["c"], ["Y"], then_branch=branch, else_branch=branch)
    proto = helper.make_model(helper.make_graph([choice], "g", [], out, tensors("LSTM")))
    assert list(list_layers(saved(tmp_path / "m.onnx", proto))) == ["inner", "inner_1"]


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("LSTM", {"clip": 3.0}, r"it clips .*clip=3"),
        ("LSTM", {"input_forget": 1}, "it couples its gates"),
        ("LSTM", {"direction": "reverse"}, "its direction is reverse"),
        ("LSTM", {"activations": ["HardSigmoid", "Tanh", "Tanh"]}, "hardsigmoid, tanh, tanh; here"),
        ("GRU", {"activations": ["Sigmoid", "Relu"]}, "its activations are sigmoid, relu"),
        ("RNN", {"activations": ["Elu"], "activation_alpha": [2.0]}, "its activations are elu"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(
    kind: str, more: Any, message: str, tmp_path: Path
) -> None:
    path = saved(tmp_path / "m.onnx", model(kind, tensors(kind), **more))
    with pytest.raises(tr.StateDictError, match=message):
        load_layers(path)
    assert "cannot be read" in list_layers(path)["rnn.Layer"]


def test_tensors_that_are_elsewhere_or_not_what_they_say(tmp_path: Path) -> None:
    stored = tensors("LSTM")
    path = saved(tmp_path / "m.onnx", model("LSTM", stored[1:]))
    with pytest.raises(tr.StateDictError, match=r"'W'.* is computed in the graph"):
        load_layers(path)
    stored[0].data_location = TensorProto.EXTERNAL
    stored[0].external_data.add(key="location", value="../../etc/hostname")
    saved(path, model("LSTM", stored))
    with pytest.raises(tr.StateDictError, match="W is kept in another file"):
        load_layers(path)
    stored = tensors("LSTM")
    stored[0].dims[0] = 1 << 40
    saved(path, model("LSTM", stored))
    with pytest.raises(tr.StateDictError, match="W does not hold what it says"):
        load_layers(path)


def test_a_file_cut_short_or_without_layers(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.onnx", model("LSTM", tensors("LSTM")))
    raw = path.read_bytes()
    for length in (10, len(raw) // 2, len(raw) - 1):
        path.write_bytes(raw[:length])
        with pytest.raises(tr.WeightsFileError, match="is not a whole ONNX file"):
            load_layers(path)
    path.write_bytes(b"")
    with pytest.raises(tr.StateDictError, match="holds no recurrent layer"):
        load_layers(path)
