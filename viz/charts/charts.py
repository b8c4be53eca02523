"""Charts of one or several sweeps, drawn with matplotlib (the `charts` extra).

One idea: a chart is a function of what was measured that draws into an `ax` and returns it. Without
an `ax` it makes a figure of its own through matplotlib's object-oriented interface: no global state
of pyplot is read or changed, no window opens, and importing this module does not import matplotlib.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn import GradientFlow, Run, Tensor, analysis
from tinygrad_rnn.tensor import Array
from viz.charts.axes import (
    COLOURS,
    LARGEST_SHOWN,
    SMALLEST_SHOWN,
    legend,
    line,
    new_axes,
    series_style,
    style_axes,
)
from viz.charts.series import norms_through_time, shares_through_time
from viz.errors import VizError
from viz.style import LIGHT, check_norm

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def chart(
    flows: Mapping[str, GradientFlow],
    norm: str = "l2",
    state: str = "h",
    theory: Mapping[str, float] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the norm of dL/dh_t against t for several sweeps, on a logarithmic axis.

    What such an axis has no place for (0, NaN, beyond 1e200) is written at the chart's edge.

    Args:
        flows: one sweep for each label.
        norm: of the whole (B, H) gradient: "l2", "rms" or "max".
        state: "h", "c", or the name of another part of a cell's state.
        theory: for each label a factor per step back, such as a spectral radius or a bound; drawn
            as a straight line from the last gradient of the first sweep.
        ax: where to draw; a figure of its own by default.
        title: above the chart.

    Returns:
        The axes; `save(axes, "chart.svg")` writes their figure.

    Raises:
        VizError: if there are no flows, one has seen no sweep or has no such state, the norm is
            unknown, a factor is not positive, or matplotlib is not installed.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> run = tr.unroll(tr.RNNCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> axes = viz.chart({"RNN": tr.trace(run.final.sum())}, theory={"halved": 0.5})
    >>> axes.get_yscale()
    'log'
    """
    check_norm(norm)
    if not isinstance(flows, Mapping) or not flows:
        raise VizError("a chart needs at least one flow with a label: chart({'RNN': flow})")
    series = {label: norms_through_time(flow, state, norm, label) for label, flow in flows.items()}
    ax = ax or new_axes()
    for k, (label, (t, norms)) in enumerate(series.items()):
        line(ax, t, norms, label, k)
    t, norms = next(iter(series.values()))
    for k, (label, factor) in enumerate((theory or {}).items()):
        if not 0 < factor < np.inf:
            raise VizError(f"theory: the factor {factor} of {label!r} is not a positive number")
        with np.errstate(over="ignore", under="ignore"):
            expected = norms[-1] * factor ** (t[-1] - t).astype(float)
        ax.plot(
            t,
            _drawable(expected),
            label=label,
            color=LIGHT.muted,
            linewidth=1.2,
            dashes=(4 + 4 * k, 2),
        )
    ax.set_yscale("log")
    style_axes(ax, "time step t", f"{norm} norm of dL/d{state}$_t$", title)
    legend(ax)
    return ax


def spectrum(
    jacobians: ArrayLike,
    bound: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the singular values of ds_T/ds_{T-k} against the distance k, as powers of ten.

    They say how much of a gradient comes back over k steps (Pascanu, Mikolov & Bengio 2013): at
    most the largest times as much. The thick lines are the largest and the median one; a line ends
    where rounding hides its value.

    Args:
        jacobians: shape (T, S, S), as `tinygrad_rnn.analysis.step_jacobians` gives them.
        bound: an upper bound on the norm of one step's Jacobian, such as
            `tinygrad_rnn.analysis.norm_bound`; its powers are drawn as a straight line.
        ax: where to draw; a figure of its own by default.
        title: above the chart.

    Raises:
        tinygrad_rnn.ShapeError: if the Jacobians are not (T, S, S).
        tinygrad_rnn.AnomalyError: if one is not finite.
        VizError: if the bound is not positive, or matplotlib is not installed.

    >>> import numpy as np, viz
    >>> axes = viz.charts.spectrum(np.array([np.eye(2) / 2] * 3))
    >>> [round(float(y), 3) for y in axes.lines[0].get_ydata()]
    [-0.301, -0.602, -0.903]
    """
    logs = analysis.log10_singular_values(jacobians)
    k = np.arange(1, len(logs) + 1)
    logs = np.where(np.isfinite(logs), logs, np.nan)
    ax = ax or new_axes()
    for column in logs.T:
        ax.plot(k, column, color=COLOURS[4], linewidth=0.6, alpha=0.6)
    ax.plot(k, logs[:, 0], label="largest", linewidth=2, **series_style(0))
    ax.plot(k, logs[:, (logs.shape[1] - 1) // 2], label="median", linewidth=2, **series_style(1))
    if bound is not None:
        if not 0 < bound < np.inf:
            raise VizError(f"the bound {bound} is not a positive number")
        label = f"bound {bound:.3g}$^k$"
        ax.plot(
            k, k * np.log10(bound), label=label, color=LIGHT.muted, linewidth=1.2, dashes=(4, 2)
        )
    style_axes(
        ax, "distance k in steps", "log10 of the singular values of ds$_T$/ds$_{T-k}$", title
    )
    legend(ax)
    return ax


def shares(
    flow: GradientFlow, parameter: Tensor, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw each time step's share in a parameter's gradient, the sum over time that BPTT takes.

    The share of a step is the length of its contribution along the whole gradient, over the length
    of the whole: shares add up to 1 (but for uses outside all steps), and a negative one pulls the
    other way.

    Args:
        flow: one sweep.
        parameter: what every step uses, such as a cell's `weight_hh`.
        ax: where to draw; a figure of its own by default.
        title: above the chart.

    Raises:
        VizError: if no time step uses the parameter, its gradient is 0 or not finite, or
            matplotlib is not installed.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> cell = tr.RNNCell(2, 3, rng=0)
    >>> run = tr.unroll(cell, np.ones((5, 1, 2)))
    >>> len(viz.charts.shares(tr.trace(run.final.sum()), cell.weight_hh).patches)
    5
    """
    found = shares_through_time(flow, parameter)
    ax = ax or new_axes()
    ax.bar(list(found), list(found.values()), width=0.8, color=COLOURS[2])
    ax.axhline(0, color=LIGHT.muted, linewidth=0.8)
    style_axes(ax, "time step t", f"share in dL/d({parameter.name or 'the parameter'})", title)
    return ax


def openness(
    run: Run,
    gates: Sequence[str] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw how far each gate of a run is open through time: 0 is shut, 1 is open.

    The line is the mean over batch and units, the band reaches from the 10th to the 90th
    percentile.

    Args:
        run: what `unroll` returned.
        gates: names as in `tinygrad_rnn.analysis.activations`; by default all sigmoids of a cell.
        ax: where to draw; a figure of its own by default.
        title: above the chart.

    Raises:
        tinygrad_rnn.GradientError: if the run was not recorded.
        VizError: if there is no such gate, or matplotlib is not installed.

    >>> import numpy as np, tinygrad_rnn as tr, viz
    >>> run = tr.unroll(tr.GRUCell(2, 3, rng=0), np.ones((5, 1, 2)))
    >>> [line.get_label() for line in viz.charts.openness(run).lines]
    ['reset gate', 'update gate']
    """
    found = analysis.activations(run)
    if gates is None:
        gates = [name for name in found if "gate" in name or name.startswith("sigmoid")]
    missing = [name for name in gates if name not in found]
    if missing or not gates:
        wanted = f"gate {missing[0]!r}" if missing else "gate"
        raise VizError(f"this run has no {wanted}: it has {', '.join(found)}")
    ax = ax or new_axes()
    for k, name in enumerate(gates):
        values = found[name].reshape(len(found[name]), -1)
        t = np.arange(len(values))
        low, high = np.quantile(values, [0.1, 0.9], axis=1)
        style = series_style(k)
        ax.fill_between(t, low, high, color=style["color"], alpha=0.15, linewidth=0)
        ax.plot(t, values.mean(axis=1), label=name, linewidth=2, **style)
    ax.set_ylim(-0.02, 1.02)
    style_axes(ax, "time step t", "openness", title)
    legend(ax)
    return ax


def _drawable(norms: Array) -> Array:
    """Return the norms with NaN, which leaves a gap, where a logarithmic axis has no place."""
    return np.where((norms >= SMALLEST_SHOWN) & (norms <= LARGEST_SHOWN), norms, np.nan)
