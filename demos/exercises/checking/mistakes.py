"""The usual mistakes in a backward pass by hand, each as a change of what edges send back.

Most are made from the graph itself: every path can be forgotten, every slope and every factor
mistaken for another. So a cell needs no list of its own; words for what is special stand below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from demos.exercises.checking.recorded import GATES, Change, Edge, Mistake, Problem, Use, last_only
from demos.exercises.checking.weights import previous_state, stack, weights
from tinygrad_rnn.tensor import Array

NAMES = {"h": "h_t", "c": "c_t", "a": "a_t", "x": "x_t", "tanh(c)": "tanh(c_t)"}
NOTHING = {
    ("outputs", 0): "dy[t], what the loss sends to h_t directly, is missing",
    ("a", 2): "nothing goes back from a_t to h_{t-1}: da_t U is missing",
    ("f * c", 1): "nothing goes back from c_t to c_{t-1}: the path dc_t * f is missing",
    ("tanh(c)", 0): "c_t gets nothing from h_t: dh_t * o * (1 - tanh(c_t)**2) is missing",
    ("(1 - z) * h", 1): "nothing goes back through the interpolation: dh_t * (1 - z) is missing",
    ("r * h", 1): "nothing goes back from r * h_{t-1} to h_{t-1}",
    ("1 - z", 1): "z gets nothing from (1 - z) * h_{t-1}: -dh_t * h_{t-1} is missing",
    ("z * n", 0): "z gets nothing from z * n: dh_t * n is missing",
}
PRODUCTS = ("f * c", "i * g", "r * h", "(1 - z) * h", "z * n")
SQUASHED = {"i": "sigmoid", "f": "sigmoid", "o": "sigmoid", "r": "sigmoid", "z": "sigmoid",
            "g": "tanh", "n": "tanh", "tanh(c)": "tanh"}  # fmt: skip


def mistakes(problem: Problem) -> Iterator[Mistake]:
    """Yield what is usually done wrong with this cell, the likeliest first."""
    edges = problem.edges()
    yield from _paths(edges)
    yield from _slopes(problem.kind, edges)
    yield from _factors(problem, edges)
    yield from previous_state(problem.kind, edges)
    yield from weights(problem, edges)
    yield from stack(problem.kind, edges)
    if problem.kind == "gru":
        yield from _directions_of_z()
    if problem.kind == "lstm":
        yield from _own_factors()
    yield _forwards(problem, edges)


def named(role: str) -> str:
    """Return what a role is called in a sentence."""
    return NAMES.get(role, role)


def _nothing(use: Use) -> Array:
    return np.zeros_like(use.right)


def _paths(edges: dict[Edge, str]) -> Iterator[Mistake]:
    for edge, source in edges.items():
        default = f"{named(source)} gets nothing from {named(edge[0])}"
        yield Mistake(NOTHING.get(edge, default), {edge: _nothing})
    yield Mistake(
        "dy is added at the last step only, but the loss reads every h_t",
        {("outputs", 0): last_only},
    )
    yield Mistake("dy is added twice", {("outputs", 0): lambda use: 2 * use.right})
    if ("tanh(c)", 0) in edges:
        yield Mistake(
            "what comes to c_t from h_t is overwritten by what is carried from c_{t+1}: add them",
            {("tanh(c)", 0): last_only},
        )
    for edge, what in {("a", 2): "dh", ("f * c", 1): "dc", ("(1 - z) * h", 1): "dh"}.items():
        if edge in edges:
            yield Mistake(
                f"the {what} that is carried back is added up over the steps: each step replaces "
                "it, with = and not +=",
                {edge: _running()},
            )


def _running() -> Change:
    total: list[Array] = []

    def change(use: Use) -> Array:
        if use.t == use.steps - 1:
            total.clear()
        total.append(use.right)
        return np.asarray(sum(total))

    return change


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


# What is taken for the slope, from the value y of tanh or sigmoid and its argument a.
SLOPES: dict[str, list[tuple[str, Callable[[Array, Array], Array]]]] = {
    "tanh": [
        ("is missing: 1 - tanh**2", lambda y, a: np.ones_like(y)),
        ("is taken of the argument: it is 1 - tanh(a)**2, not 1 - a**2", lambda y, a: 1 - a**2),
        ("is taken of tanh once more: it is 1 - y**2", lambda y, a: 1 - np.tanh(y) ** 2),
        ("lacks the square: it is 1 - tanh**2", lambda y, a: 1 - y),
        ("lacks 1 -: it is 1 - tanh**2", lambda y, a: y**2),
        ("has the wrong sign inside: it is 1 - tanh**2", lambda y, a: 1 + y**2),
        ("is that of the sigmoid: it is 1 - tanh**2", lambda y, a: y * (1 - y)),
    ],
    "sigmoid": [
        ("is missing: s * (1 - s)", lambda y, a: np.ones_like(y)),
        ("is taken of the argument: it is s * (1 - s) of s = sigmoid(a)", lambda y, a: a * (1 - a)),
        (
            "is taken of sigmoid once more: it is s * (1 - s)",
            lambda y, a: _sigmoid(y) * (1 - _sigmoid(y)),
        ),
        ("lacks s: it is s * (1 - s)", lambda y, a: 1 - y),
        ("lacks 1 - s: it is s * (1 - s)", lambda y, a: y),
        ("has a square too many: it is s * (1 - s)", lambda y, a: 1 - y**2),
        ("has the wrong sign inside: it is s * (1 - s)", lambda y, a: y * (1 + y)),
    ],
}


def _slopes(kind: str, edges: dict[Edge, str]) -> Iterator[Mistake]:
    """Each squashing function alone, and all sigmoids at once."""
    squashed = {"h": "tanh"} if kind == "rnn" else SQUASHED
    found = {role: name for role, name in squashed.items() if (role, 0) in edges}
    groups = {named(role): [role] for role in found}
    sigmoids = [role for role, name in found.items() if name == "sigmoid"]
    groups |= {"all gates": sigmoids} if sigmoids else {}
    for who, roles in groups.items():
        for words, slope in SLOPES[found[roles[0]]]:
            changes = {(role, 0): _slope(kind, role, slope) for role in roles}
            yield Mistake(f"the slope at {who} {words}", changes)
    for role, past in {"h": "h_{t-1}", "tanh(c)": "c_{t-1}"}.items():
        if role in found:
            words = (
                f"the slope at {named(role)} is that of the state before: an index is off by one"
            )
            yield Mistake(words, {(role, 0): _slope_before(past)})


def _slope_before(past: str) -> Change:
    def change(use: Use) -> Array:
        y = use.step[past] if past == "h_{t-1}" else np.tanh(use.step[past])
        return use.slope(1 - y**2)

    return change


def _slope(kind: str, role: str, slope: Callable[[Array, Array], Array]) -> Change:
    def change(use: Use) -> Array:
        y = use.step[role]
        a = use.step["c"] if role == "tanh(c)" else use.step["a_n" if role == "n" else "a"]
        if a.shape != y.shape:
            first = GATES[kind].index(role) * y.shape[1]
            a = a[:, first : first + y.shape[1]]
        return use.slope(slope(y, a))

    return change


def _factors(problem: Problem, edges: dict[Edge, str]) -> Iterator[Mistake]:
    """Each product with another factor than the other one of the two."""
    hidden = problem.sizes[3]
    candidates = [
        name for name, value in problem.values[0].items() if value.shape[1:] == (hidden,)
        and name not in (*PRODUCTS, "a", "a_n", "x", "x_{t-1}")
    ]  # fmt: skip
    for edge, source in edges.items():
        role = edge[0]
        if role not in PRODUCTS and not (role == "h" and problem.kind == "lstm"):
            continue
        to = "c_{t-1}" if source == "c" else "h_{t-1}" if source == "h" else source
        yield Mistake(f"what goes to {to} lacks the other factor of the product", {edge: _whole})
        right = _other(problem, edge)
        for name in candidates:
            if name != right:
                words = f"what goes to {to} is multiplied by {named(name)} in place of "
                yield Mistake(f"{words}{named(right)}", {edge: _times(name)})


def _own_factors() -> Iterator[Mistake]:
    yield Mistake(
        "i and g are exchanged: i gets dc_t * g, and g gets dc_t * i",
        {("i * g", 0): _times("i"), ("i * g", 1): _times("g")},
    )


def _other(problem: Problem, edge: Edge) -> str:
    """Return the name of the factor that an edge out of a product is multiplied by."""
    role, slot = edge
    if role == "h":
        return ("tanh(c)", "o")[slot]
    first, _, second = role.rpartition(" * ")
    return (f"{second}_{{t-1}}" if second in "hc" else second, first.strip("()"))[slot]


def _whole(use: Use) -> Array:
    return use.g


def _times(name: str) -> Change:
    return lambda use: use.g * use.step[name]


def _directions_of_z() -> Iterator[Mistake]:
    keeps = {
        ("(1 - z) * h", 1): _times("z"),
        ("z * n", 1): lambda use: use.g * (1 - use.step["z"]),
    }
    turned = {("1 - z", 1): lambda use: -use.right, ("z * n", 0): lambda use: -use.right}
    yield Mistake(
        "z has the wrong direction: dL/dz is dh_t * (n - h_{t-1}), not dh_t * (h_{t-1} - n)", turned
    )
    yield Mistake("z has the wrong direction: 1 - z goes to h_{t-1}, and z to n", keeps)
    yield Mistake(
        "z has the wrong direction throughout: here z near 0 keeps the past", {**keeps, **turned}
    )
    yield Mistake(
        "z's direction: h_{t-1} is multiplied by 1 - z, whose slope in z is -1",
        {("1 - z", 1): lambda use: -use.right},
    )


def _forwards(problem: Problem, edges: dict[Edge, str]) -> Mistake:
    """The loop over the steps goes from the first to the last.

    Then a step hands on what it has for its past to the step after it: along the edges that lead
    into step t from t + 1, there is what step t - 1 sent. Each sweep gets one more step right.
    """
    sent: dict[tuple[Edge, int], Array] = {}
    back = [edge for edge, source in edges.items() if source in "hc" and edge not in
            (("outputs", 0), ("tanh(c)", 0))]  # fmt: skip

    def into(edge: Edge, part: str) -> Change:
        def change(use: Use) -> Array:
            sent[edge, use.t] = use.right
            return sent.get((edge, use.t - 2), np.zeros_like(use.right))

        return change

    def past_the_end(part: str) -> Change:
        def change(use: Use) -> Array:
            total = use.right
            if use.t == use.steps - 1:
                for edge in back:
                    if edges[edge] == part and (edge, use.t - 1) in sent:
                        total = total + sent[edge, use.t - 1]
            return total

        return change

    changes: dict[Edge, Change] = {edge: into(edge, edges[edge]) for edge in back}
    changes[("outputs", 0)] = past_the_end("h")
    changes[("tanh(c)", 0)] = past_the_end("c")
    for _ in range(problem.sizes[0] + 1):
        problem.sweep(changes)
    return Mistake("the loop over the steps goes forwards: begin at the last step", changes)
