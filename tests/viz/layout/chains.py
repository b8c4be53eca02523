"""Chains of steps put together by hand, and the lengths that their places are counted in."""

from __future__ import annotations

from typing import Any

from tests.viz.models import edge, model, named, node
from viz.layout.place import place
from viz.model import Layer, Model, ModelEdge, ModelNode

PAD, SIDE_GAP, STEP_GAP, LAYER_GAP = 13, 35, 36, 34
MARGIN, FOOT, HEADER = 14, 14, 16  # without a flow there is no legend
SMALL, STATE, TALL = 22, 46, 31  # a short operation's side, a state's width and height
WIDE = PAD + SMALL + SIDE_GAP + STATE + PAD  # of a step
HIGH = TALL + 2 * PAD
RAIL = 28  # of the rail in its step: half of its height, in whole points


def chain(
    steps: int = 3, layer: str = "", state: str = "h", reverse: bool = False
) -> tuple[list[ModelNode], list[ModelEdge], Layer]:
    """Steps of an operation `m` and a state, each of which leads to the next."""
    nodes, edges = [], []
    for t in range(steps):
        names = {"m": f"m{layer}{t}", state: f"{state}{layer}{t}"}
        nodes.append(node(names["m"], key=f"{layer}m", label="m", layer=layer, step=t))
        nodes.append(
            node(names[state], key=f"{layer}{state}", label=f"{state}_{t}", role="state",
                 layer=layer, step=t, name=state)
        )  # fmt: skip
        edges.append(edge(names["m"], names[state]))
        edges[-1].key = f"{layer}m-{state}"
        before = t + 1 if reverse else t - 1
        if 0 <= before < steps:
            port = f"<{layer}{state}"
            edges.append(edge(f"{state}{layer}{before}", names["m"], port=port))
    return nodes, edges, Layer(layer, list(range(steps)), [f"{layer}{state}"], reverse)


def placed(
    *chains: tuple[list[ModelNode], list[ModelEdge], Layer], numbers: bool = True, **rest: Any
) -> Model:
    """A model of chains, placed."""
    nodes = [n for part in chains for n in part[0]]
    edges = [e for part in chains for e in part[1]]
    return place(flowless(nodes, edges, layers=[part[2] for part in chains], **rest), numbers)


def flowless(*parts: Any, **facts: Any) -> Model:
    """A model without a flow: nothing stands below its steps."""
    return model(*parts, **{"has_flow": False, **facts})


def at(drawn: Model, id: str) -> tuple[float, float]:
    found = named(drawn, id)
    return found.x, found.y
