"""Studies for the tests of sweeps: functions that other processes can import."""

import os
import time
from pathlib import Path


def log(folder, *words):
    """Note a call in a file of its own line, for the test to count."""
    with open(Path(folder) / "calls", "a") as file:
        file.write(" ".join(map(str, words)) + "\n")


def product(gain, steps, folder, seed):
    log(folder, gain, steps, seed)
    return {"product": gain * steps + seed, "process": os.getpid()}


def slow(step, folder, seed):
    log(folder, step)
    time.sleep(0.1)
    return step**2


def refuses_three(step, folder, seed):
    log(folder, step)
    if step == 3 and not (Path(folder) / "mended").exists():
        raise ZeroDivisionError("three")
    return step


def dies_at_two(step, folder, seed):
    if step == 2 and not (Path(folder) / "mended").exists():
        os._exit(1)
    return step
