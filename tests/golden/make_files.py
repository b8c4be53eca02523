"""Make files/: models as Keras and Flax write them, and what their layers compute.

Run it where numpy, h5py, Keras, JAX and Flax are installed:

    python tests/golden/make_files.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

os.environ |= {"KERAS_BACKEND": "jax"}  # read on importing Keras
HERE = Path(__file__).parent / "files"
T, I = 5, 3  # noqa: E741  # I is the input size, as everywhere here


def shaken(weights: list[Any], rng: np.random.Generator) -> list[Any]:
    """Return arrays of the same shapes, none zero and no two alike."""
    return [rng.normal(size=w.shape).astype(np.float32) * 0.6 for w in weights]


def keras_files() -> dict[str, Any]:
    """A Sequential model with a stack, both directions, relu and weights that are masked out."""
    import keras

    layers = keras.layers
    again = {"return_sequences": True}
    parts = [
        layers.LSTM(4, name="first", **again),
        layers.Dropout(0.1),
        layers.LSTM(4, name="second", **again),
        layers.Bidirectional(layers.GRU(2, **again), name="both"),
        layers.GRU(2, reset_after=False, name="before", **again),
        layers.SimpleRNN(3, activation="relu", name="simple", **again),
        layers.LSTM(2, recurrent_activation="hard_sigmoid", name="hard", **again),
        layers.LSTM(2, go_backwards=True, name="backwards", **again),
        layers.Dense(1),
    ]
    model = keras.Sequential([layers.Input((None, I)), *parts])
    rng = np.random.default_rng(0)
    model.set_weights(shaken(model.get_weights(), rng))
    model.save(HERE / "model.keras")
    model.save(HERE / "model.h5")
    said = {}
    for names in (["first", "second"], ["both"], ["before"], ["simple"]):
        chosen = [model.get_layer(name) for name in names]
        x = rng.normal(size=(2, T, chosen[0].input.shape[-1])).astype(np.float32)
        y = x
        for layer in chosen:
            y = np.asarray(layer(y))
        said[" + ".join(names)] = {"x": x.swapaxes(0, 1), "y": y.swapaxes(0, 1)}
    return said


def flax_files() -> dict[str, Any]:
    """A module with an LSTM in it and a GRU beside it."""
    import jax
    import jax.numpy as jnp
    from flax import linen, serialization

    rng = np.random.default_rng(1)
    said, parameters = {}, {}
    for name, cell in (
        ("encoder", linen.OptimizedLSTMCell(4)),
        ("decoder", linen.GRUCell(4)),
    ):
        x = rng.normal(size=(T, 2, I)).astype(np.float32)
        carry = cell.initialize_carry(jax.random.key(0), x[0].shape)
        weights = cell.init(jax.random.key(0), carry, x[0])["params"]
        leaves, form = jax.tree.flatten(weights)
        weights = jax.tree.unflatten(form, shaken(leaves, rng))
        outputs = []
        for step in x:
            carry, y = cell.apply({"params": weights}, carry, jnp.asarray(step))
            outputs.append(np.asarray(y))
        parameters[name] = {"cell": weights, "out": {"kernel": np.ones((4, 1), np.float32)}}
        said[f"params.{name}.cell"] = {"x": x, "y": np.stack(outputs)}
    content = serialization.to_bytes({"params": parameters, "step": 3})
    (HERE / "model.msgpack").write_bytes(content)
    return said


def main() -> None:
    """Write the files, and what is to come out as expected.json."""
    HERE.mkdir(exist_ok=True)
    said = {"model.keras": keras_files(), "model.msgpack": flax_files()}
    text = json.dumps(said, default=lambda array: np.asarray(array).round(7).tolist())
    (HERE / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
