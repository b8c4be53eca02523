"""Options that cannot apply to the weights at hand are errors, and so is what is no weights."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.interop import from_keras, from_onnx, from_torch, to_keras, to_onnx, to_torch

OTHERS = {"LSTM": tr.LSTM(3, 4, rng=0), "GRU": tr.GRU(3, 4, reset="after", rng=0)}


@pytest.mark.parametrize("nonlinearity", ["relu", "tanh", "nonsense"])
@pytest.mark.parametrize("kind", OTHERS)
def test_a_nonlinearity_is_a_simple_rnns(kind, nonlinearity):
    layers = OTHERS[kind]
    for call, weights in (
        (from_torch, to_torch(layers)),
        (from_torch, to_torch(layers.layers[0])),
        (from_keras, to_keras(layers.layers[0])),
        (from_onnx, to_onnx(layers)[0]),
    ):
        with pytest.raises(ValueError, match=f"nonlinearity='{nonlinearity}' is a simple RNN's"):
            call(weights, nonlinearity=nonlinearity)


@pytest.mark.parametrize("nonlinearity", ["sigmoid", ""])
def test_there_are_three_nonlinearities(nonlinearity):
    rnn = tr.RNN(3, 4, rng=0)
    for call, weights in ((from_torch, to_torch(rnn)), (from_onnx, to_onnx(rnn)[0])):
        if nonlinearity:
            with pytest.raises(ValueError, match="nonlinearity"):
                call(weights, nonlinearity=nonlinearity)


@pytest.mark.parametrize("value", [1, True])
def test_linear_before_reset_is_a_grus(value):
    with pytest.raises(ValueError, match="linear_before_reset is a GRU's"):
        from_onnx(to_onnx(OTHERS["LSTM"])[0], linear_before_reset=value)
    assert from_onnx(to_onnx(OTHERS["GRU"])[0], linear_before_reset=True).layers[0].reset == "after"


@pytest.mark.parametrize("value", [False, True])
def test_reset_after_is_a_grus(value):
    with pytest.raises(ValueError, match="reset_after is a GRU's"):
        from_keras(to_keras(OTHERS["LSTM"].layers[0]), reset_after=value)


def test_dropout_is_between_layers():
    with pytest.raises(ValueError, match="dropout acts between layers"):
        from_torch(to_torch(OTHERS["LSTM"].layers[0]), dropout=0.5)


@pytest.mark.parametrize("call", [from_torch, from_keras, from_onnx])
def test_a_path_is_read_by_another_function(call):
    with pytest.raises(TypeError, match="load_layers"):
        call("model.onnx")


@pytest.mark.parametrize("source", [None, 3, [np.ones(3)], tr.LSTM(3, 4)])
def test_what_is_no_module_is_refused(source):
    with pytest.raises(TypeError, match=r"takes a torch\.nn module or a state dict"):
        from_torch(source)


@pytest.mark.oracle
def test_a_module_knows_its_options():
    torch = pytest.importorskip("torch", reason="needs PyTorch's modules")
    module = torch.nn.RNN(3, 4, nonlinearity="relu")
    with pytest.raises(ValueError, match="a module knows its nonlinearity: leave out"):
        from_torch(module, nonlinearity="tanh")
    with pytest.raises(ValueError, match="a module knows its dropout: leave out"):
        from_torch(module, dropout=0.5)
    assert from_torch(module).layers[0].nonlinearity == "relu"


@pytest.mark.oracle
def test_bfloat16_is_read_as_wider_numbers():
    torch = pytest.importorskip("torch", reason="needs PyTorch's bfloat16")
    module = torch.nn.LSTM(3, 4).bfloat16()
    weight = from_torch(module).layers[0].weight_hh.data
    np.testing.assert_array_equal(weight, module.weight_hh_l0.detach().double().numpy())
