"""Every error that a docstring names is raised, as it says."""

import copy
import inspect
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.public import exception, public, section
from tinygrad_rnn import analysis, interop, nn, optim
from tinygrad_rnn.graph import real_array
from tinygrad_rnn.primitive import REGISTRY

X = np.ones((4, 1, 2))  # T, B, I
NAN = np.full((1, 2, 2), np.nan)


def leaf(*shape):
    return tr.Tensor(np.ones(shape), requires_grad=True)


def cell():
    return tr.RNNCell(2, 3, rng=0)


def run(**options):
    return tr.unroll(cell(), X, **options)


def total(x):
    return np.sum(x * x)


def exploded():
    x = leaf(2)
    x.grad = np.array([np.inf, 1.0])
    return [x]


def no_layers(tmp_path):
    tr.save(tmp_path / "w.safetensors", {"weight": np.ones(2)})
    tr.load_layers(tmp_path / "w.safetensors")


def reset_of_an_lstm(tmp_path):
    tr.save(tmp_path / "w.safetensors", tr.LSTM(2, 3, rng=0))
    tr.load_layers(tmp_path / "w.safetensors", reset="after")


def read_after_a_move():
    x = leaf(2)
    y = x * x
    x.data = np.zeros(2)
    tr.graph.recorded_inputs(y)


def written(name):
    getattr(leaf(2), name)()


def misshapen_step():
    x = leaf(2)
    x.grad = np.ones(3)
    tr.SGD([x], lr=0.1).step()


def set_data(tensor, value):
    tensor.data = value


def inside_anomaly_block(value):
    with tr.detect_anomaly(), np.errstate(all="ignore"):
        np.log(value)


def copied_flow():
    return copy.deepcopy(tr.trace(total(leaf(2))))


def swept_twice():
    flow = tr.trace(total(leaf(2)))
    flow.begin(flow.root)


def moved_since(**options):
    w = cell()
    run = tr.unroll(w, X, **options)
    w.weight_hh.data = 2 * w.weight_hh.data
    tr.grad(run.outputs.sum(), [w.weight_hh], create_graph=not options)


class Forgetful(tr.RNNCell):
    """Gives something else every time."""

    def __call__(self, x, state):
        return super().__call__(x + self.rng.random(), state)


def no_weights(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_text("no weights")
    return path


def studied(tmp_path, study, **grid):
    with ThreadPoolExecutor(1) as threads:
        tr.study.run(study, grid, tmp_path / "out.jsonl", executor=threads)


def no_such_submodule():
    torch = pytest.importorskip("torch", reason="it takes a module of PyTorch's")
    tr.from_torch(torch.nn.LSTM(2, 3), prefix="encoder")


TORCH = {"weight_ih": np.ones((3, 2)), "weight_hh": np.ones((3, 3))}
KERAS = {"kernel": np.ones((2, 3)), "recurrent_kernel": np.ones((3, 3))}
FLAX = {"i": {"kernel": np.ones((2, 3))}, "h": {"kernel": np.ones((3, 3))}}
ONNX = {"W": np.ones((1, 3, 2)), "R": np.ones((1, 3, 3))}


def of_sizes(make):
    return {
        "ValueError": lambda: make(0),
        "DtypeError": lambda: make(2, dtype=int),
    }


RAISES = {
    "Tensor": {
        "DtypeError": lambda: tr.Tensor([1, 2], requires_grad=True),
        "ValueError": lambda: tr.Tensor([[1.0], [1.0, 2.0]]),
    },
    "compose": {"NotDifferentiableError": lambda: np.interp(0.5, leaf(2), [1.0, 2.0])},
    "real_array": {"DtypeError": lambda: real_array(["1", "2"])},
    "Tensor.data": {
        "GradientError": lambda: set_data(2 * leaf(2), np.ones(2)),
        "ShapeError": lambda: set_data(leaf(2), np.ones(3)),
        "DtypeError": lambda: set_data(leaf(2), ["1", "2"]),
    },
    "Tensor.backward": {
        "GradientError": lambda: leaf(2).backward(),
        "ShapeError": lambda: leaf(2).backward(np.ones(3)),
    },
    "ArrayMethods.reshape": {"ShapeError": lambda: leaf(2, 3).reshape(4)},
    "ArrayMethods.transpose": {"ShapeError": lambda: leaf(2, 3).transpose(0, 0)},
    "ArrayMethods.item": {"ValueError": lambda: leaf(2).item()},
    "Primitive.__call__": {
        "ShapeError": lambda: REGISTRY["matmul"](leaf(2, 3), leaf(2, 3)),
        "NotDifferentiableError": lambda: np.where(leaf(2), 1.0, 2.0),
        "DtypeError": lambda: leaf(2) * 1j,
    },
    "grad": {
        "GradientError": lambda: tr.grad(tr.Tensor(1.0), []),
        "ShapeError": lambda: tr.grad(leaf(2), [], np.ones(3)),
        "StaleValueError": moved_since,
        "TypeError": lambda: tr.grad(np.ones(()), []),
    },
    "jvp": {
        "ShapeError": lambda: tr.jvp(total, [np.ones(2)], [np.ones(3)]),
        "ValueError": lambda: tr.jvp(np.add, [1.0, 2.0], [1.0]),
    },
    "hvp": {
        "GradientError": lambda: tr.hvp(np.square, np.ones(2), np.ones(2)),
        "ShapeError": lambda: tr.hvp(total, np.ones(2), np.ones(3)),
    },
    "gradcheck": {
        "GradcheckError": lambda: tr.gradcheck(lambda x: x * x.detach(), [2.0]),
        "GradientError": lambda: tr.gradcheck(lambda x: x.detach(), [2.0]),
    },
    "detect_anomaly": {"AnomalyError": lambda: inside_anomaly_block(leaf(2) - 1)},
    "detect_anomaly.made": {"AnomalyError": lambda: inside_anomaly_block(leaf(2) - 2)},
    "detect_anomaly.swept": {
        "AnomalyError": lambda: tr.detect_anomaly().swept(
            2 * leaf(1), 1, leaf(1), np.full(1, np.inf)
        )
    },
    "itemised": {
        "TypeError": lambda: tr.itemised(3.0, run()),
        "ShapeError": lambda: tr.itemised([], run()),
        "GradientError": lambda: tr.itemised([run().final.sum()], run()),
    },
    "joint_norms": {
        "TypeError": lambda: tr.joint_norms(tr.trace(leaf()), X),
        "GradientError": lambda: tr.joint_norms(tr.trace(leaf()), run(engine="fused")),
    },
    "diagnose": {
        "GradientError": lambda: tr.diagnose(total(leaf(2)), tr.GradientFlow()),
        "TypeError": lambda: tr.diagnose(total(leaf(2)), run=leaf(2)),
    },
    "trace": {
        "GradientError": lambda: tr.trace(leaf(2)),
        "ShapeError": lambda: tr.trace(leaf(2), np.ones(3)),
        "TypeError": lambda: tr.trace(np.ones(2)),
    },
    "GradientFlow.begin": {"GradientError": swept_twice},
    "GradientFlow.contribution": {
        "GradientError": lambda: copied_flow().contribution(copied_flow().edges[0])
    },
    "GradientFlow.contributions": {"GradientError": lambda: copied_flow().contributions(leaf())},
    "GradientFlow.gradient": {"GradientError": lambda: copied_flow().gradient(leaf())},
    "GradientFlow.norm": {
        "ValueError": lambda: tr.trace(leaf()).norm(leaf(), "l3"),
        "GradientError": lambda: copied_flow().norm(leaf()),
    },
    "GradientFlow.through_time": {
        "GradientError": lambda: tr.trace(leaf()).through_time(run(engine="fused")),
        "TypeError": lambda: tr.trace(leaf()).through_time(X),
    },
    "scope": {
        "TypeError": lambda: tr.scope("t", "first"),
        "ValueError": lambda: tr.scope("t", 2**53 + 1),
    },
    "clip_grad_norm_": {
        "GradientError": lambda: tr.clip_grad_norm_(exploded(), 1.0, error_if_nonfinite=True),
        "ValueError": lambda: tr.clip_grad_norm_([], 0.0),
        "TypeError": lambda: tr.clip_grad_norm_(cell(), 1.0),
    },
    "clip_grad_value_": {
        "GradientError": lambda: tr.clip_grad_value_(exploded(), 1.0, error_if_nonfinite=True),
        "ValueError": lambda: tr.clip_grad_value_([], 0.0),
        "TypeError": lambda: tr.clip_grad_value_(cell(), 1.0),
    },
    "linear": {"ShapeError": lambda: tr.f.linear(leaf(1, 2), leaf(3, 3))},
    "linear_recurrence": {"ShapeError": lambda: tr.f.linear_recurrence([1.0, 2.0], [1.0])},
    "linear_pair": {
        "ShapeError": lambda: tr.f.linear_pair(leaf(1, 2), leaf(3, 2), leaf(1, 4), leaf(3, 3))
    },
    "Parameter": {"DtypeError": lambda: tr.Parameter([1, 2])},
    "Module.load_state_dict": {"StateDictError": lambda: cell().load_state_dict({})},
    "Linear": of_sizes(lambda size, **more: tr.Linear(size, 3, **more)),
    "Linear.__call__": {"ShapeError": lambda: tr.Linear(2, 3)(np.ones(3))},
    "Embedding": of_sizes(lambda size, **more: tr.Embedding(3, size, **more)),
    "Embedding.__call__": {
        "DtypeError": lambda: tr.Embedding(3, 2)([0.5]),
        "IndexError": lambda: tr.Embedding(3, 2)([-1]),
    },
    "Dropout": {"ValueError": lambda: tr.Dropout(1.0)},
    "chrono": {"ValueError": lambda: tr.init.chrono(np.random.default_rng(0), 3, max_length=2)},
    "LayerNorm": of_sizes(tr.LayerNorm),
    "LayerNorm.__call__": {"ShapeError": lambda: tr.LayerNorm(2)(np.ones(3))},
    "Cell.__call__": {"ShapeError": lambda: cell()(np.ones((1, 2)), tr.Tensor(np.ones((1, 4))))},
    "GatedCell": of_sizes(
        lambda size, dtype=float: nn.GatedCell("h", size, 3, True, False, dtype, 0)
    ),
    "RNNCell": of_sizes(lambda size, **more: tr.RNNCell(2, size, **more)),
    "LSTMCell": of_sizes(lambda size, **more: tr.LSTMCell(2, size, **more)),
    "GRUCell": of_sizes(lambda size, **more: tr.GRUCell(2, size, **more)),
    "RecurrentLayers": {
        "ValueError": lambda: tr.LSTM(2, 3, num_layers=0),
        "TypeError": lambda: tr.LSTM(2, 3, reset="after"),
    },
    "RecurrentLayers.__call__": {
        "ShapeError": lambda: tr.RNN(2, 3, num_layers=2)(X, [np.zeros((1, 3))]),
        "ValueError": lambda: tr.RNN(2, 3)(X, truncate=0),
        "NotDifferentiableError": lambda: tr.LSTM(2, 3, coupled=True)(X, engine="fused"),
    },
    "RecurrentLayers.step": {
        "ValueError": lambda: tr.RNN(2, 3, bidirectional=True).step(X[0]),
    },
    "unroll": {
        "ShapeError": lambda: tr.unroll(cell(), X[0]),
        "ValueError": lambda: run(lengths=[5]),
        "TypeError": lambda: tr.unroll(tr.RNNCell, X),
        "NotDifferentiableError": lambda: tr.grad(
            run(engine="fused").outputs.sum(), [leaf()], create_graph=True
        ),
        "GradientError": lambda: (
            tr.unroll(Forgetful(2, 3), X, checkpoint=2).outputs.sum().backward()
        ),
        "StaleValueError": lambda: moved_since(checkpoint=2),
    },
    "truncated_bptt": {
        "ShapeError": lambda: tr.truncated_bptt(cell(), X[0], lambda t, h: h.sum(), 1, 1),
        "TypeError": lambda: tr.truncated_bptt(cell(), X, lambda t, h: h.sum(), 1.5, 2),
        "ValueError": lambda: tr.truncated_bptt(cell(), X, lambda t, h: h.sum(), 2, 1),
    },
    "vanishing_penalty": {
        "GradientError": lambda: tr.vanishing_penalty(cell(), X, run(reverse=True), leaf()),
    },
    "mse_loss": {
        "ShapeError": lambda: tr.mse_loss(leaf(1), np.ones(2)),
        "DtypeError": lambda: tr.mse_loss(leaf(1), np.ones(1), mask=[1.0]),
        "ValueError": lambda: tr.mse_loss(leaf(1), np.ones(1), mask=[False]),
    },
    "cross_entropy": {
        "ShapeError": lambda: tr.cross_entropy(leaf(2), [0, 1]),
        "DtypeError": lambda: tr.cross_entropy(leaf(1, 2), [0.5]),
        "ValueError": lambda: tr.cross_entropy(leaf(1, 2), [2]),
    },
    "detach": {"TypeError": lambda: tr.detach(3)},
    "bce_with_logits": {
        "ShapeError": lambda: tr.bce_with_logits(leaf(2), [1.0]),
        "DtypeError": lambda: tr.bce_with_logits(leaf(1), [1.0], mask=[1.0]),
        "ValueError": lambda: tr.bce_with_logits(leaf(1), [2.0]),
    },
    "Optimizer": {
        "ValueError": lambda: optim.Optimizer([leaf()], lr=-1.0),
        "TypeError": lambda: optim.Optimizer([np.ones(2)], lr=0.1),
    },
    "Optimizer.step": {
        "GradientError": lambda: tr.SGD([leaf()], lr=0.1).step(),
        "ShapeError": misshapen_step,
    },
    "keep_memory": {
        "TypeError": lambda: tr.keep_memory(1.5),
        "ValueError": lambda: tr.keep_memory(-1),
    },
    "Optimizer.load_state_dict": {
        "StateDictError": lambda: tr.SGD([leaf()], lr=0.1).load_state_dict({}),
    },
    "SGD": {"ValueError": lambda: tr.SGD([leaf()], lr=0.1, nesterov=True)},
    "RMSprop": {"ValueError": lambda: tr.RMSprop([leaf()], decay=1.0)},
    "Adam": {"ValueError": lambda: tr.Adam([leaf()], betas=(0.9, 1.0))},
    "AdamW": {"ValueError": lambda: tr.AdamW([leaf()], weight_decay=-0.1)},
    "exponential": {"ValueError": lambda: optim.exponential(0.1, 0.5, every=0)},
    "cosine": {"ValueError": lambda: optim.cosine(0.1, steps=0)},
    "warmup": {"ValueError": lambda: optim.warmup(-1, optim.constant(0.1))},
    "step_jacobians": {
        "ShapeError": lambda: analysis.step_jacobians(cell(), X[0]),
        "IndexError": lambda: analysis.step_jacobians(cell(), X, batch=1),
    },
    "products": {
        "ShapeError": lambda: analysis.products(np.ones((2, 3))),
        "AnomalyError": lambda: analysis.products(NAN),
    },
    "log10_singular_values": {
        "ShapeError": lambda: analysis.log10_singular_values(np.ones((2, 3))),
        "AnomalyError": lambda: analysis.log10_singular_values(NAN),
    },
    "spectral_radius": {"numpy.linalg.LinAlgError": lambda: analysis.spectral_radius(NAN)},
    "norm_bound": {"ShapeError": lambda: analysis.norm_bound(np.ones((2, 3)))},
    "activations": {"GradientError": lambda: analysis.activations(run(checkpoint=2))},
    "saturation": {"GradientError": lambda: analysis.saturation(run(engine="fused"))},
    "from_torch": {
        "StateDictError": lambda: tr.from_torch({"weight": np.ones(2)}),
        "AttributeError": no_such_submodule,
        "TypeError": lambda: tr.from_torch("model.pt"),
        "ValueError": lambda: tr.from_torch(TORCH, nonlinearity="cube"),
    },
    "to_torch": {"StateDictError": lambda: interop.to_torch(tr.GRUCell(2, 3, reset="before"))},
    "from_keras": {
        "StateDictError": lambda: interop.from_keras({}),
        "TypeError": lambda: interop.from_keras("model.h5"),
        "ValueError": lambda: interop.from_keras(KERAS, nonlinearity="cube"),
    },
    "to_keras": {"StateDictError": lambda: interop.to_keras(tr.LSTMCell(2, 3, peepholes=True))},
    "from_onnx": {
        "StateDictError": lambda: interop.from_onnx({}),
        "TypeError": lambda: interop.from_onnx("model.onnx"),
        "ValueError": lambda: interop.from_onnx(ONNX, nonlinearity="cube"),
    },
    "to_onnx": {"StateDictError": lambda: interop.to_onnx(tr.LSTM(2, 3, coupled=True))},
    "recorded_inputs": {"StaleValueError": read_after_a_move},
    "rearrangement": {"NotDifferentiableError": lambda: np.take(leaf(2), [0], out=np.ones(1))},
    **{
        f"ArrayMethods.{name}": {"NotDifferentiableError": lambda name=name: written(name)}
        for name in ("fill", "partition", "put", "sort")
    },
    "list_layers": {"WeightsFileError": lambda: interop.list_layers("nowhere.safetensors")},
    "load_layers": {
        "WeightsFileError": lambda: tr.load_layers("nowhere.safetensors"),
        "StateDictError": no_layers,
        "ValueError": reset_of_an_lstm,
    },
    "from_arrays": {
        "StateDictError": lambda: interop.from_arrays({}, {"weight_ih": "W", "weight_hh": "U"}),
        "ValueError": lambda: interop.from_arrays({}, {}),
    },
    "from_flax": {
        "StateDictError": lambda: interop.from_flax({}),
        "TypeError": lambda: interop.from_flax("model.msgpack"),
        "ValueError": lambda: interop.from_flax(FLAX, nonlinearity="cube"),
    },
    "to_flax": {"StateDictError": lambda: interop.to_flax(tr.GRUCell(2, 3))},
    "from_haiku": {"StateDictError": lambda: interop.from_haiku({})},
    "to_haiku": {"StateDictError": lambda: interop.to_haiku(cell())},
    "save": {
        "DtypeError": lambda tmp_path: tr.save(tmp_path / "w", {"w": ["text"]}),
        "TypeError": lambda tmp_path: tr.save(tmp_path / "w", 3),
        "OSError": lambda tmp_path: tr.save(tmp_path / "no folder" / "w", {}),
    },
    "load": {
        "WeightsFileError": lambda tmp_path: tr.load(no_weights(tmp_path)),
        "OSError": lambda tmp_path: tr.load(tmp_path / "no file"),
    },
    "run": {
        "StudyError": lambda tmp_path: studied(tmp_path, lambda x, seed: 1 / x, x=[0]),
        "ValueError": lambda tmp_path: studied(tmp_path, lambda seed: 0, seed=[1]),
        "TypeError": lambda tmp_path: studied(tmp_path, lambda x, seed: object(), x="L"),
        "OSError": lambda tmp_path: studied(tmp_path / "no folder", lambda x, seed: 0, x=[0]),
    },
}

NAMED = {
    thing.fget.__qualname__ if isinstance(thing, property) else thing.__qualname__: thing
    for thing in public("tinygrad_rnn").values()
    if section(thing.__doc__, "Raises")
}


def test_no_documented_error_is_left_out():
    said = {name: set(section(thing.__doc__, "Raises")) for name, thing in NAMED.items()}
    assert {name: set(cases) for name, cases in RAISES.items()} == said


@pytest.mark.parametrize(
    ("name", "error"), [(name, error) for name, cases in RAISES.items() for error in cases]
)
def test_it_is_raised(name, error, tmp_path):
    attempt = RAISES[name][error]
    kind = exception(error, "tinygrad_rnn")
    with pytest.raises(kind) as caught:
        attempt(*[tmp_path] * ("tmp_path" in inspect.signature(attempt).parameters))
    named = isinstance(caught.value, tr.TinygradError)
    assert named == issubclass(kind, tr.TinygradError)
