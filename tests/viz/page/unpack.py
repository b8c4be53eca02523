"""A reader of the data that a page holds, written from its description with code of its own."""

import base64
import json
import math
import re
import zlib

import tinygrad_rnn as tr
from tinygrad_rnn.graph import topological
from viz.style import number, settled


def inflated(text):
    return zlib.decompress(base64.b85decode(text.replace(",", "<")))


def series_of(numbers, drawing):
    """The pool's series, read with code of the test's own."""
    total = len(numbers) // 4
    found = {}
    at = 0
    for (length, differenced), which in zip(drawing["series"], drawing["order"], strict=True):
        line = []
        for i in range(at, at + length):
            folded = sum(numbers[plane * total + i] << (8 * plane) for plane in range(4))
            number = folded // 2 if folded % 2 == 0 else -(folded + 1) // 2
            line.append(number + (line[-1] if line and differenced else 0))
        found[which] = line
        at += length
    assert at == total
    return found


def unpacked(html):
    data = json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', html)[1]
    )
    drawing = json.loads(inflated(data["drawing"]))
    return data, drawing, series_of(inflated(data["numbers"]), drawing)


def shown(code, fine=True):
    """A gradient's code as text, written from the code's definition."""
    if code < 4:
        return ["none", "0", "NaN", "Inf"][code]
    if not fine:
        power, mantissa = divmod(code - 4, 90)
        return number(float(f"{mantissa + 10}e{power - 325}"))
    hundred = 4 + 900 * 326
    if hundred <= code < hundred + 9900:
        return str(code - hundred + 100)
    power, mantissa = divmod(code - 4 - (8100 if code >= hundred else 0), 900)
    return number(float(f"{mantissa // 10 + 10}e{power - 325}"))


def written(value, fine=True):
    """What the page should show for a gradient's size."""
    return (
        number(value)
        if fine or not math.isfinite(value)
        else number(float(f"{settled(value):.1e}"))
    )


def members(groups, series):
    """Each member of each group: its id, its group, its number in that."""
    for group in groups:
        prefix, place_ = group["ids"][0], group["ids"][-1]
        if isinstance(place_, str):
            yield group["ids"][0], group, 0
            continue
        count = sum(last - first + 1 for first, last in group.get("steps", [[0, 0]]))
        for i in range(count):
            yield f"{prefix}{series[place_[0]][place_[1] + i]}", group, i


def at(place_, series, i):
    return series[place_[0]][place_[1] + i]


def uses(root):
    """What the ids of nodes and edges stand for: creation order, then slot."""
    edges = [
        (tensor, slot)
        for tensor in topological(root)
        for slot, source in enumerate(tensor.inputs)
        if isinstance(source, tr.Tensor)
    ]
    return {f"e{i}": use for i, use in enumerate(edges)}


def runs(group):
    """The steps of a group's members, one after another."""
    return [s for first, last in group.get("steps", []) for s in range(first, last + 1)]


def origins(level, series):
    """Where each step of each layer stands, by layer and step, in points."""
    found = {}
    for entry in level["origins"]:
        for i, step in enumerate(runs(entry)):
            found[entry["layer"], step] = at(entry["x"], series, i) / 10
    return found


def things(groups, series):
    """Every node or edge of a level: its id, its step (None outside all), its group, its number."""
    for group in groups:
        steps = runs(group) or [None]
        ids = group["ids"]
        for i, step in enumerate(steps):
            plain = ids[i] if isinstance(ids[-1], str) else f"{ids[0]}{at(ids[1], series, i)}"
            yield plain, step, group, i


def each(entry, series, i, scale=1):
    """What a fact is for a member: the same for all, or its entry of a series (in 1/scale)."""
    return at(entry, series, i) / scale if isinstance(entry, list) else entry


def label(group, step):
    """A node's or a frame's label, with its step where that was left out."""
    return group.get("label", "") + (str(step) if group.get("numbered") else "")


def sizes(group, series, i):
    """A member's gradient as the page shows it, in each norm; None where none flowed."""
    if "gradient" not in group:
        return None
    texts = [shown(at(place, series, i)) for place in group["gradient"]]
    return None if texts == ["none"] * len(texts) else texts
