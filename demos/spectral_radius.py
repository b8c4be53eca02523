"""How fast does it vanish, and does the spectral radius decide? Only in the long run.

In h_t = U h_{t-1} + W x_t the gradient goes back as dL/dh_{t-k} = (U^T)^k dL/dh_t. In the long run

    |U^k| ~ rho^k,        rho = the largest |eigenvalue| of U (the spectral radius),

and for a normal U (U U^T = U^T U, such as a multiple of an orthogonal one) no vector ever grows by
more than rho. For a non-normal U, |U^k| can first grow for many steps, as far as the largest
singular value allows: |U^k| <= sigma_max^k. Three matrices here share one rho and differ in this:

orthogonal      rho times an orthogonal matrix: sigma_max = rho
Gaussian        independent entries: sigma_max about 2 rho
non-normal      rho on the diagonal, and each unit feeds the next one with the strength --feed

With tanh every step is also multiplied by the slopes 1 - h_t^2, which no eigenvalue of U knows.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import (
    conclude,
    demo_parser,
    finite,
    output_folder,
    panels,
    run_command,
    save,
    signed,
)
from tinygrad_rnn.analysis import decades_per_step, norm_bound, spectral_radius
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.spectral_radius"


def matrices(rng: np.random.Generator, size: int, rho: float, feed: float) -> dict[str, Array]:
    gaussian = rng.standard_normal((size, size))
    return {
        "orthogonal": tr.init.orthogonal(rng, size, gain=rho),
        "Gaussian": gaussian * (rho / spectral_radius(gaussian)),
        "non-normal": rho * np.eye(size) + feed * np.eye(size, k=-1),
    }


def swept(U: Array, nonlinearity: str, steps: int, seed: int) -> tuple[tr.GradientFlow, Array]:
    """Unroll a cell with this U, sweep a random gradient back, return what arrived at each step."""
    rng = np.random.default_rng(seed)
    cell = tr.RNNCell(2, len(U), rng=rng, nonlinearity=nonlinearity)
    cell.weight_hh.data = U
    unrolled = tr.unroll(cell, rng.standard_normal((steps, 1, 2)))
    flow = tr.trace(unrolled.final, rng.standard_normal((1, len(U))))
    return flow, flow.through_time(unrolled)["h"]


def main() -> None:
    parser = demo_parser("spectral_radius", __doc__, steps=(20, 300), hidden=(2, 16))
    add = parser.add_argument
    add("--rho", metavar="R", type=finite, default=0.8, help="the spectral radius of all three")
    add("--feed", metavar="F", type=finite, default=0.5, help="from unit to unit, the non-normal")
    args = parser.parse_args()
    if args.rho <= 0:
        parser.error(f"--rho {args.rho:g} must be above 0")
    with output_folder(args.out) as folder:
        axes, theory, found = panels(1, 2, 5.6, 4.2), np.log10(args.rho), {}
        print(f"decades per step back; log10(rho) = {theory:+.3f}")
        print("                                the last  the first  most in    in how many")
        print("cell    U            sigma_max  10 steps  50 steps   all steps  steps back")
        table = matrices(np.random.default_rng(args.seed), args.hidden, args.rho, args.feed)
        for ax, kind in zip(axes, ("identity", "tanh"), strict=True):
            name = "linear" if kind == "identity" else kind
            flows = {}
            for label, U in table.items():
                flows[label], norms = swept(U, kind, args.steps, args.seed)
                near, far = decades_per_step(norms[-10:]), decades_per_step(norms[:50])
                most, when = norms.max() / norms[-1], args.steps - 1 - norms.argmax()
                found[name, label] = near, far, most, when
                print(f"{name:<7} {label:<12} {norm_bound(U):9.2f}  {signed(near):>8}  ", end="")
                print(f"{signed(far):>9}  {most:9.1e}  {when:11}")
            law = {f"{args.rho:g}$^k$": args.rho}
            viz.chart(flows, theory=law, ax=ax, title=f"{name}: dL/dh at every step")
        save(axes[0], folder / "chart.svg")
    print('\n"Most" is the largest gradient on the way back, over that at the last step.')
    print(f"Drew chart.svg into {args.out}")
    exact, gaussian, odd = (found["linear", label] for label in table)
    conclude(
        (abs(exact[0] - theory) < 1e-6 and abs(exact[1] - theory) < 1e-6,
         "Linear: with the orthogonal U it falls by rho at every step, exactly."),
        (abs(gaussian[1] - theory) < 0.02 < abs(gaussian[0] - theory),
         "With the Gaussian U of the same rho it does so in the long run alone."),
        (odd[2] > 10 and odd[3] >= 10 and abs(odd[1] - theory) > 0.005,
         f"With the non-normal U of the same rho it first grows, {odd[2]:.0e} times in {odd[3]} "
         "steps, and even at the far end its rate is not yet that of rho."),
        (all(found["tanh", label][1] < theory - 0.01 for label in table),
         "tanh: the slopes, at most 1, take more away; all three fade faster than rho^k."),
    )  # fmt: skip
    print(
        "\nChange --feed (0 makes it normal), --rho 1.1 --feed 0, or --hidden: what grows longer?"
    )


if __name__ == "__main__":
    run_command(PROG, main)
