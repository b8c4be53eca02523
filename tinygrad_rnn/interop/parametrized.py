"""Weights that PyTorch stores as what they are made of: weight normalisation put together again.

Salimans & Kingma 2016, "Weight normalization": ``w = g * v / ||v||``, with a norm for each row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.interop.gates import as_array
from tinygrad_rnn.tensor import Array

WEIGHT = r"weight_(?:ih|hh)(?:_l\d+(?:_reverse)?)?"
# What stands in a state dict for a weight: by torch.nn.utils.parametrizations, and before it.
NEW = re.compile(rf"(?P<place>(?:.+\.)?)parametrizations\.(?P<weight>{WEIGHT})\.(?P<part>.+)")
OLD = re.compile(rf"(?P<place>(?:.+\.)?)(?P<weight>{WEIGHT})_(?P<part>g|v|u|orig)")


def composed(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arrays with each weight that weight normalisation took apart in one piece.

    Args:
        arrays: by dotted name.

    Raises:
        StateDictError: if a recurrent weight is made in another way.

    >>> parts = {"weight_hh_g": np.array([[10.0]]), "weight_hh_v": np.array([[3.0, 4.0]])}
    >>> composed(parts)["weight_hh"].tolist()
    [[6.0, 8.0]]
    """
    whole: dict[str, Any] = {}
    made_of: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        match = NEW.fullmatch(name) or OLD.fullmatch(name)
        if match is None:
            whole[name] = array
        else:
            made_of.setdefault(match["place"] + match["weight"], {})[match["part"]] = array
    for name, parts in made_of.items():
        if parts.keys() == {"original0", "original1"}:
            g, v = parts["original0"], parts["original1"]
        elif parts.keys() == {"g", "v"}:
            g, v = parts["g"], parts["v"]
        else:
            raise StateDictError(
                f"{name} is stored as what it is made of ({', '.join(parts)}), which is no weight "
                "normalisation: torch.nn.utils.parametrize.remove_parametrizations(module, "
                f"'{name.rpartition('.')[2]}') before saving makes it a weight again"
            )
        whole[name] = _normalised(as_array(g, name), as_array(v, name), name)
    return whole


def _normalised(g: Array, v: Array, name: str) -> Array:
    """Return ``g * v / ||v||``, with the norm over all axes that g has not."""
    shape = g.shape or (1,) * v.ndim
    if len(shape) != v.ndim or any(n not in (1, m) for n, m in zip(shape, v.shape, strict=True)):
        raise StateDictError(f"{name} of a norm {g.shape} and a direction {v.shape} fits no weight")
    axes = tuple(k for k, length in enumerate(shape) if length == 1)
    return np.asarray(v * (g / np.sqrt(np.sum(np.square(v), axis=axes, keepdims=True))))
