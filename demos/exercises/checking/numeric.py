"""Checks of exercises 9 and 10, which compute numbers and no gradient of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from demos.common import UsageError
from demos.exercises.checking.formulas import Formulas, named
from demos.exercises.checking.loading import array, call
from demos.exercises.checking.report import Report, close
from tinygrad_rnn.tensor import Array


def _norm(gradients: list[Array]) -> float:
    return float(np.sqrt(sum(np.sum(g**2) for g in gradients)))


def _scaled(factor: Callable[[list[Array], float], float]) -> Callable[..., Any]:
    return lambda gs, most: [factor(gs, most) * g for g in gs]


CLIPPED: Formulas = [
    ("short gradients are scaled up: only what is longer than max_norm is clipped",
     _scaled(lambda gs, most: most / (_norm(gs) or 1.0))),
    ("nothing is clipped", lambda gs, most: gs),
    ("short ones are scaled and long ones stay: the comparison is the wrong way round",
     _scaled(lambda gs, most: most / (_norm(gs) or 1.0) if _norm(gs) < most else 1.0)),
    ("each array is clipped by its own norm: the norm is that of all together",
     lambda gs, most: [g * min(1.0, most / (_norm([g]) or 1.0)) for g in gs]),
    ("each element is clipped: that changes the direction",
     lambda gs, most: [np.clip(g, -most, most) for g in gs]),
    ("the root is missing: the norm is the root of the sum of squares",
     _scaled(lambda gs, most: min(1.0, most / (_norm(gs) ** 2 or 1.0)))),
    ("the root is missing: the norm is the root of the sum of squares",
     _scaled(lambda gs, most: most / (_norm(gs) ** 2 or 1.0) if _norm(gs) > most else 1.0)),
    ("the norm is the sum of all arrays' norms: squares are added, then comes the root",
     _scaled(lambda gs, most: min(1.0, most / (sum(_norm([g]) for g in gs) or 1.0)))),
    ("the norm is the sum of magnitudes: squares are added, then comes the root",
     _scaled(lambda gs, most: min(1.0, most / (sum(np.abs(g).sum() for g in gs) or 1.0)))),
    ("the norm is the largest magnitude: it is the root of the sum of squares",
     _scaled(lambda gs, most: min(1.0, most / max(np.abs(g).max() for g in gs)))),
    ("the gradients get length 1: max_norm is missing in the factor",
     _scaled(lambda gs, most: 1 / _norm(gs) if _norm(gs) > most else 1.0)),
    ("the norm is averaged over the elements",
     _scaled(lambda gs, most: min(1.0, most / (_norm(gs) / sum(g.size for g in gs) ** 0.5)))),
    ("the factor is the wrong way round: it is max_norm / norm",
     _scaled(lambda gs, most: _norm(gs) / most if _norm(gs) > most else 1.0)),
    ("what is too long is set to zero", _scaled(lambda gs, most: float(_norm(gs) <= most))),
]  # fmt: skip


def clipping(function: Callable[..., Any]) -> Report:
    """Check exercise 9: long gradients, short ones, and gradients that are all 0."""
    rng = np.random.default_rng(9)
    gradients = [rng.standard_normal(shape) for shape in ((3, 4), (4,), (2, 1, 2))]
    long, short = [3 * g for g in gradients], [0.01 * g for g in gradients]
    cases = {
        "gradients longer than max_norm": (long, 2.0),
        "gradients shorter than max_norm": (short, 2.0),
        "gradients that are all 0": ([0 * g for g in gradients], 2.0),
    }
    right: list[str] = []
    wrong: list[str] = []
    answers = []
    for about, (given, most) in cases.items():
        found = call(function, given, most)
        if not isinstance(found, list | tuple) or len(found) != len(given):
            raise UsageError(f"clip_by_norm returns a list of {len(given)} arrays here")
        parts = [
            array("clip_by_norm", part, g.shape, "an array")
            for part, g in zip(found, given, strict=True)
        ]
        truth = [g * min(1.0, most / (_norm(given) or 1.0)) for g in given]
        answers.append((parts, given, most))
        fine = all(map(close, parts, truth))
        (right if fine else wrong).append(about)
    if not wrong:
        return Report(right, [])
    if wrong == ["gradients that are all 0"]:
        return Report(
            right,
            wrong,
            "",
            "max_norm / 0 is infinite, and times 0 no number: ask if the norm is longer first",
        )
    for words, formula in CLIPPED:
        with np.errstate(all="ignore"):
            if all(
                all(map(close, parts, formula(given, most))) for parts, given, most in answers[:2]
            ):
                return Report(right, wrong, "", words)
    return Report(right, wrong)


def _difference(
    f: Callable[[Array], float], x: Array, up: float, down: float, over: float
) -> Array:
    out = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += up
        below[place] -= down
        out[place] = (f(above) - f(below)) / over
    return out


def _together(f: Callable[[Array], float], x: Array, eps: float) -> Array:
    return np.full(x.shape, (f(x + eps) - f(x - eps)) / (2 * eps))


def _moved_for_good(f: Callable[[Array], float], x: Array, eps: float) -> Array:
    out, y = np.zeros(x.shape), x.copy()
    for place in np.ndindex(x.shape):
        y[place] += eps
        above = f(y)
        y[place] -= 2 * eps
        out[place] = (above - f(y)) / (2 * eps)
    return out


DIFFERENCES: Formulas = [
    ("the difference is one-sided: (L(x + eps) - L(x)) / eps is off by a term in eps",
     lambda f, x, eps: _difference(f, x, eps, 0, eps)),
    ("the difference is one-sided: (L(x) - L(x - eps)) / eps is off by a term in eps",
     lambda f, x, eps: _difference(f, x, 0, eps, eps)),
    ("it is divided by eps: the two points are 2 eps apart",
     lambda f, x, eps: _difference(f, x, eps, eps, eps)),
    ("one-sided, but divided by 2 eps", lambda f, x, eps: _difference(f, x, eps, 0, 2 * eps)),
    ("it is not divided by 2 eps", lambda f, x, eps: _difference(f, x, eps, eps, 1)),
    ("the sign is wrong: L(x + eps) comes first",
     lambda f, x, eps: -_difference(f, x, eps, eps, 2 * eps)),
    ("all elements are moved at once: move one alone", _together),
    ("elements stay moved when the next one's turn comes: move one alone", _moved_for_good),
    ("2 * eps is multiplied, not divided by: mind the brackets in / (2 * eps)",
     lambda f, x, eps: _difference(f, x, eps, eps, 2 / eps)),
]  # fmt: skip


def differences(function: Callable[..., Any]) -> Report:
    """Check exercise 10 on a function with curvature, at a large eps, for three shapes."""
    rng = np.random.default_rng(10)
    right: list[str] = []
    for shape in ((4,), (2, 3), ()):
        x, mix = rng.standard_normal(shape), rng.standard_normal(shape)

        def f(y: Array, mix: Array = mix) -> float:
            return float(np.sum(mix * np.exp(y)) + np.sum(y) ** 2 + np.sum(y**3))

        eps = 1e-2
        found = array(
            "numerical_gradient", call(function, f, np.asarray(x), eps), shape, "the gradient"
        )
        truth = _difference(f, np.asarray(x), eps, eps, 2 * eps)
        if not close(found, truth):
            words = named(found, DIFFERENCES, (f, np.asarray(x), eps))
            return Report(right, [f"the gradient at an x of shape {shape}"], "", words)
        right.append(f"the gradient at an x of shape {shape}")
    return Report(right, [])
