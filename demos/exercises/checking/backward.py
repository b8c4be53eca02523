"""Checks of backward passes by hand: exercises 4 to 8, and a BPTT of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.exercises.checking.loading import array, arrays, call
from demos.exercises.checking.mistakes import mistakes, named
from demos.exercises.checking.recorded import GATES, LEAVES, Change, Mistake, Problem, step_of
from demos.exercises.checking.report import Report, agree, close
from tinygrad_rnn.tensor import Array

SIZES = ((4, 3, 2, 5), (1, 1, 1, 1), (7, 2, 6, 3))  # T, B, I and H, all different at first
SAID = {"W": "dL/dW", "U": "dL/dU", "b": "dL/db", "h": "dL/dh_t", "c": "dL/dc_t", "a": "dL/da_t"}


def recurrent_weight(function: Callable[..., Any]) -> Report:
    """Check exercise 4."""

    def ask(problem: Problem) -> dict[str, Array]:
        a = problem.gradients(problem.flow)["a"]
        found = call(function, a, problem.states("h"))
        hidden = problem.sizes[3]
        return {"U": array(function.__name__, found, (hidden, hidden), "dL/dU")}

    return _each("rnn", ask)


def network(kind: str) -> Callable[[Callable[..., Any]], Report]:
    """Return the check of exercise 5, 6 or 7."""

    def check(function: Callable[..., Any]) -> Report:
        def ask(problem: Problem) -> dict[str, Array]:
            found = call(function, *_given(problem))
            return arrays(function.__name__, found, _shapes(problem))

        return _each(kind, ask)

    return check


def truncated(function: Callable[..., Any]) -> Report:
    """Check exercise 8: windows that fit into the steps, that do not, and one that holds all."""
    report = Report([], [])
    for k, sizes in ((4, (10, 3, 2, 5)), (2, (6, 2, 6, 3)), (1, (3, 1, 1, 2)), (9, (4, 2, 3, 3))):

        def cut(t: int, k: int = k) -> bool:
            return t > 0 and t % k == 0

        problem = Problem("rnn", sizes, seed=8, cut=cut)
        found = arrays(function.__name__, call(function, *_given(problem), k), _shapes(problem))
        report = compare(problem, found, [*_cuts(problem, k), *mistakes(problem)], f", k = {k}")
        if not report.passed:
            return report
    return Report([f"windows that fit, that do not, and one that holds all: {report.right[0]}"], [])


def mine(name: str, function: Callable[..., Any]) -> Report:
    """Check a BPTT of one's own: rnn, lstm or gru(x, W, U, b, dy), with zeros for a start."""

    def ask(problem: Problem) -> dict[str, Array]:
        cell = problem.cell
        parameters = cell.weight_ih.data, cell.weight_hh.data, cell.bias.data
        found = call(function, problem.x, *map(np.array, parameters), problem.dy)
        shapes = _shapes(problem)
        given = {
            k: v
            for k, v in shapes.items()
            if k in "WUb" or (isinstance(found, dict) and k in found)
        }
        return arrays(name, found, given)

    return _each(name, ask, started=False)


def _given(problem: Problem) -> list[Any]:
    """Return what the function of an exercise is given."""
    given: list[Any] = [problem.x, problem.states("h")]
    if problem.kind == "lstm":
        given.append(problem.states("c"))
    if problem.kind != "rnn":
        given.append({gate: problem.steps_of(gate) for gate in GATES[problem.kind]})
    return [*given, np.array(problem.cell.weight_hh.data), problem.dy]


def _shapes(problem: Problem) -> dict[str, tuple[int, ...]]:
    return {key: value.shape for key, value in problem.gradients(problem.flow).items()}


def _each(kind: str, ask: Callable[[Problem], dict[str, Array]], started: bool = True) -> Report:
    """Compare at several sizes; report the first that is wrong."""
    report = Report([], [])
    for seed, sizes in enumerate(SIZES):
        problem = Problem(kind, sizes, seed, started=started)
        report = compare(problem, ask(problem), mistakes(problem))
        if not report.passed:
            return report
    return Report([f"at all sizes that were tried: {report.right[0]}"], [])


def compare(
    problem: Problem,
    found: dict[str, Array],
    known: Iterator[Mistake] | list[Mistake],
    about: str = "",
) -> Report:
    """Compare gradients with the true ones, and say which mistake gives the same as theirs."""
    truth = problem.gradients(problem.flow)
    right = [SAID[key] for key in found if close(found[key], truth[key])]
    wrong = [SAID[key] for key in found if SAID[key] not in right]
    size = ", ".join(f"{name} = {n}" for name, n in zip("TBIH", problem.sizes, strict=True)) + about
    rights = [", ".join(right)] if right else []
    if not wrong:
        return Report(rights, [])
    wrongs = [f"{', '.join(wrong)} ({size})"]
    weights = {key: value for key, value in found.items() if key in "WUb"}
    chosen, flow = None, None
    if not agree(weights, truth):
        for mistake in known:
            other = problem.sweep(mistake.changes, cut=mistake.cut)
            gradients = problem.gradients(other)
            if agree(weights, gradients):
                if chosen is None or agree(found, gradients):
                    chosen, flow = mistake, other
                if agree(found, gradients):
                    break
    if flow is None:
        flow = problem.sweep({}, known=_nodes(problem, found))
    drawn = problem.loss, problem.flow, flow
    where = departure(problem, problem.flow, flow)
    return Report(rights, wrongs, where, chosen.words if chosen else "", drawn)


def departure(problem: Problem, flow: tr.GradientFlow, other: tr.GradientFlow) -> str:
    """Say where two flows of one graph first send different things from the same gradient."""
    for edge in sorted(flow.edges, key=lambda edge: -edge.consumer.index):
        node = edge.consumer
        if np.array_equal(flow.contribution(edge), other.contribution(edge)):
            continue
        arrived, theirs = flow.gradient(node), other.gradient(node)
        assert arrived is not None
        assert theirs is not None
        sent, given = flow.contribution(edge), other.contribution(edge)
        if close(theirs, arrived) and not close(given, sent):
            source, consumer = (problem.role.get(e.index, "") for e in (edge.source, node))
            t = step_of(node) if node.scope else edge.slot
            to = named(source)
            if source in problem.cell.parts and (not edge.source.scope or step_of(edge.source) < t):
                to = f"{source}_{{t-1}}"
            return (
                f"at t = {t}, on the edge that leads back from {named(consumer) or 'dy[t]'} to {to}"
            )
    return ""


def _nodes(problem: Problem, found: dict[str, Array]) -> dict[int, Array]:
    """Return what was given for the gradient of each node."""
    known = {
        getattr(problem.cell, name).index: found[role]
        for name, role in LEAVES.items()
        if role in found
    }
    for t, made in enumerate(problem.at):
        for part in problem.cell.parts:
            if part in found:
                known[made[part].index] = found[part][t]
        if "a" in found:
            blocks = 2 * problem.sizes[3] if problem.kind == "gru" else None
            known[made["a"].index] = found["a"][t][:, :blocks]
            if blocks:
                known[made["a_n"].index] = found["a"][t][:, blocks:]
    return known


def _cuts(problem: Problem, k: int) -> list[Mistake]:
    """What goes wrong with windows."""
    steps = problem.sizes[0]
    last = (steps - 1) // k * k

    every = {"the gradients of all parameters": (1, 3, 4), "dW": (1,), "dU": (3,), "db": (4,)}
    windows = -(-steps // k)
    ends = "the cuts are before step k, 2k and so on"
    shares: list[tuple[str, Change]] = [
        ("that of the last window alone", lambda use: use.right * (use.t >= last)),
        ("that of the first window alone", lambda use: use.right * (use.t < k)),
        ("averaged over the windows", lambda use: use.right / windows),
    ]
    return [
        Mistake("nothing is cut: at a cut, what is carried starts at 0", {}, lambda t: False),
        Mistake(f"a step too late: {ends}", {}, lambda t: t > 1 and t % k == 1 % k),
        Mistake(f"a step too early: {ends}", {}, lambda t: t % k == k - 1),
        Mistake(
            "the windows are counted from the last step: they begin at 0, k, 2k and so on",
            {},
            lambda t: (steps - t) % k == 0,
        ),
        Mistake("every step is cut off", {}, lambda t: True),
        Mistake(
            "dy is cut, too: it reaches every state",
            {("outputs", 0): lambda use: use.right * (use.t % k != k - 1)},
        ),
        *[
            Mistake(
                f"{who}: {words}, where it is a sum over all windows",
                {("a", slot): change for slot in slots},
            )
            for who, slots in every.items()
            for words, change in shares
        ],
    ]
