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
from demos.common import demo_parser, int_between, output_folder, run_command, save
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


def main() -> None:
    parser = demo_parser("from_other_libraries", __doc__)
    add = parser.add_argument
    add("--weights", metavar="FILE", type=Path, help="yours: .safetensors, .npz or .pt")
    add("--prefix", metavar="NAME", default="", help="where in it the recurrent layer is")
    add("--steps", metavar="N", type=int_between(2, 1000), default=40, help="time steps")
    add(
        "--hidden",
        metavar="N",
        type=int_between(1, 512),
        default=16,
        help="hidden size, if made up",
    )
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        arrays = None if args.weights else made_up(3, args.hidden, rng)
        file, prefix = args.weights, args.prefix
        if arrays is not None:
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
        for part, norms in flow.through_time(unrolled).items():
            print(
                f"|dL/d{part}_t| {norms[-1]:.1e} at the last step, {norms[0]:.1e} at the first: "
                f"{decades_per_step(norms):+.3f} decades per step back"
            )
        flows: dict[str, Any] = {"PyTorch's arrays": flow}
        if arrays is not None:
            compare(arrays, inputs, unrolled, flow, x, flows)
        save(viz.chart(flows, title="dL/dh at every step"), folder / "chart.svg")
        title = f"{type(layers).__name__} from {file.name}, {args.steps} steps"
        viz.draw(loss, flow, "gate", title=title).save(folder / "graph.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}\n\n{CLOSING}")


def compare(
    arrays: dict[str, Array],
    inputs: Array,
    unrolled: Any,
    flow: tr.GradientFlow,
    x: tr.Tensor,
    flows: dict[str, Any],
) -> None:
    cell = tr.interop.from_keras(as_keras(arrays))
    keras = tr.unroll(cell, inputs)
    flows["Keras's arrays"] = tr.trace(keras.final.h.sum())
    ours, theirs = flow.through_time(unrolled), flows["Keras's arrays"].through_time(keras)
    print(f"Keras's arrays give the same dL/dh_t up to {np.abs(ours['h'] - theirs['h']).max():.1e}")
    if find_spec("torch") is None:
        print("PyTorch is not installed: its own numbers are not compared")
        return
    outputs, g = by_torch(arrays, inputs)
    far = np.abs(outputs - unrolled.outputs.data).max()
    print(f"PyTorch's own outputs are the same up to {far:.1e}")
    print(f"PyTorch's own dL/dx is the same up to {np.abs(g - flow.gradient(x)).max():.1e}")


CLOSING = """\
Look at the chart: two libraries' arrays, one line on the other. PyTorch starts every forget bias
near 0, so an untrained LSTM of its own making vanishes.
Change --weights to a file of yours, with --prefix where the layer has a name in a larger model; and
read tinygrad_rnn/interop for GRUs, where the libraries disagree on z."""


if __name__ == "__main__":
    run_command(PROG, main)
