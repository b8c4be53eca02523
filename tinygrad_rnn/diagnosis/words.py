"""Numbers and curves in words: the one place where a sentence about a gradient is made."""

from __future__ import annotations

import math

from tinygrad_rnn.diagnosis.curves import Curve

AS_MUCH = 0.02  # a factor this near 1, over the whole way, is no change


def in_words(value: float) -> str:
    """Return a positive number as it is read: two digits, an exponent only if it must be.

    >>> [in_words(x) for x in (0.154, 1.0, 23.6, 1234.5, 3.21e-5, 1e12, math.inf)]
    ['0.15', '1.0', '24', '1,200', '3.2e-05', '1.0e+12', 'Inf']
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    size = abs(value)
    if size and not 0.001 <= size < 9999.5:
        return f"{value:.1e}"
    if size >= 100:
        return f"{float(f'{value:.1e}'):,.0f}"
    return f"{value:#.2g}".removesuffix(".")


def percent(share: float) -> str:
    """Return a share as a percentage, written out as far as anybody can read it.

    >>> [percent(x) for x in (1.0, 0.5, 0.0066, 4.6e-10, 3e-57, 0.0)]
    ['100 %', '50 %', '0.66 %', '0.000000046 %', '3.0e-55 %', '0 %']
    """
    value = 100 * share
    if value == 0:
        return "0 %"
    if value < 1e-9:
        return f"{value:.1e} %"
    if value < 10:
        places = 1 - math.floor(math.log10(value))
        return f"{value:.{places}f} %"
    return f"{value:.0f} %"


def factor(decades: float) -> str:
    """Return a rate in decades per step as the factor that it is.

    >>> factor(-0.2366), factor(0.0), factor(-0.00123), factor(-3.0)
    ('0.58', '1.00', '0.997', '0.0010')
    """
    value = 10.0**decades
    if 0.9 <= value <= 1.105:
        return f"{value:.2f}" if abs(value - 1) >= 0.0095 or value == 1 else f"{value:.3f}"
    return in_words(value)


def rate(curve: Curve) -> str:
    """Return how a gradient changes at every step, in one piece or two: "times 0.58 a step"."""
    found = curve.pieces
    if not found or len(curve.steps) < 3:
        return ""
    if len(found) == 1:
        return f"times {factor(found[0].decades)} a step"
    knee = curve.steps[found[0].last]
    first, second = (factor(piece.decades) for piece in found)
    return f"times {first} a step back to t = {knee}, then times {second}"


def on_its_way(curve: Curve) -> str:
    """Return what becomes of a gradient at the states of a layer, to follow what is shown there.

    Of the sum that several losses send it tells no rate, for there is none: only of the last one.
    """
    if not curve.alone:
        whose = f"what the loss at t = {curve.steps[0]} sends" if curve.top else (
            f"what comes from above at t = {curve.steps[0]}"
        )  # fmt: skip
        told = rate(curve)
        return f"a sum; {whose} goes {told}" if told and curve.arrives else "a sum"
    if not all(math.isfinite(x) for x in curve.norms):
        return "not finite"
    if not curve.arrives:
        last = max(k for k, x in enumerate(curve.norms) if x > 0)
        return f"ends at t = {curve.steps[last]} on its way back"
    told = rate(curve)
    return f"{told} on its way back" if told else ""


def journey(curve: Curve) -> str:
    """Return what becomes of a gradient on its way through time, as one sentence.

    It begins where the gradient sets out, and is said of the way back.
    """
    start, end = curve.steps[0], curve.steps[-1]
    where = f" in {curve.chain.label}" if curve.chain.label else ""
    along = f" along {curve.part}" if len(curve.chain.parts) > 1 else ""
    of = "the gradient" if curve.alone else f"what the loss at t = {start} sends back"
    of = of if curve.top or curve.alone else f"what comes from above at t = {start}"
    if len(curve.steps) == 1:
        return f"The gradient{where} has one time step, t = {start}: there is no way back."
    if not all(math.isfinite(x) for x in curve.norms):
        bad = next(k for k, x in enumerate(curve.norms) if not math.isfinite(x))
        at = curve.steps[bad]
        return f"The gradient{where} is {in_words(float(curve.norms[bad]))} at t = {at}."
    if not curve.arrives:
        last = max(k for k, x in enumerate(curve.norms) if x > 0)
        ends = f"it ends at t = {curve.steps[last]}"
        return f"No gradient{where} gets from t = {start} to t = {end}: {ends}."
    told = rate(curve)
    told = f": {told}" if told else ""
    whole = of if curve.alone else of[0].upper() + of[1:]
    if curve.share > 1 + AS_MUCH:
        times = in_words(curve.share)
        if not math.isfinite(curve.share):  # though both of its ends are
            times = f"1.0e+{curve.decades:.0f}"
        if curve.alone:
            whole = f"The gradient{where} at t = {end}{along}"
            return f"{whole} is {times} times that at t = {start}{told}."
        return f"{whole}{where} is {times} times as large at t = {end}{along}{told}."
    start_of = f"{of}{where} at t = {start}" if curve.alone else f"{of}{where}"
    share = percent(curve.share) if curve.share > 0 else f"1.0e{curve.decades + 2:.0f} %"
    return f"{share} of {start_of} reaches t = {end}{along}{told}."
