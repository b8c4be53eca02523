"""This project's two engines, and the matrix products that no NumPy implementation can avoid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

import tinygrad_rnn as tr
from tests.benchmarks.cases import GATES, Case

CELLS = {"rnn": tr.RNNCell, "lstm": tr.LSTMCell, "gru": tr.GRUCell}


def make_cell(case: Case) -> tr.Cell:
    cell = CELLS[case.cell](case.size.inputs, case.size.hidden, dtype=case.dtype)
    cell.weight_ih.data, cell.weight_hh.data, cell.bias.data = case.weights
    return cell


def loss_of(cell: tr.Cell, x: np.ndarray, engine: str = "graph") -> tr.Tensor:
    return np.square(tr.unroll(cell, x, engine=engine).outputs).sum()


def engine(case: Case, name: str) -> Callable:
    cell, x = make_cell(case), case.x

    def step() -> tuple:
        for parameter in cell.parameters():
            parameter.grad = None
        loss = loss_of(cell, x, engine=name)
        loss.backward()
        return loss.data, cell.weight_hh.grad

    return step


def products(case: Case) -> Callable:
    """Only the products: of the input and the weight gradients at once, the recurrent in turn."""
    (steps, batch, inputs, hidden), (w, u, _) = case.size, case.weights
    # The reset gate of a GRU stands before the product, so its candidate takes a second one.
    widths = (2 * hidden, hidden) if case.cell == "gru" else (GATES[case.cell] * hidden,)
    cuts = np.cumsum((0, *widths))
    recurrent = [u[a:b] for a, b in pairwise(cuts)]
    across = [np.ascontiguousarray(part.T) for part in recurrent]
    x = case.x.reshape(steps * batch, inputs)
    rng = np.random.default_rng(2)
    h = rng.standard_normal((steps, batch, hidden)).astype(case.dtype)
    adjoints = [rng.standard_normal((steps, batch, n)).astype(case.dtype) for n in widths]
    outs = [np.empty((batch, n), case.dtype) for n in widths]
    projected, back = np.empty((steps * batch, len(w)), case.dtype), case.zeros()

    def step() -> tuple:
        np.matmul(x, w.T, out=projected)
        for t in range(steps):
            for part, out in zip(across, outs, strict=True):
                np.matmul(h[t], part, out=out)
        for t in range(steps):
            for part, adjoint in zip(recurrent, adjoints, strict=True):
                np.matmul(adjoint[t], part, out=back)
        for adjoint in adjoints:
            flat = adjoint.reshape(steps * batch, -1)
            flat.T @ h.reshape(steps * batch, hidden)
            flat.T @ x
        return None, None  # there is nothing to compare

    return step


graph = partial(engine, name="graph")
fused = partial(engine, name="fused")
