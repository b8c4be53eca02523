"""Drawing models put together by hand, for tests of what is made from them."""

from __future__ import annotations

import re
from typing import Any

import graphviz

from viz.model import Layer, Model, ModelEdge, ModelNode, Omitted, Point, Port, Size


def node(
    id: str, x: float = 0.0, y: float = 0.0, layer: str = "", step: int | None = None, **rest: Any
) -> ModelNode:
    """A node of 40 by 20 points around (x, y)."""
    facts = {"key": id, "label": id, "op": "add", "role": "op", "width": 40.0, "height": 20.0}
    return ModelNode(id=id, layer=layer, step=step, x=x, y=y, **{**facts, **rest})


def edge(source: str, target: str, points: list[Point] | None = None, **rest: Any) -> ModelEdge:
    """An edge along which nothing is known to flow, called `source-target`."""
    facts: dict[str, Any] = {"slot": 0, "flow": "unknown", "gradient": None}
    name = f"{source}-{target}"
    if rest.get("port"):
        rest["port"] = Port(rest["port"])
    return ModelEdge(id=name, key=name, source=source, target=target, points=points or [],
                **{**facts, **rest})  # fmt: skip


def size(value: float, finite: bool = True) -> Size:
    """A gradient whose l2 norm is `value`; the others differ from it."""
    return Size(value, value / 2, value / 4, finite)


def gap(id: str, first: int, last: int, x: float = 0.0, width: float = 50.0) -> Omitted:
    """A box for steps left out."""
    return Omitted(id, first, last, 1e-3, 1e-2, x=x, width=width)


def model(nodes: list[ModelNode], edges: list[ModelEdge] | None = None, **rest: Any) -> Model:
    """A model of one layer; its steps are those of its nodes."""
    steps = sorted({n.step for n in nodes if n.step is not None})
    facts: dict[str, Any] = {
        "title": "", "norm": "l2", "detail": "op", "root": "", "steps": steps, "shown": steps,
        "layers": [Layer("", steps, [])], "parameters": [], "strips": [],
    }  # fmt: skip
    return Model(nodes=nodes, edges=edges or [], **{**facts, **rest})


def named(drawn: Model, id: str) -> ModelNode:
    """The node of that id."""
    return next(node for node in drawn.nodes if node.id == id)


Attributes = dict[str, str]


def statements(picture: graphviz.Digraph) -> dict[str, Attributes]:
    """What a Digraph says of each name: its attributes, with quotes and escapes undone.

    Edges are named `a -> b`, clusters as they are; a cluster's nodes are its attribute `nodes`.
    """
    found: dict[str, Attributes] = {}
    cluster = ""
    for line in "".join(picture.body).splitlines():
        text = line.strip()
        if text.startswith("subgraph"):
            cluster = _plain(text.split()[1])
            found[cluster] = {"nodes": ""}
        elif text == "}":
            cluster = ""
        elif cluster and "[" not in text:
            found[cluster]["nodes"] += text.removesuffix(";") + " "
        else:
            name, _, rest = text.partition(" [")
            pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,\]\s]+)', rest)
            target = found.setdefault(cluster if cluster else _plain(name), {})
            target.update((key, _plain(value)) for key, value in pairs)
    return found


def _plain(value: str) -> str:
    if not value.startswith('"'):
        return value
    value = re.sub(r"\\[lr]$", "", value[1:-1]).replace("\\n", "\n").replace("\\\\", "\\")
    return value.replace('\\"', '"').replace("&amp;", "&")
