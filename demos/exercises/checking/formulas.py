"""Checks of a single formula: exercises 1 and 2, each with the usual mistakes in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import UsageError
from demos.exercises.checking.loading import array, call
from demos.exercises.checking.recorded import sweep
from demos.exercises.checking.report import Report, close
from tinygrad_rnn.tensor import Array

Formulas = Sequence[tuple[str, Callable[..., Any]]]

TANH: Formulas = [
    ("g is missing: what arrives is multiplied by the slope", lambda g, x: 1 - np.tanh(x) ** 2),
    ("the slope is missing: g is passed on as it is", lambda g, x: g),
    ("the slope is taken of the argument: it is 1 - tanh(x)**2, not 1 - x**2",
     lambda g, x: g * (1 - x**2)),
    ("the square is missing: 1 - tanh(x)**2", lambda g, x: g * (1 - np.tanh(x))),
    ("1 - is missing: 1 - tanh(x)**2", lambda g, x: g * np.tanh(x) ** 2),
    ("the sign inside is wrong: 1 - tanh(x)**2", lambda g, x: g * (1 + np.tanh(x) ** 2)),
    ("the sign is wrong: tanh rises", lambda g, x: -g * (1 - np.tanh(x) ** 2)),
    ("the slope is that of the sigmoid, y * (1 - y)",
     lambda g, x: g * np.tanh(x) * (1 - np.tanh(x))),
    ("tanh is applied twice: the slope is 1 - y**2 of y = tanh(x)",
     lambda g, x: g * (1 - np.tanh(np.tanh(x)) ** 2)),
    ("the value stands where the slope belongs", lambda g, x: g * np.tanh(x)),
    ("the slope of the slope: tanh' is 1 - tanh**2",
     lambda g, x: g * -2 * np.tanh(x) * (1 - np.tanh(x) ** 2)),
    ("g is added to the slope, not multiplied by it", lambda g, x: g + 1 - np.tanh(x) ** 2),
]  # fmt: skip
AFFINE: Mapping[str, Formulas] = {
    "dL/dx": [
        ("w is not transposed on the way back: dL/dx = g w.T", lambda g, x, w: g @ w),
        ("w is missing: dL/dx = g w.T", lambda g, x, w: g),
        ("it is divided by the number of outputs", lambda g, x, w: g @ w.T / w.shape[1]),
    ],
    "dL/dw": [
        ("it is averaged over steps and batch: each use of w adds",
         lambda g, x, w: np.einsum("tbi,tbo->io", x, g) / (x.shape[0] * x.shape[1])),
        ("it is averaged over the steps: each use of w adds",
         lambda g, x, w: np.einsum("tbi,tbo->io", x, g) / x.shape[0]),
        ("it is averaged over the batch: each use of w adds",
         lambda g, x, w: np.einsum("tbi,tbo->io", x, g) / x.shape[1]),
        ("only the last step counts", lambda g, x, w: x[-1].T @ g[-1]),
        ("only the first step counts", lambda g, x, w: x[0].T @ g[0]),
        ("only the first sequence of the batch counts", lambda g, x, w: x[:, 0].T @ g[:, 0]),
        ("x and g are added up before the product: each row has its own",
         lambda g, x, w: np.outer(x.sum(axis=(0, 1)), g.sum(axis=(0, 1)))),
        ("it is transposed: dL/dw has the shape of w",
         lambda g, x, w: np.einsum("tbi,tbo->oi", x, g)),
        ("x is missing", lambda g, x, w: np.broadcast_to(g.sum(axis=(0, 1)), w.shape)),
    ],
    "dL/db": [
        ("it is averaged over steps and batch: each use of b adds",
         lambda g, x, w: g.mean(axis=(0, 1))),
        ("only the last step counts", lambda g, x, w: g[-1].sum(axis=0)),
        ("only the first step counts", lambda g, x, w: g[0].sum(axis=0)),
        ("it is averaged over the batch: each use of b adds",
         lambda g, x, w: g.mean(axis=1).sum(axis=0)),
        ("it is averaged over the steps: each use of b adds",
         lambda g, x, w: g.mean(axis=0).sum(axis=0)),
        ("it is 1 for each use: g is missing", lambda g, x, w: np.full(w.shape[1], g[..., 0].size)),
    ],
}  # fmt: skip


def tanh(function: Callable[..., Any]) -> Report:
    """Check exercise 1: many numbers, and shapes other than a vector's."""
    rng = np.random.default_rng(1)
    report = Report([], [])
    for shape in ((5,), (2, 3), ()):
        x = tr.Tensor(2 * rng.standard_normal(shape), requires_grad=True, name="x")
        g = np.asarray(rng.standard_normal(shape))
        y: Any = np.tanh(x)
        found = array("tanh_vjp", call(function, g, np.array(x.data)), shape, "dL/dx")
        report = _graph((y * g).sum(), {"dL/dx": (x, found)}, {"dL/dx": TANH}, (g, x.data))
        if not report.passed:
            return report
    return Report(["dL/dx, for arrays of every shape that was tried"], [])


def affine(function: Callable[..., Any]) -> Report:
    """Check exercise 2: with I different from O, and equal."""
    rng = np.random.default_rng(2)
    report = Report([], [])
    for sizes in ((4, 3, 2, 5), (3, 2, 4, 4), (1, 1, 1, 1)):
        steps, batch, features, outputs = sizes
        shapes = {"x": (steps, batch, features), "w": (features, outputs), "b": (outputs,)}
        leaves = {
            name: tr.Tensor(rng.standard_normal(shape), requires_grad=True, name=name)
            for name, shape in shapes.items()
        }
        g = rng.standard_normal((steps, batch, outputs))
        x, w, b = leaves.values()
        found = call(function, g, np.array(x.data), np.array(w.data))
        if not isinstance(found, tuple | list) or len(found) != 3:
            raise UsageError("affine_vjp returns three arrays: dL/dx, dL/dw, dL/db")
        given = {
            f"dL/d{name}": (leaf, array("affine_vjp", part, leaf.shape, f"dL/d{name}"))
            for (name, leaf), part in zip(leaves.items(), found, strict=True)
        }
        report = _graph(((x @ w + b) * g).sum(), given, AFFINE, (g, x.data, w.data))
        if not report.passed:
            return report
    return Report(["dL/dx, dL/dw and dL/db, for weights of every shape that was tried"], [])


def _graph(
    loss: tr.Tensor,
    found: Mapping[str, tuple[tr.Tensor, Array]],
    known: Mapping[str, Formulas],
    arguments: tuple[Any, ...],
) -> Report:
    """Compare the gradients of some leaves of a small graph."""
    flow = sweep(loss, {})
    right: list[str] = []
    wrong: list[str] = []
    words: list[str] = []
    for name, (leaf, gradient) in found.items():
        truth = flow.gradient(leaf)
        assert truth is not None
        (right if close(gradient, truth) else wrong).append(name)
        if name in wrong:
            words.append(named(gradient, known[name], arguments))
    if not wrong:
        return Report([", ".join(right)] if right else [], [])
    theirs = sweep(loss, {leaf.index: gradient for leaf, gradient in found.values()})
    (first, *_) = (edge for edge in flow.edges if edge.source.name == wrong[0][4:])
    op = first.consumer.op
    where = f"on the edge that leads back from {op.name if op else 'y'} to {first.source.name}"
    drawn = (loss, flow, theirs)
    rights = [", ".join(right)] if right else []
    told = [
        text if len(wrong) == 1 else f"{name}: {text}"
        for name, text in zip(wrong, words, strict=True)
        if text
    ]
    return Report(rights, [", ".join(wrong)], where, "; ".join(told), drawn)


def named(found: Array, known: Formulas, arguments: tuple[Any, ...]) -> str:
    """Return the words of the first formula that gives the same; "" if none does."""
    for words, formula in known:
        try:
            guess = np.asarray(formula(*arguments))
        except ValueError:  # its shapes do not fit here
            continue
        if guess.shape == found.shape and close(found, guess):
            return words
    return ""
