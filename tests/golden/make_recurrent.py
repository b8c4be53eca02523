"""Make keras.json, haiku.json, flax.json, onnx.json and torch.json: what those libraries compute.

Run it where numpy and the library are installed (for Keras and Haiku, JAX as well):

    python tests/golden/make_recurrent.py keras haiku flax onnx torch

Weights, inputs, initial states and cotangents are random with fixed seeds, all in float64. The
loss is the sum of all outputs times a cotangent and, for an LSTM, of the last cell state times one.
Each file names the versions that made it. ONNX has no gradients.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

os.environ |= {"JAX_ENABLE_X64": "1", "KERAS_BACKEND": "jax"}  # both are read on importing them
T, B, I, H = 5, 2, 3, 4  # noqa: E741  # I is the input size, as everywhere here
Arrays = dict[str, np.ndarray]


def draw(seed: int, shapes: dict[str, tuple[int, ...]]) -> Arrays:
    """Return an array of each shape, of standard deviation 0.7: gates neither open nor shut."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) * 0.7 for name, shape in shapes.items()}


def case(
    seed: int,
    kind: str,
    shapes: dict[str, tuple[int, ...]],
    forward: Callable[..., tuple[Any, list[Any]]],
    differentiate: Callable[..., Any] | None = None,
    as_theirs: Callable[..., Any] = np.asarray,
    **options: Any,
) -> dict[str, Any]:
    """Run a layer: `forward(weights, x, states)` returns (T, B, H) and the last states."""
    parts = ["h", "c"] if kind == "LSTM" else ["h"]
    weights = draw(seed, shapes)
    given = draw(seed + 1, {"x": (T, B, I), **{f"{part}_0": (B, H) for part in parts}})
    cotangents = draw(seed + 2, {"outputs": (T, B, H), **dict.fromkeys(parts[1:], (B, H))})

    def loss(weights: Any, given: Any) -> Any:
        outputs, last = forward(weights, given["x"], [given[f"{part}_0"] for part in parts])
        total = (outputs * as_theirs(cotangents["outputs"])).sum()
        return total + sum((last[1] * as_theirs(cotangents[part])).sum() for part in parts[1:])

    outputs, last = forward(weights, given["x"], [given[f"{part}_0"] for part in parts])
    out = {
        "kind": kind,
        "options": options,
        "weights": weights,
        "given": given,
        "cotangents": cotangents,
        "outputs": outputs,
        "last": dict(zip(parts, last, strict=True)),
    }
    if differentiate is not None:
        to_weights, to_given = differentiate(loss, argnums=(0, 1))(weights, given)
        out["gradients"] = {**to_weights, **to_given}
    return out


def keras_cases() -> dict[str, Any]:
    """Keras on its JAX backend: one layer of each kind, the GRU in both its forms."""
    import jax
    import jax.numpy as jnp
    import keras
    from keras.src.backend.common import dtypes

    # On JAX, Keras rounds what its own tanh and sigmoid are given to float32; not here.
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")

    def run(layer: Any) -> Callable[..., Any]:
        layer.build((B, T, I))

        def forward(weights: Any, x: Any, states: Any) -> Any:
            ordered = [weights[name] for name in ("kernel", "recurrent_kernel", "bias")]
            fixed = [v.value for v in layer.non_trainable_variables]
            (outputs, *last), _ = layer.stateless_call(
                ordered,
                fixed,
                jnp.swapaxes(x, 0, 1),
                initial_state=[jnp.asarray(s) for s in states],
            )
            return jnp.swapaxes(outputs, 0, 1), last

        return forward

    def shapes(gates: int, *bias: int) -> dict[str, tuple[int, ...]]:
        rows = gates * H
        return {"kernel": (I, rows), "recurrent_kernel": (H, rows), "bias": (*bias, rows)}

    said = {"return_sequences": True, "return_state": True}
    layers = keras.layers
    return {
        "SimpleRNN": case(100, "RNN", shapes(1), run(layers.SimpleRNN(H, **said)), jax.grad),
        "LSTM": case(110, "LSTM", shapes(4), run(layers.LSTM(H, **said)), jax.grad),
        **{
            f"GRU reset_after={after}": case(
                120 + 10 * after,
                "GRU",
                shapes(3, *[2] * after),
                run(layers.GRU(H, reset_after=after, **said)),
                jax.grad,
                reset_after=after,
            )
            for after in (False, True)
        },
    }


def nested(flat: Arrays, start: str = "") -> dict[str, Arrays]:
    """Return arrays by module and name, of dotted names."""
    out: dict[str, Arrays] = {}
    for name, array in flat.items():
        module, _, last = name.rpartition(".")
        out.setdefault(start + module, {})[last] = array
    return out


def haiku_cases() -> dict[str, Any]:
    """Haiku: its VanillaRNN, its GRU and its LSTM."""
    import haiku as hk
    import jax

    def run(core: Callable[[], Any], module: str, state: Callable[..., Any]) -> Callable[..., Any]:
        def network(x: Any, states: Any) -> Any:
            return hk.dynamic_unroll(core(), x, state(*states))

        transformed = hk.without_apply_rng(hk.transform(network))

        def forward(weights: Any, x: Any, states: Any) -> Any:
            dotted = any("." in name for name in weights)
            known = nested(weights, module) if dotted else {module: weights}
            outputs, last = transformed.apply(known, x, states)
            return outputs, list(last) if isinstance(last, tuple) else [last]

        return forward

    linear = {"linear.w": (I, H), "linear.b": (H,), "linear_1.w": (H, H), "linear_1.b": (H,)}
    vanilla = run(lambda: hk.VanillaRNN(H), "vanilla_rnn/", lambda h: h)
    gru = {"w_i": (I, 3 * H), "w_h": (H, 3 * H), "b": (3 * H,)}
    lstm = {"w": (I + H, 4 * H), "b": (4 * H,)}
    return {
        "VanillaRNN": case(190, "RNN", linear, vanilla, jax.grad),
        "GRU": case(200, "GRU", gru, run(lambda: hk.GRU(H), "gru", lambda h: h), jax.grad),
        "LSTM": case(
            210, "LSTM", lstm, run(lambda: hk.LSTM(H), "lstm/linear", hk.LSTMState), jax.grad
        ),
    }


def flax_cases() -> dict[str, Any]:
    """Flax: the four cells of flax.linen, and those of flax.nnx that have all gates in one."""
    import jax
    import jax.numpy as jnp
    from flax import linen, nnx

    def run(step: Callable[..., Any]) -> Callable[..., Any]:
        def forward(weights: Any, x: Any, states: Any) -> Any:
            carry = tuple(states[::-1]) if len(states) > 1 else states[0]  # Flax's is (c, h)
            outputs = []
            for t in range(T):
                carry, y = step(nested(weights), carry, jnp.asarray(x)[t])
                outputs.append(y)
            return jnp.stack(outputs), list(carry)[::-1] if len(states) > 1 else [carry]

        return forward

    def of_linen(name: str) -> Callable[..., Any]:
        cell = getattr(linen, name)(features=H, dtype=jnp.float64, param_dtype=jnp.float64)
        return run(lambda weights, carry, x: cell.apply({"params": weights}, carry, x))

    def of_nnx(name: str) -> Callable[..., Any]:
        kinds = {"dtype": jnp.float64, "param_dtype": jnp.float64}
        made = getattr(nnx, name)(I, H, rngs=nnx.Rngs(0), **kinds)
        graph, _, rest = nnx.split(made, nnx.Param, ...)

        def step(weights: Any, carry: Any, x: Any) -> Any:
            params = {
                module: {key: nnx.Param(value) for key, value in arrays.items()}
                for module, arrays in weights.items()
            }
            return nnx.merge(graph, nnx.State(params), rest)(carry, x)

        return run(step)

    def each(gates: str, biased: str) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {f"i{gate}.kernel": (I, H) for gate in gates}
        shapes |= {f"h{gate}.kernel": (H, H) for gate in gates}
        return shapes | {f"{side}.bias": (H,) for side in biased.split()}

    simple = {"i.kernel": (I, H), "i.bias": (H,), "h.kernel": (H, H)}
    lstm = each("ifgo", "hi hf hg ho")
    gru = each("rzn", "ir iz in hn")
    return {
        "SimpleCell": case(500, "RNN", simple, of_linen("SimpleCell"), jax.grad),
        "LSTMCell": case(510, "LSTM", lstm, of_linen("LSTMCell"), jax.grad),
        "OptimizedLSTMCell": case(520, "LSTM", lstm, of_linen("OptimizedLSTMCell"), jax.grad),
        "GRUCell": case(530, "GRU", gru, of_linen("GRUCell"), jax.grad),
        **nnx_cases(case, of_nnx, jax.grad),
    }


def nnx_cases(case: Any, of_nnx: Any, grad: Any) -> dict[str, Any]:
    """The cells of flax.nnx whose gates are in one pair of arrays."""

    def shapes(gates: int, bias: str) -> dict[str, tuple[int, ...]]:
        kernels = {"dense_i.kernel": (I, gates * H), "dense_h.kernel": (H, gates * H)}
        return {**kernels, f"{bias}.bias": (gates * H,)}

    return {
        "nnx SimpleCell": case(540, "RNN", shapes(1, "dense_i"), of_nnx("SimpleCell"), grad),
        "nnx OptimizedLSTMCell": case(
            550, "LSTM", shapes(4, "dense_h"), of_nnx("OptimizedLSTMCell"), grad
        ),
        "nnx GRUCell": case(560, "GRU", shapes(3, "dense_i"), of_nnx("GRUCell"), grad),
    }


def onnx_cases() -> dict[str, Any]:
    """ONNX's reference evaluator: each operator, both forms of the GRU, peepholes."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    def run(kind: str, names: list[str], **attributes: Any) -> Callable[..., Any]:
        states, last = ["h_0", "c_0"], ["h", "c"]
        if kind != "LSTM":
            states, last = states[:1], last[:1]
        inputs = ["X", "W", "R", "B", "", *states, *(["P"] if "P" in names else [])]
        node = helper.make_node(kind, inputs, ["Y", *last], hidden_size=H, **attributes)
        declared = [
            [helper.make_tensor_value_info(name, TensorProto.DOUBLE, None) for name in some if name]
            for some in (inputs, ["Y", *last])
        ]
        model = helper.make_model(helper.make_graph([node], kind, *declared))

        def forward(weights: Any, x: Any, given: Any) -> Any:
            feeds = {**weights, "X": x}
            feeds |= {name: h[None] for name, h in zip(states, given, strict=True)}
            outputs, *ends = ReferenceEvaluator(model).run(None, feeds)
            return outputs[:, 0], [end[0] for end in ends]

        return forward

    def shapes(gates: int, **more: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        rows = gates * H
        return {"W": (1, rows, I), "R": (1, rows, H), "B": (1, 2 * rows), **more}

    peepholes = shapes(4, P=(1, 3 * H))
    return {
        "RNN": case(300, "RNN", shapes(1), run("RNN", ["W", "R", "B"])),
        "LSTM": case(310, "LSTM", shapes(4), run("LSTM", ["W", "R", "B"])),
        "LSTM peepholes": case(320, "LSTM", peepholes, run("LSTM", list(peepholes))),
        **{
            f"GRU linear_before_reset={after}": case(
                330 + 10 * after,
                "GRU",
                shapes(3),
                run("GRU", ["W", "R", "B"], linear_before_reset=after),
                linear_before_reset=after,
            )
            for after in (0, 1)
        },
    }


def torch_cases() -> dict[str, Any]:
    """PyTorch: one layer of each kind, and the RNN with relu."""
    import torch

    def run(module: Any) -> Callable[..., Any]:
        def forward(weights: Any, x: Any, states: Any) -> Any:
            x, *states = map(torch.as_tensor, (x, *states))
            named = {f"{name}_l0": torch.as_tensor(array) for name, array in weights.items()}
            start = tuple(h[None] for h in states)
            given = (x, start if len(start) > 1 else start[0])
            outputs, last = torch.func.functional_call(module.double(), named, given)
            return outputs, [h[0] for h in (last if len(start) > 1 else [last])]

        return forward

    def differentiate(loss: Callable[..., Any], argnums: tuple[int, int]) -> Callable[..., Any]:
        def gradients(*arguments: Arrays) -> Any:
            leaves = [
                {name: torch.tensor(array, requires_grad=True) for name, array in argument.items()}
                for argument in arguments
            ]
            loss(*leaves).backward()
            return [{name: leaf.grad for name, leaf in some.items()} for some in leaves]

        return gradients

    def shapes(gates: int) -> dict[str, tuple[int, ...]]:
        rows = gates * H
        biases = dict.fromkeys(("bias_ih", "bias_hh"), (rows,))
        return {"weight_ih": (rows, I), "weight_hh": (rows, H), **biases}

    def made(seed: int, kind: str, gates: int, **options: Any) -> dict[str, Any]:
        module = getattr(torch.nn, kind)(I, H, **options)
        forward = run(module)
        return case(seed, kind, shapes(gates), forward, differentiate, torch.as_tensor, **options)

    return {
        "RNN": made(400, "RNN", 1),
        "RNN relu": made(410, "RNN", 1, nonlinearity="relu"),
        "LSTM": made(420, "LSTM", 4),
        "GRU": made(430, "GRU", 3),
    }


LIBRARIES: dict[str, tuple[Callable[[], dict[str, Any]], tuple[str, ...]]] = {
    "keras": (keras_cases, ("keras", "jax", "jaxlib")),
    "haiku": (haiku_cases, ("dm-haiku", "jax", "jaxlib")),
    "flax": (flax_cases, ("flax", "jax", "jaxlib")),
    "onnx": (onnx_cases, ("onnx",)),
    "torch": (torch_cases, ("torch",)),
}


def main() -> None:
    """Write the file of each library named, beside this one."""
    for library in sys.argv[1:] or LIBRARIES:
        cases, packages = LIBRARIES[library]
        versions = {name: version(name) for name in (*packages, "numpy")}
        content = {"versions": versions, "cases": cases()}
        text = json.dumps(content, default=lambda array: np.asarray(array).tolist())
        Path(__file__).with_name(f"{library}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
