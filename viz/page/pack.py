"""The drawings of a page as compact data: one template per job, and its numbers through time.

One idea: nodes that do the same job in different steps differ in their numbers alone. So they form
a *group*: what is the same for all is written once, each statistic is one series along time in the
`viz.page.series.Pool`. What is irregular (a loss, an initial state) is a group of one.

`pack` returns two texts in base 85, both deflated: `drawing`, which is JSON, and `numbers`, the
pool. In a drawing `[a, b]` means series a of the pool from entry b on; steps are runs, from first
to last; coordinates count from the step's own origin; an edge names its ends by group and step, the
latter relative to its target's where that has one, else to its source's.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from viz.model import ModelEdge, ModelNode
from viz.page.collected import Collected
from viz.page.grouping import Facts, Grouping, MemberNumbers, TemplateGroup
from viz.page.series import Pool, ranges, text_of
from viz.page.through_time import through_time
from viz.reading.folding import Copies, Folded
from viz.style import NORMS

MAX_PARTS_IN_ALL_NORMS = 40_000  # nodes and edges; beyond it gradients are kept in two norms only


NODE_FACTS = ("op", "role", "layer", "gate", "name", "dtype", "formula", "holds")


def pack(pictures: Mapping[str, Mapping[str, Folded]]) -> dict[str, str]:
    """Pack placed drawings for the page, as the module's text describes.

    Args:
        pictures: for each name, such as "LSTM", its drawings by level of detail.

    Raises:
        VizError: the graph is so long that its coordinates do not fit into the pool.
    """
    levels = [folded for levels in pictures.values() for folded in levels.values()]
    whole = sum(folded.count for folded in levels) <= MAX_PARTS_IN_ALL_NORMS
    norms = NORMS if whole else tuple(dict.fromkeys((levels[0].model.norm, "max", "l2")))[:2]
    numbers = Collected(norms)
    packed = [
        {
            "name": name,
            "levels": {
                detail: _Level(folded, numbers).packed() for detail, folded in levels.items()
            },
            **through_time(next(iter(levels.values())), numbers),
        }
        for name, levels in pictures.items()
    ]
    fine, specs, order, deflated = numbers.written()
    drawing = {
        "norms": norms,
        "fine": fine,
        "pictures": packed,
        "series": specs,
        "order": order,
    }
    text = json.dumps(drawing, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return {
        "drawing": pack_text(text),
        "numbers": text_of(deflated),
    }


def pack_text(text: str) -> str:
    """A text, deflated, in base 85."""
    return text_of(zlib.compress(text.encode(), 9))


class _Level:
    """One drawing as groups of frames, nodes and edges."""

    def __init__(self, folded: Folded, collected: Collected) -> None:
        self.folded, self.model, self.collected = folded, folded.model, collected
        self.numbers = folded.source.numbers
        self.steps = np.array(self.model.steps, dtype=np.int64)
        self.nodes = {node.id: node for node in self.model.nodes}
        self.places: dict[str, tuple[Any, ...]] = {}  # of a node: what is the same for its copies
        self.groups: dict[tuple[Any, ...], np.ndarray] = {}  # of that: the group at each step
        self.drawn = Grouping()
        self.lines = Grouping()

    def packed(self) -> Facts:
        """As plain data."""
        pool = self.collected.exact
        self._group_nodes()
        for edge in self.model.edges:
            self._group_edge(edge)
        groups = [*self.drawn, *self.lines]
        packed = [group.packed(pool) for group in groups]
        for group, facts in zip(groups, packed, strict=True):
            sizes, spreads = group.numbers.sizes, group.numbers.values
            if sizes is not None and sizes.there.any():
                self.collected.sizes.append((facts, sizes))
            if spreads is not None:
                self.collected.spreads.append((facts, spreads))
        return {
            "origins": self._origins(pool),
            "frames": [group.packed(pool) for group in self._frames()],
            "nodes": packed[: len(self.drawn)],
            "edges": packed[len(self.drawn) :],
            "notes": self.model.notes,
        }

    def _origin(self, step: int | None) -> float:
        return 0.0 if step is None else self.model.columns[step]

    def _origins(self, pool: Pool) -> list[Facts]:
        """For each layer its steps and, in tenths of a point, where they stand."""
        return [
            {
                "layer": layer.name,
                "steps": ranges(layer.steps),
                "x": pool.add([round(self.model.columns[step] * 10) for step in layer.steps]),
            }
            for layer in self.model.layers
        ]

    def _frames(self) -> Grouping:
        """One frame for all steps of a layer whose number has so many digits."""
        groups = Grouping()
        digits = np.char.str_len(self.steps.astype(str)) if self.steps.size else self.steps
        known = {(box.layer, len(str(box.step))): box for box in self.model.clusters}
        for layer in self.model.layers:
            here = np.isin(self.steps, layer.steps)
            for count in sorted(set(digits[here].tolist())):
                box = known.get((layer.name, count))
                if box is None:  # what recurs outside the cells has none
                    continue
                label = box.label.removesuffix(str(box.step))
                facts = {"layer": layer.name, "label": label, "numbered": True}
                x = box.x - self._origin(box.step)
                shape = (x, box.y, box.width, box.height, box.aside)
                steps = self.steps[here & (digits == count)]
                groups.put("", facts, shape, steps, MemberNumbers(steps))
        return groups

    # Nodes.

    def _group_nodes(self) -> None:
        seen: Counter[tuple[Any, ...]] = Counter()
        for node in self.model.nodes:
            name = (node.layer, node.step, node.key)
            seen[name] += 1
            self.places[node.id] = (node.layer, node.key, seen[name])
            copies = self.folded.copies(node.id, node.block)
            if copies is None:
                continue
            stem = self.folded.stems.get(node.id, "")
            facts = {
                "label": f"{stem}_" if stem else node.label,
                "numbered": bool(stem),
                "shape": list(node.shape),
                "derivatives": list(node.derivatives),
                **{key: getattr(node, key) for key in NODE_FACTS},
            }
            shape = (node.x - self._origin(node.step), node.y, node.width, node.height)
            numbers = self._numbers_of(node, copies)
            group = self.drawn.put(node.key, facts, shape, copies.steps, numbers)
            self._note(node, copies, group)

    def _note(self, node: ModelNode, copies: Copies, group: TemplateGroup) -> None:
        """Remember which group the copies of a node are in."""
        place = self.places[node.id]
        if copies.steps is None:
            self.groups[place] = np.array([group.number])
            return
        if place not in self.groups:
            self.groups[place] = np.full(len(self.steps), -1)
        self.groups[place][np.searchsorted(self.steps, copies.steps)] = group.number

    def _numbers_of(self, node: ModelNode, copies: Copies) -> MemberNumbers:
        numbers, sizes, spreads = self.numbers, None, None
        uses, tensors = copies.uses, copies.tensors
        if uses is not None:
            ids = node.role[0], numbers.serials[uses[:, 0]]
            sizes = numbers.along(uses)
        else:
            assert tensors is not None
            ids = node.id[0], tensors
            sizes = numbers.totals.at(tensors) if node.role != "cell" else None
        if tensors is not None and node.role != "cell" and numbers.has_values[tensors].all():
            spreads = numbers.spreads[tensors]
        return MemberNumbers(ids[1], ids[0], sizes, spreads)

    # Edges.

    def _group_edge(self, edge: ModelEdge) -> None:
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        fan = target.step is None and source.step is not None and not edge.via
        home = source if fan else target
        copies = self.folded.copies_of_edge(edge.id, target.block)
        if copies is None:
            return
        assert copies.uses is not None
        steps = copies.steps
        if fan:
            assert source.step is not None
            steps = np.array([source.step])
        sizes = self.numbers.along(copies.uses)
        passed = 2 * self.numbers.passed(copies.uses) + bool(edge.rail)  # it waits for its parts
        serials = self.numbers.serials[copies.uses[:, 0]]
        numbers = MemberNumbers(serials, edge.id[0], sizes, None, passed)
        ends = {
            name: self._end(self.nodes[end], home, steps)
            for name, end in (("source", edge.source), ("target", edge.target), ("via", edge.via))
            if end
        }
        origin = self._origin(home.step)
        points = edge.points + ([edge.label] if edge.label else [])
        shape = [v for x, y in points for v in (x - origin, y)]
        differ = np.stack([sizes.there, *(groups for groups, _ in ends.values())], axis=1)
        for row, members in _alike(differ):
            facts: Facts = {
                name: [number, away]
                for (name, (_, away)), number in zip(ends.items(), row[1:], strict=True)
            }
            facts |= {
                "labelled": edge.label is not None,
                # zero, NaN and Inf are told by the numbers
                "flow": "flows" if row[0] else self._silent(edge),
                "rail": bool(edge.rail),
                "slot": 0 if fan else edge.slot,
                "holds": edge.holds,
            }
            self.lines.put(
                "" if fan else edge.key,
                facts,
                shape,
                None if steps is None else steps[members],
                numbers.at(members),
                edge.slot if fan else None,
            )

    def _end(
        self, node: ModelNode, home: ModelNode, steps: np.ndarray | None
    ) -> tuple[np.ndarray, int | None]:
        """A node's group for each copy of an edge; its step, counted from that of `home` if any."""
        groups = self.groups[self.places[node.id]]
        count = 1 if steps is None else len(steps)
        if node.step is None:
            return np.repeat(groups, count), None
        if home.step is None or steps is None:
            at = np.searchsorted(self.steps, [node.step])
            return groups[at], node.step
        away = node.step - home.step
        return groups[np.searchsorted(self.steps, steps + away)], away

    def _silent(self, edge: ModelEdge) -> str:
        """Why nothing flows along an edge."""
        if self.folded.source.sent.flow is None:
            return "unknown"
        return self.folded.source.sent.silence(self.folded.behind[edge.id][0])


def _alike(rows: np.ndarray) -> Iterator[tuple[list[int], np.ndarray]]:
    """Each different row, and which rows are like it."""
    if (rows == rows[0]).all():
        yield rows[0].tolist(), np.arange(len(rows))
        return
    kinds, which = np.unique(rows, axis=0, return_inverse=True)
    for kind, row in enumerate(kinds.tolist()):
        yield row, np.flatnonzero(which.ravel() == kind)
