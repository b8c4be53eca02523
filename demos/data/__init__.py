"""Small real data; SOURCES.md says where each file comes from and under which licence."""

from __future__ import annotations

import csv
import gzip
import io
import math
from pathlib import Path

import numpy as np

from demos.common import UsageError
from tinygrad_rnn.tensor import Array

HERE = Path(__file__).parent


def read(path: Path) -> bytes:
    """Return what a file holds, unpacked if its name ends in ``.gz``."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError) as error:
        remedy = "restore it with `git checkout demos/data`" if path.parent == HERE else "mend it"
        if isinstance(error, FileNotFoundError) and path.parent != HERE:
            remedy = "check the name"
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {path}: {reason}; {remedy}") from error


def table(path: Path, columns: list[str] | None = None) -> tuple[list[str], Array]:
    """Return the columns of a CSV file that hold numbers, and their values, shape (rows, columns).

    Args:
        path: a ``.csv`` or ``.csv.gz`` file whose first line names its columns.
        columns: which ones, in this order; by default all whose first value is a number.
    """
    try:
        rows = list(csv.reader(io.StringIO(read(path).decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV table: {error}; save it as UTF-8 CSV") from error
    rows = [row for row in rows if row]
    if len(rows) < 2:
        raise UsageError(f"{path} has no rows: its first line names the columns, the rest are data")
    head = [name.strip() for name in rows[0]]
    if columns is None:
        columns = [name for name, cell in zip(head, rows[1], strict=False) if _is_number(cell)]
    missing = [name for name in columns if name not in head]
    if missing or not columns:
        wanted = f"no column {missing[0]!r}" if missing else "no column of numbers"
        raise UsageError(f"{path} has {wanted}; its columns are {', '.join(head)}")
    values = np.empty((len(rows) - 1, len(columns)))
    for n, row in enumerate(rows[1:], 2):
        for k, name in enumerate(columns):
            cell = row[head.index(name)].strip() if head.index(name) < len(row) else ""
            if not _is_number(cell):
                what = f"is {cell!r}, no number" if cell else "is empty"
                raise UsageError(
                    f"{path}, row {n}: {name} {what}; fill the gap in or leave the row out"
                )
            values[n - 2, k] = float(cell)
    return columns, values


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def genome(path: Path) -> Array:
    """Return the bases of a FASTA file as classes 0 .. 3 of "ACGT"."""
    try:
        lines = read(path).decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no FASTA file: {error}; give one of bases") from error
    bases = "".join(line.strip() for line in lines if not line.startswith(">")).upper()
    strange = set(bases) - set("ACGT")
    if strange or not bases:
        what = f"holds {min(strange)!r}, which is none of A, C, G, T" if strange else "is empty"
        raise UsageError(f"{path} {what}: give a FASTA file of bases")
    return np.array(["ACGT".index(base) for base in bases])


# The standard genetic code: the amino acid of each triple of the bases A, C, G, T; * is a stop.
CODE = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"


def translated(bases: Array, first: int) -> str:
    """Return the amino acids that bases are read as, in triples from the one at `first` on.

    >>> translated(np.array([0, 3, 2, 0, 0, 0, 3, 0, 0]), 0)  # ATG AAA TAA
    'MK*'
    """
    whole = (len(bases) - first) // 3 * 3
    triples = bases[first : first + whole].reshape(-1, 3)
    return "".join(CODE[k] for k in triples @ [16, 4, 1])


def genes(bases: Array, least: int = 100) -> list[Array]:
    """Return the bases of what are likely genes: long stretches from a start to a stop.

    The longest are taken first, of both strands, and others that overlap them by a tenth left out.

    Args:
        bases: classes 0 .. 3 of "ACGT".
        least: amino acids that a gene has.
    """
    found, length = [], len(bases)
    for forward, strand in ((True, bases), (False, 3 - bases[::-1])):
        for frame in range(3):
            at = frame
            for stretch in translated(strand, frame).split("*"):
                start = stretch.find("M")
                if start >= 0 and len(stretch) - start >= least:
                    span = at + 3 * start, at + 3 * len(stretch)
                    place = span if forward else (length - span[1], length - span[0])
                    found.append((span[1] - span[0], place, strand[slice(*span)]))
                at += 3 * (len(stretch) + 1)
    taken, kept = np.zeros(length, dtype=bool), []
    for _, (start, end), gene in sorted(found, key=lambda one: (-one[0], one[1])):
        if taken[start:end].mean() < 0.1:
            taken[start:end] = True
            kept.append((start, gene))
    return [gene for _, gene in sorted(kept, key=lambda one: one[0])]


def utterances(path: Path) -> tuple[Array, Array, Array, int]:
    """Return the vowels: padded cepstra (T, N, 12), lengths (N,), speakers (N,), how many train."""
    try:
        with np.load(io.BytesIO(read(path)), allow_pickle=False) as stored:
            values, lengths = stored["cepstra"] / 1000.0, stored["lengths"]
            speakers, training = stored["speakers"].astype(int), int(stored["training"])
    except Exception as error:  # what is wrong with a packed file can show as nearly anything
        if isinstance(error, UsageError):
            raise
        raise UsageError(
            f"{path} is damaged ({error}): restore it with `git checkout demos/data`"
        ) from error
    padded = np.zeros((lengths.max(), len(lengths), values.shape[1]), dtype=np.float32)
    for n, end in enumerate(np.cumsum(lengths)):
        padded[: lengths[n], n] = values[end - lengths[n] : end]
    return padded, lengths.astype(int), speakers, training
