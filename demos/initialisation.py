"""How should the recurrent weights begin? Five ways, and what each does to the gradient.

uniform      U from (-1/sqrt(H), 1/sqrt(H)), PyTorch's default: spectral radius about 1/sqrt(3)
Glorot       U with the variance 1/H: spectral radius about 1 (Glorot & Bengio 2010)
orthogonal   U^T U = I, Keras's default: no direction shrinks or grows, until tanh' takes its part
IRNN         U = I and relu instead of tanh (Le, Jaitly & Hinton 2015): exact memory at the start
small gain   0.1 times an orthogonal U: a tenth is left after each step

Each is drawn from several seeds; inputs are kept small, so that tanh' takes little. A rate counts
the steps that something reaches: how often nothing reached the first step is counted beside it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tinygrad_rnn as tr
import viz
from demos import common
from tinygrad_rnn.analysis import decades_per_step, spectral_radius
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.initialisation"
Draw = Callable[[np.random.Generator, int], Array]
WAYS: dict[str, tuple[str, Draw]] = {
    "uniform": ("tanh", lambda rng, H: tr.init.uniform(rng, (H, H), 1 / np.sqrt(H))),
    "Glorot": ("tanh", lambda rng, H: tr.init.glorot_uniform(rng, (H, H))),
    "orthogonal": ("tanh", tr.init.orthogonal),
    "IRNN": ("relu", lambda rng, H: tr.init.identity(H)),
    "small gain": ("tanh", lambda rng, H: tr.init.orthogonal(rng, H, gain=0.1)),
}


def swept(way: str, steps: int, hidden: int, seed: int) -> tuple[tr.GradientFlow, Array, float]:
    """Return a sweep from a random direction at the last step, what reaches every h_t, U's radius.

    The radius is the largest |eigenvalue| of U.
    """
    rng = np.random.default_rng(seed)
    nonlinearity, draw = WAYS[way]
    cell = tr.RNNCell(4, hidden, nonlinearity=nonlinearity, rng=rng)
    cell.weight_hh.data = draw(rng, hidden)
    cell.weight_ih.data = 0.1 * rng.standard_normal((hidden, 4))
    unrolled = tr.unroll(cell, rng.standard_normal((steps, 1, 4)))
    flow = tr.trace(unrolled.final, rng.standard_normal((1, hidden)))
    return flow, flow.through_time(unrolled)["h"], float(spectral_radius(cell.weight_hh))


def main() -> None:
    parser = common.demo_parser(
        "initialisation", __doc__, steps=(3, 60), hidden=(1, 64), seeds=(1, 11)
    )
    args = parser.parse_args()
    with common.output_folder(args.out) as folder:
        flows: dict[str, tr.GradientFlow] = {}
        rates: dict[str, Array] = {}
        lost, radius = {}, {}
        print("             spectral  decades per step back        draws of which nothing")
        print("way          radius    median and range             reached t = 0")
        for way in WAYS:
            found, zeros, radii = [], 0, []
            for seed in range(args.seed, args.seed + args.seeds):
                flow, norms, rho = swept(way, args.steps, args.hidden, seed)
                flows.setdefault(way, flow)
                found.append(decades_per_step(norms))
                zeros += int(norms[0] == 0)
                radii.append(rho)
            rates[way], lost[way], radius[way] = np.array(found), zeros, np.median(radii)
            row = f"{way:<11}  {radius[way]:8.3f}  {common.spread(found):<27}"
            print(f"{row}  {zeros} of {args.seeds}")
        ax = viz.chart(flows, title="dL/dh at every step, the first draw of each")
        common.save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    rate = {way: float(np.median(found)) for way, found in rates.items()}
    spread = {way: float(np.ptp(found)) for way, found in rates.items()}
    low, high = (rate[way] for way in ("uniform", "orthogonal"))
    common.conclude(
        (rate["uniform"] < np.log10(radius["uniform"]) < -0.1,
         f"The uniform start vanishes: {10**low:.0%} is left after each step, a little less "
         f"than its spectral radius of {radius['uniform']:.2f} says, for tanh' takes its part."),
        (-0.1 < high < -0.02,
         f"Orthogonal, {10**high:.0%} is left: what is lost is lost to tanh' alone."),
        (abs(rate["Glorot"] - high) < 0.03 and spread["Glorot"] > 2 * spread["orthogonal"],
         "Glorot's is about as good in the middle, and spreads more, for nothing holds its "
         "spectral radius at 1."),
        (rate["IRNN"] > high and lost["IRNN"] > 0,
         "The IRNN is nearest to flat where anything comes back at all; in "
         f"{lost['IRNN']} of {args.seeds} draws nothing did: a relu that is off lets none by."),
        (rate["small gain"] < -0.9, "A small gain forgets at once."),
    )  # fmt: skip
    print("\nChange the factor 0.1 of weight_ih in the code to 1: what is left of orthogonality?")


if __name__ == "__main__":
    common.run_command(PROG, main)
