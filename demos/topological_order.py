"""Why must a sweep wait for a node's last use? The right order beside a wrong one.

A recurrent network uses h_1 twice: the step that follows reads it, and so does the prediction
made there and then. The chain rule adds up over both uses,

    dL/dh_1 = dL/dy_1 dy_1/dh_1 + dL/dh_2 dh_2/dh_1,

so h_1 may pass its gradient on only when everything that used it has been handled. Reversing the
order of creation gives that for nothing: whoever used h_1 was made after it.

The wrong order here handles nodes as they are met, breadth first from the loss. The prediction is
near the loss, so h_1 is met, and has passed on its gradient, before h_2 has sent its part.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import conclude, demo_parser, output_folder, run_command
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.topological_order"


def loss_of(w: tr.Tensor, steps: int) -> tr.Tensor:
    """Return the sum of all predictions y_t = 2 h_t, of h_t = tanh(w h_{t-1}) from h_0 = 1."""
    h: Any = tr.Tensor([1.0], name="h_0")
    losses = []
    for t in range(steps):
        with tr.scope("t", t):
            h = np.tanh(w * h)
            h.name = "h"
            losses.append(2.0 * h)
    loss: tr.Tensor = np.sum(np.stack(losses))
    loss.name = "loss"
    return loss


def breadth_first(root: tr.Tensor) -> list[tr.Tensor]:
    """Return the nodes in the order in which they are met: the wrong one for a sweep."""
    met, waiting = {root.index: root}, deque([root])
    while waiting:
        for source in waiting.popleft().inputs:
            if isinstance(source, tr.Tensor) and source.index not in met:
                met[source.index] = source
                waiting.append(source)
    return list(met.values())


def sweep(root: tr.Tensor, order: list[tr.Tensor]) -> tr.GradientFlow:
    """Sweep back in this order, each node once; return what went along the edges."""
    flow = tr.GradientFlow()
    gradients = flow.begin(root)
    sums: dict[int, Array] = {root.index: np.ones(root.shape)}
    for node in order:
        if node.op is None:
            continue
        g = gradients[node.index] = sums[node.index]
        for slot, source in enumerate(node.inputs):
            if isinstance(source, tr.Tensor) and source.requires_grad:
                values = tuple(getattr(x, "data", x) for x in node.inputs)
                part = np.asarray(node.op.vjp(slot, g, node.data, values, node.params))
                flow(node, slot, source, part)
                sums[source.index] = sums.get(source.index, 0.0) + part
    for leaf in (node for node in order if node.op is None and node.index in sums):
        gradients[leaf.index] = sums[leaf.index]
    return flow


def main() -> None:
    args = demo_parser("topological_order", __doc__, steps=(2, 3)).parse_args()
    with output_folder(args.out) as folder:
        w = tr.Tensor([0.8], requires_grad=True, name="w")
        loss = loss_of(w, args.steps)
        orders = {
            "right": tr.graph.topological(loss)[::-1],
            "wrong": breadth_first(loss),
        }
        flows = {name: sweep(loss, order) for name, order in orders.items()}
        eps, early = 1e-6, {}
        low, high = (loss_of(tr.Tensor(w.data + d), args.steps).item() for d in (-eps, eps))
        print(f"dL/dw by finite differences     {(high - low) / (2 * eps):.9f}")
        for name, flow in flows.items():
            print(f"dL/dw swept in the {name} order  {flow.norm(w):.9f}")
        engine = tr.trace(loss).norm(w)
        print(f"dL/dw by loss.backward()        {engine:.9f}")
        for name, order in orders.items():
            place = {node.index: k for k, node in enumerate(order)}
            edges = [(node, x) for node in order for x in node.inputs if hasattr(x, "op")]
            early[name] = sum(place[x.index] < place[n.index] for n, x in edges if x.op is not None)
            print(f"the {name} order handles a node before one of its users {early[name]} times")
        scale = viz.Scale.fit([flows["right"]])
        for name, flow in flows.items():
            title = f"Swept in the {name} order"
            viz.draw(loss, flow, scale=scale, title=title).save(folder / f"{name}.svg")
    print(f"\nDrew right.svg and wrong.svg on one scale into {args.out}")
    right, wrong = (flow.norm(w) for flow in flows.values())
    conclude(
        (right == engine and abs(right * 2 * eps / (high - low) - 1) < 1e-6 and not early["right"],
         "The reverse of creation never handles a node too early, and is right."),
        (early["wrong"] > 0 and wrong < right,
         f"Breadth first passes on what came first alone: dL/dw lacks {1 - wrong / right:.0%}. In "
         "wrong.svg look at h_1, which two edges lead out of, and at the one to its past."),
    )  # fmt: skip
    print("\nChange --steps: the longer the past, the more of it the wrong order loses.")


if __name__ == "__main__":
    run_command(PROG, main)
