"""Read spoiled files by the thousand: `make fuzz`.

Every format runs in a process of its own with a limit on its memory, so that a crash of the
interpreter, a file that asks for all memory, and one that never ends are all found and named.
An input is made from its format and number alone: what failed once fails again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.formats import FORMATS, kind
from tests.fuzz.mutate import mutate

MEMORY = 4 * 2**30
SECONDS = 5  # for one input


def make(name: str, number: int) -> bytes:
    """Return input `number` of a format; the first few are its good files, unspoiled."""
    good, bad = kind(name).good, kind(name).bad
    if number < len(good):
        return good[number]
    rng = Random(f"{name} {number}")
    return mutate(rng.choice([*good, *bad]), rng)


def attempt(name: str, number: int, path: Path) -> str:
    """Read one input; return "read" or the name of the error. Anything unexpected is raised."""
    form = kind(name)
    path.write_bytes(make(name, number))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = form.read(path)
    except form.errors as error:
        if number < len(form.good) or not str(error):
            raise AssertionError("a good file was refused, or a bad one without a word") from error
        return type(error).__name__
    assert form.holds(found), f"read something else than promised: {found!r}"
    return "read"


def work(name: str, numbers: range, at: Synchronized[int], most: int) -> None:
    """Read one format's inputs; print each failure, and exit with 1 after `most` of them."""
    try:
        form = kind(name)
    except ImportError as error:
        print(f"{name}: left out: {error}", flush=True)
        sys.exit(0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    signal.signal(signal.SIGALRM, stop)
    counts, failures = Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "input" + form.suffix)
        for number in numbers:
            at.value = number
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                counts[attempt(name, number, path)] += 1
            except (Exception, RecursionError) as error:
                failures += 1
                print(f"{name} {number}: {type(error).__name__}: {error}"[:300], flush=True)
                if failures == most:
                    break
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    print(f"{name}: {dict(counts)}, {failures} failures", flush=True)
    sys.exit(failures > 0)


def stop(number: int, frame: FrameType | None) -> None:
    """Turn the alarm into an exception that no reader expects."""
    raise TimeoutError(f"not read within {SECONDS} seconds")


def main() -> None:
    """Run all formats, or show one input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="of all formats together")
    parser.add_argument("--failures", type=int, default=10, help="give up a format after so many")
    parser.add_argument("--show", nargs=2, metavar=("FORMAT", "NUMBER"), help="print one input")
    options = parser.parse_args()
    if options.show:
        sys.stdout.buffer.write(make(options.show[0], int(options.show[1])))
        return
    start, bad = time.monotonic(), []
    each = -(-options.inputs // len(FORMATS))
    context = multiprocessing.get_context("spawn")
    for name in FORMATS:
        at = context.Value("q", 0)
        process = context.Process(target=work, args=(name, range(each), at, options.failures))
        process.start()
        process.join()
        if process.exitcode:
            bad.append(name)
            if process.exitcode < 0:
                print(f"{name} {at.value}: the process died of signal {-process.exitcode}")
    print(f"{each * len(FORMATS)} inputs in {time.monotonic() - start:.0f} s")
    if bad:
        sys.exit(f"failed: {', '.join(bad)}")


if __name__ == "__main__":
    main()
