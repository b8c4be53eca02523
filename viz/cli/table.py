"""Tables as people have them: header, index column, semicolons, decimal commas, gaps; also Parquet
and Excel. What is not plain is refused with its place in the file, never guessed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.tensor import Array
from viz.cli.command import UsageError

GAPS = {"", "na", "n/a", "nan", "null", "none", "-", "?", "."}
DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+")
MISSING = ("drop", "fill")
Row = tuple[int, list[str]]  # its line in the file, its cells


class Table(NamedTuple):
    """What was read.

    Attributes:
        values: shape (T, I).
        names: of the I columns.
        labels: the text of the first column that holds text, one for each step; None without.
        notes: what was left out or filled, in words.
    """

    values: Array
    names: list[str]
    labels: list[str] | None
    notes: list[str]


def read_table(
    path: Path,
    text: Callable[[Path], str],
    columns: Sequence[str] | None = None,
    missing: str | None = None,
) -> Table:
    """Return a table of numbers, a time step in each row.

    Args:
        path: .csv, .tsv, .parquet or .xlsx.
        text: what reads a file of text.
        columns: names, or numbers from 1; all by default.
        missing: what to do about gaps: "drop" leaves such rows out, "fill" takes the value before
            (at the start, the first one after). None refuses them.

    Raises:
        UsageError: if it is no such table, or has gaps and `missing` does not say what to do.
    """
    reader = {".parquet": _parquet, ".xlsx": _excel}.get(path.suffix.lower())
    rows = list(reader(path) if reader else _lines(text(path)))
    names = [f"column {k}" for k in range(1, len(rows[0][1]) + 1)] if rows else []
    if rows and not any(_number(cell) is not None for cell in rows[0][1]):
        names = [cell.strip() or name for cell, name in zip(rows[0][1], names, strict=True)]
        rows = rows[1:]
    for line, cells in rows:
        if len(cells) != len(names):
            raise UsageError(
                f"{path} is not a table of numbers: line {line} has {len(cells)} columns, the "
                f"lines before it have {len(names)}"
            )
    words = [k for k in range(len(names)) if rows and _is_text([cells[k] for _, cells in rows])]
    chosen = _chosen(path, names, words, columns)
    try:
        values = np.array(
            [[_value(line, k, cells[k]) for k in chosen] for line, cells in rows], np.float64
        ).reshape(len(rows), len(chosen))
        _check_dots(rows, chosen)
    except ValueError as error:
        raise UsageError(f"{path} is not a table of numbers: {error}") from error
    labels = [cells[words[0]].strip() for _, cells in rows] if words else None
    used = [names[k] for k in chosen]
    return _without_gaps(path, Table(values, used, labels, []), [line for line, _ in rows], missing)


def _lines(text: str) -> Iterable[Row]:
    """Yield the rows of separated text that are not blank: by tabs, semicolons or commas."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    separator = next((mark for mark in "\t;" if mark in bare), ",")
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) or len(cells) > 1:
                yield reader.line_num, cells
    except csv.Error as error:
        raise UsageError(f"line {reader.line_num} is no line of a table: {error}") from error


def _parquet(path: Path) -> Iterable[Row]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(f"{path} is read by the package pyarrow: pip install pyarrow") from error
    try:
        found = parquet.read_table(path)
        columns = [[_cell(value) for value in column.to_pylist()] for column in found.columns]
    except Exception as error:  # pyarrow's errors are of several kinds
        raise UsageError(f"{path} is not a whole Parquet file: {error}") from error
    yield 1, [str(name) for name in found.column_names]
    yield from enumerate(map(list, zip(*columns, strict=True)), 2)


def _excel(path: Path) -> Iterable[Row]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise UsageError(f"{path} is read by the package openpyxl: pip install openpyxl") from error
    try:
        sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
        rows = [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    except Exception as error:  # a damaged archive shows as nearly anything
        raise UsageError(f"{path} is not a whole Excel workbook: {error}") from error
    yield from ((k, row) for k, row in enumerate(rows, 1) if any(row))


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _number(cell: str) -> float | None:
    """Return what a cell is as a number, NaN for a gap; None for text."""
    plain = cell.strip()
    if plain.lower() in GAPS - {""}:
        return np.nan
    try:
        return float(plain)
    except ValueError:
        pass
    if DECIMAL_COMMA.fullmatch(plain):
        return float(plain.replace(".", "").replace(",", "."))
    return None


def _is_text(cells: list[str]) -> bool:
    """Whether a column has something in it, and no number."""
    filled = [cell for cell in cells if cell.strip().lower() not in GAPS]
    return bool(filled) and all(_number(cell) is None for cell in filled)


def _value(line: int, k: int, cell: str) -> float:
    found = np.nan if not cell.strip() else _number(cell)
    if found is None:
        raise ValueError(f"line {line}, column {k + 1}: {cell.strip()[:40]!r} is no number")
    return found


def _check_dots(rows: list[Row], chosen: list[int]) -> None:
    """Refuse a dot beside decimal commas: it may part thousands, or stand for a comma."""
    for k in chosen:
        commas = [line for line, cells in rows if DECIMAL_COMMA.fullmatch(cells[k].strip())]
        dots = [line for line, cells in rows if re.fullmatch(r"\s*\S*\d\.\d+\s*", cells[k])]
        if commas and dots:
            raise ValueError(
                f"column {k + 1} has a decimal comma in line {commas[0]} and a dot in line "
                f"{dots[0]}: which of them parts the decimals?"
            )


def _chosen(
    path: Path, names: list[str], words: list[int], columns: Sequence[str] | None
) -> list[int]:
    """Return the places of the columns to read."""
    numbers = [k for k in range(len(names)) if k not in words]
    known = ", ".join(names[k] for k in numbers)
    if columns is None:
        if len(words) > 1:
            more = ", ".join(repr(names[k]) for k in words[1:])
            raise UsageError(
                f"{path} has text in {more}, too, where one column of text labels the steps: "
                f"choose with --columns {known.replace(', ', ',')}"
            )
        return numbers
    chosen = []
    for name in columns:
        place = names.index(name) if name in names else None
        if place is None and name.isdecimal() and 1 <= int(name) <= len(names):
            place = int(name) - 1
        if place is None or place in words:
            what = "is text" if place in words else "is not there"
            raise UsageError(f"{path}: column {name!r} {what}: there is {known}")
        chosen.append(place)
    return chosen


def _without_gaps(path: Path, table: Table, lines: list[int], missing: str | None) -> Table:
    """Return the table with its gaps dropped or filled, and notes that say so."""
    gaps = np.isnan(table.values)
    if not gaps.any():
        return table
    row, column = (int(k) for k in np.argwhere(gaps)[0])
    count = f"{gaps.sum()} gap{'s' if gaps.sum() > 1 else ''}"
    place = f"the first in line {lines[row]}, {table.names[column]!r}"
    if missing is None:
        raise UsageError(
            f"{path} has {count}, {place}: --missing drop leaves such rows out, --missing fill "
            "takes the value before"
        )
    if missing == "drop":
        kept = [not row.any() for row in gaps]
        labels = list(compress(table.labels, kept)) if table.labels is not None else None
        lost = f"{kept.count(False)} of {len(kept)} rows left out"
        note = f"{path}: {lost} for {count}, {place}"
        return table._replace(values=table.values[kept], labels=labels, notes=[note])
    values = table.values.copy()
    for k in range(values.shape[1]):
        known = np.flatnonzero(~gaps[:, k])
        if not len(known):
            raise UsageError(f"{path}: {table.names[k]!r} has nothing but gaps: leave it out")
        before = np.searchsorted(known, np.arange(len(values)), side="right") - 1
        values[:, k] = values[known[np.maximum(before, 0)], k]
    return table._replace(values=values, notes=[f"{path}: {count} filled, {place}"])
