"""What is a unit of the hidden state? One of H numbers, with no meaning by itself.

    h_t = tanh(W x_t + U h_{t-1} + b),        y_t = V h_t

"Units" is the length of h, not the number of steps. Numbered in another order P, or with signs
turned, the same network has W' = P W, U' = P U P^T, b' = P b and V' = V P^T: what it gives stays.
So nothing says what unit 3 is to be; only what V reads out of all of them together is fixed.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    colour_bar,
    conclude,
    demo_parser,
    output_folder,
    panels,
    run_command,
    save,
    spread,
    style_axes,
)
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.units"


def outputs(W: Array, U: Array, b: Array, V: Array, x: Array, tanh: bool) -> tuple[Array, Array]:
    """Return h (T, H) and y (T, O) in plain NumPy."""
    h, states = np.zeros(len(U)), []
    for x_t in x:
        a = W @ x_t + U @ h + b
        h = np.tanh(a) if tanh else a
        states.append(h)
    return np.array(states), np.array(states) @ V.T


def main() -> None:
    parser = demo_parser("units", __doc__, steps=(2, 40), hidden=(2, 8), seeds=(1, 5))
    args = parser.parse_args()
    changes: dict[str, list[float]] = {}
    with output_folder(args.out) as folder:
        for seed in range(args.seed, args.seed + args.seeds):
            rng = np.random.default_rng(seed)
            H = args.hidden
            W, U, b = rng.standard_normal((H, 2)), tr.init.orthogonal(rng, H, 0.9), np.zeros(H)
            V, x = rng.standard_normal((3, H)), rng.standard_normal((args.steps, 2))
            turns = {
                "another order": np.eye(H)[rng.permutation(H)],
                "other signs": np.diag(rng.choice([-1.0, 1.0], H)),
                "mixed (a rotation)": tr.init.orthogonal(rng, H),
            }
            for tanh in (True, False):
                h, y = outputs(W, U, b, V, x, tanh)
                for name, P in turns.items():
                    moved, other = outputs(P @ W, P @ U @ P.T, P @ b, V @ P.T, x, tanh)
                    key = f"{name}, {'tanh' if tanh else 'linear'}"
                    changes.setdefault(key, []).append(float(np.abs(other - y).max()))
                    if tanh and name == "another order":
                        shown = h, moved
        print("what is given out changes by at most")
        for name, off in changes.items():
            print(f"  {name:<28} {spread(off, '.1e')}")
        axes = panels(1, 2, share="all")
        for ax, states, title in zip(axes, shown, ("one network", "the same one"), strict=True):
            image = ax.imshow(states.T, aspect="auto", cmap="viridis", vmin=-1, vmax=1)
            style_axes(ax, "time step t", "unit", title)
            ax.grid(False)
        colour_bar(image, list(axes), "value of h")
        save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    worst = {name: max(off) for name, off in changes.items()}
    conclude(
        (max(worst["another order, tanh"], worst["other signs, tanh"]) < 1e-9,
         "Units in another order, or with other signs, are the same network."),
        (worst["mixed (a rotation), linear"] < 1e-9 < 1e-3 < worst["mixed (a rotation), tanh"],
         "To a linear network even mixed units are the same; to tanh, which takes each unit alone, "
         "they are not."),
    )  # fmt: skip
    print("\nChange --hidden: more units are more numbers to remember by, not more steps.")


if __name__ == "__main__":
    run_command(PROG, main)
