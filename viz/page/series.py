"""Long series of numbers encoded in few bytes, for the page.

One idea: what the page shows is true to every digit shown. A gradient's norm is kept as the decimal
number that is shown, with two or three significant digits, in one integer (`gradient_code`); values
are kept in fixed decimals. All series of integers share one `Pool`, in which each is stored once.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from viz.errors import VizError
from viz.reading.folding import Sizes

NONE, ZERO, NAN, INF, FIRST_ORDINARY = range(5)  # codes of gradients that are no ordinary number


FAR = 2**29  # codes of values that are no ordinary number: NaN, Inf, -Inf follow


SeriesPlace = list[int]  # number of a series in the pool, and where in it to start


class Pool:
    """Series of integers, each kept once."""

    def __init__(self) -> None:
        self.series: list[np.ndarray] = []
        self.lines: list[tuple[float, int, int, np.ndarray]] = []  # how each series is written
        self.known: dict[bytes, SeriesPlace] = {}

    def copy(self) -> Pool:
        """Another pool with the same series, to which more can be added."""
        other = Pool()
        other.series, other.lines = list(self.series), list(self.lines)
        other.known = dict(self.known)
        return other

    def add(self, numbers: Sequence[int] | np.ndarray) -> SeriesPlace:
        """Keep a series; its place: number of the pool's series and offset in that."""
        new = np.asarray(numbers, dtype=np.int64)
        if np.abs(new).max(initial=0) >= 2 * FAR:  # its differences would not fit into four bytes
            raise VizError("this graph is too long for a page: draw fewer steps, or save as .json")
        place = self.known.get(new.tobytes())
        if place is None:
            self.lines.append(_encoded(len(self.series), new))
            self.series.append(new)
            place = [len(self.series) - 1, 0]
            # A state's gradient is sent on by all its steps but one: those are found as its parts.
            for start, stop in ((0, 0), (0, 1), (1, 0)):
                part = new[start : len(new) - stop]
                self.known.setdefault(part.tobytes(), [place[0], start])
        return place

    def estimate(self) -> int:
        """About how many bytes `written` will give: deflated in a hurry it is a tenth more."""
        return round(0.9 * len(zlib.compress(self._planes()[2], 1)))

    def written(self) -> tuple[list[tuple[int, int]], list[int], bytes]:
        """Length of each series and whether it is differenced, their numbers, the deflated bytes.

        Integers are folded to be positive (0, -1, 1, -2, ... become 0, 1, 2, 3, ...) and written as
        four planes, the lowest bytes of all first. Differences start from 0. Series of like noise
        stand together, for so they deflate best.
        """
        specs, order, planes = self._planes()
        deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 6, zlib.Z_FILTERED)
        return specs, order, deflate.compress(planes) + deflate.flush()

    def _planes(self) -> tuple[list[tuple[int, int]], list[int], bytes]:
        lines = sorted(self.lines, key=lambda line: line[:2])
        numbers = np.concatenate([line[3] for line in lines] or [np.zeros(0, np.int64)])
        folded = np.where(numbers >= 0, 2 * numbers, -2 * numbers - 1).astype("<u4")
        planes = folded.view(np.uint8).reshape(-1, 4).T.tobytes()
        return [(len(line[3]), line[2]) for line in lines], [line[1] for line in lines], planes


def _encoded(number: int, series: np.ndarray) -> tuple[float, int, int, np.ndarray]:
    """How noisy a series is, its number, whether it is differenced, and what is written of it."""
    steps = np.diff(series, prepend=0)
    bits, step_bits = (float(np.log2(1.0 + np.abs(s)).sum()) for s in (series, steps))
    differenced = step_bits < bits
    noise = round(min(bits, step_bits) / max(len(series), 1), 3)
    return noise, number, int(differenced), steps if differenced else series


def gradient_code(value: float, digits: int = 3) -> int:
    """The integer for a gradient's size, in the two or three digits that the page shows.

    >>> gradient_code(1.23e-05) - gradient_code(1.22e-05), gradient_code(0.0) == ZERO
    (1, True)
    >>> gradient_code(1.2e-05, digits=2) - gradient_code(9.8e-06, digits=2)
    4
    """
    if math.isnan(value):
        return NAN
    if math.isinf(value):
        return INF
    if value == 0:
        return ZERO
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    least = 100 if digits == 3 else 10
    return (
        FIRST_ORDINARY + 9 * least * (int(exponent) + 324) + int(mantissa.replace(".", "")) - least
    )


def gradient_codes(values: np.ndarray, digits: int = 3) -> np.ndarray:
    """The integers for many sizes at once, the same as `gradient_code` gives for each.

    >>> gradient_codes(np.array([0.0, 1.23e-05])).tolist() == [ZERO, gradient_code(1.23e-05)]
    True
    """
    values = np.asarray(values, dtype=float)
    codes = np.full(values.shape, NAN)
    codes[np.isinf(values)] = INF
    codes[values == 0] = ZERO
    usual = (values > 1e-290) & (values < 1e290)
    x = values[usual]
    least = 10 ** (digits - 1)
    power = np.floor(np.log10(x))
    scaled = x / 10.0**power * least
    mantissa = np.rint(scaled)
    carried = mantissa >= 10 * least  # as 9.999 is 10.0
    power[carried] += 1
    mantissa[carried] = least
    codes[usual] = FIRST_ORDINARY + 9 * least * (power + 324) + mantissa - least
    doubtful = np.zeros(values.shape, dtype=bool)  # so near the middle that the last bits decide
    doubtful[usual] = np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6
    doubtful |= ~usual & (values > 0) & (values < math.inf)
    found, which = np.unique(values[doubtful], return_inverse=True)  # what is stuck recurs
    exact = [gradient_code(value, digits) for value in found.tolist()]
    codes[doubtful] = np.array(exact, dtype=codes.dtype)[which.ravel()] if exact else NONE
    return codes


def gradients(sizes: Sizes, norms: Sequence[str], pool: Pool, digits: int = 3) -> list[SeriesPlace]:
    """Places of the gradients' codes in each of some norms."""
    return [
        pool.add(np.where(sizes.there, gradient_codes(getattr(sizes, norm), digits), NONE))
        for norm in norms
    ]


def values(numbers: np.ndarray, digits: int, pool: Pool) -> dict[str, Any]:
    """Series of values (each a column) in fixed decimals: a value is its integer / 10**decimals.

    There are as many decimals as give the largest one `digits` digits.
    """
    finite = np.isfinite(numbers)
    top = float(np.abs(numbers[finite]).max(initial=0.0))
    decimals = digits - 1 - math.floor(math.log10(top)) if top > 0 else 0
    decimals = min(decimals, 300)
    scaled = np.where(finite, numbers, 0.0)
    scaled = scaled * 10.0**decimals if decimals >= 0 else scaled / 10.0**-decimals
    codes = np.rint(scaled).astype(np.int64)
    for code, special in enumerate((np.isnan(numbers), numbers == np.inf, numbers == -np.inf)):
        codes[special] = FAR + code
    return {"decimals": decimals, "places": [pool.add(column) for column in codes.T]}


def ranges(steps: Iterable[int]) -> list[list[int]]:
    """Runs of consecutive steps, as first and last.

    >>> ranges([0, 1, 2, 7])
    [[0, 2], [7, 7]]
    """
    found = np.array(list(steps), dtype=np.int64)
    if not found.size:
        return []
    ends = np.flatnonzero(np.diff(found) != 1)
    firsts, lasts = np.append(0, ends + 1), np.append(ends, len(found) - 1)
    return np.stack([found[firsts], found[lasts]], axis=1).tolist()  # type: ignore[no-any-return]  # of integers
