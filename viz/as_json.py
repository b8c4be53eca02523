"""A drawing model written down as JSON, for programs that draw or measure on their own.

One idea: the text is the model, field by field: what `viz.model` says of its classes holds for the
objects of the same names. Positions are there where the model has been placed.
"""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from viz.model import Model
from viz.style import number


def to_json(model: Model) -> str:
    """Write a model as JSON text, the same for the same graph.

    NaN and Inf, which JSON cannot hold, are the texts "NaN", "Inf" and "-Inf". Each node and each
    edge also has what its tooltip says, as "tooltip".

    >>> import tinygrad_rnn as tr, viz
    >>> loss = (tr.Tensor([1.0, 2.0], requires_grad=True, name="x") ** 2).sum()
    >>> plain = json.loads(to_json(viz.draw(loss, tr.trace(loss)).model))
    >>> plain["format"], plain["version"], [node["op"] for node in plain["nodes"]]
    ('tinygrad-rnn drawing', 1, ['leaf', 'power', 'sum'])
    >>> plain["edges"][0]["gradient"]["max"]
    4.0
    """
    plain = _as_plain_data(dataclasses.asdict(model))
    for node, told in zip(plain["nodes"], model.nodes, strict=True):
        node["tooltip"] = told.tooltip()
    for edge, said in zip(plain["edges"], model.edges, strict=True):
        edge["tooltip"] = said.tooltip()
    whole = {"format": "tinygrad-rnn drawing", "version": 1, **plain}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _as_plain_data(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _as_plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_plain_data(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return number(value)
    return value
