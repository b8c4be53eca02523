"""The template of one time step: boxes, edges between them, and the ports of the step.

One idea: while it is laid out, a step knows no tensors: a box has a size, a line two ends. Lengths
are in points (1/72 inch), x to the right, y upwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from viz.model import Point, Port


def sample(points: list[Point], count: int = 12) -> np.ndarray:
    """Points along a piecewise cubic, `count` to a piece, shape (n, 2)."""
    t = np.linspace(0, 1, count)[:, None]
    control = np.asarray(points)
    pieces = [
        (1 - t) ** 3 * control[i] + 3 * (1 - t) ** 2 * t * control[i + 1]
        + 3 * (1 - t) * t**2 * control[i + 2] + t**3 * control[i + 3]
        for i in range(0, len(control) - 1, 3)
    ]  # fmt: skip
    return np.concatenate(pieces)


ROW_GAP = 25.0  # room for a number and an arrow head between two rows


SIDE_GAP = 35.0  # room for a number between two neighbours on a rail


NODE_GAP = 18.0


TAG_GAP = 9.0  # between parameters' tags


LINE_GAP = 11.0  # between lines that pass each other


RAISED = 5.5  # of a number above the middle of a rail


PAD = 13.0


STEP_GAP = 36.0  # between two steps: room for a number on each rail


@dataclass(slots=True)
class Box:
    """Something to place: a node, a port, or a dummy of a line that passes through a row."""

    key: str
    width: float
    height: float
    row: int = 0
    x: float = 0.0
    y: float = 0.0
    dummy: bool = False
    tag: bool = False


@dataclass(slots=True)
class LayoutEdge:
    """An edge of the template."""

    key: str
    source: str
    target: str
    path: list[str] = field(default_factory=list)  # boxes that it visits, ends included
    points: list[Point] = field(default_factory=list)


@dataclass(slots=True)
class Template:
    """A step with positions; (0, 0) is its lower left corner."""

    boxes: dict[str, Box]
    lines: dict[str, LayoutEdge]
    width: float = 0.0
    height: float = 0.0
    labels: dict[str, Point] = field(default_factory=dict)
    frames: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)  # of gates
    reserved: list[tuple[float, float, float, float]] = field(default_factory=list)
    junctions: set[str] = field(default_factory=set)  # ports whose lines part inside the step


ENDS = ("<", ">")  # of a rail


def is_port(key: str) -> bool:
    """Whether a key names a port rather than a node."""
    return isinstance(key, Port)
