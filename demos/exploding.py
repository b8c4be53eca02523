"""What does an exploding gradient do, and what does clipping change? One unit, one steep wall.

A single unit with two parameters already explodes (Pascanu, Mikolov & Bengio 2013, figure 6):

    a_t = w sigmoid(a_{t-1}) + b,    t = 1 .. 50,        L = (sigmoid(a_50) - 0.7)^2

On one side of a line through the (w, b) plane the unit ends near 0, on the other near 1; across it
the loss jumps, and the gradient there is the product of 50 slopes, many of them above 1. Gradient
descent walks down into the valley beside this wall. A step from the wall itself throws it far away.

by norm     g * min(1, c / |g|): a shorter step in the same direction
by value    each element cut to [-c, c]: another direction, too
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    demo_parser,
    finite,
    lines,
    output_folder,
    panels,
    progress,
    run,
    save,
    whole,
)
from tinygrad_rnn.tensor import Array
from viz.charts.axes import dress, look

PROG = "python -m demos.exploding"


def loss_of(w: Any, b: Any, steps: int) -> Any:
    """Return the loss: of two parameters, or of whole arrays of them."""
    a: Any = 0.5 + 0.0 * w
    for t in range(steps):
        with tr.scope("t", t):
            a = w * tr.f.sigmoid(a) + b
    return np.square(tr.f.sigmoid(a) - 0.7)


def descend(clip: str, args: Any) -> dict[str, Array]:
    """Descend from (6, -2.2) and return what was met at each iteration."""
    w = tr.Parameter(6.0, name="w")
    b = tr.Parameter(-2.2, name="b")
    optimizer = tr.SGD([w, b], args.lr)
    met: list[tuple[float, ...]] = []
    for _ in progress(range(args.iterations), clip):
        loss = loss_of(w, b, args.steps)
        optimizer.zero_grad()
        loss.backward()
        raw = gradient(w, b)
        if clip == "by norm":
            tr.clip_grad_norm_([w, b], args.clip)
        elif clip == "by value":
            tr.clip_grad_value_([w, b], args.clip)
        used = gradient(w, b)
        lengths = np.linalg.norm(raw) * np.linalg.norm(used)
        cosine = raw @ used / lengths if lengths > 0 else 1.0
        met.append((w.data.item(), b.data.item(), loss.item(), float(np.linalg.norm(raw)), cosine))
        optimizer.step()
    names = ("w", "b", "loss", "norm", "cosine")
    return dict(zip(names, np.array(met).T, strict=True))


def gradient(*parameters: tr.Tensor) -> Array:
    return np.array([np.asarray(p.grad).item() for p in parameters])


def main() -> None:
    parser = demo_parser("exploding", __doc__)
    add = parser.add_argument
    add("--steps", metavar="N", type=whole(1, 500), default=50, help="time steps")
    add("--iterations", metavar="N", type=whole(1, 10_000), default=200, help="of descent")
    add("--lr", metavar="R", type=finite, default=1.0, help="learning rate")
    add("--clip", metavar="C", type=finite, default=0.1, help="where to clip")
    args = parser.parse_args()
    if args.clip <= 0 or args.lr <= 0:
        parser.error("--clip and --lr must be above 0")
    with output_folder(args.out) as folder:
        met = {name: descend(name, args) for name in ("not clipped", "by norm", "by value")}
        print("clipping     largest |g|  least cosine  final loss  final w   final b")
        for name, m in met.items():
            print(
                f"{name:<11}  {m['norm'].max():11.2e}  {m['cosine'].min():12.4f}  "
                f"{m['loss'][-1]:10.2e}  {m['w'][-1]:7.2f}  {m['b'][-1]:8.2f}"
            )

        plane, chart = panels(1, 2, 6.0, 4.4)
        w, b = np.meshgrid(np.linspace(3, 7, 240), np.linspace(-3.6, -0.8, 240))
        with tr.no_grad():
            height = loss_of(w, b, args.steps)
        image = plane.contourf(w, b, height, levels=24, cmap="cividis")
        plane.get_figure(root=True).colorbar(image, ax=plane, label="loss")  # type: ignore[union-attr]  # not None
        for k, (name, m) in enumerate(met.items()):
            style = look(k) | {"color": ("#ffffff", "#ff9e58", "#7fd0ff")[k]}
            plane.plot(m["w"], m["b"], label=name, linewidth=1.6, **style)
        plane.plot(6.0, -2.2, "o", color="#ffffff")
        plane.set(xlim=(3, 7), ylim=(-3.6, -0.8))
        dress(plane, "w", "b", "Three descents from the dot")
        plane.grid(False)
        plane.legend(facecolor="#3c4150", labelcolor="#ffffff", handlelength=3.5)
        lines(
            {name: np.minimum.accumulate(m["loss"]) for name, m in met.items()},
            range(args.iterations),
            ("iteration", "least loss"),
            "The least loss so far",
            log=True,
            ax=chart,
        )
        save(plane, folder / "descent.png")
    print(f"\nDrew descent.png into {args.out}\n\n{CLOSING}")


CLOSING = """\
Look at the white line: it leaves the picture where it touches the wall, and ends where the loss is
flat. Clipped by norm, the same descent stays at the wall and works its way along the valley, always
in the gradient's own direction (cosine 1). Clipped by value it stays, too, but turns (cosine below
1): where both elements are cut it goes along the diagonal, and at last in circles.
Change --clip 10 and look which of the two still helps, or --lr 0.1."""


if __name__ == "__main__":
    run(PROG, main)
