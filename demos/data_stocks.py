"""Can it tell tomorrow's price? Daily prices of three shares; the honest answer is no.

Thirteen years of daily closes of AAPL, IBM and MSFT, adjusted for splits and dividends. From the
last --window days of the three logarithmic returns, r_t = 100 log(p_t / p_{t-1}) in percent, a
network forecasts the next return of one. It learns from the first four fifths, is tested on the
last.

Baselines: the last value (tomorrow's price is today's, a return of 0), and the mean return of the
training part. The score is the mean absolute error of the return, in percent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import tinygrad_rnn as tr
from demos import common
from demos._forecast import check, scale, windows
from demos._learning import LAYERS, Network
from demos.data import HERE, table
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.data_stocks"


def forecast(kind: str, x: Array, y: Array, known: int, iterations: int, seed: int) -> Array:
    """Learn y (N,) from the first `known` windows of x (T, N, F); return what it says of all."""
    (x_mean, x_deviation), (y_mean, y_deviation) = scale(x[:, :known]), scale(y[:known, None])
    inputs = ((x - x_mean) / x_deviation).astype(np.float32)
    targets = ((y[:, None] - y_mean) / y_deviation).astype(np.float32)
    network, rng = Network(kind, x.shape[-1], 16, 1, seed), np.random.default_rng([seed, 1])
    optimiser = tr.Adam(network.parameters(), lr=tr.optim.cosine(0.005, iterations))
    for _ in common.progress(range(iterations), f"{kind}, seed {seed}"):
        chosen = rng.choice(known, min(64, known), replace=False)
        optimiser.zero_grad()
        tr.mse_loss(network.last(inputs[:, chosen]), targets[chosen]).backward()
        tr.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    with tr.no_grad():
        return np.asarray((network.last(inputs).data * y_deviation + y_mean)[:, 0])


def main() -> None:
    parser = common.demo_parser("data_stocks", __doc__, iterations=(1, 200), seeds=(1, 3))
    add = parser.add_argument
    add("--file", metavar="FILE", type=Path, help="a CSV of prices of one's own, one row a day")
    add("--column", metavar="NAME", help="whose price to forecast; by default the first")
    add(
        "--window",
        metavar="N",
        type=common.int_between(1, 10**4),
        default=20,
        help="days that are read",
    )
    args = parser.parse_args()
    with common.output_folder(args.out) as folder:
        path = args.file or HERE / "stocks.csv.gz"
        names, prices = table(path)
        column = args.column or names[0]
        if column not in names:
            choice = ", ".join(names)
            raise common.UsageError(f"no column {column!r} of numbers: choose of {choice}")
        if prices.min() <= 0:
            raise common.UsageError(f"{path} has prices that are not above 0: leave those rows out")
        returns, price = 100 * np.diff(np.log(prices), axis=0), prices[:, names.index(column)]
        training = len(returns) * 4 // 5
        check(len(returns), training, args.window)
        x, y = windows(returns, args.window), returns[args.window :, names.index(column)]
        known = training - args.window
        said = {"last value": [0 * y], "mean return": [0 * y + y[:known].mean()]}
        for kind in LAYERS:
            seeds = range(args.seed, args.seed + args.seeds)
            said[kind] = [forecast(kind, x, y, known, args.iterations, seed) for seed in seeds]
        print(f"{training} returns to learn from, {len(y) - known} to test with.\n")
        print("forecast of  mean absolute error of the return, %")
        print(f"{column:<11}  where it has learnt       in the test")
        fit, test, sure = {}, {}, {}  # how many standard errors better than the last value
        for name, values in said.items():
            errors = np.abs(np.array(values) - y)
            fit[name], test[name] = errors[:, :known].mean(axis=1), errors[:, known:].mean(axis=1)
            gain = (np.abs(y) - errors)[:, known:]
            sure[name] = gain.mean(axis=1) / (gain.std(axis=1) / np.sqrt(gain.shape[1]) + 1e-12)
            row = f"{common.spread(fit[name], '.3f'):<25} {common.spread(test[name], '.3f')}"
            print(f"{name:<11}  {row}")
        before, days = price[args.window : -1][known:][:60], np.arange(min(60, len(y) - known))
        drawn = {"price": price[args.window + 1 :][known:][:60]}
        for name in ("last value", "LSTM"):
            drawn[name] = before * np.exp(said[name][0][known:][:60] / 100)
        axes = common.lines(drawn, days, ("day of the test", column), "The first days of the test")
        common.save(axes, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    free, off = test["last value"][0], np.abs(drawn["LSTM"] / drawn["price"] - 1)
    common.conclude(
        (all((fit[kind] < fit["last value"]).all() for kind in LAYERS),
         "Of what they have seen the networks say more than the last value does, all of them."),
        (all(sure[kind].max() < 2 for kind in LAYERS),
         f"Of what they have not seen, no more: the last value errs by {free:.2f} %, and none "
         "is better by two standard errors. What they learnt was chance."),
        (np.median(off) < 0.03,
         f"The LSTM's curve still looks good, off by {np.median(off):.1%} in the middle: it "
         "follows the price one day late, which anybody can."),
    )  # fmt: skip
    print("\nChange --column IBM, --window, or --iterations 2000: does the test error fall, too?")


if __name__ == "__main__":
    common.run_command(PROG, main)
