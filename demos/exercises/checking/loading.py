"""A file of somebody else's: read, run and asked, with whatever is wrong said in one sentence."""

from __future__ import annotations

import ast
import importlib.util
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from demos.common import UsageError
from tinygrad_rnn.tensor import Array

LIBRARIES = {"tinygrad_rnn", "torch", "jax", "autograd", "tensorflow", "keras", "mygrad"}


def load(path: Path, names: tuple[str, ...]) -> tuple[str, Callable[..., Any]]:
    """Return the first of these functions that a file defines, with its name.

    Raises:
        UsageError: the file cannot be read or run, defines none of them, or has others do the work.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8, so no Python file") from error
    except SyntaxError as error:
        raise UsageError(
            f"{path}, line {error.lineno}: Python cannot read this: {error.msg}"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path}: Python cannot read this: {error}") from error
    _own_work(tree, path)
    spec = importlib.util.spec_from_file_location(f"exercise_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path} cannot be run: {_what(error, path)}") from error
    if any("exercises.solutions" in name for name in set(sys.modules) - before):
        raise UsageError(f"{path} imports the solution: the exercise is to write it")
    for name in names:
        if callable(getattr(module, name, None)):
            return name, getattr(module, name)
    raise UsageError(f"{path} defines no function {' or '.join(names)}")


def _own_work(tree: ast.Module, path: Path) -> None:
    for node in ast.walk(tree):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = [node.value] if "exercises.solutions" in node.value.replace("/", ".") else []
        for name in found:
            parts = name.replace("/", ".").split(".")
            if "solutions" in parts:
                raise UsageError(f"{path} imports the solution: the exercise is to write it")
            if parts[0] in LIBRARIES:
                raise UsageError(
                    f"{path} imports {parts[0]}, which differentiates by itself: here NumPy is all"
                )


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of such a file; return what it returns.

    Raises:
        UsageError: it raised an exception, returned nothing, or changed what it was given.
    """
    given = [_copy(argument) for argument in arguments]
    name, file = function.__name__, Path(function.__code__.co_filename)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            returned = function(*given)
    except RecursionError as error:
        raise UsageError(
            f"{name} calls itself too deeply: a network of thousands of steps needs a loop"
        ) from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"{name} stopped with {_what(error, file)}") from error
    if returned is None or returned is ...:
        raise UsageError(f"{name} returns nothing yet: replace the ... by your code, with a return")
    places = function.__code__.co_varnames
    for place, before, after in zip(places, arguments, given, strict=False):
        if not _same(before, after):
            raise UsageError(f"{name} changes its argument {place} in place: work on a copy of it")
    return returned


def arrays(name: str, found: Any, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """Return what a function returned as arrays, by name.

    Raises:
        UsageError: something is missing, is no array of numbers, or has another shape.
    """
    if not isinstance(found, dict):
        asked = ", ".join(f'"{key}"' for key in shapes)
        raise UsageError(
            f"{name} returns {_kind(found)} where a dictionary with {asked} is asked for"
        )
    missing = [key for key in shapes if key not in found]
    if missing:
        raise UsageError(f'{name} returns nothing under "{missing[0]}"')
    return {key: array(name, found[key], shape, f'"{key}"') for key, shape in shapes.items()}


def array(name: str, found: Any, shape: tuple[int, ...], which: str) -> Array:
    """Return one array of a shape; see `arrays`."""
    try:
        values = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: {which} is {_kind(found)}, no array of numbers") from error
    if values.shape != shape:
        turned = " (it looks transposed)" if values.shape == shape[::-1] != shape else ""
        added = ""
        if values.ndim > len(shape) and values.shape[values.ndim - len(shape) :] == shape:
            added = " (it is not added up over the steps or the batch)"
        raise UsageError(
            f"{name}: {which} has shape {values.shape} where {shape} is asked for{turned}{added}"
        )
    return values


def _kind(found: Any) -> str:
    name = type(found).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _what(error: BaseException, path: Path) -> str:
    """Return an exception in one line, with the line of the file that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == path]
    where = f" in line {lines[-1]}" if lines else ""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}{where}{f': {said}' if said else ''}"


def _copy(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, dict):
        return {key: _copy(value) for key, value in argument.items()}
    return [_copy(item) for item in argument] if isinstance(argument, list) else argument


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after)
    if isinstance(before, dict):
        return all(_same(value, after.get(key)) for key, value in before.items())
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return True
