"""What does the heart do next? A sensor's time series, and what a state knows that a window lacks.

Five minutes of an electrocardiogram, 45 numbers a second, with normal and with premature beats.
From the last --window numbers a network forecasts the one that comes --ahead steps later; it learns
from the first three quarters and is tested on the last.

Baselines: the last number; the mean; and linear regression on the same window, which is the best
that weighs each number by how long ago it was. The score is the squared error, as a share of that
of the mean.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import tinygrad_rnn as tr
from demos import common
from demos._forecast import check, windows
from demos._learning import LAYERS, Network
from demos.data import HERE, table
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.data_heart"


def forecast(kind: str, x: Array, y: Array, known: int, iterations: int, seed: int) -> Array:
    """Learn y (N,) from the first `known` windows of x (T, N, 1); return what it says of all."""
    inputs, asked = x.astype(np.float32), y[:, np.newaxis].astype(np.float32)
    network, rng = Network(kind, 1, 32, 1, seed), np.random.default_rng([seed, 1])
    optimiser = tr.Adam(network.parameters(), lr=tr.optim.cosine(0.01, iterations))
    for _ in common.progress(range(iterations), f"{kind}, seed {seed}"):
        chosen = rng.choice(known, min(64, known), replace=False)
        optimiser.zero_grad()
        tr.mse_loss(network.last(inputs[:, chosen]), asked[chosen]).backward()
        tr.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    with tr.no_grad():
        return np.asarray(network.last(inputs).data[:, 0])


def regression(x: Array, y: Array, known: int) -> Array:
    """Return what the best linear function of a window, fitted to the known ones, says of all."""
    design = np.column_stack([x[:, :, 0].T, np.ones(len(y))])
    weights, *_ = np.linalg.lstsq(design[:known], y[:known], rcond=None)
    return np.asarray(design @ weights)


def main() -> None:
    parser = common.demo_parser("data_heart", __doc__, iterations=(1, 250), seeds=(1, 2))
    add, count = parser.add_argument, common.int_between(1, 10**4)
    add("--file", metavar="FILE", type=Path, help="a CSV of one's own; its first column is read")
    add(
        "--window",
        metavar="N",
        type=count,
        default=60,
        help="numbers that are read",
    )
    add("--ahead", metavar="N", type=count, default=4, help="steps to what is asked")
    args = parser.parse_args()
    with common.output_folder(args.out) as folder:
        _, values = table(args.file or HERE / "heart.csv.gz")
        z, training = values[:, :1], len(values) * 3 // 4
        check(len(z), training, args.window + args.ahead)
        z = (z - z[:training].mean()) / (z[:training].std() + 1e-12)
        later = args.ahead - 1
        x = windows(z[: len(z) - later], args.window)
        y, known = z[args.window + later :, 0], training - args.window - later
        said = {"last number": [x[-1, :, 0]], "linear": [regression(x, y, known)]}
        for kind in LAYERS:
            seeds = range(args.seed, args.seed + args.seeds)
            said[kind] = [forecast(kind, x, y, known, args.iterations, seed) for seed in seeds]
        mean = np.square(y[known:] - y[:known].mean()).mean()
        print(f"{known} windows to learn from, {len(y) - known} to test with.\n")
        print(f"forecast {args.ahead} steps ahead  error, as a share of the mean's")
        error = {}
        for name, forecasts in said.items():
            shares = np.square(np.array(forecasts) - y)[:, known:].mean(axis=1) / mean
            error[name] = float(np.median(shares))
            print(f"{name:<22}  {common.spread(shares, '.2f')}")
        drawn = {"measured": y, "linear": said["linear"][0], "GRU": said["GRU"][0]}
        part = {name: series[known:][:180] for name, series in drawn.items()}
        at = np.arange(len(part["measured"])) / 45
        title = f"The first seconds of the test, {args.ahead} steps ahead"
        axes = common.lines(part, at, ("seconds", "standard deviations"), title)
        common.save(axes, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    best = min(LAYERS, key=lambda kind: error[kind])
    common.conclude(
        (error["last number"] > 1 > error["linear"],
         f"The last number is worse than the mean; linear regression takes {error['linear']:.2f} "
         "of its error."),
        (error[best] < 0.85 * error["linear"],
         f"The {best} takes {error[best]:.2f}: more is in the last {args.window / 45:.1f} seconds "
         "than any weighted sum of them says."),
        (error["GRU"] < error["RNN"] or error["LSTM"] < error["RNN"],
         f"Gates help over a window of {args.window}: the tanh RNN has {error['RNN']:.2f}."),
    )  # fmt: skip
    print("\nChange --ahead 1, and 20; or --file with a series of your own.")


if __name__ == "__main__":
    common.run_command(PROG, main)
