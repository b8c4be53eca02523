"""MyGrad: the cell's equations on its tensors, in a Python loop."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import mygrad
from mygrad.nnet.activations import sigmoid

from tests.benchmarks.cases import Case
from tests.benchmarks.contenders.equations import step_function


def loop(case: Case) -> Callable:
    lib = SimpleNamespace(sigmoid=sigmoid, tanh=mygrad.tanh)
    cell, zeros = step_function(case.cell, case.size.hidden, lib), case.zeros()
    weights = [mygrad.tensor(array) for array in case.weights]
    x = case.x

    def step() -> tuple:
        w, u, b = weights[0].T, weights[1].T, weights[2]
        state, hs = (zeros, zeros) if case.cell == "lstm" else (zeros,), []
        for x_t in x:
            state = cell(x_t, state, w, u, b)
            hs.append(state[0])
        loss = mygrad.sum(mygrad.stack(hs) ** 2)
        loss.backward()
        return loss.data, weights[1].grad

    return step
