"""LSTM or GRU? A GRU has three quarters of the parameters; both keep if their gates start so.

A GRU has three blocks of weights where an LSTM has four, and one state where an LSTM has two. What
decides about the gradient is not the name but where the gates start. With no reason for one of
them, try both (Greff et al. 2017; Jozefowicz et al. 2015 found no clear winner).
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, output_folder, run_command, save, spread
from tinygrad_rnn.analysis import decades_per_step
from viz.charts import chart

PROG = "python -m demos.lstm_or_gru"


def main() -> None:
    parser = demo_parser("lstm_or_gru", __doc__, steps=(3, 60), hidden=(1, 32), seeds=(1, 5))
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        rates: dict[str, list[float]] = {}
        times: dict[str, list[float]] = {"LSTM": [], "GRU": []}
        counts, flows = {}, {}
        for seed in range(args.seed, args.seed + args.seeds):
            x = np.random.default_rng(seed).standard_normal((args.steps, 8, 16))
            cells: dict[str, Any] = {
                "LSTM": tr.LSTMCell(16, args.hidden, rng=seed),
                "GRU": tr.GRUCell(16, args.hidden, rng=seed),
                "LSTM, forget bias 4": tr.LSTMCell(16, args.hidden, rng=seed, forget_bias=4.0),
                "GRU, update bias -4": tr.GRUCell(16, args.hidden, rng=seed, update_bias=-4.0),
            }
            for name, cell in cells.items():
                start = perf_counter()
                unrolled = tr.unroll(cell, x)
                last = unrolled.hidden[-1]
                flow = tr.trace(last, np.random.default_rng([seed, 1]).standard_normal(last.shape))
                if name in times:
                    times[name].append(perf_counter() - start)
                counts[name] = sum(parameter.size for parameter in cell.parameters())
                flows[name] = flow
                norms = flow.through_time(unrolled)["h"]
                rates.setdefault(name, []).append(decades_per_step(norms))
        print("                      parameters   decades of dL/dh per step back")
        for name, found in rates.items():
            print(f"{name:<20} {counts[name]:11}   {spread(found)}")
        ratio = [gru / lstm for gru, lstm in zip(times["GRU"], times["LSTM"], strict=True)]
        print(f"time of a GRU over that of an LSTM, here: {spread(ratio, '.2f')}")
        save(chart(flows), folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    middle = {name: float(np.median(found)) for name, found in rates.items()}
    conclude(
        (counts["GRU"] / counts["LSTM"] == 0.75, "The GRU has exactly 3/4 of the parameters."),
        (max(middle["LSTM"], middle["GRU"]) < -0.03, "With their usual biases both vanish."),
        (min(middle["LSTM, forget bias 4"], middle["GRU, update bias -4"]) > -0.03,
         "With gates that start keeping, both keep: the bias decides, not the architecture."),
    )  # fmt: skip
    print("\nChange the biases in the code: at which is one like the other?")


if __name__ == "__main__":
    run_command(PROG, main)
