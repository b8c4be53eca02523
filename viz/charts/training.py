"""Charts over training: the size of the whole gradient, and of each time step's, by iteration.

One idea: what vanishes or explodes at the start of training need not do so later; these show it
over the iterations that a `viz.Recorder` has kept, or over numbers of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from viz.charts.axes import COLOURS, legend, line, new_axes, style_axes
from viz.charts.maps import draw_map
from viz.errors import VizError
from viz.style import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def over_training(
    norms: ArrayLike,
    threshold: float | None = None,
    iterations: Sequence[int] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the norm of the whole gradient at every iteration, and where clipping sets in.

    Args:
        norms: one for each iteration, before clipping: what `tinygrad_rnn.clip_grad_norm_` returns.
        threshold: the largest norm that is left as it is; the iterations that go beyond are marked
            and counted.
        iterations: their numbers; 0, 1, 2, ... by default.
        ax: where to draw; a figure of its own by default.
        title: above the chart.

    Raises:
        VizError: if there are no norms, another number of iterations, the threshold is not
            positive, or matplotlib is not installed.

    >>> import viz
    >>> axes = viz.charts.over_training([0.5, 3.0, 0.7, 9.0], threshold=1.0)
    >>> axes.get_legend_handles_labels()[1]
    ['norm', 'clipped at 1.0: 2 of 4']
    """
    sizes = np.asarray(norms, np.float64)
    if sizes.ndim != 1 or not sizes.size:
        raise VizError(f"norms of shape {sizes.shape}: give one number for each iteration")
    at = np.arange(len(sizes)) if iterations is None else np.asarray(iterations)
    if at.shape != sizes.shape:
        raise VizError(f"{len(at)} iterations for {len(sizes)} norms")
    if threshold is not None and not 0 < threshold < np.inf:
        raise VizError(f"the threshold {threshold} is not a positive number")
    ax = ax or new_axes()
    line(ax, at, sizes, "norm", 0)
    if threshold is not None:
        beyond = ~(sizes <= threshold)  # NaN goes beyond, too
        label = f"clipped at {threshold}: {np.count_nonzero(beyond)} of {len(sizes)}"
        ax.axhline(threshold, color=LIGHT.muted, linewidth=1.2, dashes=(4, 2))
        shown = np.where(beyond & np.isfinite(sizes), sizes, np.nan)
        ax.plot(at, shown, "o", color=COLOURS[1], markersize=4, label=label)
    ax.set_yscale("log")
    style_axes(ax, "iteration", "l2 norm of the gradient", title)
    legend(ax)
    return ax


def training_map(
    iterations: Sequence[int],
    norms: ArrayLike,
    state: str = "h",
    lengths: Sequence[int] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the size of dL/dh_t for every iteration (row) and time step (column).

    Args:
        iterations: their numbers, ascending, N of them.
        norms: shape (N, T).
        state: the name of the state's part.
        lengths: how many steps each iteration has; what comes after stays white. T by default.
        ax: where to draw; a figure of its own by default.
        title: above the chart.

    Raises:
        VizError: if the norms are not (N, T), or matplotlib is not installed.

    >>> import viz
    >>> axes = viz.charts.training_map([0, 50], [[0.1, 1.0], [0.5, 1.0]])
    >>> axes.get_ylabel()
    'iteration'
    """
    sizes = np.asarray(norms, np.float64)
    rows = np.asarray(iterations)
    if sizes.ndim != 2 or len(sizes) != len(rows) or 0 in sizes.shape:
        raise VizError(f"norms of shape {sizes.shape} are not (N, T) for {len(rows)} iterations")
    ax = ax or new_axes()
    t = np.arange(sizes.shape[1])
    counts = np.full(len(rows), len(t)) if lengths is None else np.asarray(lengths)
    draw_map(ax, sizes, t, rows, f"|dL/d{state}$_t$|", unknown=t >= counts[:, np.newaxis])
    style_axes(ax, "time step t", "iteration", title)
    ax.grid(False)
    return ax
