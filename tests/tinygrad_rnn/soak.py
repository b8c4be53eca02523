"""Train for a long time and watch the memory: `make soak`.

Three cells are trained side by side with all that a person uses in a training loop. The collector
is off: what a step leaves behind, reference counting alone must free. After a tenth of the steps
neither the number of objects nor the resident memory may grow any more.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import tinygrad_rnn as tr


def training(engine: str = "graph") -> Iterator[float]:
    """Train three cells to remember the first of six inputs; yield the summed loss of each step."""
    rng = np.random.default_rng(0)
    cells = [tr.RNNCell(2, 8, rng=1), tr.LSTMCell(2, 8, rng=2), tr.GRUCell(2, 8, rng=3)]
    heads = [tr.Linear(8, 2, rng=k) for k in range(3)]
    parameters = [p for module in (*cells, *heads) for p in module.parameters()]
    optimiser = tr.Adam(parameters, lr=1e-3)
    for step in range(sys.maxsize):
        x = rng.standard_normal((6, 4, 2))
        total = 0.0
        optimiser.zero_grad()
        for cell, head in zip(cells, heads, strict=True):
            run = tr.unroll(cell, x, engine=engine)
            loss = tr.mse_loss(head(run.outputs[-1]), x[0])
            loss.backward()
            total += loss.item()
            if step % 10 == 0:
                flow = tr.trace(loss)
                flow.contributions(cell.weight_hh)
                if engine == "graph":
                    flow.through_time(run)
        tr.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        with tr.no_grad():
            tr.unroll(cells[step % 3], x)
        yield total


def resident() -> int:
    """Return the bytes of memory that this process holds now, as Linux counts them."""
    return 4096 * int(Path("/proc/self/statm").read_text().split()[1])


def main() -> None:
    """Train, print the memory as it goes, and exit with 1 if it grows or the loss does not fall."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000)
    options = parser.parse_args()
    gc.collect()
    gc.disable()
    marks, losses = [], []
    for step, loss in zip(range(1, options.steps + 1), training(), strict=False):
        losses.append(loss)
        if step % (options.steps // 20) == 0:
            marks.append((len(gc.get_objects()), resident()))
            print(f"step {step:>6}: loss {loss:.3f}, {marks[-1][0]} objects, {marks[-1][1]} bytes")
    objects = marks[-1][0] - marks[1][0]
    growth = marks[-1][1] - marks[1][1]
    tenth = options.steps // 10
    first, last = np.mean(losses[:tenth]), np.mean(losses[-tenth:])
    print(f"objects grew by {objects}, memory by {growth} bytes; loss {first:.3f} -> {last:.3f}")
    if objects > 100 or growth > 2**20 or last > 0.8 * first:
        sys.exit("not flat, or not learning")


if __name__ == "__main__":
    main()
