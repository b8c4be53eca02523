"""What a check found, in words and as what there is to draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

import tinygrad_rnn as tr
from tinygrad_rnn.tensor import Array

CLOSE = 1e-6  # of the largest element; far above rounding, far below any mistake


class Report(NamedTuple):
    """What a check found.

    Attributes:
        right: what is right, one sentence each.
        wrong: what is wrong.
        where: at which step and edge it departs first; "" if nothing does, or nothing can be said.
        mistake: what was done, where it is one that is known.
        drawn: the end of a graph, its true flow, and the flow of what was given.
    """

    right: list[str]
    wrong: list[str]
    where: str = ""
    mistake: str = ""
    drawn: tuple[tr.Tensor, tr.GradientFlow, tr.GradientFlow] | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    def __str__(self) -> str:
        said = [f"right: {text}" for text in self.right] + [f"wrong: {text}" for text in self.wrong]
        if self.where:
            said.append(f"It departs first {self.where}.")
        if self.mistake:
            said.append(f"That is what one gets if: {self.mistake}.")
        elif self.wrong:
            said.append("It is none of the usual mistakes: look at that place.")
        return "\n".join(said)


def close(found: Array, truth: Array) -> bool:
    """Whether two arrays of one shape agree to within a millionth of the larger one's largest."""
    if not np.all(np.isfinite(found)):
        return False
    scale = max(float(np.abs(truth).max(initial=0.0)), float(np.abs(found).max(initial=0.0)))
    return bool(np.abs(found - truth).max(initial=0.0) <= CLOSE * scale)


def agree(found: Mapping[str, Array], truth: Mapping[str, Array]) -> bool:
    """Whether everything that was found agrees."""
    return all(close(found[key], truth[key]) for key in found)
