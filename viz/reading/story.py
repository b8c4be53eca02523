"""The words of a flow, for whatever draws it: no sentence about a gradient is made in viz.

One idea: `tinygrad_rnn.diagnose` is the one source of words. A flow is diagnosed once, however many
pictures, strips and pages tell of it.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from tinygrad_rnn.diagnosis import Curve, Diagnosis, diagnose
from tinygrad_rnn.diagnosis.words import on_its_way

_KNOWN: WeakKeyDictionary[Any, Diagnosis] = WeakKeyDictionary()


def has_gradient(flow: Any) -> bool:
    """Whether a gradient can be told of: not of no flow, nor of the difference of two."""
    return flow is not None and not hasattr(flow, "departing")


def diagnosis_of(flow: Any) -> Diagnosis | None:
    """What a flow says; None of one without a gradient."""
    if not has_gradient(flow):
        return None
    if flow not in _KNOWN:
        _KNOWN[flow] = diagnose(flow.root, flow)
    return _KNOWN[flow]


def headline_of(flow: Any) -> str:
    """The sentence that stands above a picture; "" where there is none to say."""
    found = diagnosis_of(flow)
    return found.headline if found is not None and (found.curves or found.findings) else ""


def curve_of(flow: Any, state: Any) -> Curve | None:
    """The way back that goes through a state, a node of the graph; None if none was looked at."""
    found = diagnosis_of(flow)
    for curve in found.curves if found is not None else ():
        if any(node is state for node in curve.chain.parts[curve.part]):
            return curve
    return None


def said_of(curve: Curve | None) -> str:
    """What becomes of the gradient on that way."""
    return "" if curve is None else on_its_way(curve)
