"""The matrix of pictures in which overlaps are counted: cells, options, levels, steps, themes.

One idea: what a picture may be made of is a product of a few lists; beside it stand the graphs
that have broken layouts before: no scopes, hostile names, cells of one's own, what is not finite.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz

Draw = Callable[[], viz.Picture]
CELLS: dict[str, Callable[..., Any]] = {"rnn": tr.RNN, "lstm": tr.LSTM, "gru": tr.GRU}
LEVELS = ("op", "gate", "cell", "step")
NAMES = (
    "a name that goes on and on, much longer than anything that it could stand beside or in",
    "\u65e5\u672c\u8a9e\u306e\u540d\u524d\u3067\u3059",
    "WWWWWWWWWWWWWWWWMMMMMM@@@@",
    "two\nlines\nand three",
    "\u0416\u0449\u0428 \u03a9\u03bc\u00c6\u0152",
    '<b>"&amp;"</b> \\N \\G',
    "\U0001f600\U0001f680 e\u0301\u0302",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
)


def pictures() -> Iterator[tuple[str, Draw]]:
    """Yield each picture's name and how to draw it."""
    yield from _product()
    yield from _stacked()
    yield from _compared()
    yield from _special()
    yield from _random_cells()


def _loss(run: Any, every: bool) -> Any:
    """The mean square of the last output, or of every step's, each as a loss of its own."""
    outputs = run.outputs
    steps = range(len(outputs)) if every else [len(outputs) - 1]
    losses = [tr.mse_loss(outputs[t], np.ones(outputs[t].shape)) for t in steps]
    loss = losses[0] if len(losses) == 1 else np.stack(losses).mean()
    loss.name = "loss"
    return loss


def _network(kind: str, steps: int, every: bool = False, layers: int = 1, **options: Any) -> Any:
    """A loss of layers of one kind over random inputs."""
    lengths = options.pop("lengths", None)
    rng = np.random.default_rng(steps)
    network = CELLS[kind](3, 4, layers, rng=rng, **options)
    inputs = rng.normal(size=(steps, 2, 3))
    return _loss(network(inputs, lengths=lengths) if lengths else network(inputs), every)


def _drawn(make: Callable[[], Any], detail: str, **options: Any) -> Draw:
    def draw() -> viz.Picture:
        loss = make()
        return viz.draw(loss, tr.trace(loss), detail, **options)

    return draw


def _product() -> Iterator[tuple[str, Draw]]:
    """Yield each cell at each level over few and many steps, with one loss or one at each step."""
    for kind, detail, steps, every in itertools.product(
        CELLS, LEVELS, (1, 2, 4, 6, 9, 40), (False, True)
    ):
        title = "" if steps % 2 else f"{kind.upper()} over {steps} steps"
        theme, norm = ("light", "dark", "auto")[steps % 3], ("l2", "rms", "max")[steps % 3]
        yield (
            f"{kind}-{detail}-{steps}-{'every' if every else 'last'}",
            _drawn(
                lambda kind=kind, steps=steps, every=every: _network(kind, steps, every),
                detail,
                title=title,
                theme=theme,
                norm=norm,
            ),
        )
    for kind, detail, numbers in itertools.product(CELLS, LEVELS, (True, False)):
        yield (
            f"{kind}-{detail}-12-{'numbers' if numbers else 'bare'}",
            _drawn(lambda kind=kind: _network(kind, 12), detail, steps="all", numbers=numbers),
        )


def _stacked() -> Iterator[tuple[str, Draw]]:
    """Yield layers above one another, both directions, and sequences of several lengths."""
    for kind, detail, (name, options), steps in itertools.product(
        CELLS,
        LEVELS,
        (
            ("layers2", {"layers": 2}),
            ("layers3", {"layers": 3}),
            ("both", {"bidirectional": True}),
            ("both2", {"layers": 2, "bidirectional": True}),
        ),
        (3, 20),
    ):
        yield (
            f"{kind}-{detail}-{name}-{steps}",
            _drawn(
                lambda kind=kind, options=options, steps=steps: _network(kind, steps, **options),
                detail,
            ),
        )
    for kind, detail in itertools.product(CELLS, LEVELS):
        yield (
            f"{kind}-{detail}-lengths",
            _drawn(lambda kind=kind: _network(kind, 5, lengths=[5, 3]), detail),
        )


def _compared() -> Iterator[tuple[str, Draw]]:
    for detail, steps, every in itertools.product(LEVELS, (3, 14, 60), (False, True)):

        def draw(detail: str = detail, steps: int = steps, every: bool = every) -> viz.Picture:
            losses = {kind.upper(): _network(kind, steps, every) for kind in CELLS}
            runs = {name: (loss, tr.trace(loss)) for name, loss in losses.items()}
            return viz.compare(runs, detail, title="Three cells" if every else "")

        yield f"compare-{detail}-{steps}-{'every' if every else 'last'}", draw


def _special() -> Iterator[tuple[str, Draw]]:
    for serial, (name, detail) in enumerate(itertools.product(NAMES, LEVELS)):
        yield (
            f"name{serial // 4}-{detail}",
            _drawn(lambda name=name: _named(name), detail, title=name),
        )
    for name, make in SPECIAL.items():
        for detail in LEVELS:
            yield f"{name}-{detail}", _drawn(make, detail)
    for chosen in ([0], [5], [0, 9], [1, 4, 7], [8, 9]):
        yield (
            f"steps-{'-'.join(map(str, chosen))}",
            _drawn(lambda: _network("gru", 10, True), "gate", steps=chosen),
        )
    for low, high in ((-1.0, 1.0), (-16.0, 1.0), (-3.0, 30.0)):
        scale = viz.Scale(0.37, low, high)
        yield f"scale{low:g}-{high:g}", _drawn(lambda: _network("lstm", 4), "gate", scale=scale)
    yield "no-flow", lambda: viz.draw(_network("lstm", 3), title="Values alone")


def _named(name: str) -> Any:
    """A loop whose input, weight, state and loss all have this name."""
    w = tr.Tensor([[0.5, 0.1], [0.2, 0.4]], requires_grad=True, name=name)
    x = tr.Tensor([[0.3, 0.7]], name=name)
    h: Any = tr.Tensor([[1.0, 2.0]], requires_grad=True, name=name)
    for t in range(3):
        with tr.scope("t", t):
            h = np.tanh(h @ w + x)
            h.name = name
    loss = (h * h).sum()
    loss.name = name
    return loss


def _plain() -> Any:
    x = tr.Tensor(3.0, requires_grad=True, name="x")
    return x * x + 1


def _chain() -> Any:
    x: Any = tr.Tensor([0.1, 0.2], requires_grad=True)
    for _ in range(12):
        x = np.tanh(x) * 1.5
    return x.sum()


def _wide() -> Any:
    xs = [tr.Tensor([float(i)], requires_grad=True, name=f"x{i}") for i in range(20)]
    return np.stack([np.exp(-x) for x in xs]).sum()


def _mesh() -> Any:
    rng = np.random.default_rng(0)
    nodes: list[Any] = [tr.Tensor(rng.normal(), requires_grad=True) for _ in range(4)]
    for _ in range(25):
        a, b = rng.choice(len(nodes), 2)
        nodes.append((nodes[a] + nodes[b], nodes[a] * nodes[b], np.tanh(nodes[a]))[rng.integers(3)])
    return sum(nodes[-6:], start=tr.Tensor(0.0))


def _attention() -> Any:
    run = tr.GRU(2, 3, rng=0)(np.random.default_rng(0).normal(size=(4, 1, 2)))
    query = run.outputs[3]
    weights = tr.f.softmax(np.stack([(run.outputs[t] * query).sum() for t in range(4)]))
    return sum((weights[t] * run.outputs[t] for t in range(4)), start=tr.Tensor(0.0)).sum()


def _truncated() -> Any:
    return tr.unroll(tr.LSTMCell(2, 3, rng=0), np.ones((6, 1, 2)), truncate=2).final.h.sum()


def _not_finite() -> Any:
    inputs = np.ones((5, 1, 2))
    inputs[2] = np.nan
    return tr.unroll(tr.GRUCell(2, 3, rng=0), inputs).final.sum()


def _explodes() -> Any:
    cell = tr.RNNCell(2, 3, rng=0, nonlinearity="identity")
    cell.weight_hh.data = cell.weight_hh.data * 400
    return tr.unroll(cell, np.ones((30, 1, 2))).final.sum()


def _vanishes() -> Any:
    cell = tr.RNNCell(2, 3, rng=0)
    cell.weight_hh.data = cell.weight_hh.data * 1e-3
    return tr.unroll(cell, np.ones((30, 1, 2))).final.sum()


def _dead() -> Any:
    cell = tr.RNNCell(2, 3, rng=0, nonlinearity="relu")
    cell.bias.data = cell.bias.data - 9
    return tr.unroll(cell, np.ones((4, 1, 2))).final.sum()


def _skips() -> Any:
    w = tr.Tensor(0.5, requires_grad=True, name="w")
    h: list[Any] = [tr.Tensor(1.0), tr.Tensor(2.0), tr.Tensor(3.0)]
    for t in range(7):
        with tr.scope("t", t):
            h.append(np.tanh(h[-1] * w + h[-2] * 0.3 - h[-3]))
    return h[-1] * 1.0


def _offset() -> Any:
    h: Any = tr.Tensor(1.0, requires_grad=True, name="h")
    for t in range(995, 1000):
        with tr.scope("t", t):
            h = np.sin(h)
    return h * 2.0


SPECIAL: dict[str, Callable[[], Any]] = {
    "plain": _plain,
    "chain": _chain,
    "wide": _wide,
    "mesh": _mesh,
    "attention": _attention,
    "truncated": _truncated,
    "not-finite": _not_finite,
    "explodes": _explodes,
    "vanishes": _vanishes,
    "dead": _dead,
    "skips": _skips,
    "offset": _offset,
}


def _random_cells() -> Iterator[tuple[str, Draw]]:
    for seed in range(40):
        detail = LEVELS[seed % 4]
        yield f"random{seed}-{detail}", _drawn(lambda seed=seed: random_cell(seed), detail)


def random_cell(seed: int) -> Any:
    """The loss of a loop whose step is a random formula of its states, inputs and weights."""
    rng = np.random.default_rng(seed)
    names = [f"s{i}" for i in range(rng.integers(1, 4))]
    weights = [
        tr.Tensor(rng.normal(size=(3, 3)) * 0.5, requires_grad=True, name=f"W{i}")
        for i in range(rng.integers(1, 4))
    ]
    states: list[Any] = [
        tr.Tensor(np.ones((1, 3)), requires_grad=True, name=f"{name}_0") for name in names
    ]
    plan = [
        (int(rng.integers(6)), rng.random(2), int(rng.integers(len(weights))))
        for _ in range(rng.integers(3, 11))
    ]
    for t in range(int(rng.integers(2, 7))):
        with tr.scope("t", t):
            values = [*states, tr.Tensor(rng.normal(size=(1, 3)), name="x")]
            for kind, at, which in plan:
                a, b = (values[int(share * len(values))] for share in at)
                values.append(_operation(kind, a, b, weights[which]))
            states = values[-len(names) :]
            for name, state in zip(names, states, strict=True):
                state.name = name
    return sum(states, start=tr.Tensor(0.0)).sum()


def _operation(kind: int, a: Any, b: Any, w: Any) -> Any:
    if kind == 0:
        return a + b
    if kind == 1:
        return a * b
    if kind == 2:
        return a @ w
    if kind == 3:
        return np.tanh(a)
    return tr.f.sigmoid(a @ w) if kind == 4 else 1.0 - a
