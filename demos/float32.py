"""Where does float32 run out, and float64 not? Long before the gradient is zero.

A gradient that falls by d decades per step is 10^(-d k) after k steps. The smallest numbers are

    float32   1.2e-38 in full precision, 1.4e-45 at all
    float64   2.2e-308               and 4.9e-324

and what is smaller is exactly 0: from there on the sweep carries nothing, and early steps get no
update whatsoever. Between the two limits digits are lost one by one. Long before that a term is too
small to count in the sum over time: float32 keeps about 7 digits, so a term below 1e-7 of the
sum may as well not be there.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import (
    conclude,
    demo_parser,
    finite,
    lines,
    output_folder,
    panels,
    run_command,
    save,
    signed,
)
from tinygrad_rnn.analysis import decades_per_step
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.float32"


def main() -> None:
    parser = demo_parser("float32", __doc__, steps=(2, 250), hidden=(1, 16))
    add = parser.add_argument
    add("--gain", metavar="G", type=finite, default=0.5, help="of the orthogonal U")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        flows: dict[str, tr.GradientFlow] = {}
        norms: dict[str, Array] = {}
        for dtype in ("float64", "float32"):
            rng = np.random.default_rng(args.seed)
            cell = tr.RNNCell(3, args.hidden, dtype=dtype, rng=rng)
            cell.weight_hh.data = tr.init.orthogonal(rng, args.hidden, args.gain)
            inputs = 0.3 * rng.standard_normal((args.steps, 1, 3))
            unrolled = tr.unroll(cell, inputs.astype(dtype))
            g = rng.standard_normal((1, args.hidden)).astype(dtype)
            flows[dtype] = tr.trace(unrolled.final, g)
            norms[dtype] = flows[dtype].through_time(unrolled)["h"]

        truth = norms["float64"]
        print(f"the gradient changes by {signed(decades_per_step(truth))} decades per step back")
        for dtype, found in norms.items():
            zeros = np.flatnonzero(found == 0)
            kept = f"reaches t = 0 as {found[0]:.1e}"
            if len(zeros):
                kept = f"is exactly 0 from {args.steps - 1 - zeros[-1]} steps back on"
            print(f"  in {dtype} it {kept}")
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.abs(norms["float32"] - truth) / truth
        back = np.arange(args.steps)[::-1]
        for limit, what in ((1e-3, "third digit"), (0.1, "first digit")):
            wrong = back[error > limit]
            if len(wrong):
                print(f"  float32 is wrong in the {what} from {wrong.min()} steps back on")

        left, right = panels(1, 2, 5.6, 4.0)
        viz.chart(flows, ax=left, title="dL/dh at every step")
        left.axhline(float(np.finfo(np.float32).tiny), color="#5c6675", linewidth=0.8)
        lines(
            {"float32 against float64": np.where(norms["float32"] > 0, error, 1.0)[::-1]},
            range(args.steps),
            ("steps back", "relative error of |dL/dh$_t$|"),
            "How wrong float32 is (1: it is 0)",
            log=True,
            ax=right,
        )
        save(left, folder / "chart.svg")
    print(f"\nDrew chart.svg, whose thin line is at 1.2e-38, into {args.out}")
    tiny, gone = float(np.finfo(np.float32).tiny), norms["float32"] == 0
    fine, lost = truth > 10 * tiny, truth < 1e-46
    conclude(
        (gone.any() and (truth > 0).all(),
         f"In float32 the gradient is exactly 0 from {back[gone].min(initial=args.steps)} steps "
         "back on, where no learning rate brings it back; float64 goes on."),
        (error[fine].max(initial=0) < 1e-4 and (error[lost] == 1).all() and lost.any(),
         "Above 1.2e-38 float32 is right to four digits and more; below it has fewer the smaller "
         "the number, and none in the end."),
        (truth[0] < 1e-50,
         f"float64 is no remedy: a gradient of {truth[0]:.0e} moves no weight either."),
    )  # fmt: skip
    print("\nChange --gain 0.95 and --steps.")


if __name__ == "__main__":
    run_command(PROG, main)
