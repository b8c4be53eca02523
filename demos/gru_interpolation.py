"""Through which path does a GRU's gradient go back? Mostly through (1 - z), where z is small.

    h_t = (1 - z) * h_{t-1} + z * n,        dh_t/dh_{t-1} = diag(1 - z) + all else

The first path only multiplies by what the update gate keeps. All else goes through the candidate n
and both gates, that is, through weights and slopes. A GRU has no rail of its own for a cell state:
the interpolation makes h itself one. (Some libraries swap z and 1 - z; here z near 0 keeps.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos._ways import Ways, alone, chart_ways, typical_share
from demos.common import (
    conclude,
    output_folder,
    progress,
    read_text,
    reading_parser,
    run_command,
    save,
)
from tinygrad_rnn.analysis import activations, decades_per_step

PROG = "python -m demos.gru_interpolation"
BIASES = (-4.0, -2.0, 0.0, 2.0)


def paths(flow: tr.GradientFlow, unrolled: tr.Run) -> Ways:
    """Return the norms of what reaches each h_t but the last by 1 - z, and by all else."""
    place = {h.index: t for t, h in enumerate(unrolled.hidden[:-1])}
    kept: dict[int, Any] = {}
    for edge in flow.edges:
        t = place.get(edge.source.index)
        if t is not None and str(edge.consumer.scope[-1]) == "hidden state":
            kept[t] = flow.contribution(edge)
    rest = [np.linalg.norm(flow.gradient(h) - kept[t]) for t, h in enumerate(unrolled.hidden[:-1])]
    straight = [np.linalg.norm(kept[t]) for t in sorted(kept)]
    return {"through (1 - z)": np.array(straight), "through all else": np.array(rest)}


def main() -> None:
    args = reading_parser("gru_interpolation", __doc__, least=3, steps=60).parse_args()
    with output_folder(args.out) as folder:
        inputs, _, alphabet = read_text(args.steps)
        g = np.random.default_rng(args.seed).standard_normal((1, args.hidden))
        losses, flows, ways, measured = {}, {}, {}, {}
        print("              decades per step back   mean   share of (1 - z) in what")
        print("update bias   measured  (1-z)'s alone  1 - z  reaches h_t, median over t")
        for bias in progress(BIASES, "biases"):
            cell = tr.GRUCell(len(alphabet), args.hidden, update_bias=bias, rng=args.seed)
            unrolled = tr.unroll(cell, inputs)
            loss = (unrolled.final * g).sum()
            flow = tr.trace(loss)
            keep = 1 - activations(unrolled)["update gate"]
            label = f"update bias {bias:g}"
            losses[label], flows[label], ways[label] = loss, flow, paths(flow, unrolled)
            rate = decades_per_step(flow.through_time(unrolled)["h"])
            gates = decades_per_step(alone(keep, g))
            measured[bias] = rate, gates, typical_share(ways[label])
            print(
                f"{bias:+11g}  {rate:+9.3f}  {gates:+13.3f}  "
                f"{keep.mean():.3f}  {typical_share(ways[label]):26.2f}"
            )

        drawn = {label: ways[label] for label in ("update bias -4", "update bias 2")}
        save(chart_ways(flows, drawn, "paths", "h"), folder / "chart.svg")
        label, scale = "update bias -4", viz.Scale.fit(flows.values())
        title = f"GRU, {label}: {args.steps} steps"
        picture = viz.draw(losses[label], flows[label], scale=scale, title=title)
        picture.save(folder / "graph.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}")
    shares = [share for _, _, share in measured.values()]
    apart = [abs(rate - gates) for rate, gates, _ in measured.values()]
    conclude(
        (shares == sorted(shares, reverse=True) and shares[0] > 0.8,
         f"The smaller z, the more of the gradient goes straight from h to h, past the weights: "
         f"{shares[0]:.0%} with bias -4, {shares[-1]:.0%} with bias 2."),
        (apart[0] == min(apart) and apart[0] < 0.05,
         "There the measured rate is nearest to that of the product of all (1 - z)."),
        (measured[2.0][0] < -0.1 and shares[-1] < 0.5,
         "With z near 1 the GRU forgets: most of what is left goes through the candidate and "
         "its weights, as in an RNN."),
    )  # fmt: skip
    print("\nLook at the straight edge from h to h in graph.svg. Change BIASES in the code.")


if __name__ == "__main__":
    run_command(PROG, main)
