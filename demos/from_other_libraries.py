"""Where does the gradient of my PyTorch or Keras model go? Its weights are enough to see it.

A trained model is a dictionary of arrays, and the equations are the same up to names, order and
transposition. For an LSTM:

    PyTorch   weight_ih_l0 (4H, I), weight_hh_l0 (4H, H), bias_ih_l0 + bias_hh_l0; rows i, f, g, o
    Keras     kernel (I, 4H), recurrent_kernel (H, 4H), bias (4H,);             columns i, f, c, o

Without --weights the demo makes such arrays up, saves and reads them as one would one's own, and
shows that both forms give one and the same flow. Neither library is needed. Where PyTorch is
installed, its own outputs and gradients are compared as well.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import conclude, demo_parser, output_folder, run_command, save
from tinygrad_rnn.analysis import decades_per_step
from tinygrad_rnn.interop.files import load_layers
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.from_other_libraries"


def made_up(features: int, hidden: int, rng: np.random.Generator) -> dict[str, Array]:
    """Return the state dict of a model with an LSTM called "encoder", as PyTorch names it."""
    bound = 1 / np.sqrt(hidden)
    shapes: dict[str, tuple[int, ...]] = {
        "weight_ih": (4 * hidden, features),
        "weight_hh": (4 * hidden, hidden),
        "bias_ih": (4 * hidden,),
        "bias_hh": (4 * hidden,),
    }
    return {f"encoder.{k}_l0": rng.uniform(-bound, bound, shape) for k, shape in shapes.items()}


def as_keras(arrays: dict[str, Array]) -> dict[str, Array]:
    """Return what Keras's ``layer.get_weights()`` gives for the same LSTM, by name."""
    w = {name.removeprefix("encoder.").removesuffix("_l0"): a for name, a in arrays.items()}
    return {
        "kernel": w["weight_ih"].T,
        "recurrent_kernel": w["weight_hh"].T,
        "bias": w["bias_ih"] + w["bias_hh"],
    }


def by_torch(arrays: dict[str, Array], inputs: Array) -> tuple[Array, Array]:
    """Return PyTorch's own outputs, and its gradient of the last one's sum at the inputs."""
    import torch  # type: ignore[import-not-found,unused-ignore]  # need not be installed

    features, hidden = inputs.shape[2], arrays["encoder.weight_hh_l0"].shape[1]
    lstm = torch.nn.LSTM(features, hidden).double()
    names = {name.removeprefix("encoder."): torch.from_numpy(a) for name, a in arrays.items()}
    lstm.load_state_dict(names)
    x = torch.from_numpy(inputs).requires_grad_()
    outputs, _ = lstm(x)
    (g,) = torch.autograd.grad(outputs[-1].sum(), x)
    return np.asarray(outputs.detach().numpy()), np.asarray(g.numpy())


def compare(
    arrays: dict[str, Array], inputs: Array, ours: tuple[Any, Any, Array]
) -> tuple[Any, float]:
    """Return the flow of Keras's arrays, and how far the others' numbers are from ours at most.

    Ours are the outputs, dL/dx, and |dL/dh_t|.
    """
    keras = tr.unroll(tr.interop.from_keras(as_keras(arrays)), inputs)
    flow = tr.trace(keras.final.h.sum())
    apart = {"Keras's arrays, dL/dh_t": np.abs(ours[2] - flow.through_time(keras)["h"]).max()}
    if find_spec("torch") is None:
        print("PyTorch is not installed: its own numbers are not compared")
    else:
        outputs, g = by_torch(arrays, inputs)
        apart["PyTorch's own outputs"] = np.abs(outputs - ours[0]).max()
        apart["PyTorch's own dL/dx"] = np.abs(g - ours[1]).max()
    for what, far in apart.items():
        print(f"{what}: the same as ours up to {far:.1e}")
    return flow, float(max(apart.values()))


def main() -> None:
    parser = demo_parser("from_other_libraries", __doc__, steps=(2, 40), hidden=(1, 16))
    add = parser.add_argument
    add("--weights", metavar="FILE", type=Path, help="yours: .safetensors, .npz or .pt")
    add("--prefix", metavar="NAME", default="", help="where in it the recurrent layer is")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        rng, arrays = np.random.default_rng(args.seed), None
        file, prefix = args.weights, args.prefix
        if not file:
            arrays = made_up(3, args.hidden, rng)
            file, prefix = folder / "weights.npz", "encoder"
            np.savez(file, **arrays)  # type: ignore[arg-type]  # of names to arrays
        layers = load_layers(file, prefix)
        first = getattr(layers, "layers", [layers])[0]
        inputs = rng.standard_normal((args.steps, 1, first.input_size)).astype(first.dtype)
        x = tr.Tensor(inputs, requires_grad=True, name="x")
        unrolled = tr.unroll(layers, x) if isinstance(layers, tr.Cell) else layers(x).runs[-1][0]
        loss = unrolled.hidden[-1].sum()
        flow = tr.trace(loss)
        print(f"read {type(layers).__name__} of {sum(p.size for p in layers.parameters())} numbers")
        norms = flow.through_time(unrolled)
        for part, n in norms.items():
            rate = decades_per_step(n)
            print(f"|dL/d{part}_t| {n[-1]:.1e} at the last step, {n[0]:.1e} at the first: ", end="")
            print(f"{rate:+.3f} decades per step back")
        flows: dict[str, Any] = {"PyTorch's arrays" if arrays else file.name: flow}
        apart = 0.0
        if arrays is not None:
            ours = unrolled.outputs.data, flow.gradient(x), norms["h"]
            flows["Keras's arrays"], apart = compare(arrays, inputs, ours)
        save(viz.chart(flows, title="dL/dh at every step"), folder / "chart.svg")
        title = f"{type(layers).__name__} from {file.name}, {args.steps} steps"
        viz.draw(loss, flow, "gate", title=title).save(folder / "graph.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}")
    if arrays is not None:
        conclude(
            (apart < 1e-12, "Two libraries' arrays, one line on the other: one and the same flow."),
            (decades_per_step(norms["c"]) < -0.1,
             f"PyTorch starts every forget bias near 0, so an untrained LSTM of its making "
             f"vanishes: {norms['c'][0] / norms['c'][-1]:.0e} of dL/dc is left."),
        )  # fmt: skip
    print("\nChange --weights to a file of yours, with --prefix where the layer has a name in a")
    print("larger model; tinygrad_rnn/interop has the GRUs, where the libraries disagree on z.")


if __name__ == "__main__":
    run_command(PROG, main)
