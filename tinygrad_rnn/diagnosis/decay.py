"""Decay of a gradient on its way back: straight lines through its logarithm.

Norms are taken along the sweep: first where the gradient sets out, last where it ends. A curve with
a knee is two lines that meet, for one line over both would be true of neither.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.graph import Array

SHORTEST = 4  # points that a line of its own must have
BETTER = 0.25  # what two lines must leave at most of the squares that one leaves
BEND = 0.3  # decades by which one line must miss somewhere before two are told
SMALLEST_NORMAL = np.finfo(np.float64).tiny  # below, a gradient is stuck at a few rounded values


class Stretch(NamedTuple):
    """A stretch in which a gradient changes by the same factor at every step back.

    Attributes:
        first: the place along the sweep where it begins.
        last: where it ends.
        decades: log10 of the factor; negative where the gradient shrinks on its way back.
    """

    first: int
    last: int
    decades: float

    @property
    def factor(self) -> float:
        """What is left of the gradient after one step back."""
        return float(10.0**self.decades)


def pieces(norms: ArrayLike) -> list[Stretch]:
    """Return the one or two lines that a gradient's norms follow.

    What is zero, not finite or below 2.2e-308 is left out of the fit.

    Args:
        norms: along the sweep, shape (n,).

    Returns:
        One piece, or two that meet at a knee; none where fewer than two norms are left.

    >>> [round(piece.factor, 6) for piece in pieces([1.0, 0.5, 0.25, 0.125])]
    [0.5]
    >>> bent = 0.1 ** np.concatenate([np.arange(8), np.full(12, 7.0)])
    >>> [(piece.first, piece.last, round(piece.factor, 6)) for piece in pieces(bent)]
    [(0, 7, 0.1), (7, 19, 1.0)]
    """
    norms = np.asarray(norms, np.float64)
    at = np.flatnonzero(np.isfinite(norms) & (norms >= SMALLEST_NORMAL))
    if len(at) < 2:
        return []
    logs = np.log10(norms[at])
    one = _lines(at, logs, [])
    whole = Stretch(int(at[0]), int(at[-1]), one.slopes[0])
    knee = _knee(at, logs, one)
    if knee is None:
        return [whole]
    first, second = _lines(at, logs, [knee]).slopes
    return [Stretch(int(at[0]), knee, first), Stretch(knee, int(at[-1]), first + second)]


class _Fit(NamedTuple):
    slopes: list[float]  # the first line's, and what each knee adds
    left: float  # sum of the squares that remain
    furthest: float  # the largest miss


def _lines(at: Array, logs: Array, knees: list[int]) -> _Fit:
    """Fit lines that meet at the knees, by least squares."""
    columns = [np.ones(len(at)), at, *(np.maximum(at - knee, 0) for knee in knees)]
    matrix = np.stack(columns, axis=1).astype(np.float64)
    found, *_ = np.linalg.lstsq(matrix, logs, rcond=None)
    missed = np.abs(logs - matrix @ found)
    return _Fit([float(x) for x in found[1:]], float(missed @ missed), float(missed.max()))


def _knee(at: Array, logs: Array, one: _Fit) -> int | None:
    """Return where two lines meet, provided that one would mislead."""
    inner = at[SHORTEST - 1 : len(at) - SHORTEST + 1]
    if one.furthest < BEND or not len(inner):
        return None
    if len(inner) > 64:  # of a long run, so many places are looked at
        inner = inner[np.linspace(0, len(inner) - 1, 64).round().astype(int)]
    fits = [(_lines(at, logs, [int(knee)]), int(knee)) for knee in inner]
    two, knee = min(fits, key=lambda fit: fit[0].left)
    return knee if two.left < BETTER * one.left else None
