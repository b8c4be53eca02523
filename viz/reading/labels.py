"""The words in a node, and those of its tooltip.

One idea: a node is read as a formula is: a primitive is its symbol, a state its name with the step,
a parameter its letter; all else is in the tooltip.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from viz.metrics import short
from viz.model import ModelNode
from viz.reading.levels import DrawnNode
from viz.reading.recording import Recording, op_name
from viz.text import clean

WIDEST_NAME = 84.0  # points


SYMBOLS = {
    "add": "+", "subtract": "\N{MINUS SIGN}", "multiply": "\N{MULTIPLICATION SIGN}", "divide": "/",
    "true_divide": "/", "negative": "neg", "matmul": "@", "sigmoid": "\N{GREEK SMALL LETTER SIGMA}",
    "power": "^", "transpose": ".T", "getitem": "[ ]", "sum": "sum", "concatenate": "concat",
    "affine": "linear", "affine_pair": "linear", "linear_pair": "linear", "square": "^ 2",
    "sigmoid_gate": "\N{GREEK SMALL LETTER SIGMA}", "tanh_gate": "tanh",
    "broadcast_to": "broad-\ncast", "log_softmax": "log\nsoftmax",
}  # fmt: skip


def model_node(
    group: DrawnNode, role: str, recording: Recording, id_: str, seen: bool = True
) -> ModelNode:
    """A node for a group, without its gradient; if it is not `seen`, without its value too."""
    tensor = group.main
    ops = [member.op for member in group.members if member.op is not None]
    held = len(group.members) if role != "cell" else len(ops)
    return ModelNode(
        id=id_,
        key=group.key,
        label=clean(_label(group, role, recording)),
        op=op_name(tensor) if held <= 1 else role,
        role=role,
        layer=group.home.layer,
        step=group.home.step,
        gate=recording.gates.get(id(tensor), "") if role != "cell" else "",
        name=clean(tensor.name or "") if role != "cell" else "",
        shape=tuple(tensor.shape),
        dtype=str(tensor.dtype),
        formula="; ".join(dict.fromkeys(op.formula for op in ops)),
        derivatives=tuple(ops[0].derivatives) if held == 1 and ops else (),
        value=recording.spread(tensor) if seen and role != "cell" else None,
        holds=held,
    )


def label_stem(group: DrawnNode, role: str, recording: Recording) -> str:
    """What stands before the step in a label that ends in it; "" for any other label."""
    tensor = group.main
    if group.home.step is None or role in ("cell", "initial"):
        return ""
    if role == "state":
        return clean(state_label(tensor, recording))
    return clean(tensor.name or "x") if role == "input" or id(tensor) in recording.reads else ""


def _label(group: DrawnNode, role: str, recording: Recording) -> str:
    tensor, step = group.main, group.home.step
    if role == "cell":
        return ""
    if role == "initial":  # not by its name: h_0 is what the state of step 0 is called, too
        return f"initial {_fitting(state_label(recording.started_by(tensor), recording))}"
    if name := label_stem(group, role, recording):
        return f"{_fitting(name)}_{step}"
    if tensor.op is None:
        name = tensor.name or ("leaf" if tensor.requires_grad else "constant")
        # Inside a step its layer is plain to see.
        return _letter(name.rpartition(".")[2] if group.home.layer in recording.layers else name)
    if role == "shared" and tensor.name:
        return _letter(tensor.name)
    if role == "loss" and tensor.size == 1:
        name = _fitting(tensor.name or "loss")
        return f"{name}\n{symbol(tensor)}" if len(group.members) == 1 else str(name)
    gate = recording.gates.get(id(tensor), "").split(" / ")[-1].removesuffix(" gate")
    gate = _fitting(gate)
    if role == "gate" and gate:
        return gate
    if gate and recording.last_of_gate(tensor):
        return f"{symbol(tensor)}\n{gate}"
    return symbol(tensor)


def state_label(tensor: Any, recording: Recording) -> str:
    """What a state is called in the picture."""
    return tensor.name or recording.parts.get(id(tensor)) or symbol(tensor)


def _letter(name: str) -> str:
    """A parameter's name as its tag shows it: weight_ih is W_ih, bias is b."""
    return _fitting(name.replace("weight", "W").replace("bias", "b"))


def _fitting(name: str) -> str:
    """A name of any length and script on one line; the tooltip has the whole."""
    return short(name, WIDEST_NAME)


def symbol(tensor: Any) -> str:
    """A primitive as a formula would write it."""
    name: str = tensor.op.name
    symbol = SYMBOLS.get(name, name)
    raw = [constant_of(x) for x in tensor.inputs]
    if len(raw) == 2 and any(raw):  # 1 - z, 2 * x: the number belongs into the node
        return f"{raw[0]} {symbol}" if raw[0] else f"{symbol} {raw[1]}"
    return symbol


def constant_of(x: Any) -> str:
    """An input that is a plain number, as it is written in a node; "" for all else."""
    return f"{float(x):g}" if not hasattr(x, "inputs") and np.ndim(x) == 0 else ""
