"""Can it tell tomorrow's price? Daily prices of three shares; the honest answer is no.

Thirteen years of daily closes of AAPL, IBM and MSFT, adjusted for splits and dividends. From the
last --window days of the three logarithmic returns a network forecasts the next return of one. It
learns from the first four fifths and is tested on the last.

Baselines: the last value (tomorrow's price is today's, a return of 0), and the mean return of the
training part. The score is the mean absolute error of the return, in percent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demos._forecast import check, forecast, windows
from demos.common import UsageError, demo_parser, lines, output_folder, run, save, whole
from demos.data import HERE, table

PROG = "python -m demos.data_stocks"


def main() -> None:
    parser = demo_parser("data_stocks", __doc__)
    add = parser.add_argument
    add("--file", metavar="FILE", type=Path, help="a CSV of prices of one's own, one row a day")
    add("--column", metavar="NAME", help="whose price to forecast; by default the first")
    add("--window", metavar="N", type=whole(1, 10**4), default=20, help="days that are read")
    add("--iterations", metavar="N", type=whole(1, 10**6), default=300, help="of 64 windows each")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        path = args.file or HERE / "stocks.csv.gz"
        names, prices = table(path)
        column = args.column or names[0]
        if column not in names:
            raise UsageError(f"no column {column!r} of numbers: choose of {', '.join(names)}")
        if prices.min() <= 0:
            raise UsageError(f"{path} has prices that are not above 0: leave those rows out")
        returns = 100 * np.diff(np.log(prices), axis=0)
        training = len(returns) * 4 // 5
        check(len(returns), training, args.window)
        x, y = windows(returns, args.window), returns[args.window :, names.index(column)]
        known = training - args.window

        said = {"last value": np.zeros_like(y), "mean return": np.full_like(y, y[:known].mean())}
        for kind in ("RNN", "GRU", "LSTM"):
            said[kind] = forecast(kind, x, y, known, args.iterations, args.seed)
        print(f"{training} returns to learn from, {len(y) - known} to test with.\n")
        print("forecast of   mean absolute error  mean absolute error  better than the last")
        print(f"{column:<12}  in training, %       in the test, %       value in the test")
        for name, values in said.items():
            errors = np.abs(values - y)
            test = errors[known:].mean()
            better = "yes" if test < np.abs(y[known:]).mean() else "no"
            print(f"{name:<12}  {errors[:known].mean():19.3f}  {test:19.3f}  {better}")
        whole_price = np.log(prices[args.window + 1 :, names.index(column)])[known:]
        sums = {
            name: np.exp(whole_price - y[known:] + said[name][known:])
            for name in ("last value", "LSTM")
        }
        first = {"price": np.exp(whole_price)[:60]} | {k: v[:60] for k, v in sums.items()}
        axes = lines(first, np.arange(60), ("day of the test", column), "The first 60 of the test")
        save(axes, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}\n\n{CLOSING}")


CLOSING = """\
The networks fit the returns that they have seen better than the last value does, and the others
worse or no better: what they learnt was chance. Beware of the chart: a forecast that follows the
price one day late looks good, and says nothing. Only an error below that of the last value counts,
and a difference in the third decimal does not.
Change --column IBM, --window, or --iterations 2000: the gap between training and test widens."""


if __name__ == "__main__":
    run(PROG, main)
