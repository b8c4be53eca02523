"""Curves of what each loss sends back through time: one for each way into a chain of states.

What comes after a layer (losses, a read-out, the layer above, attention) sends gradients into it at
some of its steps. Each step at which something enters has a row of its own, swept back through the
layer alone; the rows sum to the gradient. So a loss at every step is told apart from the others
even where all of them were computed as one mean.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.diagnosis.chains import Chain, home
from tinygrad_rnn.diagnosis.decay import Stretch, pieces
from tinygrad_rnn.graph import Array
from tinygrad_rnn.itemise import row_norms, rows_at_once
from tinygrad_rnn.stacked_sweep import Rows, RowStart, stacked_sweep

MAX_CURVES = 8  # ways in that a diagnosis looks at, spread over all that there are


@dataclass(frozen=True)
class Curve:
    """The norm of what one way in sends back to one part of a chain's states.

    Attributes:
        chain: which chain.
        part: "h" or "c".
        steps: the time steps, from where the gradient sets out to the first that was taken.
        norms: the gradient's norm at each.
        alone: whether nothing else enters the chain, so that it is the whole gradient.
        top: whether it comes from the loss, and not from a layer above.

    >>> import tinygrad_rnn as tr
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> (curve,) = tr.diagnose(run.final.sum(), run=run).curves
    >>> curve.part, curve.steps, curve.norms.shape
    ('h', [4, 3, 2, 1, 0], (5,))
    """

    chain: Chain
    part: str
    steps: list[int]
    norms: Array
    alone: bool
    top: bool

    @property
    def share(self) -> float:
        """What is left at the last of these steps, of what was there at the first."""
        with np.errstate(all="ignore"):  # beyond the range, `decades` tells more
            return float(self.norms[-1] / self.norms[0])

    @cached_property
    def pieces(self) -> list[Stretch]:
        """The one or two lines that it follows; places count from where the gradient sets out."""
        return pieces(self.norms)

    @property
    def decades(self) -> float:
        """How many powers of ten the gradient changes by, to the first step; -inf to nothing."""
        with np.errstate(all="ignore"):
            return float(np.log10(self.norms[-1]) - np.log10(self.norms[0]))

    @property
    def growth(self) -> float:
        """By how many powers of ten it stands above its beginning where it is largest."""
        finite = self.norms[np.isfinite(self.norms)]
        with np.errstate(all="ignore"):
            return float(np.log10(finite.max()) - np.log10(self.norms[0])) if len(finite) else 0.0

    @property
    def arrives(self) -> bool:
        """Whether any gradient reaches the first step that was taken."""
        return bool(self.norms[-1] > 0)


class Ways:
    """The ways into one chain, and what each sends back to its states.

    Attributes:
        entries: by time step, the nodes at which a gradient enters, and that gradient.
    """

    def __init__(
        self, flow: Any, graph: list[Any], chain: Chain, top: bool, at_most: int = MAX_CURVES
    ) -> None:
        self.flow, self.chain, self.top = flow, chain, top
        self.places = {
            node.index: (part, place)
            for part, nodes in chain.parts.items()
            for place, node in enumerate(nodes)
            if node is not None
        }
        self.inside = self._inside(graph)
        self.entries = self._entries(graph)
        self.keys = self._chosen(at_most)
        self.norms = self._norms()

    def _inside(self, graph: list[Any]) -> set[int]:
        """Return the nodes that the chain's states were made from, themselves included."""
        inside = set(self.places)
        for node in reversed(graph):
            if node.index in inside:
                inside.update(s.index for s in node.inputs if hasattr(s, "inputs"))
        return inside

    def _entries(self, graph: list[Any]) -> dict[int | None, list[tuple[Any, Array]]]:
        found: dict[int | None, list[tuple[Any, Array]]] = defaultdict(list)
        root = self.flow.root
        if root.index in self.inside:
            found[_step_of(root)].append((root, self.flow.gradient(root)))
        leading = self._leading(graph)
        for edge in self.flow.edges:
            node = edge.source
            if node.index in leading and edge.consumer.index not in self.inside and edge.max != 0:
                found[_step_of(node)].append((node, self.flow.contribution(edge)))
        order = sorted(found, key=lambda step: found[step][0][0].index)
        return {step: found[step] for step in order}

    def _leading(self, graph: list[Any]) -> set[int]:
        """Return the nodes from which a state of the chain can still be reached on the way back."""
        leading = set(self.places)
        for node in graph:
            if any(getattr(source, "index", -1) in leading for source in node.inputs):
                leading.add(node.index)
        return leading & self.inside

    def _chosen(self, at_most: int) -> list[int | None]:
        """Return the steps of the rows: the last, the first, and others evenly."""
        keys = list(self.entries)
        if len(keys) <= at_most or at_most == 1:
            return keys[-at_most:]
        return [keys[k] for k in np.linspace(0, len(keys) - 1, at_most).round().astype(int)]

    def _norms(self) -> dict[str, Array]:
        """Return the norms (rows, places) of every part of the state."""
        out = {
            part: np.zeros((len(self.keys), len(nodes))) for part, nodes in self.chain.parts.items()
        }
        if len(self.entries) == 1:  # the whole gradient is this one's
            for part, nodes in self.chain.parts.items():
                out[part][0] = self._whole(nodes)
            return out
        if not self.entries:
            return out
        at_once = rows_at_once([self.flow.root])
        for start in range(0, len(self.keys), at_once):
            window = self.keys[start : start + at_once]
            seeds = [RowStart(k, *one) for k, key in enumerate(window) for one in self.entries[key]]

            def note(node: Any, rows: Rows, start: int = start) -> None:
                part, place = self.places[node.index]
                first = start + rows.first
                out[part][first : first + len(rows.g), place] = self._size(rows.g)

            if hasattr(self.flow, "rows_back"):  # another library's graph sweeps itself
                nodes = [n for part in self.chain.parts.values() for n in part if n is not None]
                self.flow.rows_back(seeds, nodes, note)
            else:
                stacked_sweep(seeds, len(window), self.places, note, self._is_inside)
        return out

    def _whole(self, nodes: list[Any]) -> list[float]:
        """Return the norm of the whole gradient of each node; 0 where none flowed."""
        if self.chain.longest is None:
            held = [node for node in nodes if node is not None]
            sizes = dict(zip((node.index for node in held), self.flow.norms_of(held), strict=True))
            found = [sizes.get(node.index) if node is not None else None for node in nodes]
            return [size[0] if size else 0.0 for size in found]
        gradients = [None if node is None else self.flow.gradient(node) for node in nodes]
        return [float(self._size(g[np.newaxis])[0]) if g is not None else 0.0 for g in gradients]

    def _is_inside(self, node: Any) -> bool:
        return node.index in self.inside

    def _size(self, g: Array) -> Array:
        """Return the norm of each row, of the sequences that go on longest."""
        return row_norms(g if self.chain.longest is None else g[:, self.chain.longest])

    @cached_property
    def curves(self) -> list[Curve]:
        """The curves of every part of the state, for every way in that was looked at."""
        chain, found = self.chain, []
        for part in chain.parts:
            for row in self.norms[part]:
                reached = np.flatnonzero(row)
                if len(reached):
                    last, alone = int(reached[-1]), len(self.entries) == 1
                    steps = chain.steps[last::-1]
                    found.append(Curve(chain, part, steps, row[last::-1], alone, self.top))
        return found

    @cached_property
    def furthest(self) -> Curve | None:
        """The curve with the longest way to go, of the part that carries most of it."""
        longest = max((len(curve.steps) for curve in self.by_part), default=0)
        rest = [curve for curve in self.by_part if len(curve.steps) == longest]
        return max(rest, key=_carried, default=None)

    @cached_property
    def by_part(self) -> list[Curve]:
        """For each part of the state the curve with the longest way to go."""
        found = []
        for part in self.chain.parts:
            curves = [curve for curve in self.curves if curve.part == part]
            longest = max((len(curve.steps) for curve in curves), default=0)
            rest = [curve for curve in curves if len(curve.steps) == longest]
            found += [max(rest, key=_carried)] if rest else []
        return found


def _carried(curve: Curve) -> tuple[int, float]:
    """Return how far a curve gets, and how much of it."""
    share = curve.share
    return int(np.count_nonzero(curve.norms)), share if np.isfinite(share) else np.inf


def _step_of(node: Any) -> int | None:
    where = home(node)
    return None if where is None else where.step
