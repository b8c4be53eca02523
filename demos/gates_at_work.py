"""How do gates open and close with the input? An LSTM set by hand remembers an open bracket.

    c_t = f * c_{t-1} + i * g,        h_t = o * tanh(c_t)

"(" opens the input gate and writes 1; ")" shuts the forget gate and so erases it; every other
letter leaves both as they are. Read any text with --text: c is 1 inside brackets, 0 outside, for as
long as it takes. Training finds such units by itself (Karpathy et al. 2015).
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    UsageError,
    conclude,
    demo_parser,
    legend,
    output_folder,
    panels,
    run_command,
    save,
    series_style,
    style_axes,
)
from tinygrad_rnn.analysis import activations
from viz.charts import openness

PROG = "python -m demos.gates_at_work"


def remembers_brackets() -> tr.LSTMCell:
    """Return an LSTM of one unit that reads [is it "(", is it ")"]; all weights are set by hand."""
    cell = tr.LSTMCell(2, 1, rng=0)
    weights = {"i": (14.0, 0.0), "f": (0.0, -14.0), "g": (5.0, 0.0), "o": (0.0, 0.0)}
    biases = {"i": -7.0, "f": 7.0, "g": 0.0, "o": 7.0}
    cell.weight_ih.data = np.array([weights[gate] for gate in cell.gates])
    cell.weight_hh.data = np.zeros((4, 1))
    assert cell.bias is not None
    cell.bias.data = np.array([biases[gate] for gate in cell.gates])
    return cell


def main() -> None:
    parser = demo_parser("gates_at_work", __doc__)
    text = "f(x) is read (slowly, letter by letter) and kept"
    parser.add_argument("--text", metavar="TEXT", default=text, help="what is read")
    args = parser.parse_args()
    if not args.text:
        raise UsageError("--text is empty: give some letters to read")
    with output_folder(args.out) as folder:
        letters = list(args.text)
        x = np.array([[[letter == "(", letter == ")"]] for letter in letters], dtype=float)
        unrolled = tr.unroll(remembers_brackets(), x)
        gates = {name: values[:, 0, 0] for name, values in activations(unrolled).items()}
        h, c = (np.array([getattr(s, part).data[0, 0] for s in unrolled.states]) for part in "hc")
        inside = np.zeros(len(letters), bool)
        now = False
        for t, letter in enumerate(letters):
            now = (now or letter == "(") and letter != ")"
            inside[t] = now
        print("        letters   " + "".join(letters)[:80])
        for name, values in {
            "input gate": gates["input gate"],
            "forget gate": gates["forget gate"],
            "c": c,
            "h": h,
        }.items():
            print(f"{name:>15}   " + "".join(str(round(9 * abs(v))) for v in values)[:80])
        print("(0 is shut or nothing, 9 is open or 1)")
        above, below = panels(2, 1, 9.0, 2.6)
        openness(unrolled, ["input gate", "forget gate"], ax=above, title="The gates")
        for k, (name, values) in enumerate({"c": c, "h": h}.items()):
            below.plot(values, drawstyle="steps-mid", label=name, **series_style(k))
        below.set_xticks(range(len(letters)), letters, fontsize=7)
        style_axes(below, "", "value", "What is remembered")
        legend(below)
        save(above, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    conclude(
        (bool((np.abs(c - inside) < 0.1).all()),
         "c is 1 from each opening bracket to the closing one, and 0 elsewhere."),
        (bool(((gates["input gate"] > 0.9) == (x[:, 0, 0] == 1)).all()),
         "The input gate opens at ( alone."),
        (bool(((gates["forget gate"] < 0.1) == (x[:, 0, 1] == 1)).all()),
         "The forget gate shuts at ) alone, and keeps c everywhere else."),
    )  # fmt: skip
    print("\nChange --text: how long may a bracket stay open, with f = sigmoid(7)?")


if __name__ == "__main__":
    run_command(PROG, main)
