"""What one number cannot show: cost against the number of steps, of drawing, of importing.

Each function runs in a fresh process and returns what JSON can hold.
"""

from __future__ import annotations

import gc
import mmap
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.cases import Case, Size
from tests.benchmarks.statistics import spread

IMPORT = """
import time
start = time.process_time(); import numpy
middle = time.process_time(); import tinygrad_rnn
print(middle - start, time.process_time() - middle)
"""


def lstm(steps: int) -> Callable[[], object]:
    """Return one pass of the op graph: recording it, sweeping it, and freeing it."""
    from tests.benchmarks.contenders.ours import graph

    return graph(Case("lstm", Size(steps, 1, 16, 32), "float64"))


def seconds(function: Callable[[], object]) -> float:
    """Return the processor time of one call."""
    start = time.process_time()
    function()
    return time.process_time() - start


def time_per_step(lengths: tuple[int, ...], rounds: int) -> list[dict[str, Any]]:
    """Microseconds a step for each length, measured in turns; short ones repeat theirs."""
    passes = {steps: lstm(steps) for steps in lengths}
    times: dict[int, list[float]] = {steps: [] for steps in lengths}
    lstm(100)()
    for _ in range(rounds):
        for steps, one_pass in passes.items():
            count = max(1, 2_000 // steps)
            gc.collect()  # the leavings of the length before are not this one's
            took = seconds(lambda n=count, one_pass=one_pass: [one_pass() for _ in range(n)])
            times[steps].append(1e6 * took / (steps * count))
    shortest = np.array(times[lengths[0]])
    return [
        {"steps": steps, "microseconds": spread(t), "to_shortest": spread(np.array(t) / shortest)}
        for steps, t in times.items()
    ]


def peak_per_step(steps: int) -> dict[str, Any]:
    """Bytes a step by which a single pass raises the peak of the process's resident memory."""
    lstm(10)()
    one_pass = lstm(steps)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from what is held now
    before = peak()
    one_pass()
    return {"steps": steps, "bytes": (peak() - before) / steps}


def peak() -> int:
    """Return the peak of this process's resident memory in bytes, as Linux counts it."""
    status = Path("/proc/self/status").read_text().split("VmHWM:")[1]
    return 1024 * int(status.split()[0])


def drawing_time(lengths: tuple[int, ...]) -> list[dict[str, Any]]:
    """Seconds to draw and write an LSTM's graph as SVG with all its steps."""
    import tinygrad_rnn as tr
    import viz

    found = []
    for steps in lengths:
        cell = tr.LSTMCell(8, 16, rng=0)
        run = tr.unroll(cell, np.random.default_rng(0).standard_normal((steps, 1, 8)))
        loss = np.square(run.final.h).sum()
        flow = tr.trace(loss)
        for detail in ("op", "gate", "cell", "step"):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "lstm.svg")
                start = time.perf_counter()
                viz.draw(loss, flow, detail=detail, steps="all").save(path)
                took = time.perf_counter() - start
                size = path.stat().st_size
            found.append({"steps": steps, "detail": detail, "seconds": took, "bytes": size})
    return found


def page_time(lengths: tuple[int, ...]) -> list[dict[str, Any]]:
    """Microseconds a step that an LSTM's page takes, and that unroll and trace take before it."""
    import tinygrad_rnn as tr
    import viz

    def made(steps: int) -> dict[str, Any]:
        cell = tr.LSTMCell(8, 16, rng=0)
        inputs = np.random.default_rng(0).standard_normal((steps, 1, 8))
        start = time.process_time()
        loss = np.sum(tr.unroll(cell, inputs).final.h)
        flow = tr.trace(loss)
        middle = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            path = viz.draw(loss, flow).save(Path(folder, "lstm.html"))
            size = path.stat().st_size
        end = time.process_time()
        each = 1e6 / steps
        return {
            "steps": steps,
            "page": (end - middle) * each,
            "run": (middle - start) * each,
            "bytes": size,
        }

    made(10)  # loads what is loaded when it is first needed
    return [made(steps) for steps in lengths]


def import_time(rounds: int) -> dict[str, Any]:
    """Milliseconds that importing this project takes in fresh processes, NumPy being there.

    Both come from compiled bytes that Python keeps beside an installed package; they are kept
    elsewhere here, so that no setting of the environment decides whether there are any.
    """
    pairs = []
    with tempfile.TemporaryDirectory() as kept:
        settings = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": kept}
        command = [sys.executable, "-c", IMPORT]
        for _ in range(rounds + 1):
            out = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
            pairs.append([1e3 * float(word) for word in out.stdout.split()])
    numpy_alone, over = np.array(pairs[1:]).T  # the first compiled
    return {"numpy_ms": spread(numpy_alone), "over_numpy_ms": spread(over)} | {
        "to_numpy": spread(over / numpy_alone)
    }


PAGES = 1 << 14  # that are touched to see what a page fault takes


def page_fault_microseconds() -> float:
    """Return what it takes to be given a page of memory, as the system does when it is touched."""
    region = mmap.mmap(-1, PAGES * mmap.PAGESIZE)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        region.madvise(mmap.MADV_NOHUGEPAGE)
    first_bytes = np.frombuffer(region, np.uint8)[:: mmap.PAGESIZE]
    fetched, there = (seconds(lambda: first_bytes.fill(1)) for _ in range(2))
    return 1e6 * (fetched - there) / PAGES


def page_faults(sizes: tuple[Size, ...], passes: int = 5) -> list[dict[str, Any]]:
    """Page faults of a training step of the LSTM's op graph, for each size."""
    from tests.benchmarks.contenders.ours import graph

    found = []
    for size in sizes:
        step = graph(Case("lstm", size, "float64"))
        for _ in range(passes):
            step()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(passes):
            step()
        count = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        found.append({"size": size, "faults": count / passes})
    return found


def caches() -> dict[str, str]:
    """Return the sizes of the processor's caches by name, such as L2, where Linux tells them."""
    found = {}
    for place in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (
            (place / name).read_text().strip() for name in ("level", "type", "size")
        )
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found


def machine() -> dict[str, Any]:
    """Name the processor, its caches, the versions and the matrix kernels that were used."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in ("numpy", "torch", "jax", "autograd", "mygrad", "numba"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    try:
        from threadpoolctl import threadpool_info

        kernels = sorted(
            {f"{p['internal_api']} {p.get('architecture')}" for p in threadpool_info()}
        )
    except ImportError:
        kernels = []
    names = Path("/proc/cpuinfo")
    lines = names.read_text().splitlines() if names.exists() else []
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
        "kernels": kernels,
        "caches": caches(),
        "page_fault_microseconds": page_fault_microseconds(),
    }
