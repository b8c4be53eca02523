"""The page of a training: the gradient through time, with a slider over the iterations.

One idea: as the page of a graph, it is one file that loads nothing, and one script may run in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from viz.page.self_contained import asset, embedded, policy
from viz.style import number

if TYPE_CHECKING:
    from viz.recorder import Record


def render_training(records: Sequence[Record]) -> str:
    """Write the page.

    Args:
        records: what a `viz.Recorder` has kept, at least one.

    Returns:
        The whole HTML text; the same records give the same text.
    """
    style, script = asset("training.css"), asset("training.js")
    page = asset("training.html")
    parts = {
        "POLICY": policy([script], [style]),
        "STYLE": style,
        "SCRIPT": script,
        "DATA": _training_data(records),
    }
    for name, text in parts.items():
        page = page.replace(f"<!--{name}-->", text)
    return page


def _training_data(records: Sequence[Record]) -> str:
    keys = list(records[-1].norms)
    return embedded(
        {
            "states": [" ".join(part for part in key if part) for key in keys],
            "records": [
                {
                    "iteration": one.iteration,
                    "loss": number(one.loss),
                    "said": one.said,
                    "norms": [
                        [_four_digits(norm) for norm in one.norms[key].tolist()] for key in keys
                    ],
                }
                for one in records
            ],
        }
    )


def _four_digits(value: float) -> Any:
    """A number with four digits, which is more than a bar shows; a word if it is not finite."""
    return float(f"{value:.4g}") if math.isfinite(value) else number(value)
