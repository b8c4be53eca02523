"""Why does my gradient check fail? Usually the gradient is right, of another loss than was meant.

A check compares a gradient by hand with differences of the loss. Four things make a right gradient
fail: a mean where the hand has a sum (off by the number of steps), single precision (the difference
drowns in rounding), a kink of ReLU between the two points, and dropout drawn anew at each call.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.gradient_check"
EPS = 1e-6


def differences(f: Callable[[Array], float], x: Array, eps: float = EPS) -> Array:
    out = np.zeros(len(x))
    for k in range(len(x)):
        step = np.zeros_like(x)
        step[k] = eps
        out[k] = (f(x + step) - f(x - step)) / (2 * eps)
    return out


def main() -> None:
    args = demo_parser("gradient_check", __doc__, steps=(2, 10)).parse_args()
    T = args.steps
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        x, w = rng.standard_normal((T, 3)), rng.standard_normal(3)

        def total(w: Array) -> float:
            return float(np.sum(np.tanh(x @ w) ** 2))

        h = np.tanh(x @ w)
        by_hand = (2 * h * (1 - h**2)) @ x  # of the sum over all steps
        average = differences(lambda w: total(w) / T, w)
        ratio = by_hand / average
        print(f"sum by hand against the mean's differences: {np.round(ratio, 4)} times too large")

        sizes = 10.0 ** np.arange(-12, 0)
        off: dict[str, list[float]] = {"float64": [], "float32": []}
        for kind, found in off.items():
            small = x.astype(kind)

            def rounded(w: Array, small: Array = small, kind: str = kind) -> float:
                return float(np.sum(np.tanh(small @ w.astype(kind)) ** 2, dtype=kind))

            for eps in sizes:
                error = differences(rounded, w, eps) - by_hand
                found.append(float(np.linalg.norm(error) / np.linalg.norm(by_hand)))
            print(f"{kind}: at best off by {min(found):.0e}, at eps = {EPS:g} by {found[6]:.0e}")

        kink = differences(lambda w: float(np.maximum(w, 0).sum()), np.array([EPS / 2]))[0]
        print(f"relu half a step right of its kink: slope 1, by differences {kink:g}")
        drop = differences(lambda w: total(w * (rng.random(3) > 0.5)), w)
        print(f"dropout drawn anew at each call: {np.abs(drop).max():.0e} in place of "
              f"{np.abs(by_hand).max():.1f}")  # fmt: skip
        try:
            tr.gradcheck(lambda w: np.sum(np.square(np.tanh(x @ w))), w)
            passes = True
        except tr.GradcheckError:
            passes = False
        labels = ("eps", "relative error of the differences")
        ax = lines(off, sizes, labels, "A right gradient, checked", log=True)
        ax.set_xscale("log")
        save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    conclude(
        (bool(np.allclose(ratio, T, rtol=1e-4)),
         f"A sum against a mean is off by exactly the number of steps, {T}, everywhere."),
        (off["float64"][6] < 1e-7 and off["float32"][6] > 1e-3,
         "What passes in double precision fails in single: check in double."),
        (abs(kink - 0.75) < 1e-6, "Across a kink the difference is between both slopes."),
        (np.abs(drop).max() > 100 * np.abs(by_hand).max(),
         "With randomness in the loss, the difference of two draws is divided by 2 eps."),
        (passes, "The same loss, recorded, passes gradcheck."),
    )  # fmt: skip
    print("\nChange EPS in the code: too small is worse than too large.")


if __name__ == "__main__":
    run_command(PROG, main)
