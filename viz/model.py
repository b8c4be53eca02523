"""The drawing model: everything that a picture says, as plain data, with no drawing in it.

One idea: `viz.read` turns a recorded graph into this model once, at one level of detail;
`viz.detail` leaves out steps, `viz.layout` fills in positions, `viz.together` puts several models
above one another (`part` then says which one something belongs to, `captions` names them), and
each output (DOT, the interactive page, JSON) only writes down what stands here.

Places. A node belongs to one *block*: a time step of one layer (`layer`, `step`), or what comes
before all steps (`layer == "before"`), or after them (`layer == "after"`). Nodes outside any time
step that recur for each step, such as a loss at every step, form a layer of their own, `"out"`.
Nodes of different steps that do the same job carry the same `key`; there is one template to lay
out, and its steps differ by a shift in x alone.

Edges run forward, from `source` to `target`, as the data did; their numbers are the gradient that
came *back* along them: `l2`, `rms` and `max` (largest absolute entry) of this edge's own
contribution. The numbers on a node are those of the *sum* of what reached it. `flow` says what an
edge's number means:

    "flows"      a finite, non-zero gradient
    "zero"       a gradient reached the edge and it is exactly 0
    "nonfinite"  it holds NaN or Inf
    "departs"    of the difference of two flows: where the two part, having agreed until here
    "none"       no gradient flows: a constant, a detached tensor, or nothing asked for it
    "cut"        truncated on purpose: the gradient was stopped here
    "unknown"    drawn without a flow

Shared tensors (parameters, above all) appear as a *tag* beside each use in a step (`role`
"parameter" or "shared"), so that an edge shows that step's share; `parameters` holds the sums
over time. A state used several times in the next step arrives there at a *junction* (`role`
"junction"): its `rail` edge carries the norm of the sum of what came back from that step, the
edges that leave it (`via` names the junction; `source` still names the true tensor) carry their
own contributions. At the coarser levels an edge stands for `holds` uses of one tensor, and its
numbers are the norms of their sum. At "cell" the states stand inside their cell (`role` "cell").

Steps that are left out are `omitted` boxes; an edge may begin or end at the id of one.

Coordinates are in points (1/72 inch), x to the right, y upwards, (0, 0) at the lower left.
`ModelEdge.points` is a piecewise cubic Bezier curve: a start, then triples of two controls and an
end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from viz.style import number, settled

BEFORE, AFTER, OUT = "before", "after", "out"


Point = tuple[float, float]


class Port(str):
    """Where an edge enters or leaves a step: "<key", ">key" at the ends of the rail of a state,
    "_key" below, "^key" above. It is a type of its own: a node's key may begin with any sign.
    """

    __slots__ = ()


def port_side(key: str) -> str:
    """On which side of its step a port is; "" for the key of a node.

    >>> port_side(Port("<h")), port_side("<h")
    ('<', '')
    """
    return key[0] if isinstance(key, Port) else ""


@dataclass(slots=True)
class Size:
    """How large a gradient is, in three norms. `finite` is False if it holds NaN or Inf."""

    l2: float
    rms: float
    max: float
    finite: bool = True

    def get(self, norm: str) -> float:
        """The size in the named norm."""
        return float(getattr(self, norm))


@dataclass(slots=True)
class ModelNode:
    """One node: a primitive's result, a leaf, a tag of what is shared, or a whole gate or cell."""

    id: str  # "n12"; the same on every run
    key: str  # equal for nodes that do the same job in different steps
    label: str  # what stands in the node
    op: str  # the primitive's name; "leaf", or the level of detail for a collapsed node
    role: str  # op state input parameter shared constant initial loss cut junction gate cell
    layer: str
    step: int | None
    gate: str = ""  # scope inside the step: "forget gate"
    name: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    formula: str = ""  # y in symbols
    derivatives: tuple[str, ...] = ()  # local vjp in symbols, one per slot
    value: tuple[float, float, float] | None = None  # smallest, mean, largest
    gradient: Size | None = None  # None where none flowed
    holds: int = 1  # how many primitives a collapsed node stands for
    part: str = ""  # which of several drawings in one
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0

    @property
    def block(self) -> tuple[str, int | None]:
        """The layer and the step."""
        return self.layer, self.step

    def tooltip(self) -> str:
        """Name, op, shape, local derivative, value and gradient, one to a line."""
        lines = [f"{self.name}: {self.op}" if self.name else self.op]
        where = [self.layer if self.layer not in (BEFORE, AFTER, OUT, "") else ""]
        where += [f"t = {self.step}" if self.step is not None else "", self.gate]
        if any(where):
            lines.append(", ".join(part for part in where if part))
        if self.dtype:
            lines.append(f"shape {self.shape}, {self.dtype}")
        if self.holds > 1:
            lines.append(f"{self.holds} operations")
        if self.formula:
            lines.append(f"y = {self.formula}")
        lines += [f"to input {i}: {text}" for i, text in enumerate(self.derivatives)]
        if self.value:
            low, mean, high = (f"{settled(v):.4g}" for v in self.value)
            lines.append(f"value {low} .. {high}, mean {mean}")
        what = "gradient (this use)" if self.role == "parameter" else "gradient (sum)"
        lines.append(f"{what}: {describe_size(self.gradient)}")
        return "\n".join(lines)


@dataclass(slots=True)
class ModelEdge:
    """One use of a tensor by a primitive. `x * x` is two edges."""

    id: str
    key: str
    source: str
    target: str
    slot: int  # which of the target's inputs; -1 for a rail or a collapsed edge
    flow: str
    gradient: Size | None
    port: Port | Literal[""] = ""  # where it enters its block, if it comes from another
    via: str = ""  # the junction that the edge leaves from
    rail: str = ""  # the state's name, where the edge is a rail into a junction
    holds: int = 1
    points: list[Point] = field(default_factory=list)
    label: Point | None = None  # where the number stands; None: in the tooltip only

    def tooltip(self) -> str:
        """What came back along the edge."""
        said = {
            "none": "no gradient flows here",
            "cut": "truncated: the gradient stops here",
            "unknown": "no gradient was recorded",
        }
        what = said.get(self.flow) or f"gradient sent back: {describe_size(self.gradient)}"
        if self.rail:
            return f"{self.rail}, all uses in this step\n{what}"
        return f"input {self.slot}\n{what}" if self.slot >= 0 else what


@dataclass(slots=True)
class Layer:
    """One chain of cells through time."""

    name: str
    steps: list[int]
    states: list[str]  # the keys of its state nodes, the hidden state first
    reverse: bool = False  # its states run from later to earlier steps
    part: str = ""


@dataclass(slots=True)
class ParameterShares:
    """A shared tensor that a gradient reaches: its total, and each step's share of it."""

    id: str
    name: str
    shape: tuple[int, ...]
    total: Size | None
    shares: dict[int, Size]  # by step: the size of what that step alone contributes
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass(slots=True)
class Strip:
    """The gradient at one state for *all* steps, whatever the picture leaves out."""

    layer: str
    state: str
    steps: list[int]
    values: list[float]  # norm of dL/dstate_t
    said: str = ""  # what becomes of it on its way back
    decades: float | None = None  # per step back, negative where it shrinks; None if not one rate
    part: str = ""  # which of several drawings in one
    places: list[float] = field(default_factory=list)  # x of the middle of each step's bar
    rail: float | None = None  # y of the state's rail in the graph
    y: float = 0.0  # of the bars' foot
    height: float = 0.0  # of a bar at the upper end of the strips' own range
    title: list[str] = field(default_factory=list)  # its lines, above the bars

    def says(self, norm: str) -> str:
        """What the bars show, and what becomes of the gradient on its way back."""
        text = f"{norm} norm of dL/d{self.state}_t for all {len(self.steps)} steps"
        if self.layer:
            text = f"{self.layer}: {text}"
        return f"{text}: {self.said}" if self.said else text


@dataclass(slots=True)
class Tick:
    """A time step's number on the axis below the strips."""

    text: str
    x: float
    y: float


@dataclass(slots=True)
class Omitted:
    """Steps left out of the drawing, `first` to `last`, and the gradients at all their states."""

    id: str
    first: int
    last: int
    low: float | None  # None without a flow
    high: float | None
    not_finite: int = 0  # how many of the gradients are NaN or infinite
    x: float = 0.0  # its left
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0

    def text(self) -> str:
        """What stands in the box that takes their place."""
        count = self.last - self.first + 1
        steps = f"{count} steps" if count > 1 else "1 step"
        if self.low is not None and self.high is not None:
            steps += f"\n{number(self.high)} .. {number(self.low)}"
        return f"{steps}\n{self.not_finite} NaN or Inf" if self.not_finite else steps


@dataclass(slots=True)
class Cluster:
    """The frame around one step of one layer, or around one gate in it."""

    id: str
    label: str
    layer: str
    step: int
    gate: str
    x: float  # its left
    y: float  # its bottom
    width: float
    height: float
    part: str = ""
    aside: float = 0.0  # how far right of the middle its label stands


@dataclass(slots=True)
class Caption:
    """A name above one of several drawings in one."""

    id: str
    text: str
    x: float
    y: float


@dataclass(slots=True)
class Model:
    """A whole drawing. See the module's text for what each part means."""

    title: str
    norm: str
    detail: str
    root: str  # id of the tensor that was swept from
    nodes: list[ModelNode]
    edges: list[ModelEdge]
    layers: list[Layer]
    steps: list[int]  # all steps, in order
    shown: list[int]  # those that are drawn
    parameters: list[ParameterShares]
    strips: list[Strip]
    clusters: list[Cluster] = field(default_factory=list)
    omitted: list[Omitted] = field(default_factory=list)
    captions: list[Caption] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)  # what was read at each step
    headline: str = ""  # what the picture shows, in one sentence
    heading: list[tuple[str, float]] = field(default_factory=list)  # its lines, with their size
    columns: dict[int, float] = field(default_factory=dict)  # left of each step that has a place
    has_flow: bool = True
    notes: list[str] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def describe_size(size: Size | None) -> str:
    """All three norms of a gradient in words."""
    if size is None:
        return "none"
    text = f"l2 {number(size.l2)}, rms {number(size.rms)}, max {number(size.max)}"
    return text if size.finite else f"{text} (NOT FINITE)"
