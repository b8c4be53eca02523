"""HIPS autograd: the cell's equations in its NumPy, in a Python loop."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import autograd.numpy as anp
from autograd import value_and_grad

from tests.benchmarks.cases import Case
from tests.benchmarks.contenders.equations import step_function


def loop(case: Case) -> Callable:
    lib = SimpleNamespace(sigmoid=lambda a: 1 / (1 + anp.exp(-a)), tanh=anp.tanh)
    cell, zeros = step_function(case.cell, case.size.hidden, lib), case.zeros()
    weights, x = tuple(case.weights), case.x

    def loss(weights: tuple) -> object:
        w, u, b = weights[0].T, weights[1].T, weights[2]
        state, hs = (zeros, zeros) if case.cell == "lstm" else (zeros,), []
        for x_t in x:
            state = cell(x_t, state, w, u, b)
            hs.append(state[0])
        return anp.sum(anp.stack(hs) ** 2)

    differentiated = value_and_grad(loss)

    def step() -> tuple:
        value, gradients = differentiated(weights)
        return value, gradients[1]

    return step
