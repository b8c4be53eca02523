"""What the demos share: the manners of a command line, inputs for a cell, and plain line charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.tensor import Array
from viz.charts import save
from viz.charts.axes import COLOURS, legend, new_axes, series_style, style_axes
from viz.cli.command import Parser, UsageError, finite, int_between, output_folder, run_command
from viz.cli.inputs import default_text, encode, excerpt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "COLOURS",
    "Parser",
    "UsageError",
    "colour_bar",
    "conclude",
    "counter",
    "default_text",
    "demo_parser",
    "encode",
    "excerpt",
    "finite",
    "int_between",
    "legend",
    "lines",
    "new_axes",
    "output_folder",
    "panels",
    "progress",
    "read_text",
    "reading_parser",
    "run_command",
    "save",
    "series_style",
    "signed",
    "spread",
    "style_axes",
]

Thing = TypeVar("Thing")


OPTIONS = {
    "steps": "time steps T",
    "hidden": "hidden size H",
    "layers": "layers L",
    "iterations": "updates",
    "seeds": "how many draws, from --seed on",
}


def demo_parser(name: str, about: str | None, **counts: tuple[int, int]) -> Parser:
    """Return a command line with what every demo has: --help, --out and --seed.

    Args:
        name: of the demo.
        about: its docstring.
        counts: further options of `OPTIONS`, each with the least value and the default.
    """
    parser = Parser(f"python -m demos.{name}", about or "")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("out", name), help="folder to write to"
    )
    parser.add_argument(
        "--seed", metavar="N", type=int_between(0, 2**63), default=0, help="for everything random"
    )
    for option, (least, default) in counts.items():
        kind, about = int_between(least, 100_000), OPTIONS[option]
        parser.add_argument(f"--{option}", metavar="N", type=kind, default=default, help=about)
    return parser


def conclude(*findings: tuple[Any, str]) -> None:
    """Print what the numbers show: each sentence beside the condition that makes it true.

    A sentence whose condition does not hold, with other settings than the demo's own or another
    seed, is printed as what is not so there.

    >>> conclude((1 < 2, "One is less than two."), (1 > 2, "One is more than two."))
    <BLANKLINE>
    What these numbers show:
    - One is less than two.
    - Not so here: One is more than two.
    """
    print("\nWhat these numbers show:")
    for holds, sentence in findings:
        print(
            fill(
                sentence if holds else f"Not so here: {sentence}",
                96,
                initial_indent="- ",
                subsequent_indent="  ",
            )
        )


def reading_parser(
    name: str, about: str | None, least: int, steps: int, seeds: int | None = None
) -> Parser:
    """Return the command line of a demo that reads a text: also --steps, --hidden and --seeds."""
    counts = {"steps": (least, steps), "hidden": (1, 32)}
    return demo_parser(name, about, **counts, **({"seeds": (1, seeds)} if seeds else {}))


def read_text(steps: int) -> tuple[Array, Array, str]:
    """Return the first characters of Python's own prose, one-hot, and what follows each.

    Returns:
        Inputs (T, 1, letters), classes (T, 1) of the following characters, and the alphabet.

    >>> inputs, classes, alphabet = read_text(6)
    >>> inputs.shape, "".join(alphabet[k] for k in classes[:, 0])
    ((6, 1, 7), 'bjects')
    """
    classes, alphabet = encode(excerpt(steps))
    one_hot = np.eye(len(alphabet))[classes[:-1], np.newaxis]
    return one_hot, classes[1:, np.newaxis], alphabet


def progress(things: Iterable[Thing], about: str) -> Iterable[Thing]:
    """Yield the things, with a progress bar on stderr where that is a terminal."""
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise UsageError("progress bars need tqdm: pip install 'tqdm>=4.60'") from error
    return tqdm(things, desc=about, leave=False, disable=None)  # type: ignore[no-any-return]  # tqdm has no types


def counter(about: str) -> Callable[[int, int], None]:
    """Return a function of (done, total) that shows a progress bar, as `tr.study.run` calls it."""
    bar: Any = progress([], about)

    def show(done: int, total: int) -> None:
        bar.total, bar.n = total, done
        bar.refresh()
        if done == total:
            bar.close()

    return show


def panels(
    rows: int,
    columns: int,
    width: float = 5.0,
    height: float = 3.8,
    share: Literal["none", "row", "all"] = "none",
) -> list[Axes]:
    """Return the axes of one figure, row by row; the size, in inches, is that of one panel.

    Panels that are to be compared share axes, the vertical ones of each row, or all: then one
    length means one number in each of them.
    """
    figure = new_axes(width * columns, height * rows).figure.figure
    assert figure is not None
    figure.clear()
    figure.set_layout_engine("constrained")
    found = figure.subplots(rows, columns, squeeze=False, sharex=share == "all", sharey=share)
    return list(found.flat)


def signed(rate: float) -> str:
    """Return a rate with its sign, or a dash where there is none to speak of (NaN).

    >>> signed(0.25), signed(float("nan"))
    ('+0.250', '-')
    """
    return "-" if np.isnan(rate) else f"{rate:+.3f}"


def colour_bar(image: Any, axes: list[Axes], about: str) -> None:
    """Put one colour bar, for all of these panels, beside them."""
    figure = axes[0].figure.figure
    assert figure is not None
    figure.colorbar(image, ax=axes, label=about)


def spread(values: ArrayLike, form: str = "+.3f") -> str:
    """Return the median over seeds and, where there are several, the range.

    >>> spread([0.5, 0.25, 1.0]), spread([0.5], ".1f")
    ('+0.500 (+0.250 .. +1.000)', '0.5')
    """
    array = np.asarray(values, dtype=float)
    middle = format(np.median(array), form)
    low, high = format(array.min(), form), format(array.max(), form)
    return middle if array.size == 1 else f"{middle} ({low} .. {high})"


def lines(
    series: Mapping[str, ArrayLike],
    x: ArrayLike,
    labels: tuple[str, str],
    title: str,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw one line for each name, all against the same x.

    Args:
        series: for each name its values, (N,), or those of S seeds, (N, S), of which the median
            is the line and the range a band; what is not finite (or not positive, on a
            logarithmic axis) leaves a gap.
        x: where they were measured.
        labels: of the horizontal and of the vertical axis.
        title: above the chart.
        log: make the vertical axis logarithmic.
        ax: where to draw; a figure of its own by default.
    """
    ax = ax or new_axes()
    log = log and any(np.any(np.asarray(values) > 0) for values in series.values())
    for k, (name, values) in enumerate(series.items()):
        y = np.asarray(values, dtype=np.float64)
        y = np.where(np.isfinite(y) & ((y > 0) | (not log)), y, np.nan)
        at, style = np.asarray(x)[: len(y)], series_style(k)
        if y.ndim == 2:
            band = y.min(axis=1), y.max(axis=1)
            ax.fill_between(at, *band, color=style["color"], alpha=0.15, linewidth=0)
            y = np.median(y, axis=1)
        ax.plot(at, y, label=name, linewidth=2, **style)
    if log:
        ax.set_yscale("log")
    style_axes(ax, *labels, title)
    legend(ax)
    return ax
