"""What is the output gate for? It keeps c to itself until it is asked for.

    c_t = f * c_{t-1} + i * g,        h_t = o * tanh(c_t)

What an LSTM shows at every step, its own gates read at the next one. Here a cell is given a value,
then noise, and is asked at the end. Once o is open throughout, once only when it is asked: c is
carried alike by its gate f, but an open o lets the value, and the noise, disturb the gates.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    conclude,
    demo_parser,
    lines,
    output_folder,
    panels,
    run_command,
    save,
    spread,
)
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.output_gate"


def states(hidden: int, steps: int, seed: int, waits: bool) -> tuple[Array, Array, Array]:
    """Return |h_t|, |c_t|, and how far c_t is from what f alone would have left of the value.

    The input's features are the value, the noise, and whether it is asked now.
    """
    rng = np.random.default_rng(seed)
    cell = tr.LSTMCell(3, hidden, forget_bias=6.0, rng=rng)
    weight, bias = cell.weight_ih.data.copy(), cell.bias.data.copy()  # type: ignore[union-attr]  # there is one
    i, g, o = (cell.rows(gate) for gate in "igo")
    weight[i] = np.array([[8.0, 0.0, 0.0]])  # open for a value, shut for noise
    weight[g] = rng.choice([-2.0, 2.0], (hidden, 1)) * np.array([[1.0, 0.2, 0.0]])
    weight[o] = np.array([[0.0, 0.0, 12.0 if waits else 0.0]])
    bias[i], bias[o] = -4.0, -6.0 if waits else 6.0
    cell.weight_ih.data, cell.bias.data = weight, bias  # type: ignore[union-attr]  # as above
    cell.weight_hh.data = 2.0 * rng.standard_normal(cell.weight_hh.shape)
    x = np.zeros((steps, 1, 3))
    x[0, 0, 0] = x[-1, 0, 2] = 1.0
    x[1:, 0, 1] = rng.standard_normal(steps - 1)
    run = tr.unroll(cell, x)
    h, c = (np.array([getattr(s, part).data for s in run.states]) for part in "hc")
    kept = c[0] * (1 / (1 + np.exp(-6.0))) ** np.arange(steps)[:, None, None]
    size = [np.linalg.norm(part, axis=(1, 2)) for part in (h, c, c - kept)]
    return size[0], size[1], size[2] / size[1][0]


def main() -> None:
    parser = demo_parser("output_gate", __doc__, steps=(3, 30), hidden=(1, 8), seeds=(1, 5))
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    names = {"o waits": True, "o open": False}
    with output_folder(args.out) as folder:
        found = {
            name: np.array([states(args.hidden, args.steps, seed, waits) for seed in seeds])
            for name, waits in names.items()
        }  # each (seeds, 3, T)
        print("            |h| before it is asked      |h| when asked       c is off at the end by")
        for name, (h, _, off) in ((k, np.moveaxis(v, 1, 0)) for k, v in found.items()):
            before, then = spread(h[:, 1:-1].max(axis=1), ".2f"), spread(h[:, -1], ".2f")
            print(f"{name:<8} {before:>26} {then:>22} {spread(off[:, -1], '.0%'):>24}")
        left, right = panels(1, 2)
        for ax, part, y in ((left, 0, "|h|: what is shown"), (right, 2, "c: share that is off")):
            middle = {name: np.median(v[:, part], axis=0) for name, v in found.items()}
            lines(middle, range(args.steps), ("time step t", y), y, ax=ax)
        save(left, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    waits, opened = found["o waits"], found["o open"]
    shown = np.median(waits[:, 0, 1:-1].max(axis=1)) / np.median(waits[:, 0, -1])
    conclude(
        (shown < 0.05, f"A gate that waits shows {shown:.1%} of the value before it is asked."),
        (np.median(waits[:, 2, -1]) < 0.2 and (opened[:, 2, -1] > waits[:, 2, -1]).all(),
         "What is not shown cannot disturb the gates: c stays. With o open it drifts."),
    )  # fmt: skip
    print("\nChange the 2.0 before weight_hh: the weaker U, the less an open gate disturbs.")


if __name__ == "__main__":
    run_command(PROG, main)
