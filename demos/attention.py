"""How far does attention reach, against recurrence? Every step is one step away.

Attention over states k_0 .. k_{T-1}, asked by a query q: weights a = softmax(k q / sqrt(H)), and
what comes out is the sum of a_t k_t (Bahdanau et al. 2015; Vaswani et al. 2017). So the gradient
at k_t comes back along one edge, times a_t. In a recurrent network it comes through T - 1 - t
Jacobians. The price: attention looks at all T states for every output, so T * T for a sequence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save, spread
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.attention"


def attend(keys: Any, q: Any) -> Any:
    """Return the weighted sum (B, H) of keys (T, B, H), for a query (B, H)."""
    scores = np.sum(keys * q, axis=-1) / q.shape[-1] ** 0.5
    weights = tr.f.softmax(scores, axis=0)
    return np.sum(weights[..., np.newaxis] * keys, axis=0)


def reach(kind: str, steps: int, hidden: int, seed: int) -> Array:
    """Return |dL/dx_t| for every step, L being one number made of what comes out at the end."""
    rng = np.random.default_rng(seed)
    x = tr.Tensor(rng.standard_normal((steps, 1, hidden)), requires_grad=True)
    if kind == "attention":
        W, Q = rng.standard_normal((2, hidden, hidden)) / hidden**0.5
        keys = x @ W
        out = attend(keys, x[-1] @ Q)
    else:
        cell = {"RNN": tr.RNNCell, "LSTM": tr.LSTMCell}[kind](hidden, hidden, rng=rng)
        out = tr.unroll(cell, x).hidden[-1]
    (sent,) = tr.grad(out, [x], gradient=rng.standard_normal(out.shape))
    return np.asarray(np.linalg.norm(sent.data, axis=(1, 2)))


def main() -> None:
    parser = demo_parser("attention", __doc__, steps=(6, 60), hidden=(1, 16), seeds=(1, 5))
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    with output_folder(args.out) as folder:
        found = {
            kind: np.array([reach(kind, args.steps, args.hidden, seed) for seed in seeds])
            for kind in ("RNN", "LSTM", "attention")
        }
        half = args.steps // 2
        ratios = {}
        print("gradient at an input, first half over second half")
        for kind, norms in found.items():
            middle = np.median(norms[:, :half], axis=1) / np.median(norms[:, half:-1], axis=1)
            ratios[kind] = float(np.median(middle))
            print(f"{kind:<10} {spread(middle, '.1e')}")
        series = {kind: np.median(norms, axis=0) for kind, norms in found.items()}
        labels = ("time step t of the input", "|dL/dx_t|, median over seeds")
        ax = lines(series, range(args.steps), labels, "What the last output owes to each", log=True)
        save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    conclude(
        (0.2 < ratios["attention"] < 5,
         "To attention the first inputs are as near as the last: nothing decays with distance."),
        (ratios["RNN"] < ratios["LSTM"] < 0.1,
         "Recurrence loses them: the RNN most, the LSTM with its usual biases as well."),
    )  # fmt: skip
    print("\nChange --steps: attention's share for each input is about 1 / T, however far it is.")


if __name__ == "__main__":
    run_command(PROG, main)
