"""Ports written as text, as in "<h": a test's edges are shorter so."""

from __future__ import annotations

from viz.model import Port


def keyed(text: str) -> str:
    """The port that a text writes; any other text as it is."""
    return Port(text) if text[0] in "<>_^" else text
