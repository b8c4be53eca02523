"""Interrupt, fork, thread and kill by the thousand: `make attack`.

Real signals hit training at random moments; children are forked while threads compute; tasks of
asyncio take turns inside blocks; workers send flows back. Afterwards all must be as it was: blocks
closed, the collector on, and a training step bit for bit what it is alone. Attempt number n is made
from n alone, but for the moment at which a signal arrives.
"""

from __future__ import annotations

import argparse
import asyncio
import contextvars
import gc
import os
import pickle
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from tinygrad_rnn.scope import surroundings

LIMIT = 20  # seconds, after which an attempt hangs
COLUMNS = ("attempts", "wrong", "hang", "obscure", "leaked")


def step(seed: int) -> Any:
    """Return the gradient of one training step, which every attempt compares with."""
    cell = tr.LSTMCell(2, 3, rng=seed)
    with tr.scope("attack", seed):
        run = tr.unroll(cell, np.random.default_rng(seed).standard_normal((6, 2, 2)))
        loss = np.sum(run.outputs * run.outputs)
    loss.backward()
    with tr.no_grad():
        tr.unroll(cell, np.ones((2, 1, 2)))
    return cell.weight_hh.grad


def verdict(found: Any, expected: Any) -> str:
    """Return what an attempt left behind: "leaked", "wrong", or nothing."""
    here = surroundings()
    if here.scope or not here.recording or here.anomalies is not None or not gc.isenabled():
        return "leaked"
    return "" if np.array_equal(found, expected) else "wrong"


def interrupted(rng: Random) -> str:
    """Interrupt a step at a random moment; then do another."""
    seed = rng.randrange(8)
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 6e-3))
        for _ in range(10):
            step(seed)
    except KeyboardInterrupt:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return verdict(step(seed), EXPECTED[seed])


def handled(rng: Random) -> str:
    """Let a signal's handler train in the middle of a step, in a context of its own."""
    seed, inside = rng.randrange(8), []

    def handler(number: int, frame: FrameType | None) -> None:
        inside.append(contextvars.Context().run(step, seed))

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 4e-3))
    try:
        found = [step(seed) for _ in range(4)]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return next(filter(None, (verdict(one, EXPECTED[seed]) for one in found + inside)), "")


def forked(rng: Random) -> str:
    """Fork while threads compute; the child trains, and tells by its exit status what it found."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            step(0)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(rng.uniform(0, 0.005))
    child = os.fork()
    if child == 0:
        os._exit(("", "wrong", "leaked").index(verdict(step(1), EXPECTED[1])))
    stop.set()
    for thread in threads:
        thread.join()
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            return ("", "wrong", "leaked")[code] if 0 <= code < 3 else "obscure"
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hang"


def threaded(rng: Random) -> str:
    """Train in several threads at once."""
    seeds, found = [rng.randrange(8) for _ in range(4)], {}

    def work(k: int) -> None:
        found[k] = step(seeds[k])

    threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    if any(thread.is_alive() for thread in threads):
        return "hang"
    if len(found) < 4:
        return "obscure"
    return next(filter(None, (verdict(found[k], EXPECTED[seeds[k]]) for k in range(4))), "")


def in_tasks(rng: Random) -> str:
    """Let tasks take turns inside their blocks; one is cancelled there."""
    names = [f"task {rng.random()}" for _ in range(4)]

    async def task(name: str) -> bool:
        with tr.scope(name), tr.no_grad():
            for _ in range(3):
                await asyncio.sleep(0)
                if [part.name for part in surroundings().scope] != [name]:
                    return False
        return surroundings().recording

    async def together() -> list[Any]:
        tasks = [asyncio.ensure_future(task(name)) for name in names]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    if asyncio.run(together())[1:] != [True] * 3:
        return "wrong"
    return verdict(step(0), EXPECTED[0])


def sent(rng: Random) -> str:
    """Have a forked process trace a loss and send its cell and flow back."""
    seed = rng.randrange(8)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        cell = tr.LSTMCell(2, 3, rng=seed)
        loss = np.sum(tr.unroll(cell, np.ones((4, 1, 2))).final.h)
        with open(writer, "wb") as file:
            flow = tr.trace(loss)
            pickle.dump((cell, flow, flow.norm(cell.weight_hh)), file)
        os._exit(0)
    os.close(writer)
    _ = [tr.Tensor(0.0) for _ in range(rng.randrange(500))]  # whose numbers the child used, too
    with open(reader, "rb") as file:
        cell, flow, norm = pickle.load(file)
    os.waitpid(child, 0)
    return "" if flow.norm(cell.weight_hh) == norm > 0 else "wrong"


EXPECTED = [step(seed) for seed in range(8)]
ATTACKS: dict[str, tuple[Callable[[Random], str], int]] = {  # with how many for each 2,000
    "interrupted": (interrupted, 2000),
    "handled": (handled, 300),
    "forked": (forked, 100),
    "threaded": (threaded, 200),
    "in tasks": (in_tasks, 200),
    "sent": (sent, 100),
}


def attack(name: str, attempts: int, first: int = 0) -> Counter[str]:
    """Make attempts of one kind; return how many there were, and what they left behind."""
    function, counts = ATTACKS[name][0], Counter[str]()
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for number in range(first, first + attempts):
            try:
                outcome = function(Random(f"{name} {number}"))
            except (Exception, KeyboardInterrupt) as error:
                print(f"{name} {number}: {type(error).__name__}: {error}", file=sys.stderr)
                outcome = "obscure"
            counts["attempts"] += 1
            if outcome:
                counts[outcome] += 1
    finally:
        signal.signal(signal.SIGALRM, before)
    return counts


def main() -> None:
    """Run all kinds, print a table, and exit with 1 if anything was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--interrupts", type=int, default=2000, help="others in proportion")
    options = parser.parse_args()
    print(f"{'':<12}", *(f"{column:>9}" for column in COLUMNS))
    bad = 0
    for name, (_, share) in ATTACKS.items():
        counts = attack(name, max(1, share * options.interrupts // 2000))
        print(f"{name:<12}", *(f"{counts[column]:>9}" for column in COLUMNS), flush=True)
        bad += counts.total() - counts["attempts"]
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
