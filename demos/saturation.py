"""What do saturated units and gates do to the gradient? They stop it, or let it through.

A tanh near -1 or 1, a sigmoid near 0 or 1 has next to no slope:

    tanh'(a) = 1 - tanh(a)^2,        sigmoid'(a) = sigmoid(a) (1 - sigmoid(a))

In an RNN every step back multiplies by U^T diag(1 - h_t^2). Here U stays orthogonal, so that it
takes nothing away, and only the inputs grow: what vanishes then, vanishes by the slopes.

A gate is different: it stops the gradient *to itself* when it saturates, but what it multiplies
goes through untouched if it is stuck at 1. For the path of c that is the best there is.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    conclude,
    demo_parser,
    lines,
    output_folder,
    panels,
    run_command,
    save,
    spread,
)
from tinygrad_rnn.analysis import decades_per_step, saturation

PROG = "python -m demos.saturation"
SCALES = (0.3, 1.0, 3.0, 10.0, 30.0)
BIASES = (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0)


def measure(cell: tr.Cell, scale: float, steps: int, seed: int) -> tuple[float, float, float]:
    """Return decades per step back, of h or of c, and the shares of units or gates stuck."""
    rng = np.random.default_rng([seed, 1])
    unrolled = tr.unroll(cell, scale * rng.standard_normal((steps, 8, 4)))
    last = unrolled.hidden[-1]
    norms = tr.trace(last, rng.standard_normal(last.shape)).through_time(unrolled)
    gated = "c" in norms
    low, high = saturation(unrolled)["forget gate" if gated else "hidden state"].mean(axis=0)
    return decades_per_step(norms["c" if gated else "h"]), low, high


def main() -> None:
    parser = demo_parser("saturation", __doc__, steps=(3, 40), hidden=(1, 32), seeds=(1, 5))
    args = parser.parse_args()
    units: list[list[tuple[float, float, float]]] = [[] for _ in SCALES]
    gates: list[list[tuple[float, float, float]]] = [[] for _ in BIASES]
    with output_folder(args.out) as folder:
        for seed in range(args.seed, args.seed + args.seeds):
            rnn = tr.RNNCell(4, args.hidden, rng=seed)
            rnn.weight_hh.data = tr.init.orthogonal(np.random.default_rng(seed), args.hidden)
            for found, scale in zip(units, SCALES, strict=True):
                found.append(measure(rnn, scale, args.steps, seed))
            for found, bias in zip(gates, BIASES, strict=True):
                lstm = tr.LSTMCell(4, args.hidden, forget_bias=bias, rng=seed)
                found.append(measure(lstm, 1.0, args.steps, seed))
        rates, low, high = np.moveaxis(np.array(units), -1, 0)  # each (settings, seeds)
        beyond = low + high
        print("RNN, U orthogonal       units beyond +-0.8   decades of dL/dh per step back")
        for k, at in enumerate(SCALES):
            print(f"inputs times {at:<10g} {np.median(beyond[k]):18.0%}   {spread(rates[k])}")
        rails, shut, wide = np.moveaxis(np.array(gates), -1, 0)
        print("\nLSTM   forget gates below 0.1   above 0.9   decades of dL/dc per step back")
        for k, at in enumerate(BIASES):
            ends = f"{np.median(shut[k]):20.0%} {np.median(wide[k]):11.0%}"
            print(f"bias {at:+3g} {ends}   {spread(rails[k])}")
        axes = panels(2, 2, 5.2, 3.2, share="row")
        decades, inputs, forget = "decades per step back", "scale of the inputs", "forget bias"
        lines({"units beyond 0.8": beyond}, SCALES, (inputs, "share"), "RNN: stuck", ax=axes[0])
        gate = {"gates below 0.1": shut, "gates above 0.9": wide}
        lines(gate, BIASES, (forget, "share"), "LSTM: stuck", ax=axes[1])
        lines({"dL/dh": rates}, SCALES, (inputs, decades), "RNN: the gradient", ax=axes[2])
        lines({"dL/dc": rails}, BIASES, (forget, decades), "LSTM: the gradient", ax=axes[3])
        for ax in axes[::2]:
            ax.set_xscale("log")
        save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    rate, stuck, rail = (np.median(x, axis=1) for x in (rates, beyond, rails))
    conclude(
        ((np.diff(stuck) >= 0).all() and (np.diff(rate) < 0).all(),
         "RNN: the larger the inputs, the more units are stuck and the faster the gradient "
         "vanishes, with one and the same orthogonal U: it is the slopes that take it."),
        (rate[0] > -0.05 and rate[-1] < -0.3,
         f"With small inputs {10 ** rate[0]:.0%} of it is left after each step, with the "
         f"largest {10 ** rate[-1]:.0%}."),
        (rail[0] < -0.5 and np.median(shut[0]) > 0.9,
         f"LSTM: forget gates stuck at 0 leave {10 ** rail[0]:.0%} of dL/dc after each step."),
        (rail[-1] > -0.01 and np.median(wide[-1]) > 0.9,
         "Stuck at 1 they let all of it through: that is why a forget bias well above 0 helps."),
    )  # fmt: skip
    print("\nChange SCALES and BIASES in the code: where is half of the gradient left?")


if __name__ == "__main__":
    run_command(PROG, main)
