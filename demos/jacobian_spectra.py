"""What do the Jacobians of one step look like, and what becomes of their product?

    ds_T/ds_{T-k} = J_T J_{T-1} ... J_{T-k+1},        J_t = ds_t/ds_{t-1}

with s the whole state, h, or h and c of an LSTM. One gradient is one vector sent back through this
product; its singular values say what happens to every vector. Their logarithms over k tend to the
Lyapunov exponents of the network. Where they spread, few directions dominate: whatever the loss
is, what arrives far back has only those left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import conclude, demo_parser, output_folder, panels, progress, run_command, save
from tinygrad_rnn.analysis import log10_singular_values, norm_bound, step_jacobians
from tinygrad_rnn.tensor import Array
from viz.charts import spectrum
from viz.charts.axes import COLOURS

PROG = "python -m demos.jacobian_spectra"


def swept(cell: Any, inputs: Array, rng: np.random.Generator) -> Array:
    """Return |dL/ds_t| of the whole state, for a random direction at the end."""
    unrolled = tr.unroll(cell, inputs)
    parts = unrolled.final if isinstance(unrolled.final, tuple) else (unrolled.final,)
    loss = sum((part * rng.standard_normal(part.shape)).sum() for part in parts)
    return tr.joint_norms(tr.trace(loss), unrolled)


def eigenvalues(ax: Any, J: Array, name: str) -> Array:
    """Draw the eigenvalues of a Jacobian, and return their magnitudes, the largest first."""
    values, circle = np.linalg.eigvals(J), np.exp(2j * np.pi * np.linspace(0, 1, 200))
    ax.plot(circle.real, circle.imag, color="#5c6675", linewidth=0.8)
    ax.plot(values.real, values.imag, ".", color=COLOURS[1])
    ax.set(aspect="equal", xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
    ax.set_title(f"{name}\neigenvalues of the last J", loc="left", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    return np.sort(np.abs(values))[::-1]


def main() -> None:
    args = demo_parser("jacobian_spectra", __doc__, steps=(2, 60), hidden=(2, 24)).parse_args()
    with output_folder(args.out) as folder:
        rng, H, T = np.random.default_rng(args.seed), args.hidden, args.steps
        inputs = 0.5 * rng.standard_normal((T, 1, 4))
        cells: dict[str, Any] = {
            "RNN": tr.RNNCell(4, H, rng=rng),
            "RNN, orthogonal": tr.RNNCell(4, H, rng=rng),
            "LSTM, forget bias 1": tr.LSTMCell(4, H, rng=rng),
            "LSTM, forget bias 4": tr.LSTMCell(4, H, forget_bias=4.0, rng=rng),
        }
        cells["RNN, orthogonal"].weight_hh.data = tr.init.orthogonal(rng, H)
        axes = panels(2, 4, 4.2, 3.6)
        best, middle, fits, under, heaps = {}, {}, True, True, {}
        print("                     decades per step of the product     one gradient, sent back")
        print("cell                 largest singular value  median      decades per step")
        for k, (name, cell) in enumerate(progress(list(cells.items()), "cells")):
            jacobians = step_jacobians(cell, inputs)
            logs, sent = log10_singular_values(jacobians), swept(cell, inputs, rng)
            half = logs[:, (logs.shape[1] - 1) // 2]
            seen = np.flatnonzero(np.isfinite(half))[-1]  # before rounding hides it
            best[name], middle[name] = logs[-1, 0] / T, half[seen] / (seen + 1)
            fits &= bool((np.log10(sent[-2::-1] / sent[-1]) <= logs[: T - 1, 0] + 1e-9).all())
            rate = np.log10(sent[0] / sent[-1]) / max(T - 1, 1)
            print(f"{name:<20} {best[name]:+22.3f}  {middle[name]:+.3f}  {rate:+20.3f}")
            heaps[name] = eigenvalues(axes[k], jacobians[-1], name)
            bound = norm_bound(cell.weight_hh) if name.startswith("RNN") else None
            under &= not bound or bool((logs[:, 0] <= np.log10(bound) * np.arange(1, T + 1)).all())
            spectrum(jacobians, bound, ax=axes[k + 4])
        for row in (axes[4:6], axes[6:]):
            row[0].sharey(row[1])
        save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    fan = {name: best[name] - middle[name] for name in cells}
    plain, narrow, one, four = cells
    conclude(
        (fits, "No gradient keeps more than the largest singular value of the product allows."),
        (fan[plain] * T > 5 and fan[narrow] < fan[plain] / 2,
         f"RNN: after {T} steps half of all directions get {fan[plain] * T:.0f} decades less than "
         f"the best one; the orthogonal start keeps the fan narrow, {fan[narrow] * T:.0f}."),
        (under, "Both stay below the dashed bound, the norm of U to the power of k."),
        (heaps[one][H - 1] > 2 * heaps[one][H],
         "The LSTM's eigenvalues are in two heaps, c near its forget gates and h near 0."),
        (best[four] > 0 > middle[four], "With bias 4 some directions grow, and the median falls."),
    )  # fmt: skip
    print("\nChange --hidden, --steps, or the forget bias in the code.")


if __name__ == "__main__":
    run_command(PROG, main)
