"""Has a change made it slower?  `python -m tests.benchmarks.compare old.json new.json`

What is compared are ratios, to PyTorch's loop and to the bare matrix products of the same run, so
that a busy or another machine does not matter much. Of the two changes the smaller one counts:
a peer that had a bad day moves one of them only. Exits with 1 if anything is slower by over 10 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LIMIT = 1.10


class Change(NamedTuple):
    """What became of one number: 1.2 means that it takes 1.2 times as long as before."""

    what: str
    factor: float
    apart: bool  # the quartile ranges of old and new do not overlap

    @property
    def verdict(self) -> str:
        """Return "slower", "faster", "unsure" or "same"."""
        if 1 / LIMIT <= self.factor <= LIMIT:
            return "same"
        if not self.apart:
            return "unsure"
        return "slower" if self.factor > 1 else "faster"


def change(what: str, pairs: list[tuple[dict, dict]]) -> Change:
    """Return the change nearest to none among pairs of (old, new) spreads."""

    def one(old: dict, new: dict) -> Change:
        apart = new["q1"] > old["q3"] or new["q3"] < old["q1"]
        return Change(what, new["median"] / old["median"], apart)

    return min((one(*pair) for pair in pairs), key=lambda c: max(c.factor, 1 / c.factor))


def compare(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    """Yield the change of everything of ours that both runs have measured."""
    before = {(r["contender"], r["cell"], tuple(r["size"]), r["dtype"]): r for r in old["table"]}
    for row in new["table"]:
        key = (row["contender"], row["cell"], tuple(row["size"]), row["dtype"])
        if row["contender"].startswith("ours") and key in before:
            pairs = [
                (before[key][ratio], row[ratio])
                for ratio in ("to_torch", "to_products")
                if before[key][ratio] and row[ratio]
            ]
            if pairs:
                yield change("{}, {} {} {}".format(*key), pairs)
    for part, identity, value in (
        ("scale", ("steps",), "to_shortest"),
        ("flow", ("size", "dtype", "keep"), "read_to_plain"),
    ):
        known = {str([p[k] for k in identity]): p for p in old[part]}
        for point in new[part]:
            name = str([point[k] for k in identity])
            if name in known:
                yield change(f"{part} {name}", [(known[name][value], point[value])])
    yield change("import over numpy", [(old["import"]["to_numpy"], new["import"]["to_numpy"])])


def main(arguments: list[str] | None = None) -> int:
    """Print every change, the worst first, and return 1 if something became slower."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    options = parser.parse_args(arguments)
    old, new = (json.loads(path.read_text()) for path in (options.old, options.new))
    changes = sorted(compare(old, new), key=lambda c: -c.factor)
    if not changes:
        print("the two runs have nothing in common")
        return 1
    for item in changes:
        print(f"{item.verdict:7} {item.factor:5.2f}  {item.what}")
    counts = {kind: sum(c.verdict == kind for c in changes) for kind in ("slower", "unsure")}
    print(
        f"{counts['slower']} slower by over {LIMIT - 1:.0%}, "
        f"{counts['unsure']} moved as much but within their spread (measure again)"
    )
    return int(counts["slower"] > 0)


if __name__ == "__main__":
    sys.exit(main())
