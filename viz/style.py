"""Colour, width and number of a gradient's size.

One idea: everything is judged on one logarithmic, diverging scale. Its middle is a reference
gradient (grey); smaller gradients turn blue and thin, larger ones burnt orange and thick. From one
end to the other the colours stand out more and more, so that they can be told apart in grey. A
`Scale` holds the reference and the range; a `Theme` holds the colours for a light or a dark
background. Pictures that are to be compared share one `Scale`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tinygrad_rnn.diagnosis.chains import call_of, last_chain
from viz.errors import VizError

NORMS = ("l2", "rms", "max")


STEPS_PER_SIDE = 12  # colour levels on each side of the reference: -12 .. 12


THIN, THICK = 0.9, 6.0  # points


ABOVE = 1.1  # times the reference: from here on a gradient lies above it


def number(value: float) -> str:
    """Write a gradient's size in two digits, with an exponent only outside 0.001 .. 9999.

    >>> [number(value) for value in (3.21e-05, 0.15, 1.0, 24.3, 1234.0, 0.0)]
    ['3.2e-05', '0.15', '1.0', '24', '1234', '0']
    >>> number(float("nan")), number(float("-inf"))
    ('NaN', '-Inf')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    value = settled(value)
    text = f"{value:.1e}"
    power = int(text[text.index("e") + 1 :])  # of what it rounds to
    if abs(value) < 9999.5 and power >= -3:
        return f"{value:.{max(1 - power, 0)}f}"
    return text


def settled(value: float) -> float:
    """A value to twelve digits, before it is rounded to a few.

    C libraries differ in the last bit of a logarithm or a hyperbolic tangent; a picture is to have
    the same bytes with each of them, also where that bit stands beside a half.

    >>> settled(0.1 + 0.2), settled(float("-inf"))
    (0.3, -inf)
    """
    return float(f"{value:.12g}")


def plain(value: float) -> str:
    """Write a round number as short as it can be.

    >>> plain(1e-05), plain(0.01), plain(1.0), plain(1000.0)
    ('1e-05', '0.01', '1', '1000')
    """
    return f"{value:.3g}" if value < 1000 or value >= 9999.5 else f"{value:.0f}"


@dataclass(frozen=True)
class Theme:
    """The colours of one background. `ramp` runs from far below the reference to far above it."""

    name: str
    background: str
    cluster: str  # a time step's fill
    cluster_line: str
    gate: str  # a gate's fill inside a step
    node: str  # a node's fill
    state: str  # the fill of h and c
    parameter: str  # the fill of a parameter's tag
    text: str
    forward: str  # lines along which the data went
    muted: str  # secondary text and edges along which no gradient flows
    alarm: str  # NaN and Inf
    ramp: tuple[str, ...]

    def colour(self, level: int) -> str:
        """Colour of a level, -STEPS_PER_SIDE to STEPS_PER_SIDE, between the ramp's stops."""
        return _between_stops(self.ramp, level)


@lru_cache(maxsize=256)
def _between_stops(ramp: tuple[str, ...], level: int) -> str:
    middle = len(ramp) // 2
    place = middle + level * middle / STEPS_PER_SIDE
    lower = min(int(place), len(ramp) - 2)
    return mix_colours(ramp[lower], ramp[lower + 1], place - lower)


LIGHT = Theme(
    name="light",
    background="#ffffff",
    cluster="#fcfdfe",
    cluster_line="#c3cad5",
    gate="#ffffff",
    node="#ffffff",
    state="#fff7dc",
    parameter="#eef1f6",
    text="#1b2330",
    forward="#848d9b",
    muted="#5c6675",
    alarm="#d00020",
    ramp=("#4a90d9", "#4480bf", "#5b7797", "#68686c", "#86532a", "#93440f", "#7d2b00"),
)


DARK = Theme(
    name="dark",
    background="#12161c",
    cluster="#191f27",
    cluster_line="#3c4756",
    gate="#1f2630",
    node="#222a35",
    state="#3a3420",
    parameter="#27313e",
    text="#e8ecf2",
    forward="#737e8d",
    muted="#9aa6b6",
    alarm="#ff5468",
    ramp=("#1a72d4", "#4a88c2", "#7394b0", "#9d9d9d", "#c9a27c", "#f2a860", "#ffc88a"),
)


THEMES = {"light": LIGHT, "dark": DARK}


def mix_colours(a: str, b: str, share: float) -> str:
    """Colour between two `#rrggbb` colours: `a` at share 0, `b` at share 1.

    >>> mix_colours("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(p + (q - p) * share):02x}" for p, q in pairs)


@dataclass(frozen=True)
class Scale:
    """One logarithmic scale for the gradients of one or more pictures.

    Args:
        reference: the gradient drawn in grey, in the norm's own unit (> 0).
        low: decades below the reference where the scale ends (< 0).
        high: decades above it (>= 0; with 0 nothing is told apart above the reference).
        norm: "l2", "rms" or "max".

    Raises:
        VizError: a reference or a range that is not as said, or an unknown norm.

    >>> import viz
    >>> scale = viz.Scale(reference=1.0, low=-4.0, high=2.0)
    >>> scale.level(1e-04), scale.level(1.0), scale.level(0.01), scale.width(1.0)
    (-12, 0, -6, 4.3)
    """

    reference: float
    low: float
    high: float
    norm: str = "l2"

    def __post_init__(self) -> None:
        check_norm(self.norm)
        if not (0 < self.reference < math.inf and -math.inf < self.low < 0 <= self.high < math.inf):
            raise VizError(
                f"a scale needs a finite reference > 0 and decades low < 0 <= high, "
                f"got {self.reference}, {self.low}, {self.high}"
            )

    @classmethod
    def fit(cls, flows: Iterable[Any], norm: str = "l2") -> Scale:
        """Fit one scale to the gradients of all `flows`, so that their pictures can be compared.

        The reference is the largest gradient that any of the flows has at its last hidden state
        (at its root, where there is no state); the range covers the finite, non-zero edges,
        96 of 100 of them in whole decades, down to 16 below the reference at the most.

        Args:
            flows: what each picture's sweep recorded, one or more.
            norm: "l2", "rms" or "max".

        Raises:
            VizError: no flow, one that has seen no sweep, or an unknown norm.

        >>> import numpy as np, tinygrad_rnn as tr, viz
        >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((4, 1, 2)))
        >>> flow = tr.trace(run.final.sum())
        >>> viz.Scale.fit([flow]).reference == flow.norm(run.final)
        True
        """
        check_norm(norm)
        flows = list(flows)
        if not flows or any(getattr(flow, "root", None) is None for flow in flows):
            raise VizError(
                "a scale is fitted to one or more flows that have seen a sweep: "
                "tinygrad_rnn.trace(loss) gives one"
            )
        references = [value for flow in flows if usable(value := last_hidden(flow, norm))]
        sizes = np.array(
            [getattr(e, norm) for flow in flows for e in flow.edges if e.finite], dtype=float
        )
        return cls.cover(sizes, max(references, default=0.0), norm)

    @classmethod
    def cover(cls, sizes: Sequence[float] | np.ndarray, reference: float, norm: str) -> Scale:
        """The scale around `reference` (their median when it is 0) that covers `sizes`.

        Args:
            sizes: of gradients, in the norm's own unit.
            reference: the size that is drawn in grey.
            norm: "l2", "rms" or "max".

        Raises:
            VizError: an unknown norm.
        """
        found = np.asarray(sizes, dtype=float)
        found = found[np.isfinite(found) & (found > 0)]
        if not usable(reference):
            reference = float(np.exp(np.median(np.log(found)))) if found.size else 1.0
        decades = np.log10(found) - math.log10(reference) if found.size else np.zeros(1)
        # A few stragglers must not stretch the scale, nor rounding noise: 16 decades is all that
        # double precision can tell apart. What lies beyond has the end's colour, and a cap says so.
        least, most = np.percentile(decades, (2, 98))
        low = max(math.floor(least + 1e-9), -16)
        above = decades.max() > math.log10(ABOVE)
        high = min(max(math.ceil(most - 1e-9), 1), 32) if above else 0
        return cls(reference, float(min(low, -1)), float(high), norm)

    def decades(self, value: float) -> float:
        """log10 of `value` over the reference; -inf for 0.

        Args:
            value: the size of a gradient, in the norm's own unit.
        """
        return math.log10(value) - math.log10(self.reference) if value > 0 else -math.inf

    def below(self, value: float) -> bool:
        """Whether `value` is 0 or too small for the scale: it is drawn dashed.

        Args:
            value: the size of a gradient, in the norm's own unit.
        """
        return self.decades(value) < self.low

    def level(self, value: float) -> int:
        """Colour level from `-STEPS_PER_SIDE` (or below the scale) to `STEPS_PER_SIDE`.

        Args:
            value: the size of a gradient, in the norm's own unit.
        """
        if not math.isfinite(value):
            return STEPS_PER_SIDE
        place = self.decades(value)
        if place >= 0 and self.high == 0:
            return 0
        share = -place / self.low if place < 0 else place / self.high
        return round(settled(max(-1.0, min(1.0, share)) * STEPS_PER_SIDE))

    def width(self, value: float) -> float:
        """Width in points, 0.9 to 6, linear in the logarithm of `value`.

        Args:
            value: the size of a gradient, in the norm's own unit.
        """
        if not math.isfinite(value):
            return THICK
        share = (self.decades(value) - self.low) / (self.high - self.low)
        return round(settled(THIN + (THICK - THIN) * max(0.0, min(1.0, share))), 2)


def check_norm(norm: str) -> None:
    """Raise a `VizError` unless `norm` is one that a flow's edges carry."""
    if norm not in NORMS:
        raise VizError(f"unknown norm {norm!r}: choose one of {', '.join(NORMS)}")


def usable(value: float) -> bool:
    """Whether a gradient can serve as a reference."""
    return 0 < value < math.inf


def last_hidden(flow: Any, norm: str) -> float:
    """Norm of the gradient at the last hidden state of the last layer, else at the flow's root.

    A state is what a call of a cell is marked to give, or what a loop of one's own hands on from
    step to step; of two directions it is the forward one's, whose last step is the sequence's.
    """
    last = None
    for edge in flow.edges:  # the latest first, so most need no look at their marks
        node = edge.source
        if last is None or node.index > last.index:
            call = call_of(node)
            if call is not None and not call.reverse and node.index in call.gives[:1]:
                last = node
    if last is None:
        chain = last_chain(flow)
        last = flow.root if chain is None else chain.states(-1)[0]
    return float(flow.norm(last, norm))
