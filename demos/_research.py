"""What the demos on papers share: the published figures in one column, the same computed beside."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from demos.common import conclude, demo_parser, output_folder, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Reproduced(NamedTuple):
    """What a study found.

    Attributes:
        rows: what is measured, the published figure, and ours.
        ax: the chart.
        findings: sentences, each with the condition that makes it true.
    """

    rows: Sequence[tuple[str, str, str]]
    ax: Axes
    findings: Sequence[tuple[Any, str]]


def reproduce(
    name: str,
    about: str | None,
    study: Callable[[argparse.Namespace], Reproduced],
    change: str,
    **counts: tuple[int, int],
) -> None:
    """Do a study, and print its figures beside those that were published.

    Args:
        name: of the demo.
        about: its docstring.
        study: what is done with the options of the command line.
        change: what a reader may change, to end with.
        counts: as of `demo_parser`.
    """
    args = demo_parser(name, about, **counts).parse_args()
    with output_folder(args.out) as folder:
        found = study(args)
        rows = [("", "published", "ours"), *found.rows]
        wide = [max(len(row[k]) for row in rows) for k in range(2)]
        for what, published, ours in rows:
            print(f"{what:<{wide[0]}}   {published:<{wide[1]}}   {ours}")
        save(found.ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    conclude(*found.findings)
    print(f"\nChange {change}")


def seeds_of(args: argparse.Namespace) -> range:
    """Return the seeds that the command line asks for."""
    return range(args.seed, args.seed + args.seeds)
