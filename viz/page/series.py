"""Long series of numbers encoded in few bytes, for the page.

One idea: what the page shows is true to every digit shown. A gradient's norm is kept as the decimal
number that is shown, as `viz.style.number` writes it, in one integer (`gradient_code`); values are
kept in fixed decimals. All series of integers share one `Pool`, in which each is stored once.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from viz.errors import VizError
from viz.reading.folding import Sizes
from viz.style import settled

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


LEAST_POWER = -324  # of ten, of the smallest float
SHOWN_WHOLE = 100, 10_000  # from the one to below the other all digits are shown
CODES_PER_POWER = 900  # codes: 90 mantissas of two digits, each in ten parts


def gradient_code(value: float, fine: bool = True) -> int:
    """The integer for a gradient's size: the two digits that are shown, and a tenth of the second.

    Codes grow with the value. First come those of the four special ones, then for every power of
    ten 900: 90 mantissas of two digits, each with the tenth of its width, 0 to 9, that the value
    lies in, which is for ratios and is not shown. From 100 to 9999 whole numbers stand instead.

    Args:
        value: at least 0, or NaN.
        fine: whether tenths and whole numbers are kept; else there are 90 codes for every power.

    >>> gradient_code(0.0) == ZERO, gradient_code(1.2e-05) - gradient_code(1.1e-05)
    (True, 10)
    >>> gradient_code(1234.0) - gradient_code(1233.0)
    1
    >>> gradient_code(1.2e-05, fine=False) - gradient_code(9.8e-06, fine=False)
    4
    """
    if math.isnan(value):
        return NAN
    if math.isinf(value):
        return INF
    if value == 0:
        return ZERO
    value = settled(value)
    if fine and SHOWN_WHOLE[0] - 0.5 <= value < SHOWN_WHOLE[1] - 0.5:
        return int(_code(2, 10, 0)) + round(value) - SHOWN_WHOLE[0]
    text, exact = f"{value:.1e}", f"{value:.11e}"
    power, mantissa = int(text[4:]), int(text[0] + text[2])
    if not fine:
        return FIRST_ORDINARY + 90 * (power - LEAST_POWER) + mantissa - 10
    shift = int(exact[exact.index("e") + 1 :]) - power  # -1 where it was rounded up to 1.0
    place = float(exact[: exact.index("e")]) * 10 ** (1 + shift) - mantissa + 0.5
    return int(_code(power, mantissa, min(max(math.floor(10 * place), 0), 9)))


def _code(power: Any, mantissa: Any, tenth: Any) -> Any:
    """The code of a mantissa of two digits and its tenth, or those of many."""
    whole = (
        SHOWN_WHOLE[1] - SHOWN_WHOLE[0] - 2 * CODES_PER_POWER
    )  # how many more codes whole numbers take
    above = (power >= 4) * whole
    return (
        FIRST_ORDINARY
        + CODES_PER_POWER * (power - LEAST_POWER)
        + 10 * (mantissa - 10)
        + tenth
        + above
    )


def gradient_codes(values: np.ndarray, fine: bool = True) -> np.ndarray:
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
    power = np.floor(np.log10(x))
    scaled = 10 * x / 10.0**power
    mantissa = np.rint(scaled)
    carried = mantissa >= 100  # as 9.99 is 10
    power[carried] += 1
    mantissa[carried] = 10
    scaled[carried] /= 10
    near = 10 * scaled  # so near the end of a tenth that the last bits decide
    close = np.abs(near - np.rint(near)) < 1e-6
    if fine:
        part = np.clip(np.floor(10 * (scaled - mantissa + 0.5)), 0, 9)
        found = _code(power, mantissa, part)
        whole = (x >= SHOWN_WHOLE[0] - 0.5) & (x < SHOWN_WHOLE[1] - 0.5)
        found[whole] = _code(2, 10, 0) + np.rint(x[whole]) - SHOWN_WHOLE[0]
        close |= whole & (np.abs(x - np.floor(x) - 0.5) < 1e-6)
    else:
        found = FIRST_ORDINARY + 90 * (power - LEAST_POWER) + mantissa - 10
    codes[usual] = found
    doubtful = ~usual & (values > 0) & (values < math.inf)
    doubtful[usual] |= close
    unique, which = np.unique(values[doubtful], return_inverse=True)  # what is stuck recurs
    exact = [gradient_code(value, fine) for value in unique.tolist()]
    codes[doubtful] = np.array(exact, dtype=codes.dtype)[which.ravel()] if exact else NONE
    return codes


def gradients(
    sizes: Sizes, norms: Sequence[str], pool: Pool, fine: bool = True
) -> list[SeriesPlace]:
    """Places of the gradients' codes in each of some norms."""
    return [
        pool.add(np.where(sizes.there, gradient_codes(getattr(sizes, norm), fine), NONE))
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


def text_of(data: bytes) -> str:
    """Bytes in base 85, without the one of its characters that means something to HTML."""
    return base64.b85encode(data).decode("ascii").replace("<", ",")
