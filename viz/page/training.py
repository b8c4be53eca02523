"""The page of a training: the gradient through time, with a slider over the iterations.

One idea: as the page of a graph, it is one file that loads nothing, and its policy names the
digests of the one style sheet and the one script that may run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from viz.style import number

if TYPE_CHECKING:
    from viz.recorder import Record

POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def render(records: Sequence[Record]) -> str:
    """Write the page.

    Args:
        records: what a `viz.Recorder` has kept, at least one.

    Returns:
        The whole HTML text; the same records give the same text.
    """
    style, script = _asset("training.css"), _asset("training.js")
    policy = POLICY.format(script=_digest(script), style=_digest(style))
    page = _asset("training.html")
    parts = {"POLICY": policy, "STYLE": style, "SCRIPT": script, "DATA": _data(records)}
    for name, text in parts.items():
        page = page.replace(f"<!--{name}-->", text)
    return page


def _data(records: Sequence[Record]) -> str:
    keys = list(records[-1].norms)
    known = {
        "states": [" ".join(part for part in key if part) for key in keys],
        "records": [
            {
                "iteration": one.iteration,
                "loss": number(one.loss),
                "said": one.said,
                "norms": [[_plain(norm) for norm in one.norms[key].tolist()] for key in keys],
            }
            for one in records
        ],
    }
    text = json.dumps(known, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")  # so that no name can end the element


def _plain(value: float) -> Any:
    """A number with four digits, which is more than a bar shows; a word if it is not finite."""
    return float(f"{value:.4g}") if math.isfinite(value) else number(value)


def _asset(name: str) -> str:
    return files("viz.page").joinpath("assets", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
