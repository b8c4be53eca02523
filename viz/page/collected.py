"""The numbers of a page before they are written: in as many digits as the page has room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from viz.page.grouping import Facts
from viz.page.series import Pool, gradient_codes, gradients, values
from viz.reading.folding import Sizes

POOL_BYTES = 60_000  # deflated; beyond it numbers are kept with fewer digits


DIGITS = ((True, (4, 3, 2)), (False, (2,)))  # whether gradients are kept finely; of values


@dataclass
class Collected:
    """The numbers of a page. Those that are rounded are written when it is known to what digits."""

    norms: Sequence[str]
    exact: Pool = field(default_factory=Pool)
    sizes: list[tuple[Facts, Sizes]] = field(default_factory=list)  # of gradients
    strips: list[tuple[Facts, list[float]]] = field(default_factory=list)
    spreads: list[tuple[Facts, np.ndarray]] = field(default_factory=list)  # smallest, mean, largest

    def pools(self) -> Iterator[tuple[bool, Pool]]:
        """Complete all facts to ever fewer digits; whether gradients are fine, and the pool."""
        for fine, choice in DIGITS:
            rounded = self.exact.copy()
            for facts, sizes in self.sizes:
                facts["gradient"] = gradients(sizes, self.norms, rounded, fine)
            for facts, norms in self.strips:
                facts["values"] = rounded.add(gradient_codes(np.array(norms), fine))
            for digits in choice:
                pool = rounded.copy()
                for facts, spreads in self.spreads:
                    facts["values"] = values(spreads, digits, pool)
                yield fine, pool

    def written(self) -> tuple[bool, list[tuple[int, int]], list[int], bytes]:
        """Whether gradients are fine, and the pool with as many digits as fit: `Pool.written`."""
        chosen = True, Pool()
        for chosen in self.pools():
            if chosen[1].estimate() <= POOL_BYTES:
                break
        return chosen[0], *chosen[1].written()
