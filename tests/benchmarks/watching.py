"""What watching costs: a flow, a `Recorder` in a training loop, and a PyTorch model watched.

Each function runs in a fresh process and returns what JSON can hold.
"""

from __future__ import annotations

import gc
import time
from importlib.util import find_spec
from typing import Any

import numpy as np

from tests.benchmarks.cases import SIZES, Case, Size
from tests.benchmarks.curves import seconds
from tests.benchmarks.statistics import spread


def flow_cost(
    rounds: int, sizes: tuple[Size, ...] = SIZES, keep: bool = False
) -> list[dict[str, Any]]:
    """Time of a sweep that records a flow over that of a plain one, on the same LSTM graph.

    Alone, and with the l2 norm of every edge read, as a picture does. A flow holds every node's
    gradient: with `keep`, `keep_memory()` spares it the fetching of that memory from the system.
    """
    import tinygrad_rnn as tr
    from tests.benchmarks.contenders.ours import loss_of, make_cell

    def read(loss: tr.Tensor) -> list[float]:
        return [edge.l2 for edge in tr.trace(loss).edges]

    if keep:
        tr.keep_memory()
    found = []
    for dtype in ("float32", "float64"):
        for size in sizes:
            case = Case("lstm", size, dtype)
            loss = loss_of(make_cell(case), case.x)
            ways = (tr.Tensor.backward, tr.trace, read)
            times = [
                [seconds(lambda way=way, loss=loss: way(loss)) for way in ways]
                for _ in range(rounds + 1)
            ]
            plain, recorded, read_out = np.array(times[1:]).T  # the first warms up
            found.append(
                {"size": size, "dtype": dtype, "keep": keep, "ms": spread(1e3 * read_out)}
                | {"recorded_to_plain": spread(recorded / plain)}
                | {"read_to_plain": spread(read_out / plain)}
            )
    return found


EVERY = 50  # iterations of a training loop between two records


def recorder_cost(rounds: int, sizes: tuple[Size, ...] = SIZES) -> list[dict[str, Any]]:
    """Time of one record of a `viz.Recorder`, over that of the training steps between two."""
    return [{"size": size, "share": spread(_shares(size, rounds))} for size in sizes]


def _shares(size: Size, rounds: int) -> list[float]:
    import tinygrad_rnn as tr
    import viz
    from tests.benchmarks.contenders.ours import loss_of, make_cell

    case = Case("lstm", size, "float64")
    cell = make_cell(case)
    optimizer = tr.Adam(cell.parameters(), lr=1e-4)

    def step(recorder: viz.Recorder | None = None) -> float:
        """Return the processor time of a training step, or of recording it."""
        start = time.process_time()
        optimizer.zero_grad()
        loss = loss_of(cell, case.x)
        taken = seconds(lambda: recorder(loss)) if recorder else 0.0
        loss.backward()
        optimizer.step()
        return taken or time.process_time() - start

    step(viz.Recorder())  # what is loaded when it is first needed
    return [
        step(viz.Recorder()) / (EVERY * float(np.median([step() for _ in range(3)])))
        for _ in range(rounds)
    ]


def watched_cost(steps: int, rounds: int) -> dict[str, Any] | None:
    """Time to watch a loop of PyTorch's LSTMCell and trace it, over its own forward and backward.

    None without PyTorch.
    """
    if not find_spec("torch"):
        return None
    import torch

    import tinygrad_rnn as tr
    from tinygrad_rnn.interop import torch as tr_torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    cell = torch.nn.LSTMCell(16, 32)
    inputs = torch.randn(steps, 4, 16)

    def loss() -> Any:
        state = (torch.zeros(4, 32), torch.zeros(4, 32))
        for x in inputs:
            state = cell(x, state)
        return state[0].square().sum()

    def watched() -> None:
        with tr_torch.watch(cell):
            made = loss()
        tr.trace(made)

    pairs = []
    for _ in range(rounds + 1):
        gc.collect()
        pairs.append([seconds(lambda: loss().backward()), seconds(watched)])
    plain, traced = np.array(pairs[1:]).T  # the first warms up
    return {"steps": steps, "ms": spread(1e3 * traced), "to_plain": spread(traced / plain)}
