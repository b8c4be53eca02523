"""Is automatic differentiation really BPTT? Four ways to one gradient, and they agree.

For h_t = tanh(W x_t + U h_{t-1} + b), t = 1 .. T, and a loss L = v . h_T:

by hand    BPTT as the textbooks have it (Werbos 1990): d_T = v, then backwards
               a_t = d_t * (1 - h_t^2),   dL/dU += a_t h_{t-1}^T,   d_{t-1} = U^T a_t
autodiff   the reverse sweep over the recorded graph: nobody wrote BPTT
RTRL       real-time recurrent learning (Williams & Zipser 1989): forwards, with one tangent for
           each weight, S_t = dh_t/dU_ij from S_{t-1}; it never looks back, so it needs no memory
           of the past, but H^2 passes instead of one
finite differences
           (L(U + eps) - L(U - eps)) / (2 eps) for each weight: knows nothing of derivatives
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import conclude, demo_parser, lines, output_folder, progress, run_command, save
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.bptt_four_ways"


def states(cell: tr.RNNCell, U: Array, inputs: Array) -> list[Array]:
    """Return h_0 .. h_T of the cell with this U, in plain NumPy."""
    hs = [np.zeros(len(U))]
    for x in inputs[:, 0]:
        hs.append(np.tanh(cell.weight_ih.data @ x + U @ hs[-1]))
    return hs


def by_hand(cell: tr.RNNCell, inputs: Array, v: Array) -> Array:
    U = cell.weight_hh.data
    hs = states(cell, U, inputs)
    d, total = v, np.zeros_like(U)
    for t in range(len(inputs), 0, -1):
        a = d * (1 - hs[t] ** 2)
        total += np.outer(a, hs[t - 1])
        d = U.T @ a
    return total


def by_autodiff(cell: tr.RNNCell, inputs: Array, v: Array) -> Array:
    loss = (tr.unroll(cell, inputs).final * v).sum()
    return tr.grad(loss, [cell.weight_hh])[0].data


def by_rtrl(cell: tr.RNNCell, inputs: Array, v: Array) -> Array:
    W, U = cell.weight_ih.data, cell.weight_hh.data
    total = np.zeros_like(U)
    for place in progress(list(np.ndindex(U.shape)), "RTRL"):
        direction = np.zeros_like(U)
        direction[place] = 1.0
        h, S = np.zeros((1, len(U))), np.zeros((1, len(U)))  # the state, and how U_ij moves it
        for x in inputs:

            def step(U: Any, h: Any, x: Array = x) -> Any:
                return np.tanh(tr.f.linear_pair(x, W, h, U))

            new, moved = tr.jvp(step, [U, h], [direction, S])
            h, S = new.data, moved.data
        total[place] = (S * v).sum()
    return total


def by_differences(cell: tr.RNNCell, inputs: Array, v: Array, eps: float) -> Array:
    U = cell.weight_hh.data
    total = np.zeros_like(U)
    for place in np.ndindex(U.shape):
        nudge = np.zeros_like(U)
        nudge[place] = eps
        above, below = (v @ states(cell, moved, inputs)[-1] for moved in (U + nudge, U - nudge))
        total[place] = (above - below) / (2 * eps)
    return total


def error(found: Array, truth: Array) -> float:
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


EXACT = {"autodiff": by_autodiff, "RTRL": by_rtrl}


def main() -> None:
    args = demo_parser("bptt_four_ways", __doc__, steps=(2, 6), hidden=(1, 4)).parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        cell = tr.RNNCell(3, args.hidden, bias=False, rng=rng)
        inputs = rng.standard_normal((args.steps, 1, 3))
        v = rng.standard_normal(args.hidden)
        hand = by_hand(cell, inputs, v)
        off = {name: error(way(cell, inputs, v), hand) for name, way in EXACT.items()}
        sizes = [10.0**k for k in range(-12, 0)]
        tried = progress(sizes, "finite differences")
        errors = [error(by_differences(cell, inputs, v, eps), hand) for eps in tried]
        best = int(np.argmin(errors))
        print(f"|dL/dU| = {np.linalg.norm(hand):.6f} by hand; how far the others are from it:")
        for name, far in {**off, "finite differences": errors[best]}.items():
            print(f"  {name:<20} {far:.1e}")
        print(f"  (finite differences at their best step, eps = {sizes[best]:.0e})")
        floor = np.finfo(float).eps / 8  # so that a distance of exactly 0 has a place, too
        flat = {name: np.full(len(sizes), max(far, floor)) for name, far in off.items()}
        label, title = "|difference| / |dL/dU|", "How far each gradient is from that by hand"
        series: dict[str, Any] = {"finite differences": errors, **flat}
        axes = lines(series, sizes, ("step size eps", label), title, log=True)
        axes.set_xscale("log")
        save(axes, folder / "chart.svg")
        loss = (tr.unroll(cell, inputs).final * v).sum()
        title = "The graph that autodiff swept: BPTT's sum is the tag of weight_hh"
        viz.draw(loss, tr.trace(loss), title=title).save(folder / "graph.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}")
    conclude(
        (max(off.values()) < 1e-13,
         "Autodiff and RTRL differ from BPTT by hand by rounding alone."),
        (errors[best] > 10 * max(off.values()) and errors[0] > 10 * errors[best] < errors[-1],
         "Finite differences never come that close: a large eps misses the curvature, a small one "
         "drowns in rounding."),
    )  # fmt: skip
    print(f"\nChange --hidden: RTRL takes H * H = {args.hidden**2} passes, autodiff always one.")


if __name__ == "__main__":
    run_command(PROG, main)
