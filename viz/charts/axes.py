"""The style of all charts: colours, dashes, quiet axes, and saving the same bytes every time.

One idea: a chart is an ordinary matplotlib `Axes` that anybody can go on drawing into; here is only
what makes all of them look alike.
"""

from __future__ import annotations

import importlib.util
import io
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_rnn.tensor import Array
from viz.errors import VizError
from viz.save import write
from viz.style import LIGHT
from viz.text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# Told apart in protanopia, deuteranopia and tritanopia, and at least 3:1 against white. Never
# alone: every series has a dash pattern of its own as well.
COLOURS = ("#1b2330", "#c85a13", "#0b5394", "#8811dd", "#3399ee", "#bb8877")


DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (7, 1.5, 1.2, 1.5)), (0, (3, 1)), (0, (9, 2)))


GRID = "#dfe3ea"
SMALLEST_SHOWN, LARGEST_SHOWN = (
    np.finfo(np.float64).tiny,
    1e200,
)  # a logarithmic axis has no ticks beyond


def save(axes: Axes, path: str | Path) -> None:
    """Write the figure of `axes` to a .svg, .png or .pdf file: the same bytes every time.

    A png has 150 dots per inch; an svg says what the chart shows to those who cannot see it.

    Args:
        axes: what a chart returned.
        path: where to; an existing file is replaced as a whole or left as it is.

    Raises:
        VizError: for another suffix, or if the file cannot be written; nothing is half-written.

    >>> import tempfile, tinygrad_rnn as tr, viz
    >>> from pathlib import Path
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), [[[1.0, 2.0]]] * 4)
    >>> axes = viz.chart({"RNN": tr.trace(run.final.sum())})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     viz.charts.save(axes, Path(folder, "chart.svg"))
    ...     Path(folder, "chart.svg").read_bytes()[:5]
    b'<?xml'
    """
    import matplotlib as mpl

    path = Path(path)
    form = path.suffix[1:]
    if form not in ("svg", "png", "pdf"):
        raise VizError(f"cannot save {path.name}: a chart ends in .svg, .png or .pdf")
    title, description = describe_chart(axes)
    metadata: dict[str, Any] = {"Title": title}
    if form != "png":  # which carries no date
        metadata |= {"CreationDate" if form == "pdf" else "Date": None}
    figure = axes.figure.figure  # the whole one; before Matplotlib 3.10 not get_figure(root=True)
    picture = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "tinygrad_rnn"}):
        figure.savefig(picture, format=form, metadata=metadata, bbox_inches="tight", dpi=150)
    painted = picture.getvalue()
    if form == "svg":  # what matplotlib leaves out for those who cannot see it
        painted = painted.replace(
            b"<svg ", b'<svg role="img" aria-labelledby="title description" ', 1
        ).replace(
            b"<title>%b</title>" % escape(title).encode(),
            b'<title id="title">%b</title>\n <desc id="description">%b</desc>'
            % (escape(title).encode(), escape(description).encode()),
            1,
        )
    write(path, painted)


def describe_chart(axes: Axes) -> tuple[str, str]:
    """Return a chart's title and what it shows, in words."""
    y, x = (label.replace("$", "") for label in (axes.get_ylabel(), axes.get_xlabel()))
    description = f"{y} against {x}"
    names = [str(name) for name in axes.get_legend_handles_labels()[1]]
    if names:
        description += f", one line for each of: {', '.join(names)}"
    return axes.get_title("left").replace("$", "") or description, f"{description}."


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def new_axes(width: float = 8.0, height: float = 4.5) -> Axes:
    """Return the axes of a figure of its own, outside of pyplot; the size is in inches.

    Raises:
        VizError: if matplotlib is not installed.
    """
    if not can_draw():
        raise VizError("charts need matplotlib: pip install 'matplotlib>=3.8' and try again")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height)).add_subplot()


def series_style(k: int) -> dict[str, Any]:
    """Return colour and dash pattern of series number k, for a line that matplotlib draws.

    >>> series_style(1)
    {'color': '#c85a13', 'linestyle': (0, (5, 1.5))}
    """
    turn = k // len(COLOURS)  # a colour that comes again comes with another dash pattern
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": DASHES[(k + turn) % len(DASHES)]}


def mark(ax: Axes, t: Array, where: Array, text: str, height: float, k: int) -> None:
    """Write what a logarithmic axis cannot show at the edge of the chart, once for each stretch.

    Args:
        ax: the axes.
        t: the time steps.
        where: for each time step whether it is to be marked.
        text: what to write.
        height: how high, as a share of the axes.
        k: the series' number.
    """
    across, colour = ax.get_xaxis_transform(), series_style(k)["color"]
    ends = np.flatnonzero(np.diff(where, prepend=False, append=False)).reshape(-1, 2)
    first, last = t[ends[:, 0]], t[ends[:, 1] - 1]
    ax.hlines(np.full(len(ends), height), first, last, colour, transform=across, linewidth=0.6)
    for middle in (first + last) / 2:
        ax.text(middle, height, text, color=colour, ha="center", transform=across, size=7)


def style_axes(ax: Axes, x: str, y: str, title: str | None) -> None:
    """Quiet axes: labels, a faint grid, no box."""
    ax.set_xlabel(x, color=LIGHT.muted)
    ax.set_ylabel(clean(y), color=LIGHT.muted)
    ax.grid(color=GRID, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(LIGHT.muted)
    ax.tick_params(colors=LIGHT.muted, which="both")
    if title:
        ax.set_title(clean(title), loc="left", color=LIGHT.text)


def line(ax: Axes, x: Array, y: Array, label: str, k: int) -> None:
    """Draw series number k for a logarithmic axis; what it has no place for is said at the edge.

    A point with nothing drawable on either side is a dot, since no line goes through it.

    Args:
        ax: the axes.
        x: places, ascending.
        y: sizes.
        label: the series' name.
        k: its number.
    """
    drawable = (y >= SMALLEST_SHOWN) & (y <= LARGEST_SHOWN)
    shown = np.where(drawable, y, np.nan)
    ax.plot(x, shown, label=label, linewidth=2, **series_style(k))
    alone = drawable & ~np.append(drawable[1:], False) & ~np.append(False, drawable[:-1])
    if alone.any():
        ax.plot(x[alone], shown[alone], "o", color=series_style(k)["color"], markersize=5)
    mark(ax, x, y == 0, "0", 0.02 + 0.04 * k, k)
    mark(ax, x, (y > 0) & (y < SMALLEST_SHOWN), "< 2.2e-308", 0.02 + 0.04 * k, k)
    mark(ax, x, (y > LARGEST_SHOWN) & np.isfinite(y), "> 1e+200", 0.96 - 0.04 * k, k)
    mark(ax, x, y == np.inf, "Inf", 0.96 - 0.04 * k, k)
    mark(ax, x, np.isnan(y), "NaN", 0.96 - 0.04 * k, k)


def key(ax: Axes, colours: dict[str, str]) -> None:
    """Say what single colours of a map mean, above its right end.

    Args:
        ax: the axes.
        colours: for each colour what it stands for.
    """
    from matplotlib.patches import Patch

    if colours:
        ax.legend(
            handles=[Patch(color=colour, label=text) for colour, text in colours.items()],
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=len(colours),
            frameon=False,
            labelcolor=LIGHT.text,
            handlelength=1.0,
        )


def legend(ax: Axes) -> None:
    """Name the series beside the chart, where no line runs, with samples that show their dashes."""
    for named in ax.get_legend_handles_labels()[0]:
        named.set_label(clean(str(named.get_label())))
    ax.legend(
        frameon=False,
        handlelength=3.5,
        labelcolor=LIGHT.text,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
    )
