"""What touches in a picture: each finding by its kind, from the positions in its DOT.

One idea: DOT gives every position, so nothing needs to be painted. A text is a rectangle of its
font's metrics, a node its rectangle or ellipse, a line points along its curve with half its width
around them, a head the triangle that Graphviz draws with the line's own pen. Lengths are in points.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from fontTools.ttLib import TTFont

SLACK = 0.4  # points by which things may overlap
STEP = 1.5  # between two points of a line
KINDS = (
    "text on text", "text on node", "text out of its node", "text on head", "text on line",
    "text on frame", "text on bar", "head on head", "head on node", "node on node", "line on node",
    "outside",
)  # fmt: skip
Box = tuple[float, float, float, float]
FONTS = Path(mpl.get_data_path(), "fonts")


class Finding(NamedTuple):
    """Two things that touch."""

    kind: str
    one: str
    other: str


class Face:
    """A font's metrics: DejaVu Sans, or Helvetica, whose widths Arial has too."""

    def __init__(self, name: str) -> None:
        self.widths: dict[str, float] = {}
        if name == "DejaVu":
            font = TTFont(FONTS / "ttf" / "DejaVuSans.ttf")
            metrics, units = font["hmtx"], font["head"].unitsPerEm
            for code, glyph in font.getBestCmap().items():
                self.widths[chr(code)] = metrics[glyph][0] / units
        else:
            glyphs = dict(
                re.findall(r"C (\d+) ; WX (\d+) ;", (FONTS / "afm" / "phvr8a.afm").read_text())
            )
            self.widths = {chr(int(c)): int(w) / 1000 for c, w in glyphs.items() if int(c) < 127}

    def width(self, text: str, size: float) -> float:
        """How wide a line is; a character that the font lacks has a square or 0.6 of one."""
        known = self.widths
        return size * sum(known.get(c, 1.0 if ord(c) > 0x2E80 else 0.6) for c in text)


@dataclass(slots=True)
class Thing:
    """A node, a bar, a frame or a text."""

    name: str
    box: Box
    kind: str = "node"
    round: bool = False
    of: str = ""  # the node or the edge that a text belongs to


@dataclass(slots=True)
class Line:
    """One lane of an edge, and its head."""

    name: str
    ends: tuple[str, str]
    points: np.ndarray  # (n, 2)
    half: float
    head: np.ndarray | None = None  # (3, 2)


@dataclass(slots=True)
class Drawing:
    """What a DOT text draws."""

    page: Box = (0.0, 0.0, 0.0, 0.0)
    nodes: list[Thing] = field(default_factory=list)
    bars: list[Thing] = field(default_factory=list)
    frames: list[Thing] = field(default_factory=list)
    texts: list[Thing] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def read(dot: str, face: Face) -> Drawing:
    """Read what `viz` wrote: one statement to a line, every position given."""
    found, cluster = Drawing(), ""
    for text in map(str.strip, dot.splitlines()):
        if text.startswith("subgraph"):
            cluster = text.split('"')[1]
        elif text == "}":
            cluster = ""
        elif " [" in text:
            name, _, rest = text.partition(" [")
            given = {
                key: _plain(value)
                for key, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,\]\s]+)', rest)
            }
            if name == "graph" and cluster:
                _frame(found, cluster, given, face)
            elif name == "graph":
                found.page = _numbers(given["bb"])  # type: ignore[assignment]  # four of them
            elif " -> " in name:
                _edge(found, name, given, face)
            elif "pos" in given:
                _node(found, name.strip('"'), given, face)
    return found


def _plain(value: str) -> str:
    if not value.startswith('"'):
        return value
    value = value[1:-1].replace("\\n", "\n").replace('\\"', '"').replace("&amp;", "&")
    return value.replace("\\\\", "\\") if not re.search(r"(?<!\\)\\[lr]$", value) else value


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)))


def _frame(found: Drawing, name: str, given: dict[str, str], face: Face) -> None:
    found.frames.append(Thing(name, _numbers(given["bb"]), "frame"))  # type: ignore[arg-type]  # four
    x, y = _numbers(given["lp"])
    _text(found, given["label"], x, y, 10.0, face, name)


def _node(found: Drawing, name: str, given: dict[str, str], face: Face) -> None:
    x, y = _numbers(given["pos"])
    wide, tall = 36 * float(given["width"]), 36 * float(given["height"])
    role = given.get("class", "").split(" ")[0]
    shape = given.get("shape", "box")
    thing = Thing(
        name, (x - wide, y - tall, x + wide, y + tall), round=shape in ("ellipse", "circle")
    )
    if shape != "none":
        (found.bars if role in ("bar", "rule", "mark") else found.nodes).append(thing)
    size, label = float(given.get("fontsize", 10)), given.get("label", "")
    side = label[-2:] if label[-2:] in ("\\l", "\\r") else ""
    label = label.removesuffix(side) if side else label
    if label.strip():
        width = face.width(label, size)
        x += {"": 0.0, "\\l": width / 2 - wide, "\\r": wide - width / 2}[side]
        _text(found, label, x, y, size, face, name if shape != "none" else "")


def _text(found: Drawing, text: str, x: float, y: float, size: float, face: Face, of: str) -> None:
    lines = text.split("\n")
    for i, line in enumerate(lines):
        base = y + (len(lines) / 2 - i) * 1.275 * size - 0.95 * size
        half = face.width(line, size) / 2
        deep = 0.21 * size if set(line) & set("gjpqy()[],;Q@_|") else 0.02 * size
        if line.strip():
            box = x - half, base - deep, x + half, base + 0.73 * size
            found.texts.append(Thing(line, box, "text", of=of))


def _edge(found: Drawing, name: str, given: dict[str, str], face: Face) -> None:
    pen = float(given.get("penwidth", 1))
    numbers = _numbers(given["pos"])
    tip = None
    if given["pos"].startswith("e,"):
        tip, numbers = np.array(numbers[:2]), numbers[2:]
    curve = np.array(numbers).reshape(-1, 2)
    points = _along(curve)
    source, target = name.split(" -> ")
    serial = f"{name} #{len(found.lines)}"
    line = Line(serial, (source, target), points, pen / 2)
    if tip is not None:
        line.head = _head(curve[-1], tip, float(given["arrowsize"]), pen)
    found.lines.append(line)
    if given.get("label"):
        x, y = _numbers(given["lp"])
        _text(found, given["label"], x, y, 8.0, face, serial)


def _along(curve: np.ndarray) -> np.ndarray:
    pieces = [curve[:1]]
    for i in range(0, len(curve) - 1, 3):
        a, b, c, d = curve[i : i + 4]
        length = sum(float(np.hypot(*v)) for v in (b - a, c - b, d - c))
        t = np.linspace(0, 1, max(2, int(length / STEP) + 1))[1:, None]
        pieces.append(
            (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
        )
    return np.concatenate(pieces)


def _head(base: np.ndarray, tip: np.ndarray, size: float, pen: float) -> np.ndarray:
    """The outline of Graphviz's arrow with its pen, mitred: a larger triangle of the same form."""
    way = (tip - base) / (float(np.hypot(*(tip - base))) or 1.0)
    across = np.array([-way[1], way[0]])
    half, length = 3.5 * size * max(1.0, pen / 4), 10 * size
    inner = half * length / (half + math.hypot(half, length))
    grown = 1 + pen / 2 / inner
    foot = tip - way * length * grown
    return np.array([foot + across * half * grown, tip, foot - across * half * grown])


def findings(drawing: Drawing) -> Iterator[Finding]:
    """Each pair of things that touch and should not."""
    yield from _of_texts(drawing)
    yield from _of_heads(drawing)
    yield from _of_nodes(drawing)
    yield from _outside(drawing)


def _overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) - max(a[0], b[0]) > SLACK and min(a[3], b[3]) - max(a[1], b[1]) > SLACK


def _inside(a: Box, b: Box) -> bool:
    """Whether a lies in b."""
    return (
        a[0] >= b[0] - SLACK
        and a[1] >= b[1] - SLACK
        and a[2] <= b[2] + SLACK
        and a[3] <= b[3] + SLACK
    )


def _meets(box: Box, node: Thing) -> bool:
    """Whether a rectangle reaches into a node, which may be an ellipse."""
    if not node.round:
        return _overlap(box, node.box)
    x, y = (node.box[0] + node.box[2]) / 2, (node.box[1] + node.box[3]) / 2
    across, up = node.box[2] - x - SLACK, node.box[3] - y - SLACK
    dx, dy = max(box[0] - x, 0.0, x - box[2]), max(box[1] - y, 0.0, y - box[3])
    return (dx / across) ** 2 + (dy / up) ** 2 < 1


class _Nearby:
    """Boxes sorted into columns, so that each is compared with its neighbours alone."""

    WIDTH = 80.0

    def __init__(self, boxes: list[Box]) -> None:
        self.columns: dict[int, list[int]] = {}
        for i, box in enumerate(boxes):
            for column in range(int(box[0] // self.WIDTH), int(box[2] // self.WIDTH) + 1):
                self.columns.setdefault(column, []).append(i)

    def __call__(self, box: Box) -> Iterator[int]:
        found: set[int] = set()
        for column in range(int(box[0] // self.WIDTH), int(box[2] // self.WIDTH) + 1):
            found.update(self.columns.get(column, ()))
        yield from sorted(found)


def _of_texts(drawing: Drawing) -> Iterator[Finding]:
    texts, nodes = drawing.texts, drawing.nodes
    others, beside = _Nearby([t.box for t in texts]), _Nearby([n.box for n in nodes])
    bars = _Nearby([b.box for b in drawing.bars])
    by_name = {n.name: n for n in nodes}
    points, half, owner = _points(drawing)
    heads = [line for line in drawing.lines if line.head is not None]
    near_head = _Nearby([_box(line.head) for line in heads if line.head is not None])
    for i, text in enumerate(texts):
        box = text.box
        for j in others(box):
            if j > i and not (text.of and text.of == texts[j].of) and _overlap(box, texts[j].box):
                yield Finding("text on text", text.name, texts[j].name)
        home = by_name.get(text.of)
        if home is not None and not _inside(box, home.box):
            yield Finding("text out of its node", text.name, home.name)
        for j in beside(box):
            node = nodes[j]
            stands_in = node is home or "omitted" in node.name  # whose text is a node of its own
            if stands_in or (home and _inside(home.box, node.box)):
                continue
            if _meets(box, node):
                yield Finding("text on node", text.name, node.name)
        for j in near_head(box):
            if _crosses(heads[j].head, box):
                yield Finding("text on head", text.name, heads[j].name)
        if home is None:
            low, high = np.searchsorted(points[:, 0], (box[0] - 4, box[2] + 4))
            x, y, wide = points[low:high, 0], points[low:high, 1], half[low:high] - SLACK
            dx = np.maximum(0.0, np.maximum(box[0] - x, x - box[2]))
            dy = np.maximum(0.0, np.maximum(box[1] - y, y - box[3]))
            for line in sorted(set(owner[low:high][np.hypot(dx, dy) < wide])):
                yield Finding("text on line", text.name, drawing.lines[line].name)
        for frame in drawing.frames:
            if _overlap(box, frame.box) and not _inside(box, frame.box):
                yield Finding("text on frame", text.name, frame.name)
        for j in bars(box):
            bar = drawing.bars[j]
            if bar.box[3] - bar.box[1] > 0.6 and _overlap(box, bar.box):
                yield Finding("text on bar", text.name, bar.name)


def _points(drawing: Drawing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points along every line by x, half the line's width there, and the line's number."""
    if not drawing.lines:
        return np.zeros((0, 2)), np.zeros(0), np.zeros(0, int)
    lengths = [len(line.points) for line in drawing.lines]
    points = np.concatenate([line.points for line in drawing.lines])
    half = np.repeat([line.half for line in drawing.lines], lengths)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    order = np.argsort(points[:, 0], kind="stable")
    return points[order], half[order], owner[order]


def _box(points: np.ndarray) -> Box:
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    return float(x0), float(y0), float(x1), float(y1)


def _corners(box: Box) -> np.ndarray:
    return np.array([(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])])


def _crosses(head: np.ndarray | None, box: Box) -> bool:
    return head is not None and _overlap(_box(head), box) and _common(head, _corners(box)) > SLACK


def _common(one: np.ndarray, other: np.ndarray) -> float:
    """The area that two convex polygons share: one cut along each side of the other."""
    shape = one if _area(one) > 0 else one[::-1]
    knife = other if _area(other) > 0 else other[::-1]
    for i in range(len(knife)):
        (x, y), (u, v) = knife[i], knife[(i + 1) % len(knife)] - knife[i]
        side = u * (shape[:, 1] - y) - v * (shape[:, 0] - x)
        kept = []
        for k in range(len(shape)):
            n = (k + 1) % len(shape)
            if side[k] >= 0:
                kept.append(shape[k])
            if (side[k] >= 0) != (side[n] >= 0):
                kept.append(shape[k] + (shape[n] - shape[k]) * side[k] / (side[k] - side[n]))
        if len(kept) < 3:
            return 0.0
        shape = np.array(kept)
    return abs(_area(shape))


def _area(shape: np.ndarray) -> float:
    corners = shape.tolist()
    return (
        sum(
            a * d - b * c for (a, b), (c, d) in zip(corners, corners[1:] + corners[:1], strict=True)
        )
        / 2
    )


def _of_heads(drawing: Drawing) -> Iterator[Finding]:
    heads = [line for line in drawing.lines if line.head is not None]
    boxes = [_box(line.head) for line in heads if line.head is not None]
    near, nodes = _Nearby(boxes), drawing.nodes
    beside = _Nearby([n.box for n in nodes])
    by_name = {n.name: n for n in nodes}
    for i, line in enumerate(heads):
        assert line.head is not None
        for j in near(boxes[i]):
            other = heads[j].head
            if j > i and other is not None and _overlap(boxes[i], boxes[j]):
                smaller = min(abs(_area(line.head)), abs(_area(other)))
                if _common(line.head, other) > smaller / 2:
                    yield Finding("head on head", line.name, heads[j].name)
        ends = [by_name[end] for end in line.ends if end in by_name]
        for j in beside(boxes[i]):
            node = nodes[j]
            own = node.name in line.ends or any(_inside(end.box, node.box) for end in ends)
            if not own and not node.round and _crosses(line.head, node.box):
                yield Finding("head on node", line.name, node.name)


def _of_nodes(drawing: Drawing) -> Iterator[Finding]:
    nodes = drawing.nodes
    beside = _Nearby([n.box for n in nodes])
    by_name = {n.name: n for n in nodes}
    for i, node in enumerate(nodes):
        for j in beside(node.box):
            other = nodes[j]
            if j > i and _overlap(node.box, other.box):
                nested = _inside(node.box, other.box) or _inside(other.box, node.box)
                if not nested and not (node.round and other.round):
                    yield Finding("node on node", node.name, other.name)
    for line in drawing.lines:
        ends = [by_name[end] for end in line.ends if end in by_name]
        for j in beside(_box(line.points)):
            node = nodes[j]
            small = node.box[2] - node.box[0] <= 6
            if small or node.name in line.ends or "omitted" in node.name:
                continue
            if any(_inside(end.box, node.box) for end in ends):
                continue
            x, y = line.points.T
            a, b, c, d = node.box
            if node.round:
                inside = np.hypot((x - (a + c) / 2) / (c - a), (y - (b + d) / 2) / (d - b)) < 0.48
            else:
                inside = (x > a + SLACK) & (x < c - SLACK) & (y > b + SLACK) & (y < d - SLACK)
            if inside.any():
                yield Finding("line on node", line.name, node.name)


def _outside(drawing: Drawing) -> Iterator[Finding]:
    page = drawing.page
    things = [*drawing.nodes, *drawing.bars, *drawing.frames, *drawing.texts]
    boxes = [(thing.name, thing.box) for thing in things]
    boxes += [(line.name, _box(line.points)) for line in drawing.lines]
    for name, box in boxes:
        if not _inside(box, page):
            yield Finding("outside", name, "")
