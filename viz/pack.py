"""The drawing models of a page as compact data: one template per job, and its numbers through time.

One idea: nodes that do the same job in different steps differ in their numbers alone. So they form
a *group*: what is the same for all is written once, each statistic is one series along time in the
`viz.pool.Pool`. What is irregular (a loss, an initial state) is a group of one.

`pack` returns two texts in base 85, both deflated: `drawing`, which is JSON, and `numbers`, the
pool. In a drawing `[a, b]` means series a of the pool from entry b on; steps are runs, from first
to last; coordinates count from the step's own origin; an edge names its ends by group and step, the
latter relative to its target's where that has one.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from viz.alike import Group, Groups, Origins, tenth
from viz.model import AFTER, Model, Node, Omitted, Parameter, Strip
from viz.pool import Pool, gradient_code, gradients, ranges, values
from viz.style import NORMS
from viz.sweep import sweep_ranks

POOL_BYTES = 66_000  # deflated; beyond it values are kept with fewer digits
VALUE_DIGITS = (4, 3, 2)
WHOLE = 40_000  # nodes and edges; beyond it gradients are kept in two norms only
NODE_FACTS = ("op", "role", "layer", "gate", "name", "dtype", "formula", "holds")

Spreads = tuple[dict[str, Any], np.ndarray]  # of a group's facts: smallest, mean, largest value


def pack(pictures: Mapping[str, Mapping[str, Model]]) -> dict[str, str]:
    """Pack placed models for the page, as the module's text describes.

    Args:
        pictures: for each name, such as "LSTM", its models by level of detail.

    Raises:
        VizError: the graph is so long that its coordinates do not fit into the pool.
    """
    pool = Pool()
    kept: list[Spreads] = []
    models = [model for levels in pictures.values() for model in levels.values()]
    whole = sum(len(model.nodes) + len(model.edges) for model in models) <= WHOLE
    norms = NORMS if whole else tuple(dict.fromkeys((models[0].norm, "max", "l2")))[:2]
    packed = [
        {
            "name": name,
            "levels": {
                detail: _level(model, norms, pool, kept) for detail, model in levels.items()
            },
            **_through_time(next(iter(levels.values())), norms, pool),
        }
        for name, levels in pictures.items()
    ]

    def written(digits: int) -> tuple[list[tuple[int, int]], list[int], bytes]:
        full = pool.copy()
        for facts, spreads in kept:
            facts["values"] = values(spreads, digits, full)
        return full.written()

    specs, order, numbers = written(VALUE_DIGITS[0])
    for digits in VALUE_DIGITS[1:]:
        if len(numbers) > POOL_BYTES:
            specs, order, numbers = written(digits)
    drawing = {"norms": norms, "pictures": packed, "series": specs, "order": order}
    text = json.dumps(drawing, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return {
        "drawing": _text(zlib.compress(text.encode(), 9)),
        "numbers": _text(numbers),
    }


def _text(data: bytes) -> str:
    """Bytes in base 85, without the one of its characters that means something to HTML."""
    return base64.b85encode(data).decode("ascii").replace("<", ",")


def _level(model: Model, norms: Sequence[str], pool: Pool, kept: list[Spreads]) -> dict[str, Any]:
    """One model as groups of frames, nodes and edges."""
    origins = Origins(model)
    nodes, where = _node_groups(model, origins)
    ranks = sweep_ranks(model)
    edges = _edge_groups(model, origins, where)
    for group in [*nodes, *edges]:
        group.facts["gradient"] = gradients([m.gradient for m in group.members], norms, pool)
    for group in edges:
        if group.facts["gradient"]:
            group.facts["order"] = pool.add([ranks[edge.id] for edge in group.members])
    packed = [group.packed(pool) for group in nodes]
    for group, facts in zip(nodes, packed, strict=True):
        spreads = [node.value for node in group.members if node.value]
        if len(spreads) == len(group.members):
            kept.append((facts, np.array(spreads, dtype=float)))
    return {
        "origins": origins.packed(pool),
        "frames": [group.packed() for group in _frame_groups(model, origins)],
        "nodes": packed,
        "edges": [group.packed(pool) for group in edges],
        "notes": model.notes,
    }


def _frame_groups(model: Model, origins: Origins) -> Groups:
    groups = Groups()
    for frame in model.clusters:
        x = frame.x - origins.of(frame.layer, frame.step)
        facts = {"layer": frame.layer, **_label(frame.label, frame.step)}
        shape = (x, frame.y, frame.width, frame.height)
        groups.put(frame.gate, facts, shape, frame.step, frame)
    return groups


def _label(label: str, step: int | None) -> dict[str, Any]:
    """A label that ends in its step is stored without it."""
    numbered = step is not None and label.endswith((f" {step}", f"_{step}"))
    return {"label": label.removesuffix(str(step)) if numbered else label, "numbered": numbered}


def _node_groups(model: Model, origins: Origins) -> tuple[Groups, dict[str, tuple[Group, Node]]]:
    groups, where = Groups(), {}
    for node in [*model.nodes, *map(_stand_in, model.omitted)]:
        facts = {
            **_label(node.label, node.step),
            "shape": list(node.shape),
            "derivatives": list(node.derivatives),
            **{key: getattr(node, key) for key in NODE_FACTS},
        }
        x = node.x - origins.of(node.layer, node.step)
        shape = (x, node.y, node.width, node.height)
        where[node.id] = groups.put(node.key, facts, shape, node.step, node), node
    return groups, where


def _stand_in(box: Omitted) -> Node:
    """The box for steps left out, as a node."""
    stand_in = Node(box.id, box.id, box.text(), "left out", "omitted", AFTER, None)
    stand_in.x, stand_in.y = box.x + box.width / 2, box.y + box.height / 2
    stand_in.width, stand_in.height = box.width, box.height
    return stand_in


def _edge_groups(model: Model, origins: Origins, where: dict[str, tuple[Group, Node]]) -> Groups:
    groups = Groups()
    for edge in model.edges:
        home = where[edge.target][1]
        origin = origins.of(home.layer, home.step)
        facts = {
            "source": _seen_from(home, *where[edge.source]),
            "target": _seen_from(home, *where[edge.target]),
            "via": _seen_from(home, *where[edge.via]) if edge.via else None,
            "labelled": edge.label is not None,
            # zero, NaN and Inf are told by the numbers
            "flow": edge.flow if edge.gradient is None else "flows",
            "rail": bool(edge.rail),
            "slot": edge.slot,
            "holds": edge.holds,
        }
        points = edge.points + ([edge.label] if edge.label else [])
        shape = [v for x, y in points for v in (x - origin, y)]
        groups.put(edge.key, facts, shape, home.step, edge)
    return groups


def _seen_from(home: Node, group: Group, node: Node) -> list[int | None]:
    """A node as its group and its step, which counts from `home`'s where that has one."""
    if node.step is None or home.step is None:
        return [group.number, node.step]
    return [group.number, node.step - home.step]


def _through_time(model: Model, norms: Sequence[str], pool: Pool) -> dict[str, Any]:
    """The states' gradients for all steps, and each step's share in those of the parameters."""

    def strip(one: Strip) -> dict[str, Any]:
        return {
            "layer": one.layer,
            "state": one.state,
            "steps": ranges(one.steps),
            "values": pool.add([gradient_code(value) for value in one.values]),
            "rate": None if one.decades_per_step is None else round(one.decades_per_step, 4),
        }

    def parameter(one: Parameter) -> dict[str, Any]:
        return {
            "name": one.name,
            "shape": list(one.shape),
            "place": [tenth(v) for v in (one.x, one.y, one.width, one.height)],
            "gradient": gradients([one.total], norms, pool),
            "steps": ranges(one.shares),
            "shares": {"gradient": gradients(list(one.shares.values()), norms, pool)},
        }

    return {
        "has_flow": model.has_flow,
        "norm": model.norm,
        "steps": ranges(model.steps),
        "strips": [strip(one) for one in model.strips],
        "parameters": [parameter(one) for one in model.parameters],
    }
