"""Why does the LSTM's gradient not vanish? Because of the rail of c, if its gate is open.

    c_t = f * c_{t-1} + i * g,        h_t = o * tanh(c_t)

The gradient that reaches c_{t-1} has come along two rails: along c, times the forget gate f alone,
or along h, through weights, slopes and gates as in any RNN. What c alone brings back over k steps
is the product of k forget gates: with f = sigmoid(b) and b = 1 that is 0.73^k, which vanishes as
well; with b = 4 it is 0.98^k (Gers et al. 2000; Jozefowicz et al. 2015).
"""

from __future__ import annotations

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

PROG = "python -m demos.cell_state"
BIASES = (-2.0, 0.0, 1.0, 4.0)


def rails(flow: tr.GradientFlow, unrolled: tr.Run) -> Ways:
    """Return the norms of what reaches each c_t but the last along c, and along h."""
    place = {state.c.index: t for t, state in enumerate(unrolled.states[:-1])}
    along = np.zeros((2, len(place)))
    for edge in flow.edges:
        t = place.get(edge.source.index)
        if t is not None:
            same_step = edge.consumer.scope[0] == edge.source.scope[0]  # tanh(c_t), on to h_t
            along[int(same_step), t] = edge.l2
    return {"along c": along[0], "along h": along[1]}


def main() -> None:
    args = reading_parser("cell_state", __doc__, least=3, steps=60).parse_args()
    with output_folder(args.out) as folder:
        inputs, _, alphabet = read_text(args.steps)
        direction = np.random.default_rng(args.seed).standard_normal((1, args.hidden))
        losses, flows, ways, measured = {}, {}, {}, {}
        print("             decades per step back          mean    the c rail's share of what")
        print("forget bias   dL/dh   dL/dc  f's alone  f        reaches c_t, median over t")
        for bias in progress(BIASES, "biases"):
            cell = tr.LSTMCell(len(alphabet), args.hidden, forget_bias=bias, rng=args.seed)
            unrolled = tr.unroll(cell, inputs)
            loss = (unrolled.final.h * direction).sum()
            flow = tr.trace(loss)
            norms = flow.through_time(unrolled)
            forget = activations(unrolled)["forget gate"]
            last = flow.gradient(unrolled.final.c)
            assert last is not None
            rates = [decades_per_step(x) for x in (norms["h"], norms["c"], alone(forget, last))]
            label = f"forget bias {bias:g}"
            losses[label], flows[label], ways[label] = loss, flow, rails(flow, unrolled)
            measured[label] = [*rates, typical_share(ways[label])]
            print(
                f"{bias:+11g}  {rates[0]:+6.3f}  {rates[1]:+6.3f}  {rates[2]:+9.3f}  "
                f"{forget.mean():.3f}  {typical_share(ways[label]):27.2f}"
            )

        drawn = ("forget bias 0", "forget bias 4")
        axes = chart_ways(flows, {label: ways[label] for label in drawn}, "rails", "c")
        save(axes, folder / "chart.svg")
        scale = viz.Scale.fit(flows.values())
        for label in drawn:
            title = f"LSTM, {label}: {args.steps} steps"
            picture = viz.draw(losses[label], flows[label], "gate", scale=scale, title=title)
            picture.save(folder / f"{label.replace(' ', '_')}.svg")
    print(f"\nDrew chart.svg and the pictures of biases 0 and 4 on one scale into\n{args.out}\n")
    _, fades, *_ = measured["forget bias 0"]
    _, grows, gates, share = measured["forget bias 4"]
    conclude(
        (fades < -0.1,
         f"With bias 0 the gates are half open: {10**fades:.0%} of dL/dc is left after each "
         "step, and the LSTM vanishes like an RNN. The rail keeps nothing by itself."),
        (share > 0.8, f"With bias 4, {share:.0%} of what reaches c_t has come along c."),
        (gates < 0 < grows,
         "The gates alone would still let it fall a little; what the rail of h adds at every "
         "step makes it grow instead."),
    )  # fmt: skip
    print("\nLook at the upper rail of both pictures. Change BIASES in the code, or --steps.")


if __name__ == "__main__":
    run_command(PROG, main)
