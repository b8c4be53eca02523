"""How warm will tomorrow be? Four years of daily weather, against the two forecasts that are free.

Daily precipitation, highest and lowest temperature and wind in Seattle, 2012 to 2015 (NOAA). From
the last --window days a network forecasts how much tomorrow's highest temperature differs from
today's. It learns from the first three quarters of the days and is tested on the last.

Baselines: the last value (tomorrow is as today), and the seasonal mean (as on the days around this
date in the training years). The score is the mean absolute error.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demos._forecast import check, forecast, windows
from demos.common import UsageError, demo_parser, lines, output_folder, run, save, whole
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


def main() -> None:
    parser = demo_parser("data_weather", __doc__)
    add = parser.add_argument
    add("--file", metavar="FILE", type=Path, help="a CSV of one's own, one row a day")
    add("--column", metavar="NAME", default="temp_max", help="what to forecast")
    add("--period", metavar="N", type=whole(2, 10**6), default=365, help="rows in a season")
    add("--window", metavar="N", type=whole(1, 10**4), default=14, help="rows that are read")
    add("--iterations", metavar="N", type=whole(1, 10**6), default=300, help="of 64 windows each")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        names, values = table(args.file or HERE / "seattle-weather.csv.gz")
        if args.column not in names:
            raise UsageError(f"no column {args.column!r} of numbers: choose of {', '.join(names)}")
        asked = values[:, names.index(args.column)]
        training = len(asked) * 3 // 4
        check(len(asked), training, args.window)
        if training < args.period:
            raise UsageError(f"{training} rows to learn from are less than --period {args.period}")
        today, tomorrow = asked[args.window - 1 : -1], asked[args.window :]
        season = seasonal(asked, training, args.period)
        angle = 2 * np.pi * np.arange(len(asked)) / args.period
        features = np.column_stack([values, np.sin(angle), np.cos(angle), asked - season])
        x = windows(features, args.window)
        test = slice(training - args.window, None)

        said = {"last value": today, "seasonal mean": season[args.window :]}
        for kind in ("RNN", "GRU", "LSTM"):
            said[kind] = today + forecast(
                kind, x, tomorrow - today, training - args.window, args.iterations, args.seed
            )
        print(f"{training} rows to learn from, {len(asked) - training} to test with.\n")
        print(
            f"forecast of      mean absolute  better than  better than\n"
            f"{args.column:<15}  error          last value   seasonal mean"
        )
        errors = {name: float(np.abs(v - tomorrow)[test].mean()) for name, v in said.items()}
        for name, error in errors.items():
            better = ["yes" if error < errors[other] else "no" for other in list(errors)[:2]]
            print(f"{name:<15}  {error:13.3f}  {better[0]:<11}  {better[1]}")
        shown = {"measured": tomorrow[test], **{k: v[test] for k, v in said.items() if k != "RNN"}}
        days = np.arange(len(tomorrow[test]))[:90]
        first = {name: series[:90] for name, series in shown.items()}
        axes = lines(first, days, ("row of the test", args.column), "The first 90 of the test")
        save(axes, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}\n\n{CLOSING}")


CLOSING = """\
The gain over "as today" is small: about 0.1 degrees C, on days that differ by 2.2 on average. Much
of it is the pull back to the season, which the networks are given as a feature. The seasonal mean
alone is worse than the last value: weather keeps for a day or two.
Change --window, or --column wind, or --file with a table of one's own."""


if __name__ == "__main__":
    run(PROG, main)
