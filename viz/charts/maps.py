"""Maps: a gradient's size in two directions at once, as colour.

One idea: colour is the logarithm of a size. Exactly 0 is grey, NaN or Inf is red, and a key says so
wherever one of them is seen; what there is no number for stays white.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn import GradientFlow
from tinygrad_rnn.graph import Array
from viz.charts.axes import key, new_axes, style_axes
from viz.charts.series import units_through_time
from viz.errors import VizError
from viz.style import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#b9bec7"


def heat_map(
    flow: GradientFlow, state: str = "h", ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw the size of dL/dh_t for every unit (row) and time step (column).

    A unit's size is the l2 norm over the batch, coloured by its logarithm. Grey is exactly 0, red
    is NaN or infinite.

    Args:
        flow: one sweep.
        state: "h", "c", or the name of another part of a cell's state.
        ax: where to draw; a figure of its own by default.
        title: above the chart.

    Raises:
        VizError: if the flow has seen no sweep or has no such state, or matplotlib is not
            installed.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> viz.charts.heat_map(tr.trace(run.final.sum())).images[0].get_array().shape
    (3, 5)
    """
    t, sizes = units_through_time(flow, state, "heat map")
    ax = ax or new_axes()
    draw_map(ax, sizes, t, np.arange(len(sizes)), f"|dL/d{state}$_t$| of a unit")
    style_axes(ax, "time step t", f"unit of {state}", title)
    ax.grid(False)
    return ax


def triangle(
    norms: ArrayLike,
    state: str = "h",
    steps: Sequence[int] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw |dL_k/dh_t| for the loss at every step k (row) and every time step t (column).

    Each row is one loss, from the diagonal back to the first step: how far back it reaches, which
    the sum over all losses does not tell. Grey is exactly 0; what comes after a loss is white.

    Args:
        norms: shape (K, T), as `tinygrad_rnn.itemised` gives them for one part of the state.
        state: its name.
        steps: the time step of each loss, K numbers; by default the last K.
        ax: where to draw; a figure of its own by default.
        title: above the chart.

    Raises:
        VizError: if the norms are not (K, T), there are other than K steps, or matplotlib is not
            installed.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> norms = tr.itemised([h.sum() for h in run.hidden], run)["h"]
    >>> int(np.ma.count(viz.charts.triangle(norms).images[0].get_array()))
    15
    """
    sizes = np.asarray(norms, np.float64)
    if sizes.ndim != 2 or 0 in sizes.shape:
        raise VizError(
            f"norms of shape {sizes.shape} are not (K, T): tr.itemised(losses, run)['h']"
        )
    count, length = sizes.shape
    rows = np.arange(length - count, length) if steps is None else np.asarray(steps)
    if rows.shape != (count,):
        raise VizError(f"triangle: {len(rows)} steps for {count} losses")
    after = np.arange(length) > rows[:, np.newaxis]
    ax = ax or new_axes()
    unknown = after & (sizes == 0)  # a layer that runs backwards has its gradients there
    draw_map(ax, sizes, np.arange(length), rows, f"|dL$_k$/d{state}$_t$|", unknown)
    style_axes(ax, "time step t", "loss at step k", title)
    ax.grid(False)
    return ax


def draw_map(
    ax: Axes,
    sizes: Array,
    across: Array,
    up: Array,
    what: str,
    unknown: Array | None = None,
) -> None:
    """Paint sizes (rows, columns) as a map with a colour bar, and a key to grey and red.

    Args:
        ax: the axes.
        sizes: what is measured, at least 0.
        across: what the columns stand for, ascending; their places on the axis.
        up: what the rows stand for, ascending.
        what: the size's name.
        unknown: where there is no number: these stay white.
    """
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    zero = sizes == 0
    broken = ~np.isfinite(sizes)
    if unknown is not None:
        zero, broken = zero & ~unknown, broken & ~unknown
    with np.errstate(all="ignore"):
        logs = np.log10(sizes)
    some = logs[np.isfinite(logs)]
    low, high = (float(some.min()), float(some.max())) if some.size else (0.0, 0.0)
    high = max(high, low + 1e-9)
    painted = np.where(zero, low - 1, np.where(broken, high + 1, logs))  # below, above the range
    place: Any = (*_outer_edges(across), *_outer_edges(up))
    image = ax.imshow(
        np.ma.masked_array(painted, np.zeros(sizes.shape, bool) if unknown is None else unknown),
        aspect="auto",
        interpolation="nearest",
        origin="lower",
        extent=place,
        cmap=colormaps["cividis"].with_extremes(under=GREY, over=LIGHT.alarm, bad="white"),
        norm=Normalize(low, high),
    )
    figure = ax.figure.figure  # the whole one, also before Matplotlib 3.10
    assert figure is not None
    bar = figure.colorbar(image, ax=ax)
    bar.set_label(f"log10 {what}", color=LIGHT.muted)
    bar.ax.tick_params(colors=LIGHT.muted)
    seen = {GREY: ("exactly 0", zero.any()), LIGHT.alarm: ("NaN or Inf", broken.any())}
    key(ax, {colour: text for colour, (text, there) in seen.items() if there})


def _outer_edges(places: Array) -> tuple[float, float]:
    """Return where a row of places begins and ends, half a place beyond the first and last."""
    step = (places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else 1.0
    return float(places[0] - step / 2), float(places[-1] + step / 2)
