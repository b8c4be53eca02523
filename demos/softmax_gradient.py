"""What is the gradient of softmax and cross-entropy? One line: what it says minus what is true.

    L = -log softmax(s)_k        dL/ds = softmax(s) - onehot(k)

The exponential of softmax and the logarithm of the loss undo each other. Apart, each has a slope
that runs out of range; together the gradient is between -1 and 1, and it is largest where the
network is most wrong. A squared error on probabilities has none left there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save

PROG = "python -m demos.softmax_gradient"


def by_parts(s: Any, k: int) -> Any:
    """Cross-entropy as its formula has it: exponentials, their sum, a quotient, a logarithm."""
    e = np.exp(s)
    return -np.log(e[k] / np.sum(e))


def squared(s: Any, k: int) -> Any:
    return np.sum(np.square(tr.f.softmax(s) - np.eye(len(s.data))[k]))


def together(s: Any, k: int) -> Any:
    return tr.cross_entropy(s[np.newaxis], [k])


def main() -> None:
    args = demo_parser("softmax_gradient", __doc__).parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        scores, k = rng.standard_normal(5), 2
        formula = np.exp(scores) / np.exp(scores).sum() - np.eye(5)[k]
        off = {}
        for name, loss in {"by parts": by_parts, "cross_entropy": together}.items():
            s = tr.Tensor(scores, requires_grad=True)
            (gradient,) = tr.grad(loss(s, k), [s])
            off[name] = float(np.abs(gradient.data - formula).max())
            print(f"{name:<14} off from softmax - onehot by {off[name]:.1e}")
        sizes: dict[str, list[float]] = {"by parts": [], "cross_entropy": [], "squared error": []}
        wrong = np.linspace(0, 1000, 101)  # how much higher a wrong class is scored
        for gap in wrong:
            for name, loss in zip(sizes, (by_parts, together, squared), strict=True):
                s = tr.Tensor([gap, 0.0], requires_grad=True)
                with np.errstate(all="ignore"):
                    (gradient,) = tr.grad(loss(s, 1), [s])
                sizes[name].append(float(np.abs(gradient.data).max()))
        print("a wrong class scored higher by   " + " ".join(f"{gap:>8g}" for gap in wrong[::25]))
        for name, found in sizes.items():
            print(f"|dL/ds| {name:<24} " + " ".join(f"{x:8.1e}" for x in found[::25]))
        labels = ("how much higher a wrong class is scored", "|dL/ds|")
        save(
            lines(sizes, wrong, labels, "The more wrong, the more gradient?"), folder / "chart.svg"
        )
    print(f"\nDrew chart.svg into {args.out}")
    last = {name: found[-1] for name, found in sizes.items()}
    conclude(
        (max(off.values()) < 1e-14, "Both are softmax - onehot, to rounding."),
        (last["cross_entropy"] == 1 and not np.isfinite(last["by parts"]),
         "In one piece it is 1 however wrong the network is; by parts it ends as NaN."),
        (last["squared error"] == 0,
         "The squared error has no gradient there: what is certainly wrong would stay so."),
    )  # fmt: skip
    print("\nChange the 1000 to 10 in the code, and see where the squared error's gradient ends.")


if __name__ == "__main__":
    run_command(PROG, main)
