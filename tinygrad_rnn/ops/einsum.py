"""The sum of products in every notation: einsum."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.graph import Array
from tinygrad_rnn.primitive import Primitive, VariadicRule
from tinygrad_rnn.tensor import Value


def explicit(subscripts: str, dims: list[int]) -> tuple[list[str], str]:
    """Return the letters of each operand and of the output, with no "..." and no output left out.

    Args:
        subscripts: as in `np.einsum`.
        dims: how many axes each operand has.

    >>> explicit("...ij,jk", [3, 2])
    (['Zij', 'jk'], 'Zik')
    """
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    operands = left.split(",")
    extra = [n - len(part.replace("...", "")) for part, n in zip(operands, dims, strict=True)]
    free = [c for c in reversed(string.ascii_letters) if c not in subscripts]
    most = max([n for part, n in zip(operands, extra, strict=True) if "..." in part], default=0)
    dots = "".join(free[:most])
    operands = [
        part.replace("...", dots[most - n :] if n else "")
        for part, n in zip(operands, extra, strict=True)
    ]
    if arrow:
        return operands, out.replace("...", dots)
    letters = "".join(operands)
    named = sorted({c for c in letters if letters.count(c) == 1} - set(dots))
    return operands, dots + "".join(named)


def _einsum(*xs: Array, subscripts: str, optimize: Any = False) -> Array:
    return np.asarray(np.einsum(subscripts, *xs, optimize=optimize))


def _einsum_vjp(
    slot: int, g: Value, y: Value, xs: tuple[Value, ...], subscripts: str, optimize: Any = False
) -> Value:
    """Exchange the output for the operand: ij,jk->ik gives ik,jk->ij.

    A letter that only this operand has was summed away: ones bring it back. A letter that it has
    twice meant a diagonal: the second becomes a letter of its own, tied by an identity matrix.
    """
    operands, out = explicit(subscripts, [np.ndim(x) for x in xs])
    x, mine = xs[slot], operands[slot]
    others = [k for k in range(len(xs)) if k != slot]
    terms, arrays = [out, *[operands[k] for k in others]], [g, *[xs[k] for k in others]]
    free = [c for c in string.ascii_letters if c not in "".join([out, *operands])]
    wanted = ""
    for k, c in enumerate(mine):
        if c in wanted:
            twin = free.pop()
            terms.append(c + twin)
            arrays.append(np.eye(x.shape[k], dtype=x.dtype))
            wanted += twin
            continue
        if c not in "".join(terms):
            terms.append(c)
            arrays.append(np.ones(x.shape[k], x.dtype))
        wanted += c
    back = np.einsum(f"{','.join(terms)}->{wanted}", *arrays, optimize=optimize)
    if back.shape == x.shape:
        return back
    stretched = tuple([k for k, n in enumerate(x.shape) if n == 1 != back.shape[k]])
    back = np.sum(back, axis=stretched, keepdims=True)
    return np.broadcast_to(back, x.shape)  # where all others have length 1


def _einsum_jvp(
    slot: int, t: Value, y: Value, xs: tuple[Value, ...], subscripts: str, optimize: Any = False
) -> Value:
    return np.einsum(subscripts, *xs[:slot], t, *xs[slot + 1 :], optimize=optimize)


einsum = Primitive(
    "einsum",
    _einsum,
    VariadicRule(_einsum_vjp),
    VariadicRule(_einsum_jvp),
    "sum of products of xs",
    "einsum of g and the other xs",
)


def _dispatch_einsum(subscripts: Any, *xs: Value, optimize: Any = False) -> Value:
    if not isinstance(subscripts, str):
        raise NotDifferentiableError(
            "np.einsum is differentiated with subscripts in a string, such as 'ij,jk->ik'"
        )
    return einsum(*xs, subscripts=subscripts, optimize=optimize)


FUNCTIONS[np.einsum] = _dispatch_einsum
