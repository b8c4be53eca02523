"""Depth or time: along which does the gradient of a stacked network fade faster?

In a stack of L layers over T steps the gradient has two ways to go: back in time, times U of its
own layer, and down, times W of the layer above. Both are products of Jacobians:

    h_t^k = tanh(W^k h_t^{k-1} + U^k h_{t-1}^k + b^k)

A grid of paths leads from the loss, at the last step of the top layer, to every h_t^k, and
their number grows with the distance: that is why a lower layer can get *more* at early steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import demo_parser, output_folder, panels, progress, run, save, whole
from tinygrad_rnn.analysis import decades_per_step
from tinygrad_rnn.tensor import Array
from viz.charts.axes import dress

PROG = "python -m demos.depth"


def grid(stack: Any, inputs: Array, seed: int) -> tuple[tr.Tensor, tr.GradientFlow, Array]:
    """Return the loss, its sweep, and the norm of dL/dh_t^k for every layer and step, (L, T)."""
    unrolled = stack(inputs)
    last = unrolled.runs[-1][0].hidden[-1]
    loss = (last * np.random.default_rng(seed).standard_normal(last.shape)).sum()
    flow = tr.trace(loss)
    return loss, flow, np.array([flow.through_time(layer[0])["h"] for layer in unrolled.runs])


def main() -> None:
    parser = demo_parser("depth", __doc__)
    add = parser.add_argument
    add("--steps", metavar="N", type=whole(2, 300), default=30, help="time steps T")
    add("--layers", metavar="N", type=whole(2, 16), default=5, help="layers L")
    add("--hidden", metavar="N", type=whole(1, 256), default=32, help="hidden size")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        inputs = np.random.default_rng(args.seed).standard_normal((args.steps, 1, 4))
        sizes = {"num_layers": args.layers, "rng": args.seed}
        stacks = {
            "RNN": tr.RNN(4, args.hidden, **sizes),
            "GRU, update bias -2": tr.GRU(4, args.hidden, update_bias=-2.0, **sizes),
            "LSTM, forget bias 2": tr.LSTM(4, args.hidden, forget_bias=2.0, **sizes),
        }
        found = {n: grid(s, inputs, args.seed) for n, s in progress(list(stacks.items()), "stacks")}
        print("decades of dL/dh      per step back   per layer down  per layer down")
        print("                      in the top      at the last     at the first")
        print("                      layer           step            step")
        for name, (_, _, norms) in found.items():
            print(
                f"{name:<20}  {decades_per_step(norms[-1]):+13.3f}  "
                f"{decades_per_step(norms[:, -1]):+15.3f}  {decades_per_step(norms[:, 0]):+14.3f}"
            )

        axes = panels(1, 3, 5.0, 3.4)
        logs = {name: np.log10(norms / norms[-1, -1]) for name, (_, _, norms) in found.items()}
        low = min(float(x.min()) for x in logs.values())
        high = max(float(x.max()) for x in logs.values())
        for ax, (name, values) in zip(axes, logs.items(), strict=True):
            image = ax.imshow(
                values, origin="lower", aspect="auto", cmap="cividis", vmin=low, vmax=high
            )
            dress(ax, "time step t", "layer", name)
            ax.grid(False)
            ax.set_yticks(range(args.layers))
        axes[-1].get_figure(root=True).colorbar(image, ax=axes, label="decades of dL/dh$_t^k$")  # type: ignore[union-attr]  # not None
        save(axes[0], folder / "chart.svg")
        loss, flow, _ = found["RNN"]
        title = f"RNN, {args.layers} layers: loss at the last step of the top one"
        viz.draw(loss, flow, detail="cell", title=title).save(folder / "graph.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}\n\n{CLOSING}")


CLOSING = """\
Look at the corners of the chart. At the last step there is only the way straight down, and each
layer gets less than the one above. At the first step it is the other way round in the RNN and the
LSTM: the lower layers get more than the top, because so many paths, down here or there, lead to
them. The GRU is even. What vanishes in the RNN is time, not depth.
Change --layers and --steps, and the biases in the code."""


if __name__ == "__main__":
    run(PROG, main)
