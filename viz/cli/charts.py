"""The charts that the command line writes beside its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import tinygrad_rnn as tr
from tinygrad_rnn.diagnosis.chains import last_chain
from viz import charts
from viz.charts.series import losses_through_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHART_KINDS = {
    "norms": "the gradient through time, of all networks in one",
    "gates": "how far each gate is open",
    "units": "the gradient of every unit",
    "losses": "what the loss at every step sends back to every step",
}
MOST_LOSSES = 2000  # beyond, a row of the chart is thinner than a pixel
RAIL = {"lstm": "c"}  # the part of the state that carries the gradient, if it is not h


def draw_charts(
    kinds: list[str], flows: Mapping[str, tr.GradientFlow], norm: str, about: str
) -> Iterator[tuple[str, Axes]]:
    """Yield each chart with the name of its file.

    Args:
        kinds: of `CHART_KINDS`.
        flows: by network.
        norm: "l2", "rms" or "max".
        about: what all of them show, for the titles.
    """
    for kind in dict.fromkeys(kinds):
        if kind == "norms":
            yield "chart", charts.chart(flows, norm)
            continue
        for name, flow in flows.items():
            state = RAIL.get(name, "h")
            title = f"{name.upper()}: {about}"
            if kind == "gates":
                run = _last_run(flow)
                if any("gate" in gate for gate in tr.analysis.activations(run)):
                    yield f"{name}-gates", charts.openness(run, title=title)
            elif kind == "units":
                yield f"{name}-units", charts.heat_map(flow, state, title=title)
            else:
                steps, norms = losses_through_time(flow, state)
                axes = charts.triangle(norms, state, steps.tolist(), title=title)
                yield f"{name}-losses", axes


def _last_run(flow: tr.GradientFlow) -> Any:
    """Return the run of the last layer, forwards, as it stands in the graph."""
    chain = last_chain(flow)
    assert chain is not None  # the command line unrolls over at least one step
    states = [tuple(chain.states(place)) for place in range(len(chain.steps))]
    return tr.Run(states, states[-1])
