"""The table of all that is differentiated, made from the registry, so that it is never old."""

from __future__ import annotations

import inspect
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.dispatch import FUNCTIONS, UFUNCS, Function, full_name
from tinygrad_rnn.ops.nondifferentiable import (
    COMPARISONS,
    NOT_NUMERIC,
    PIECEWISE_CONSTANT,
    ROUNDED,
)
from tinygrad_rnn.primitive import REGISTRY


class FunctionRow(NamedTuple):
    """One function of NumPy's that tensors answer to.

    Attributes:
        function: its name, as users write it.
        formula: y in symbols; "" where it is made of others.
        derivative: what is sent back to each input, in symbols.
        forms: the arguments that NumPy gives it.

    >>> [row.derivative for row in table_rows() if row.function == "np.multiply"]
    ['g * b; g * a']
    """

    function: str
    formula: str
    derivative: str
    forms: str


def table_rows() -> list[FunctionRow]:
    """Return a row for each differentiated function, by name.

    >>> len(table_rows()) > 180
    True
    """
    out = [_row(f"np.{ufunc.__name__}", ufunc) for ufunc in UFUNCS if _is_smooth(ufunc)]
    for function in FUNCTIONS:
        if function not in NOT_NUMERIC and function not in ROUNDED:
            out.append(_row(full_name(function), function))
    return sorted(set(out))


def _is_smooth(ufunc: np.ufunc) -> bool:
    return ufunc not in COMPARISONS and ufunc not in PIECEWISE_CONSTANT


def _row(name: str, function: Function) -> FunctionRow:
    primitive = REGISTRY.get(name.rpartition(".")[2])
    if isinstance(function, np.ufunc):
        forms = "(x)" if function.nin == 1 else "(a, b)"
    else:
        forms = str(inspect.signature(function))
    if primitive is None:
        return FunctionRow(name, "", "that of the functions it is made of", forms)
    return FunctionRow(name, primitive.formula, "; ".join(primitive.derivatives), forms)


def markdown() -> str:
    """Return the table in Markdown. All orders and both modes are differentiated, by every row.

    >>> markdown().splitlines()[0]
    '| function | y | what flows back | arguments |'
    """
    lines = ["| function | y | what flows back | arguments |", "|--|--|--|--|"]
    for row in table_rows():
        cells = [cell.replace("|", "\\|").replace("<no value>", "...") for cell in row]
        lines.append("| " + " | ".join(f"`{cell}`" if cell else "" for cell in cells) + " |")
    return "\n".join(lines) + "\n"
