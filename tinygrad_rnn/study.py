"""A study over a grid of settings and seeds, on many processors, that can be stopped.

Every result becomes a line of a file as soon as it is there. Whatever ends a study, running it
again goes on where it was: what the file holds is not computed again, and nothing of it is lost.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from contextlib import closing, contextmanager, nullcontext
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from tinygrad_rnn.errors import StudyError

Result = Any  # what a study returns, as JSON gives it back
Setting = dict[str, Any]  # a value for each argument that the grid names
Grid = Mapping[str, Iterable[Any]]
Results = dict[str, Result]  # by what `_key` returns

BEGINNING = b'{"result": '  # of each line of a file of results


class Trial(NamedTuple):
    """One setting with one seed, and what the study made of it.

    Attributes:
        setting: a value for each argument that the grid names.
        seed: the seed.
        result: what the study returned, as JSON gives it back.

    >>> Trial({"gain": 0.5}, seed=0, result=1.25).setting
    {'gain': 0.5}
    """

    setting: Setting
    seed: int
    result: Result


def run(
    study: Callable[..., Result],
    grid: Grid,
    path: str | os.PathLike[str],
    seeds: Iterable[int] = (0,),
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Trial]:
    """Call ``study(seed=..., **setting)`` for every setting of a grid with every seed.

    Args:
        study: returns numbers, text, arrays, or lists and dictionaries of them. The processes of
            the default executor import it, so it stands at the top level of a module, and a script
            that runs a study does so under ``if __name__ == "__main__":``.
        grid: for each argument of the study its values, which are numbers or text, such as
            ``{"gain": [0.5, 1.0], "cell": ["RNN", "LSTM"]}``.
        path: the file of results, one line of JSON each. A file belongs to one study, as it is
            written now; grid and seeds may change, and then only what is new is computed.
        seeds: what to repeat every setting with.
        executor: where to compute; by default one process for each processor. Any
            `concurrent.futures.Executor` will do, such as Dask's ``Client(...).get_executor()``.
        progress: called as ``progress(done, total)`` at the start and after every result.

    Returns:
        The points in the order of the grid. Their results are as JSON gives them back, whether
        computed now or read from the file: a tuple or an array has become a list.

    Raises:
        StudyError: if the file is not one of results, another study is writing to it, or the study
            failed for some settings, or JSON cannot hold what it returned: by then all others are
            in the file.
        ValueError: if the grid has a setting called "seed".
        TypeError: if text stands in the grid where a list of texts is meant.
        OSError: if the file cannot be read or written.

    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
    ...     study = lambda gain, seed: gain * (seed + 1)
    ...     points = run(study, {"gain": [0.5, 2.0]}, folder + "/gains.jsonl", [0, 1], threads)
    >>> [point.result for point in points]
    [0.5, 1.0, 2.0, 4.0]
    """
    wanted = {_key(setting, seed): (setting, seed) for setting, seed in _points(grid, seeds)}
    failed: list[tuple[str, Exception]] = []
    with _results(Path(path)) as (file, found):
        done = sum(key in found for key in wanted)
        if progress is not None:
            progress(done, len(wanted))
        if done < len(wanted):
            missing = {key: point for key, point in wanted.items() if key not in found}
            with closing(_computed(study, missing, executor)) as computed:
                for key, outcome in computed:
                    if isinstance(outcome, Exception):
                        failed.append((key, outcome))
                        continue
                    try:
                        found[key] = _append_line(file, *wanted[key], outcome)
                    except (TypeError, ValueError, RecursionError) as unwritten:
                        failed.append((key, unwritten))  # JSON cannot hold it; the others go on
                        continue
                    done += 1
                    if progress is not None:
                        progress(done, len(wanted))
    if failed:
        key, error = failed[0]
        raise StudyError(
            f"{len(failed)} of {len(wanted)} failed, the first of them {key} with {error!r}; "
            f"{path} has the other {done}: run the study again to compute what is missing"
        ) from error
    return [Trial(setting, seed, found[key]) for key, (setting, seed) in wanted.items()]


def _points(grid: Grid, seeds: Iterable[int]) -> Iterator[tuple[Setting, int]]:
    if "seed" in grid:
        raise ValueError("study: 'seed' is no setting of the grid: give seeds=[...]")
    seeds = list(seeds)
    for name, values in grid.items():
        if isinstance(values, str | bytes):
            raise TypeError(
                f"study: {name!r} has {values!r}, which would be read letter by letter: give a "
                f"list, [{values!r}]"
            )
    for values in product(*(list(values) for values in grid.values())):
        for seed in seeds:
            yield dict(zip(grid, values, strict=True)), seed


def _computed(
    study: Callable[..., Result],
    missing: Mapping[str, tuple[Setting, int]],
    executor: Executor | None,
) -> Generator[tuple[str, Result | Exception], None, None]:
    """Yield the key of each point with what the study returned or raised, as they come."""
    with _processes() if executor is None else nullcontext(executor) as workers:
        futures: dict[Future[Result], str] = {}
        try:
            for key, (setting, seed) in missing.items():
                futures[workers.submit(study, seed=seed, **setting)] = key
            for future in as_completed(futures):
                try:
                    outcome = future.result()
                except Exception as error:  # one setting that fails does not stop the others
                    outcome = error
                yield futures[future], outcome
        finally:
            for future in futures:  # when the study is stopped: those that have not begun
                future.cancel()


def _processes() -> Executor:
    """Return processes that start afresh: forking would copy the threads' locks of NumPy's BLAS."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(mp_context=get_context("spawn"))


@contextmanager
def _results(path: Path) -> Iterator[tuple[BinaryIO, Results]]:
    """Open the file for appending, for this study alone, and read what it holds."""
    with path.open("a+b") as file:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StudyError(f"another study is writing to {path}: wait for its end") from None
        file.seek(0)
        found: Results = {}
        whole = 0
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):  # cut off while it was being written
                if line[: len(BEGINNING)] != BEGINNING[: len(line)]:
                    raise StudyError(
                        f"line {number} of {path} is not a study's: choose another file"
                    )
                file.truncate(whole)
                break
            whole += len(line)
            try:
                entry = json.loads(line)
                found[_key(entry["setting"], entry["seed"])] = entry["result"]
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise StudyError(
                    f"line {number} of {path} is not a study's: remove it, or choose another file"
                ) from error
        yield file, found


def _append_line(file: BinaryIO, setting: Setting, seed: int, result: Result) -> Result:
    """Write a line and wait until the disk has it; return the result as it will be read."""
    line = _json({"setting": setting, "seed": seed, "result": result})
    file.write(line.encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())
    return json.loads(line)["result"]


def _key(setting: Setting, seed: int) -> str:
    return _json({"seed": seed, **setting})


def _json(value: object) -> str:
    return json.dumps(value, default=_as_lists, sort_keys=True)


def _as_lists(value: object) -> object:
    """Return a NumPy array or scalar as lists and numbers."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"study: JSON cannot hold a {type(value).__name__}: {value!r}")
