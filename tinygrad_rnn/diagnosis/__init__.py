"""Diagnosis of a flow, in words: how much of the gradient arrives, where it is lost, and why.

    chains      the states of a network through time
    curves      what each loss sends back to them
    decay       the lines that such a curve follows
    evidence    slopes, gates and weights, as they were recorded
    causes      what can be wrong, one function each
    words       every sentence

Pictures, pages, the command line and notebooks take their sentences from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinygrad_rnn.diagnosis.causes import ALL
from tinygrad_rnn.diagnosis.curves import Curve
from tinygrad_rnn.diagnosis.examined import Examined
from tinygrad_rnn.diagnosis.finding import CAUSES, Finding, Where
from tinygrad_rnn.diagnosis.words import journey
from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.flow import trace
from tinygrad_rnn.tensor import Tensor

if TYPE_CHECKING:
    from tinygrad_rnn.flow import GradientFlow

__all__ = ["CAUSES", "Curve", "Diagnosis", "Finding", "Where", "diagnose"]

TOLD_FIRST = ("non-finite", "unreached", "detached", "truncated")  # instead of a rate


@dataclass(frozen=True)
class Diagnosis:
    """What a flow says.

    Attributes:
        headline: one sentence: how much of the gradient reaches the first step, at what rate.
        journeys: the same of every layer and direction, the first layer first.
        findings: what is wrong, the worst first; empty for a healthy network.
        curves: what all of this rests on: for each layer, direction and part of the state, the way
            through time of what the last loss sends back.

    >>> import tinygrad_rnn as tr
    >>> cell = tr.LSTMCell(3, 8, rng=0, forget_bias=4.0)
    >>> run = tr.unroll(cell, [[[1.0, 0.0, 0.0]]] * 20)
    >>> found = diagnose(run.final.h.sum(), run=run)
    >>> print(found)
    The gradient at t = 0 along c is 1.2 times that at t = 19: times 1.005 a step.
    >>> found.findings
    ()
    """

    headline: str
    journeys: tuple[str, ...]
    findings: tuple[Finding, ...]
    curves: tuple[Curve, ...]

    def __str__(self) -> str:
        told = [self.headline, *(said for said in self.journeys if said != self.headline)]
        lines = [self.headline] if len(self.journeys) < 2 else told
        for finding in self.findings:
            text = str(finding)
            for said in told:  # which needs not be said again
                text = text.removeprefix(said).strip()
            lines.append(f"{finding.cause}{_layer_in_brackets(finding)}: {text}")
        return "\n".join(line for line in lines if line)


def _layer_in_brackets(finding: Finding) -> str:
    where = finding.where._replace(step=None, gate=None)
    return f" ({where})" if str(where) else ""


def diagnose(loss: Any, flow: GradientFlow | None = None, run: Any = None) -> Diagnosis:
    """Say what a flow says: what arrives, at what rate, and what keeps the rest from arriving.

    With a loss at several steps it speaks of the last one's gradient alone, since their sum hides
    how far back each of them reaches. Steps that are padding for the whole batch do not count.

    Args:
        loss: the tensor that the flow was traced from.
        flow: what a sweep from it recorded; traced here by default.
        run: what `unroll` or a recurrent layer returned. Without it the states are found by their
            scopes, and a layer that the loss does not depend on is not known of.

    Returns:
        A `Diagnosis`; printed, it reads as prose. It has the causes of `CAUSES`:
        "non-finite", "stale-state", "unreached", "detached", "truncated", "exploding",
        "dead-units", "saturated-units", "gates-closed", "small-recurrent-weights" and
        "lost-in-depth".

    Raises:
        GradientError: if the flow was traced from another tensor, has watched no sweep, or the
            run was fused or checkpointed.
        TypeError: if `run` is no run.

    >>> import numpy as np
    >>> import tinygrad_rnn as tr
    >>> cell = tr.RNNCell(3, 8, rng=0)
    >>> run = tr.unroll(cell, np.random.default_rng(0).standard_normal((20, 1, 3)))
    >>> found = diagnose(run.final.sum(), run=run)
    >>> found.findings[0].cause
    'small-recurrent-weights'
    """
    if flow is None:
        flow = trace(loss)
    if flow.root is None:
        raise GradientError(
            "this flow has watched no sweep: loss.backward(observer=flow), or trace(loss)"
        )
    if isinstance(loss, Tensor) and flow.root is not loss:
        raise GradientError("this flow was traced from another tensor: trace(loss)")
    if run is not None:
        if not hasattr(run, "has_steps"):
            raise TypeError(f"diagnose takes what unroll returns, not a {type(run).__name__}")
        if not run.has_steps:
            raise GradientError(
                "a fused run has no gradient to see between its steps: unroll with engine='graph'"
            )
    seen = Examined(flow, run)
    findings = [finding for cause in ALL for finding in cause(seen)]
    findings.sort(key=lambda finding: -finding.weight)
    return Diagnosis(
        _headline(seen, findings),
        tuple(journey(curve) for curve in seen.curves if curve is not None),
        tuple(findings),
        tuple(curve for ways in seen.ways for curve in ways.by_part),
    )


def _headline(seen: Examined, findings: list[Finding]) -> str:
    if findings and findings[0].cause in TOLD_FIRST:
        return findings[0].text
    main = None if seen.main is None else seen.curves[seen.main]
    if main is not None:
        return journey(main)
    return findings[0].text if findings else "The graph has no time steps."
