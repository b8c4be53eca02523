"""Depth or time: along which does the gradient of a stacked network fade faster?

In a stack of L layers over T steps the gradient has two ways to go: back in time, times U of its
own layer, and down, times W of the layer above. Both are products of Jacobians:

    h_t^k = tanh(W^k h_t^{k-1} + U^k h_{t-1}^k + b^k)

A grid of paths leads from the loss, at the last step of the top layer, to every h_t^k, and
their number grows with the distance: at the last step there is one way down, at the first many.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos import common
from tinygrad_rnn.analysis import decades_per_step
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.depth"
STACKS: dict[str, tuple[Any, dict[str, float]]] = {
    "RNN": (tr.RNN, {}),
    "GRU, update bias -2": (tr.GRU, {"update_bias": -2.0}),
    "LSTM, forget bias 2": (tr.LSTM, {"forget_bias": 2.0}),
}


def grid(stack: Any, steps: int, seed: int) -> tuple[tr.Tensor, tr.GradientFlow, Array]:
    """Return the loss, its sweep, and the norm of dL/dh_t^k for every layer and step, (L, T)."""
    rng = np.random.default_rng(seed)
    unrolled = stack(rng.standard_normal((steps, 1, 4)))
    last = unrolled.runs[-1][0].hidden[-1]
    loss = (last * rng.standard_normal(last.shape)).sum()
    flow = tr.trace(loss)
    return loss, flow, np.array([flow.through_time(layer[0])["h"] for layer in unrolled.runs])


def main() -> None:
    parser = common.demo_parser(
        "depth", __doc__, steps=(2, 30), layers=(2, 5), hidden=(1, 32), seeds=(1, 7)
    )
    args = parser.parse_args()
    with common.output_folder(args.out) as folder:
        axes = common.panels(1, 3, 5.0, 3.4, share="all")
        rates, maps = {}, {}
        print(
            "decades of dL/dh      per step back,             per layer down,           the same at"
        )
        print("                      top layer                 at the last step          the first")
        for name, (kind, options) in STACKS.items():
            found, norms = [], np.empty(0)
            for seed in range(args.seed, args.seed + args.seeds):
                stack = kind(4, args.hidden, num_layers=args.layers, rng=seed, **options)
                loss, flow, norms = grid(stack, args.steps, seed)
                found.append([decades_per_step(x) for x in (norms[-1], norms[:, -1], norms[:, 0])])
            rates[name] = np.median(found, axis=0)
            maps[name] = np.log10(norms / norms[-1, -1])
            row = (f"{common.spread(column, '+.2f'):<25}" for column in np.transpose(found))
            print(f"{name:<20}  {' '.join(row)}".rstrip())
            if name == "RNN":
                title = f"RNN, {args.layers} layers: loss at the last step of the top one"
                viz.draw(loss, flow, detail="cell", title=title).save(folder / "graph.svg")
        low, high = (float(f(list(maps.values()))) for f in (np.min, np.max))
        for ax, (name, values) in zip(axes, maps.items(), strict=True):
            image = ax.imshow(values, origin="lower", aspect="auto", vmin=low, vmax=high)
            common.style_axes(ax, "time step t", "layer", name)
            ax.set_yticks(range(args.layers))
            ax.grid(False)
        common.colour_bar(image, axes, "decades of dL/dh$_t^k$")
        common.save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg and graph.svg, both of the last seed, into {args.out}")
    (back, down, _), *gated = rates.values()
    common.conclude(
        (max(back, down) < -0.1 and 0.5 < back / down < 2,
         f"RNN: one layer down ({down:+.2f} decades) costs about as much as one step back "
         f"({back:+.2f}): it vanishes in depth as it does in time."),
        (all(abs(g[0]) < 0.1 and g[1] < -0.5 for g in gated),
         "GRU and LSTM with gates that keep lose little in time, and in depth more than the "
         "RNN: a gate keeps its own state, and what goes down passes through slopes and gates."),
        (all(x[2] > x[1] + 0.2 for x in rates.values()),
         "At the first step the fall from layer to layer is gone or turned round: so many "
         "paths, down here or there, lead to the lower layers."),
    )  # fmt: skip
    print("\nChange --layers and --steps, or the biases in STACKS.")


if __name__ == "__main__":
    common.run_command(PROG, main)
