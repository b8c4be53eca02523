"""The race: each contender in a process of its own, and one turn each, round after round.

Only one process runs at a time. What disturbs the machine for a while so disturbs all alike, and a
ratio is taken between turns of the same round. What counts is processor time: each has one thread,
so on an idle machine that is the time on the clock, and on a busy one it leaves out the waiting.
"""

from __future__ import annotations

import importlib
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.cases import Case

CONTENDERS = "tests.benchmarks.contenders"
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",  # the size of XLA's thread pool
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
TURN_SECONDS = 0.02  # a turn repeats a step for at least this long


class Turn(NamedTuple):
    seconds: float  # of processor time per step
    threads: float  # processor time over time on the clock: above 1 means a second thread


def one_thread() -> None:
    """Hold every child process to one thread: this must be set before it imports a library."""
    os.environ.update(ONE_THREAD)
    for forced in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(forced, None)  # let NumPy choose the kernels made for this processor


def serve(pipe: Connection, module: str, function: str) -> None:
    """Run in a child process: prepare and time one contender as the parent asks."""
    if module in ("ours", "ours_keeping"):
        sys.modules["numba"] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        make = getattr(importlib.import_module(f"{CONTENDERS}.{module}"), function)
    except ImportError as error:
        pipe.send(str(error))
        return
    pipe.send(None)
    for case in iter(pipe.recv, None):
        step, numbers = prepare(make, Case(*case))
        pipe.send(numbers)
        while pipe.recv():
            pipe.send(turn(step))


def prepare(make: Callable, case: Case) -> tuple[Callable, Any]:
    """Return a step that has run once (compilers and buffers are warm), and its numbers."""
    step = make(case)
    loss, gradient = step()
    if loss is None:
        return step, None
    return step, (float(loss), np.array(gradient))


def turn(step: Callable) -> Turn:
    """Time a step. A short one is first run once, to warm the caches, then often enough."""
    once = measure(step, 0)
    return once if once.seconds >= TURN_SECONDS else measure(step, TURN_SECONDS)


def measure(step: Callable, least: float) -> Turn:
    """Time as many steps as fill at least so many seconds; one at the least."""
    start, processor, count, taken = time.perf_counter(), time.process_time(), 0, 0.0
    while count == 0 or taken < least:
        step()
        count += 1
        taken = time.process_time() - processor
    return Turn(taken / count, taken / (time.perf_counter() - start))


@contextmanager
def workers(contenders: dict[str, tuple[str, str]]) -> Iterator[tuple[dict[str, Connection], dict]]:
    """Start a process for each contender; yield them by name, and why some are absent."""
    one_thread()
    context = multiprocessing.get_context("spawn")
    processes, runs, absent = [], {}, {}
    try:
        for name, (module, function) in contenders.items():
            here, there = context.Pipe()
            process = context.Process(target=serve, args=(there, module, function), daemon=True)
            process.start()
            there.close()
            processes.append(process)
            reason = here.recv()
            if reason is None:
                runs[name] = here
            else:
                absent[name] = reason
        yield runs, absent
    finally:
        for pipe in runs.values():
            pipe.send(None)
        for process in processes:
            process.join(10)


def race(
    runs: dict[str, Connection], case: Case, seconds: float, rounds: tuple[int, int]
) -> dict[str, list[Turn]]:
    """Return each contender's turns on a case, in rounds.

    Args:
        runs: the process that runs each contender.
        case: what they run.
        seconds: the time that a case gets; a started round is finished.
        rounds: the least and the most rounds, whatever the time.

    Raises:
        ArithmeticError: if two contenders that ought to compute the same do not.
    """
    results = {}
    for name, pipe in runs.items():
        pipe.send((case.cell, case.size, case.dtype))
        results[name] = pipe.recv()
    check(case, results)
    turns: dict[str, list[Turn]] = {name: [] for name in runs}
    start = time.perf_counter()
    for number in range(rounds[1]):
        if number >= rounds[0] and time.perf_counter() - start > seconds:
            break
        for name, pipe in runs.items():
            pipe.send(True)
            turns[name].append(pipe.recv())
    for pipe in runs.values():
        pipe.send(False)
    return turns


def check(case: Case, results: dict[str, Any]) -> None:
    """Compare all losses and gradients: who computes something else cannot be compared in speed."""
    rtol = 1e-3 if case.dtype == "float32" else 1e-8
    firsts: dict[bool, tuple[str, Any]] = {}
    for name, result in results.items():
        if result is None:
            continue
        other_gru = case.cell == "gru" and name in (
            "PyTorch, cell in a loop",
            "PyTorch, nn layer",
        )
        first, expected = firsts.setdefault(other_gru, (name, result))
        scale = np.abs(expected[1]).max()
        if not (
            math.isclose(result[0], expected[0], rel_tol=rtol)
            and np.abs(result[1] - expected[1]).max() <= rtol * scale
            and str(result[1].dtype) == case.dtype
        ):
            raise ArithmeticError(f"{case}: {name} and {first} do not compute the same")
