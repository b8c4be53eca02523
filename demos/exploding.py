"""What does an exploding gradient do, and what does clipping change? One unit, one steep wall.

A single unit with two parameters already explodes (Pascanu, Mikolov & Bengio 2013, figure 6):

    a_t = w sigmoid(a_{t-1}) + b,    t = 1 .. 50,        L = (sigmoid(a_50) - 0.7)^2

On one side of a line through the (w, b) plane the unit ends near 0, on the other near 1; across it
the loss jumps, and the gradient there is the product of 50 slopes, many of them above 1. Gradient
descent walks down into the valley beside this wall. A step from the wall itself throws it far away.

by norm     g * min(1, c / |g|): a shorter step in the same direction
by value    each element cut to [-c, c]: another direction, too

For a network's parameters: `tr.clip_grad_norm_` and `tr.clip_grad_value_`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import tinygrad_rnn as tr
from demos import common
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.exploding"
STEPS, RATE, C = 50, 1.0, 0.1
COLOURS = "#ffffff", "#ff9e58", "#e0b0ff", "#7fd0ff"  # on the dark map
CLIP: dict[str, Callable[[Array], Array]] = {  # of g = (dL/dw, dL/db), (2, starts)
    "not clipped": lambda g: g,
    "by norm": lambda g: g * np.minimum(1, C / np.linalg.norm(g, axis=0)),
    "by norm, 10": lambda g: g * np.minimum(1, 10 / np.linalg.norm(g, axis=0)),
    "by value": lambda g: np.clip(g, -C, C),
}


def loss_of(w: Any, b: Any) -> Any:
    """Return the losses of arrays of both parameters."""
    a: Any = 0.5 + 0.0 * w
    for _ in range(STEPS):
        a = w * tr.f.sigmoid(a) + b
    return np.square(tr.f.sigmoid(a) - 0.7)


def descend(clip: Callable[[Array], Array], iterations: int, starts: Array) -> Array:
    """Return w, b, L, |g| and the cosine of g and what clipping left: (5, iterations, starts)."""
    (w, b), met = starts, []
    for _ in range(iterations):
        wb = tr.Tensor(w, requires_grad=True), tr.Tensor(b, requires_grad=True)
        loss = loss_of(*wb)
        g = np.array([part.data for part in tr.grad(loss.sum(), wb)])
        step = clip(g)
        size, left = np.linalg.norm(g, axis=0), np.linalg.norm(step, axis=0)
        met.append(
            (w, b, loss.data, size, (g * step).sum(axis=0) / np.maximum(size * left, 1e-300))
        )
        w, b = np.array([w, b]) - RATE * step
    return np.moveaxis(np.array(met), 1, 0)


def main() -> None:
    parser = common.demo_parser("exploding", __doc__, iterations=(1, 200), seeds=(1, 12))
    args = parser.parse_args()
    near = np.random.default_rng(args.seed).uniform(-0.3, 0.3, (2, args.seeds))
    near[:, 0] = 0.0
    with common.output_folder(args.out) as folder:
        met = {
            name: descend(clip, args.iterations, np.array([[6.0], [-2.2]]) + near)
            for name, clip in common.progress(CLIP.items(), "ways")
        }
        window = min(20, args.iterations)  # single losses jump as a descent crosses the wall
        smooth = {k: np.median(sliding_window_view(m[2], window, 0), -1) for k, m in met.items()}
        print(f"                 largest  least   median loss of the last {window} iterations,")
        print(f"clipping         |g|      cosine  over {args.seeds} starts near (6, -2.2)")
        for name, (_, _, _, norm, cosine) in met.items():
            row = f"{norm.max():7.1e}  {cosine[norm > 0].min():6.3f}"
            print(f"{name:<15}  {row}  {common.spread(smooth[name][-1], '.4f')}")
        draw(met, smooth, folder)
    print(f"\nDrew descent.png, whose left panel is the first start, into {args.out}")
    n, (thrown, lost, loose, _) = args.seeds, ((x[-1] > 0.05).sum() for x in smooth.values())
    swing = int((np.ptp(met["by value"][2, -50:], axis=0) > 0.1).sum())
    common.conclude(
        (thrown > lost, f"Not clipped, {thrown} of {n} end where the loss is flat and high."),
        (lost == 0, "By norm none does; it goes on in the gradient's own direction (cosine 1)."),
        (loose > lost, f"A bound of 10 is too high: {loose} of {n} end there all the same."),
        (swing > 0, f"By value they turn; {swing} of {n} end stepping across the wall and back."),
    )  # fmt: skip
    print("\nChange C and RATE in the code: a small rate takes longer, and needs no clipping then?")


def draw(met: dict[str, Array], smooth: dict[str, Array], folder: Path) -> None:
    plane, chart = common.panels(1, 2, 6.0, 4.4)
    w, b = np.meshgrid(np.linspace(3, 7, 240), np.linspace(-3.6, -0.8, 240))
    image = plane.contourf(w, b, loss_of(w, b), levels=24, cmap="cividis")
    common.colour_bar(image, [plane], "loss")
    for m, style, colour in zip(met.values(), range(4), COLOURS, strict=True):
        plane.plot(
            m[0, :, 0], m[1, :, 0], linewidth=1.6, **common.series_style(style) | {"color": colour}
        )
    plane.plot(6.0, -2.2, "o", color="#ffffff")
    plane.set(xlim=(3, 7), ylim=(-3.6, -0.8))
    common.style_axes(plane, "w", "b", "Descents from the dot")
    plane.grid(False)
    plane.legend(plane.lines[:4], met, facecolor="#3c4150", labelcolor="#ffffff", handlelength=3.5)
    found = {name: (x < 0.01).mean(axis=1) for name, x in smooth.items()}
    label, title = ("iteration", "share"), "Starts whose median loss is below 0.01"
    iteration = np.arange(len(met["by norm"][2]))[-len(found["by norm"]) :]
    common.lines(found, iteration, label, title, ax=chart)
    common.save(plane, folder / "descent.png")


if __name__ == "__main__":
    common.run_command(PROG, main)
