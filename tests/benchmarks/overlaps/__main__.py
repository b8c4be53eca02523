"""Count overlaps over the whole matrix: `python -m tests.benchmarks.overlaps [--list KIND]`."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter

from tests.benchmarks.overlaps.counting import KINDS, Face, findings, read
from tests.benchmarks.overlaps.pictures import pictures


def main() -> int:
    """Print how often each kind of overlap is found with each font; 1 if there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="pictures with this in the name")
    parser.add_argument("--list", default="", metavar="KIND", help="print each of a kind, or all")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    faces = {name: Face(name) for name in ("DejaVu", "Arial")}
    counts = {name: Counter[str]() for name in faces}
    pictures_with = {name: Counter[str]() for name in faces}
    drawn = 0
    for name, draw in pictures():
        if args.only not in name:
            continue
        try:
            dot = draw().to_bytes("dot").decode()
        except Exception as error:  # the others are still counted
            print(f"{name}: not drawn: {type(error).__name__}: {error}")
            continue
        drawn += 1
        for face, metrics in faces.items():
            found = list(findings(read(dot, metrics)))
            counts[face].update(finding.kind for finding in found)
            pictures_with[face].update({finding.kind for finding in found})
            pictures_with[face]["any"] += bool(found)
            for finding in found:
                if args.list in (finding.kind, "all") and face == "DejaVu":
                    print(f"{name}: {finding.kind}: {finding.one!r} | {finding.other!r}")
    print(f"{drawn} pictures" + "".join(f"{name:>18}" for name in faces))
    for kind in KINDS:
        row = "".join(f"{counts[f][kind]:8} in {pictures_with[f][kind]:6}" for f in faces)
        print(f"{kind:20}{row}")
    row = "".join(f"{counts[f].total():8} in {pictures_with[f]['any']:6}" for f in faces)
    print(f"{'all':20}{row}")
    return int(any(count.total() for count in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
