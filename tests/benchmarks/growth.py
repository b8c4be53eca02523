"""Growth: what could take the square of a number of pieces or steps, measured from few to many."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tr

Work = Callable[[int], Callable[[], object]]  # of a size: what is timed
REPEATS = 3


def concatenate(pieces: int) -> Callable[[], object]:
    """Backward of a concatenation."""
    x = tr.Tensor(np.ones((pieces, 4)), requires_grad=True)
    total = np.sum(np.concatenate([x[t] for t in range(pieces)]) ** 2)
    return total.backward


def jvp_of_stack(states: int) -> Callable[[], object]:
    """Forward mode through a stack of states."""
    return lambda: tr.jvp(
        lambda x: np.sum(np.stack([x * t for t in range(states)])), [[1.0]], [[1.0]]
    )


def recorded_reads(steps: int) -> Callable[[], object]:
    """A recorded gradient of x[0], x[1], ... and the gradient of that."""
    x = tr.Tensor(np.linspace(-1, 1, 4 * steps).reshape(steps, 4), requires_grad=True)
    total = sum((np.sum(x[t] ** 3) for t in range(steps)), start=tr.Tensor(0.0))

    def twice() -> None:
        (g,) = tr.grad(total, [x], create_graph=True)
        np.sum(g * g).backward()

    return twice


def product_with_zero(factors: int) -> Callable[[], object]:
    """Backward of a product of which one factor is 0."""
    x = tr.Tensor(np.where(np.arange(factors) == 3, 0.0, 1.0), requires_grad=True)
    return np.prod(x).backward


def second_derivative(steps: int) -> Callable[[], object]:
    """The gradient of a gradient through an RNN's steps."""
    cell = tr.RNNCell(2, 4, rng=0)
    inputs = np.random.default_rng(0).standard_normal((steps, 1, 2))
    loss = np.sum(tr.unroll(cell, inputs).outputs ** 2)

    def twice() -> None:
        (g,) = tr.grad(loss, [cell.weight_hh], create_graph=True)
        np.sum(g * g).backward()

    return twice


WORKS: dict[str, Work] = {
    "backward of concatenate": concatenate,
    "jvp through stack": jvp_of_stack,
    "create_graph through x[t]": recorded_reads,
    "prod with a zero": product_with_zero,
    "gradient of a gradient, RNN": second_derivative,
}


def growth(sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """Microseconds a piece of each work for each size, the best of a few; short ones repeat."""
    found = []
    for name, work in WORKS.items():
        work(10)()  # what is loaded when it is first needed
        for size in sizes:
            timed, times = work(size), []
            count = max(1, 2 * sizes[0] // size)
            for _ in range(REPEATS):
                gc.collect()
                start = time.process_time()
                for _ in range(count):
                    timed()
                times.append((time.process_time() - start) / count)
            found.append({"work": name, "size": size, "microseconds": 1e6 * min(times) / size})
    return found
