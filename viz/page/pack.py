"""The drawing models of a page as compact data: one template per job, and its numbers through time.

One idea: nodes that do the same job in different steps differ in their numbers alone. So they form
a *group*: what is the same for all is written once, each statistic is one series along time in the
`viz.pool.Pool`. What is irregular (a loss, an initial state) is a group of one.

`pack` returns two texts in base 85, both deflated: `drawing`, which is JSON, and `numbers`, the
pool. In a drawing `[a, b]` means series a of the pool from entry b on; steps are runs, from first
to last; coordinates count from the step's own origin; an edge names its ends by group and step, the
latter relative to its target's where that has one, else to its source's.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from viz.model import AFTER, Model, Node, Omitted, Parameter, Size, Strip
from viz.page.grouping import Group, Groups, Origins, tenth
from viz.page.playback import sweep_ranks
from viz.page.series import Pool, gradient_code, gradients, ranges, values
from viz.style import NORMS

POOL_BYTES = 60_000  # deflated; beyond it numbers are kept with fewer digits


DIGITS = ((3, (4, 3, 2)), (2, (2,)))  # of gradients, and with so many of values


WHOLE = 40_000  # nodes and edges; beyond it gradients are kept in two norms only


NODE_FACTS = ("op", "role", "layer", "gate", "name", "dtype", "formula", "holds")


Facts = dict[str, Any]


@dataclass
class Numbers:
    """The numbers of a page. Those that are rounded are written when it is known to what digits."""

    norms: Sequence[str]
    exact: Pool = field(default_factory=Pool)
    sizes: list[tuple[Facts, list[Size | None]]] = field(default_factory=list)  # of gradients
    strips: list[tuple[Facts, list[float]]] = field(default_factory=list)
    spreads: list[tuple[Facts, np.ndarray]] = field(default_factory=list)  # smallest, mean, largest

    def pools(self) -> Iterator[tuple[int, Pool]]:
        """Complete all facts to fewer and fewer digits; those of gradients, and the pool."""
        for gradient_digits, choice in DIGITS:
            rounded = self.exact.copy()
            for facts, sizes in self.sizes:
                facts["gradient"] = gradients(sizes, self.norms, rounded, gradient_digits)
            for facts, norms in self.strips:
                facts["values"] = rounded.add([gradient_code(v, gradient_digits) for v in norms])
            for digits in choice:
                pool = rounded.copy()
                for facts, spreads in self.spreads:
                    facts["values"] = values(spreads, digits, pool)
                yield gradient_digits, pool

    def written(self) -> tuple[int, list[tuple[int, int]], list[int], bytes]:
        """The digits of gradients, and the pool with as many as fit; see `Pool.written`."""
        written = 0, *Pool().written()
        for digits, pool in self.pools():
            written = digits, *pool.written()
            if len(written[-1]) <= POOL_BYTES:
                break
        return written


def pack(pictures: Mapping[str, Mapping[str, Model]]) -> dict[str, str]:
    """Pack placed models for the page, as the module's text describes.

    Args:
        pictures: for each name, such as "LSTM", its models by level of detail.

    Raises:
        VizError: the graph is so long that its coordinates do not fit into the pool.
    """
    models = [model for levels in pictures.values() for model in levels.values()]
    whole = sum(len(model.nodes) + len(model.edges) for model in models) <= WHOLE
    norms = NORMS if whole else tuple(dict.fromkeys((models[0].norm, "max", "l2")))[:2]
    numbers = Numbers(norms)
    packed = [
        {
            "name": name,
            "levels": {detail: _level(model, numbers) for detail, model in levels.items()},
            **_through_time(next(iter(levels.values())), numbers),
        }
        for name, levels in pictures.items()
    ]
    digits, specs, order, deflated = numbers.written()
    drawing = {
        "norms": norms,
        "digits": digits,
        "pictures": packed,
        "series": specs,
        "order": order,
    }
    text = json.dumps(drawing, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return {
        "drawing": _text(zlib.compress(text.encode(), 9)),
        "numbers": _text(deflated),
    }


def _text(data: bytes) -> str:
    """Bytes in base 85, without the one of its characters that means something to HTML."""
    return base64.b85encode(data).decode("ascii").replace("<", ",")


def _level(model: Model, numbers: Numbers) -> Facts:
    """One model as groups of frames, nodes and edges."""
    origins, pool = Origins(model), numbers.exact
    nodes, where = _node_groups(model, origins)
    edges = _edge_groups(model, origins, where)
    ranks = sweep_ranks(model)
    for group in edges:
        if any(edge.gradient for edge in group.members):
            group.facts["order"] = pool.add([ranks[edge.id] for edge in group.members])
    packed = {"nodes": nodes.packed(pool), "edges": edges.packed(pool)}
    for group, facts in zip([*nodes, *edges], [*packed["nodes"], *packed["edges"]], strict=True):
        sizes = [member.gradient for member in group.members]
        if any(sizes):
            numbers.sizes.append((facts, sizes))
    for group, facts in zip(nodes, packed["nodes"], strict=True):
        spreads = [node.value for node in group.members if node.value]
        if len(spreads) == len(group.members):
            numbers.spreads.append((facts, np.array(spreads, dtype=float)))
    frames = _frame_groups(model, origins).packed()
    return {"origins": origins.packed(pool), "frames": frames, **packed, "notes": model.notes}


def _frame_groups(model: Model, origins: Origins) -> Groups:
    groups = Groups()
    for frame in model.clusters:
        x = frame.x - origins.of(frame.layer, frame.step)
        facts = {"layer": frame.layer, **_label(frame.label, frame.step)}
        shape = (x, frame.y, frame.width, frame.height, frame.aside)
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
        source, home = where[edge.source][1], where[edge.target][1]
        fan = home.step is None and source.step is not None and not edge.via
        home = source if fan else home
        origin = origins.of(home.layer, home.step)
        facts = {
            "source": _seen_from(home, *where[edge.source]),
            "target": _seen_from(home, *where[edge.target]),
            "via": _seen_from(home, *where[edge.via]) if edge.via else None,
            "labelled": edge.label is not None,
            # zero, NaN and Inf are told by the numbers
            "flow": edge.flow if edge.gradient is None else "flows",
            "rail": bool(edge.rail),
            "slot": 0 if fan else edge.slot,
            "holds": edge.holds,
        }
        points = edge.points + ([edge.label] if edge.label else [])
        shape = [v for x, y in points for v in (x - origin, y)]
        groups.put("" if fan else edge.key, facts, shape, home.step, edge, fan)
    return groups


def _seen_from(home: Node, group: Group, node: Node) -> list[int | None]:
    """A node as its group and its step, which counts from `home`'s where that has one."""
    if node.step is None or home.step is None:
        return [group.number, node.step]
    return [group.number, node.step - home.step]


def _through_time(model: Model, numbers: Numbers) -> Facts:
    """The states' gradients for all steps, and each step's share in those of the parameters."""

    def strip(one: Strip) -> Facts:
        facts = {
            "layer": one.layer,
            "state": one.state,
            "steps": ranges(one.steps),
            "said": one.said,
        }
        numbers.strips.append((facts, one.values))
        return facts

    def parameter(one: Parameter) -> Facts:
        facts: Facts = {
            "name": one.name,
            "shape": list(one.shape),
            "place": [tenth(v) for v in (one.x, one.y, one.width, one.height)],
            "steps": ranges(one.shares),
            "shares": {},
        }
        numbers.sizes.append((facts, [one.total]))
        numbers.sizes.append((facts["shares"], list(one.shares.values())))
        return facts

    return {
        "has_flow": model.has_flow,
        "headline": model.headline,
        "norm": model.norm,
        "steps": ranges(model.steps),
        "strips": [strip(one) for one in model.strips],
        "parameters": [parameter(one) for one in model.parameters],
    }
