"""`python -m tests.benchmarks`: measure, print, and write JSON and a chart to out/bench."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks import curves, growth, watching
from tests.benchmarks.cases import GATES, SIZES, TINY, Case, Size
from tests.benchmarks.contenders import OTHERS, OURS, PYTORCH
from tests.benchmarks.race import Turn, one_thread, race, workers
from tests.benchmarks.report import PRODUCTS, TORCH, report
from tests.benchmarks.statistics import spread


class Plan(NamedTuple):
    """How much is measured."""

    name: str = "full"
    contenders: dict[str, tuple[str, str]] = OURS | PYTORCH | OTHERS  # never written
    sizes: tuple[Size, ...] = SIZES
    dtypes: tuple[str, ...] = ("float32", "float64")
    seconds: float = 10.0  # for each case of the table
    rounds: tuple[int, int] = (7, 40)
    lengths: tuple[int, ...] = (100, 1_000, 10_000, 100_000)
    repeats: int = 3
    drawn: tuple[int, ...] = (10, 100, 1_000)
    pages: tuple[int, ...] = (100, 1_000, 10_000, 20_000)
    imports: int = 21
    growth: tuple[int, ...] = (250, 500, 1_000, 2_000, 4_000)
    watched: int = 1_000  # steps of a PyTorch model


QUICK = Plan(
    "quick",
    OURS | PYTORCH,
    seconds=0.3,
    rounds=(2, 20),
    lengths=(100, 1_000, 10_000),
    repeats=3,
    drawn=(10, 100),
    pages=(100, 1_000),
    imports=7,
    growth=(250, 1_000),
)
FEW = {name: OURS[name] for name in ("ours, op graph", "ours, fused", "matrix products alone")}
SMOKE = Plan("smoke", FEW, (TINY,), ("float32",), 0.0, (1, 1), (2, 4), 1, (), (4,), 1, (4, 8), 4)


def rows(case: Case, turns: dict[str, list[Turn]]) -> list[dict[str, Any]]:
    """Return a row for each contender: its time, and its ratios taken round by round."""
    times = {name: np.array([turn.seconds for turn in own]) for name, own in turns.items()}
    return [
        {
            "cell": case.cell,
            "size": case.size,
            "dtype": case.dtype,
            "contender": name,
            "ms": spread(1e3 * own),
            "to_torch": spread(own / times[TORCH]) if TORCH in times else None,
            "to_products": spread(own / times[PRODUCTS]),
            "rounds": len(own),
            "threads": max(turn.threads for turn in turns[name]),
        }
        for name, own in times.items()
    ]


def apart(function: Callable, *arguments: Any) -> Any:
    """Call a function in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def measure(plan: Plan) -> dict[str, Any]:
    """Run the whole plan; returns what report, chart and compare read."""
    one_thread()
    data: dict[str, Any] = {"plan": plan.name, "machine": apart(curves.machine), "table": []}
    with workers(plan.contenders) as (runs, absent):
        for cell in GATES:
            for size in plan.sizes:
                for dtype in plan.dtypes:
                    case = Case(cell, size, dtype)
                    print(f"== {case}", file=sys.stderr, flush=True)
                    data["table"] += rows(case, race(runs, case, plan.seconds, plan.rounds))
    print("== curves", file=sys.stderr, flush=True)
    scale = apart(curves.time_per_step, plan.lengths, plan.repeats)
    data["scale"] = [
        point | apart(curves.peak_per_step, steps)
        for point, steps in zip(scale, plan.lengths, strict=True)
    ]
    data["flow"] = [
        point
        for keep in (False, True)
        for point in apart(watching.flow_cost, 2 * plan.repeats + 1, plan.sizes, keep)
    ]
    data["recorder"] = apart(watching.recorder_cost, plan.repeats, plan.sizes)
    data["watched"] = apart(watching.watched_cost, plan.watched, 2 * plan.repeats)
    data["growth"] = apart(growth.growth, plan.growth)
    data["faults"] = apart(curves.page_faults, plan.sizes)
    data["drawing"] = apart(curves.drawing_time, plan.drawn)
    data["pages"] = apart(curves.page_time, plan.pages)
    data["import"] = curves.import_time(plan.imports)
    data["absent"] = absent
    return data


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the report, and write bench.json, bench.txt and bench.png."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute instead of ten")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: only to see that it runs")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="a folder")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    data = measure(SMOKE if options.smoke else QUICK if options.quick else Plan())
    options.out.mkdir(parents=True, exist_ok=True)
    text = report(data)
    (options.out / "bench.json").write_text(json.dumps(data, indent=1) + "\n")
    (options.out / "bench.txt").write_text(text + "\n")
    print(text)
    if find_spec("matplotlib"):
        from tests.benchmarks.chart import chart

        chart(data, options.out / "bench.png")
    print(f"{time.monotonic() - start:.0f} s; see {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
