"""Do the newer gated linear recurrences vanish? By their gate alone, with no U on the way.

    h_t = a_t * h_{t-1} + b_t        a and b from x_t alone, so dh_t/dh_{t-1} = diag(a_t)

    minGRU (Feng et al. 2024)        a = 1 - z                   b = z * n
    minLSTM (the same)               a = f / (f + i)             b = i / (f + i) * n
    LRU (Orvieto et al. 2023)        a constant, here real       b = sqrt(1 - a^2) * n
    Mamba (Gu & Dao 2023)            a = exp(-D)                 b = D * n,   D = softplus
    xLSTM's sLSTM (Beck et al. 2024) a = f n' / n, exp. gates    with n_t = f n_{t-1} + i
    RWKV (Peng et al. 2023)          a = exp(-w), w constant     b = exp(k) * n

All are reduced here to that one line (sLSTM without its recurrent weights). What reaches h_t from
the end is the product of all later a.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save, spread
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.linear_recurrences"
sigmoid: Callable[[Any], Any] = tr.f.sigmoid


def gates(kind: str, u: Array, v: Array, n: Array) -> tuple[Array, Array]:
    """Return a and b (T, H) from two projections of the input and the candidate."""
    spread_out = np.linspace(0.9, 0.999, u.shape[1])  # LRU's ring, from r_min to r_max
    match kind:
        case "minGRU":
            z = sigmoid(u)
            return 1 - z, z * n
        case "minLSTM":
            f, i = sigmoid(u), sigmoid(v)
            return f / (f + i), i / (f + i) * n
        case "LRU":
            return np.broadcast_to(spread_out, u.shape), np.sqrt(1 - spread_out**2) * n
        case "Mamba":
            step = tr.f.softplus(u - 4)  # its steps start between 0.001 and 0.1
            return np.exp(-step), step * n
        case "RWKV":
            return np.broadcast_to(spread_out, u.shape), np.exp(v) * n
    f, i = sigmoid(u + 3), np.exp(v)  # sLSTM: the state is h = c / n
    ones = np.ones(u.shape[1])
    total = tr.f.linear_recurrence(f, i, ones)
    before = np.concatenate([ones[np.newaxis], total[:-1]])
    return f * before / total, i * n / total


KINDS = ("minGRU", "minLSTM", "LRU", "Mamba", "RWKV", "sLSTM")


def main() -> None:
    parser = demo_parser("linear_recurrences", __doc__, steps=(3, 60), hidden=(2, 32), seeds=(1, 5))
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        rates: dict[str, list[float]] = {kind: [] for kind in (*KINDS, "LSTM, bias 1")}
        off, series = 0.0, {}
        for seed in range(args.seed, args.seed + args.seeds):
            rng = np.random.default_rng(seed)
            u, v, n = rng.standard_normal((3, args.steps, args.hidden))
            g = rng.standard_normal(args.hidden)
            for kind in KINDS:
                a, b = gates(kind, u, v, n)
                b_ = tr.Tensor(b, requires_grad=True)  # dL/db_t is all that reaches h_t
                h = tr.f.linear_recurrence(a, b_)
                (sent,) = tr.grad(h[-1], [b_], gradient=g)
                norms = np.linalg.norm(sent.data, axis=1)
                later = np.cumprod(np.vstack([np.ones_like(g), a[:0:-1]]), axis=0)[::-1]
                off = max(off, float(np.abs(sent.data - later * g).max()))
                rates[kind].append(tr.analysis.decades_per_step(norms))
                series[kind] = norms / norms[-1]
            x = rng.standard_normal((args.steps, 1, 3))
            lstm = tr.unroll(tr.LSTMCell(3, args.hidden, rng=seed), x)
            flow = tr.trace(lstm.final.h, g[np.newaxis])
            rates["LSTM, bias 1"].append(tr.analysis.decades_per_step(flow.through_time(lstm)["c"]))
        print("decades of the gradient per step back")
        for kind, found in rates.items():
            print(f"{kind:<13} {spread(found)}")
        labels = ("time step t", "gradient at h_t, as a share")
        ax = lines(series, range(args.steps), labels, "With their usual starts", log=True)
        save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    middle = {kind: float(np.median(found)) for kind, found in rates.items()}
    conclude(
        (off < 1e-12, "The gradient at h_t is the product of later gates: no weight, no slope."),
        (max(middle[kind] for kind in KINDS) <= 0, "None of them can explode: no gate is above 1."),
        (max(middle["minGRU"], middle["minLSTM"]) < middle["LSTM, bias 1"] < -0.03,
         "They do vanish: half open, the gates of minGRU and minLSTM lose it faster than an LSTM "
         "whose forget bias is 1."),
        (min(middle["LRU"], middle["RWKV"], middle["Mamba"]) > -0.03,
         "LRU, RWKV and Mamba keep it, as they start with gates near 1, not by their form."),
    )  # fmt: skip
    print("\nChange the u - 4, or r_min: where the gates start decides.")


if __name__ == "__main__":
    run_command(PROG, main)
