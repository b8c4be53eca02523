"""How warm will tomorrow be? Four years of daily weather, against the forecasts that are free.

Daily precipitation, highest and lowest temperature and wind in Seattle, 2012 to 2015 (NOAA). From
the last --window days a network forecasts how much tomorrow's highest temperature differs from
today's. It learns from the first three quarters of the days and is tested on the last.

Baselines: the last value (tomorrow is as today); the seasonal mean (as on the days around this date
in the training years); and between them, today pulled a share towards the season, the share that is
best in training. The score is the mean absolute error.
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

PROG = "python -m demos.data_weather"


def seasonal(values: Array, training: int, period: int) -> Array:
    """Return for every row the mean of the training rows at about this place of the period.

    About means a week of a year: a 52nd of the period to either side.
    """
    n = np.arange(len(values))
    apart = np.abs((n[:, np.newaxis] - n[:training] + period // 2) % period - period // 2)
    near = apart <= period // 52
    return np.asarray(near @ values[:training] / near.sum(axis=1))


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
    parser = common.demo_parser("data_weather", __doc__, iterations=(1, 250), seeds=(1, 3))
    add, int_between = parser.add_argument, common.int_between
    add("--file", metavar="FILE", type=Path, help="a CSV of one's own, one row a day")
    add("--column", metavar="NAME", default="temp_max", help="what to forecast")
    add("--period", metavar="N", type=int_between(2, 10**6), default=365, help="rows in a season")
    add("--window", metavar="N", type=int_between(1, 10**4), default=14, help="rows that are read")
    args = parser.parse_args()
    with common.output_folder(args.out) as folder:
        names, values = table(args.file or HERE / "seattle-weather.csv.gz")
        if args.column not in names:
            choice = ", ".join(names)
            raise common.UsageError(f"no column {args.column!r} of numbers: choose of {choice}")
        asked, rows = values[:, names.index(args.column)], len(values)
        training = rows * 3 // 4
        check(rows, training, args.window)
        if training < args.period:
            few = f"{training} rows to learn from are less than --period {args.period}"
            raise common.UsageError(few)
        today, tomorrow = asked[args.window - 1 : -1], asked[args.window :]
        season = seasonal(asked, training, args.period)
        angle = 2 * np.pi * np.arange(rows) / args.period
        features = np.column_stack([values, np.sin(angle), np.cos(angle), asked - season])
        x, known = windows(features, args.window), training - args.window
        away, change = season[args.window :] - today, tomorrow - today
        share = away[:known] @ change[:known] / (away[:known] @ away[:known] + 1e-12)
        said = {
            "last value": [today],
            "seasonal mean": [season[args.window :]],
            "pulled to season": [today + share * away],
        }
        for kind in LAYERS:
            seeds = range(args.seed, args.seed + args.seeds)
            found = [forecast(kind, x, change, known, args.iterations, seed) for seed in seeds]
            said[kind] = [today + f for f in found]
        print(f"{training} rows to learn from, {rows - training} to test with.\n")
        print(f"forecast of       mean absolute error in the test\n{args.column}")
        middle = {}
        for name, forecasts in said.items():
            errors = np.abs(np.array(forecasts) - tomorrow)[:, known:].mean(axis=1)
            middle[name] = float(np.median(errors))
            print(f"{name:<16}  {common.spread(errors, '.3f')}")
        drawn = {"measured": tomorrow} | {n: said[n][0] for n in ("seasonal mean", "GRU", "LSTM")}
        first = {name: series[known:][:90] for name, series in drawn.items()}
        days = range(len(first["measured"]))
        label = ("row of the test", args.column)
        axes = common.lines(first, days, label, "The first rows of the test")
        common.save(axes, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    last, season_error, pulled = (middle[n] for n in list(said)[:3])
    best = min(LAYERS, key=lambda kind: middle[kind])
    common.conclude(
        (last < season_error, "Weather keeps for a day: today is nearer than other years are."),
        (middle[best] < last,
         f"The {best} gains {last - middle[best]:.2f} on that, where the last value errs by "
         f"{last:.2f}."),
        (last > pulled > middle[best] and 0 < share < 1,
         f"{(last - pulled) / (last - middle[best]):.0%} of this gain is free, too: today "
         f"pulled by {share:.2f} towards the season."),
    )  # fmt: skip
    print("\nChange --window, or --column wind, or --file with a table of one's own.")


if __name__ == "__main__":
    common.run_command(PROG, main)
