"""The causes by which a gradient is lost, blown up or never sent: each a look at what was measured.

Every function takes what was `Examined` and yields findings. What is broken in the graph itself
weighs more than what its numbers do, and of those the one that loses most comes first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from tinygrad_rnn.diagnosis.chains import Chain, gate_of, home
from tinygrad_rnn.diagnosis.curves import Curve
from tinygrad_rnn.diagnosis.evidence import RECTIFIERS, Evidence
from tinygrad_rnn.diagnosis.examined import Examined
from tinygrad_rnn.diagnosis.finding import Finding, Where
from tinygrad_rnn.diagnosis.words import factor, in_words, journey, percent
from tinygrad_rnn.graph import Array

# A gradient is lost if ten thousandth of it arrives, or a hundredth over a steep way.
LOST, LOST_IF_STEEP, STEEP = -4.0, -2.0, -0.2  # decades; decades; decades per step
GROWN, GROWN_IF_STEEP, RISING = 3.0, 1.7, 0.03
LOST_BETWEEN_LAYERS, LOST_DOWN = -2.0, -3.5  # decades: from one layer to the next, over all
DEAD = 0.5  # of a layer's rectified units
SHUT = 0.02  # a gate is open by less than this, on average
SHUTTABLE = {
    "input gate": "next to nothing of the gradient gets to what the cell was given",
    "output gate": "next to nothing of the loss gets into the cell",
}
STUCK = 0.2  # of the largest slope: what a saturated cell leaves on average
BROKEN, WRONG = 1000.0, 500.0  # weights of what the graph itself says

Cause = Callable[[Examined], Iterator[Finding]]


def non_finite(seen: Examined) -> Iterator[Finding]:
    """The operation that gave the first NaN or Inf: of the values, else of the gradients."""
    root = seen.flow.root
    if not _finite(root.data):
        node, waiting, looked = root, [root], {root.index}
        while waiting:
            one = waiting.pop()
            node = min(node, one, key=lambda n: n.index)
            for source in one.inputs:
                known = hasattr(source, "inputs")
                if known and source.index not in looked and not _finite(source.data):
                    looked.add(source.index)
                    waiting.append(source)
        kind, op = (
            _nan_or_inf(node.data),
            node.op.name if node.op else f"the leaf {node.name or ''}",
        )
        yield _non_finite_finding(seen, node, f"The value of {op.strip()} is {kind}", BROKEN)
        return
    for edge in seen.flow.edges:
        if not edge.finite:
            node = edge.consumer
            kind = "NaN" if math.isnan(edge.max) else "Inf"
            to = edge.source.name or (edge.source.op.name if edge.source.op else "its input")
            grown = max((c.growth for c in seen.curves if c is not None), default=0.0)
            weight = WRONG - 100 if grown > 20 else BROKEN  # it has merely exploded
            text = f"The gradient that {node.op.name} sends to {to} is {kind}"
            yield _non_finite_finding(seen, node, text, weight)
            return


def _non_finite_finding(seen: Examined, node: object, text: str, weight: float) -> Finding:
    where = _where_made(node)
    place = f" ({where})" if str(where) else ""
    return Finding(
        "non-finite", where, math.nan, f"{text}, the first that is not finite{place}.",
        "run it inside tr.detect_anomaly(), and keep that operation's inputs in its domain: a "
        "clipped logarithm or denominator, a smaller learning rate.", weight,
    )  # fmt: skip


def stale_state(seen: Examined) -> Iterator[Finding]:
    """A first state that hangs on an earlier run of the same network."""
    for chain in seen.chains:
        count, moved = seen.carried(chain)
        if count:
            since = ", at parameters that have moved since" if moved else ""
            yield Finding(
                "stale-state", Where(chain.layer, chain.steps[0]), float(count),
                f"The state before t = {chain.steps[0]}{_in(chain)} was carried over with its "
                f"graph: the gradient goes on into an earlier run of the same network ({count} "
                f"of its operations{since}).",
                "detach the state before it is carried on: state = run.final.detach().",
                BROKEN - 10,
            )  # fmt: skip


def unreached(seen: Examined) -> Iterator[Finding]:
    """A layer that no gradient gets to."""
    for chain in seen.chains:
        if seen.reached(chain):
            places = range(len(chain.steps))
            totals = seen.flow.norms_of(node for place in places for node in chain.states(place))
            if any(one and one[0] for one in totals) or _dead(seen, chain) >= DEAD:
                continue
            how = "The gradient is exactly 0 at every state"
        else:
            how = "No gradient reaches any state"
        which = f" of {chain.label}" if chain.label else " of this run"
        yield Finding(
            "unreached", Where(chain.layer), 0.0,
            f"{how}{which}: the loss does not depend on it, or what lies between is detached.",
            "compute the loss from this layer's outputs, without detach(), no_grad() or .data in "
            "between.", BROKEN - 20,
        )  # fmt: skip


def broken_in_time(seen: Examined) -> Iterator[Finding]:
    """Steps that the state crosses as a constant: cut on purpose, or detached."""
    for chain in seen.chains:
        if not seen.reached(chain):
            continue
        gaps = seen.gaps(chain)
        if gaps:
            place, more = gaps[0], len(gaps) - 1
            step, before = chain.steps[place], chain.steps[place - 1]
            cause = "truncated" if seen.cut_before(chain, place) else "detached"
            also = f", and at {more} more {'step' if more == 1 else 'steps'}" if more else ""
            yield _broken(cause, chain, step, place / len(chain.steps),
                          f"goes from t = {step} to t = {before}{_in(chain)}", also)  # fmt: skip
        elif seen.run is None and 0 < chain.steps[0] == min(chain.steps):
            step = chain.steps[0]
            way = f"gets past t = {step}{_in(chain)} to the steps before it"
            yield _broken("detached", chain, step, step / (step + len(chain.steps)), way, "")
        else:
            count = len(chain.steps)
            for place in sorted({1, count // 2, count - 1} & set(range(1, count))):
                part = seen.detached_part(chain, place)
                if part:
                    step = chain.steps[place]
                    way = f"goes from t = {step} to {part} of the step before"
                    yield _broken("detached", chain, step, 1.0, way, "")
                    break


def _broken(cause: str, chain: Chain, step: int, amount: float, way: str, also: str) -> Finding:
    truncated = cause == "truncated"
    how = "the graph is cut there" if truncated else "the state goes on as a constant there"
    remedy = (
        "truncate less often, or carry a longer window: nothing further back can be learned."
        if truncated
        else "take away what detaches the state: detach(), .data, no_grad(), or a new Tensor of it."
    )
    return Finding(cause, Where(chain.layer, step), amount,
                   f"No gradient {way}: {how}{also}.", remedy, WRONG + 200)  # fmt: skip


def exploding(seen: Examined) -> Iterator[Finding]:
    """A gradient that grows on its way back."""
    for number_, chain in enumerate(seen.chains):
        curves = [c for c in seen.ways[number_].curves if len(c.steps) > 1 and c.norms[0] > 0]
        curves = [curve for curve in curves if _explodes(curve)]
        if not curves:
            continue
        worst = max(curves, key=lambda curve: curve.growth)
        radius = seen.evidence[number_].radius
        why = "" if radius is None else f" The spectral radius of its weight is {in_words(radius)}."
        yield Finding(
            "exploding", Where(chain.layer, worst.steps[int(np.nanargmax(worst.norms))]),
            10.0 ** min(worst.growth, 300.0),
            f"The gradient{_in(chain)} grows {in_words(10.0 ** min(worst.growth, 300.0))}-fold on "
            f"its way back from t = {worst.steps[0]}.{why}",
            "clip it with tr.clip_grad_norm_(parameters, 1.0), and start from an orthogonal or "
            "smaller recurrent weight (tr.init.orthogonal).", WRONG + min(worst.growth, 90.0),
        )  # fmt: skip


def _explodes(curve: Curve) -> bool:
    top = int(np.argmax(np.where(np.isfinite(curve.norms), curve.norms, 0.0)))
    rising = curve.growth / max(top, 1)
    return curve.growth >= GROWN or (curve.growth >= GROWN_IF_STEEP and rising >= RISING)


def dead_units(seen: Examined) -> Iterator[Finding]:
    """Rectified units that are off at every step, for every sequence."""
    for chain in seen.chains:
        share = _dead(seen, chain)
        if share >= DEAD:
            yield Finding(
                "dead-units", Where(chain.layer), share,
                f"{percent(share)} of the rectified units{_in(chain)} are off at every step and "
                "for every sequence: no gradient passes them.",
                "start their biases at 0 or a little above, scale the inputs, or use a leaky "
                "rectifier (tr.f.leaky_relu).", WRONG - 50 + share,
            )  # fmt: skip


def _dead(seen: Examined, chain: Chain) -> float:
    """Return the share of a chain's rectified units that are never on."""
    on: dict[int, Array] = {}
    for nodes in chain.nodes:
        rectified = [n for n in nodes if n.op is not None and n.op.name in RECTIFIERS]
        for k, node in enumerate(rectified):
            if node.data.ndim == node.ndim > 0 and node.shape[-1] > 1:
                now: Array = np.any(np.reshape(node.data > 0, (-1, node.shape[-1])), axis=0)
                on[k] = on[k] | now if k in on else now
    return max((float(np.mean(~units)) for units in on.values()), default=0.0)


def lost_in_time(seen: Examined) -> Iterator[Finding]:
    """A gradient that vanishes on its way back, and what makes it: gates, slopes or weights."""
    for k, (chain, curve) in enumerate(zip(seen.chains, seen.curves, strict=True)):
        if curve is None or len(curve.steps) < 2 or seen.gaps(chain):
            continue
        if not np.all(np.isfinite(curve.norms)):
            continue
        steep = curve.decades / (len(curve.steps) - 1) <= STEEP
        lost = curve.decades <= LOST or (curve.decades <= LOST_IF_STEEP and steep)
        if lost and _dead(seen, chain) < DEAD:
            weight = min(-curve.decades, 300.0)
            yield _vanishing(seen.evidence[k], curve, weight)
        elif _stuck(seen.evidence[k]):
            yield _saturated(seen.evidence[k], "", 1.0)


def shut_gates(seen: Examined) -> Iterator[Finding]:
    """A gate between the cell and the rest that is shut: its gradient goes on through time, but
    hardly any of it gets in or out."""
    for k, chain in enumerate(seen.chains):
        evidence = seen.evidence[k]
        for one in evidence.squashing:
            mean = float(np.mean(one.flat)) if one.name in SHUTTABLE else 1.0
            if mean < SHUT and one.name != evidence.keeping_gate and seen.reached(chain):
                what = SHUTTABLE[one.name]
                yield Finding(
                    "gates-closed", Where(chain.layer, gate=one.name), mean,
                    f"The {one.name}{_in(chain)} is open by {in_words(mean)} on average: {what}.",
                    f"start the {one.name}'s bias at 0, and scale the inputs.", 3.0,
                )  # fmt: skip


def _stuck(evidence: Evidence) -> bool:
    """Whether all of a cell's sigmoids and tanhs lie at their ends, gates and candidate alike."""
    slopes = [one.slope for one in evidence.squashing if one.name != "hidden state"]
    slopes = slopes or [one.slope for one in evidence.squashing]
    return bool(slopes) and max(slopes) < STUCK


def _vanishing(evidence: Evidence, curve: Curve, weight: float) -> Finding:
    chain, said = evidence.chain, journey(curve)
    kept = evidence.keep.get(curve.part)
    if kept is None and evidence.keep:
        kept = next(iter(evidence.keep.values()))
    if kept is not None:
        if _stuck(evidence) or evidence.others_at_ends >= 0.35:
            return _saturated(evidence, said, weight)
        gate, mean = evidence.keeping_gate, float(np.mean(kept))
        name = f"the {gate}" if gate else "what carries it on"
        part = next(iter(evidence.keep))
        bias = {"forget gate": "raise the forget gate's bias (forget_bias=2 or more)",
                "update gate": "lower the update gate's bias (update_bias=-2 or less)"}  # fmt: skip
        return Finding(
            "gates-closed", Where(chain.layer, gate=gate or None), mean,
            f"{said} At each step {name} lets {in_words(mean)} of {part} straight through, on "
            "average.",
            f"{bias.get(gate, 'let the gate that keeps the state start more open')}: about 1 - 1/n "
            "is needed to look n steps back.", weight,
        )  # fmt: skip
    slope, gain = evidence.slope / evidence.largest_slope, evidence.weight * evidence.largest_slope
    flat = slope < gain and (slope < 0.6 or gain > 0.9)
    if flat or (evidence.at_ends >= 0.3 and slope < 0.65 and gain > 0.3):
        return (_off if evidence.rectified else _saturated)(evidence, said, weight)
    radius = evidence.radius
    amount = evidence.weight if radius is None else radius
    what = "The recurrent product" if radius is None else "The recurrent weight"
    size = "" if radius is None else f" has a spectral radius of {in_words(radius)} and"
    largest = evidence.largest_slope
    bound = "" if largest == 1.0 else f", and no slope of the nonlinearity is above {largest}"
    return Finding(
        "small-recurrent-weights", Where(chain.layer), amount,
        f"{said} {what}{size} leaves {factor(math.log10(max(evidence.weight, 1e-12)))} of the "
        f"gradient at each step{bound}.",
        "start from an orthogonal recurrent weight (tr.init.orthogonal), or use a gated cell.",
        weight,
    )  # fmt: skip


def _saturated(evidence: Evidence, said: str, weight: float) -> Finding:
    chain = evidence.chain
    share = evidence.at_ends
    return Finding(
        "saturated-units", Where(chain.layer), share,
        f"{said} {percent(share)} of the sigmoids and tanhs{_in(chain)} lie at an end of their "
        f"range: their slopes leave {in_words(evidence.slope / evidence.largest_slope)} of the "
        "gradient at each step.".strip(),
        "scale the inputs to about 1 and start from smaller weights; a normalised pre-activation "
        "(tr.LayerNorm) keeps them there.", weight,
    )  # fmt: skip


def _off(evidence: Evidence, said: str, weight: float) -> Finding:
    return Finding(
        "dead-units", Where(evidence.chain.layer), evidence.slope,
        f"{said} The rectifiers leave {in_words(evidence.slope)} of the gradient at each step: the "
        "units that it comes to are off.",
        "start their biases a little above 0, or use a leaky rectifier (tr.f.leaky_relu).", weight,
    )  # fmt: skip


def lost_in_depth(seen: Examined) -> Iterator[Finding]:
    """A gradient that gets through time, and not down to the lower layers."""
    layers = [c for c in seen.chains if c.layer is not None and c.direction in (None, 0)]
    layers = [chain for chain in layers if seen.reached(chain)]
    sizes = []
    for chain in layers:
        nodes = [node for node in next(iter(chain.parts.values())) if node is not None]
        sizes.append(math.hypot(*[seen.flow.norm(node) for node in nodes]))
    if len(sizes) < 2 or not all(0 < size < math.inf for size in sizes):
        return
    logs = np.log10(sizes)
    falls = logs[:-1] - logs[1:]  # from each layer to the one below
    worst = int(np.argmin(falls))
    if falls[worst] > LOST_BETWEEN_LAYERS and logs[0] - logs[-1] > LOST_DOWN:
        return
    below, above = layers[worst], layers[worst + 1]
    share = 10.0 ** float(logs[0] - logs[-1])
    yield Finding(
        "lost-in-depth", Where(below.layer), share,
        f"{percent(share)} of the gradient at {layers[-1].label} reaches {layers[0].label}; most "
        f"is lost from {above.label} to {below.label} (times {in_words(10.0 ** falls[worst])}).",
        "larger input weights between the layers, a connection around each layer (h + x), or "
        "fewer layers.", float(-(logs[0] - logs[-1])),
    )  # fmt: skip


ALL: tuple[Cause, ...] = (
    non_finite,
    stale_state,
    unreached,
    broken_in_time,
    exploding,
    dead_units,
    lost_in_time,
    shut_gates,
    lost_in_depth,
)


def _in(chain: Chain) -> str:
    return f" in {chain.label}" if chain.label else ""


def _where_made(node: object) -> Where:
    place = home(node)
    layers = [part.index for part in node.scope if part.name == "layer"]  # type: ignore[attr-defined]  # a node
    step = None if place is None else place.step
    return Where(layers[0] if layers else None, step, gate_of(node) or None)


def _finite(data: object) -> bool:
    array = np.asarray(data)
    return array.dtype.kind != "f" or bool(np.all(np.isfinite(array)))


def _nan_or_inf(data: object) -> str:
    return "NaN" if np.any(np.isnan(np.asarray(data))) else "Inf"
