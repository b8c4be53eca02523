"""Findings, which make up a diagnosis: each with its cause, place, number and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Where(NamedTuple):
    """The place that a finding is about; what does not apply is None.

    Attributes:
        layer: the number of the layer, from 0 at the input.
        step: the time step.
        gate: the gate, such as "forget gate".

    >>> str(Where(1, 12, "forget gate"))
    'layer 1, t = 12, forget gate'
    """

    layer: int | None = None
    step: int | None = None
    gate: str | None = None

    def __str__(self) -> str:
        parts = [
            "" if self.layer is None else f"layer {self.layer}",
            "" if self.step is None else f"t = {self.step}",
            self.gate or "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with the way a gradient takes.

    Attributes:
        cause: its name, one of `CAUSES`.
        where: the layer, the step and the gate.
        amount: the number that it rests on; `text` says what it is.
        text: what was found, with that number, in one or two sentences.
        remedy: what is worth trying first.
        weight: how bad it is, to put the worst first.

    >>> finding = Finding("truncated", Where(step=20), 0.5, "The graph is cut.", "Cut later.", 1.0)
    >>> print(finding)
    The graph is cut. Try first: Cut later.
    """

    cause: str
    where: Where
    amount: float
    text: str
    remedy: str
    weight: float

    def __str__(self) -> str:
        return f"{self.text} Try first: {self.remedy}"


CAUSES = (
    "non-finite",
    "stale-state",
    "unreached",
    "detached",
    "truncated",
    "exploding",
    "dead-units",
    "saturated-units",
    "gates-closed",
    "small-recurrent-weights",
    "lost-in-depth",
)
