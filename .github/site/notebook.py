"""The tour's cells as the notebook page shows them: prose as HTML, code as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from latex2mathml.converter import convert
from markdown_it import MarkdownIt


def cells(path: Path) -> list[tuple[str, str]]:
    """Return each cell of a notebook: "code" and its text, or "markdown" and its HTML.

    Args:
        path: the .ipynb file.
    """
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        kind, text = cell["cell_type"], "".join(cell["source"])
        found.append((kind, text if kind == "code" else _html(text)))
    return found


def _html(text: str) -> str:
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:  # or else Markdown takes its underscores for emphasis
        formulas.append(convert(match[1]))
        return f"FORMULA{len(formulas) - 1}END"

    html: str = MarkdownIt("commonmark").render(re.sub(r"\$(.+?)\$", keep, text))
    return re.sub(r"FORMULA(\d+)END", lambda match: formulas[int(match[1])], html)
