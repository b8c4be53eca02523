"""Mistakes with the weights: on the way back through U, in the sums over time, in their rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from demos.exercises.checking.recorded import GATES, Change, Edge, Mistake, Problem, Use, last_only
from tinygrad_rnn.tensor import Array


def previous_state(kind: str, edges: dict[Edge, str]) -> Iterator[Mistake]:
    """What goes back through the recurrent weight: transposed, or of some gates alone."""
    gates = GATES[kind]
    for edge in (("a", 2), ("a_n", 2)):
        if edge in edges:
            which = "U" if kind != "gru" else {"a": "U_r and U_z", "a_n": "U_n"}[edge[0]]
            yield Mistake(
                f"{which} is transposed on the way back: a = h U.T goes back as da U",
                {edge: _transposed},
            )
    if kind == "rnn":
        yield Mistake(
            "dh_t U is carried back in place of da_t U: the slope of tanh is on the way, too",
            {("a", 2): lambda use: use.dh @ use.weight},
        )
    if kind == "lstm":
        for k, gate in enumerate(gates):
            yield Mistake(f"h_{{t-1}} gets nothing from gate {gate}", {("a", 2): _without_gates(k)})
            others = [other for other in range(4) if other != k]
            yield Mistake(
                f"h_{{t-1}} gets something from gate {gate} alone",
                {("a", 2): _without_gates(*others)},
            )
    if kind == "gru":
        for k, gate in enumerate("rz"):
            yield Mistake(f"h_{{t-1}} gets nothing from gate {gate}", {("a", 2): _without_gates(k)})


def _blocks(use: Use) -> list[tuple[Array, Array]]:
    """Return for each gate in this use the columns of g and the rows of U."""
    hidden = use.weight.shape[1]
    count = use.g.shape[1] // hidden
    return list(zip(np.split(use.g, count, axis=1), np.split(use.weight, count), strict=True))


def _transposed(use: Use) -> Array:
    return np.asarray(sum(g @ U.T for g, U in _blocks(use)))


def _without_gates(*gates: int) -> Change:
    return lambda use: use.right - sum(g @ U for k, (g, U) in enumerate(_blocks(use)) if k in gates)


def weights(problem: Problem, edges: dict[Edge, str]) -> Iterator[Mistake]:
    """What goes wrong where the uses of a parameter are added up."""
    steps, batch, *_ = problem.sizes
    ways: list[tuple[str, Change]] = [
        ("keeps step 0 alone, the last one of a loop that goes back: += became =",
         lambda use: use.right * (use.t == 0)),
        ("keeps step T - 1 alone: += became = in a loop that goes forwards", last_only),
        ("leaves out step 0", lambda use: use.right * (use.t > 0)),
        ("leaves out the last step", lambda use: use.right * (use.t < use.steps - 1)),
        ("is averaged over the steps: it is a sum", lambda use: use.right / steps),
        ("is averaged over the batch: it is a sum", lambda use: use.right / batch),
        ("is averaged over steps and batch: it is a sum", lambda use: use.right / steps / batch),
        ("has the wrong sign", lambda use: -use.right),
        ("is counted twice", lambda use: 2 * use.right),
    ]  # fmt: skip
    leaves = ("U", "W", "b")
    for which in [*[(leaf,) for leaf in leaves], ("W", "U"), leaves]:
        who = "the gradient of every parameter" if which == leaves else f"d{' and d'.join(which)}"
        to = [edge for edge, source in edges.items() if source in which]
        for words, change in ways:
            yield Mistake(f"{who} {words}", dict.fromkeys(to, change))
    special: list[tuple[str, str, Change]] = [
        ("dU multiplies h_t in place of h_{t-1}: U met the state before", "U", _met("h")),
        ("dU multiplies h_{t-2} in place of h_{t-1}: an index is off by one", "U", _met("h_{t-2}")),
        ("dW multiplies x_{t-1} in place of x_t: an index is off by one", "W", _met("x_{t-1}")),
        ("dU is transposed", "U", _transposed_gradient),
        ("dU adds up the batch before the product: each sequence has its own", "U", _sums_first),
    ]
    for words, leaf, change in special:
        to = [edge for edge, source in edges.items() if source == leaf]
        yield Mistake(words, dict.fromkeys(to, change))
        if leaf == "U" and problem.kind == "gru":
            yield Mistake(words, {("a", 3): change})
    if problem.kind == "rnn":
        words = "dh_t in place of da_t: the slope of tanh comes first"
        yield Mistake(
            f"dU is made from {words}", {("a", 3): lambda use: use.dh.T @ use.step["h_{t-1}"]}
        )
        yield Mistake(f"dW is made from {words}", {("a", 1): lambda use: use.dh.T @ use.step["x"]})
        yield Mistake(f"db is made from {words}", {("a", 4): lambda use: use.dh.sum(axis=0)})
        yield Mistake(
            f"dW, dU and db are made from {words}",
            {
                ("a", 3): lambda use: use.dh.T @ use.step["h_{t-1}"],
                ("a", 1): lambda use: use.dh.T @ use.step["x"],
                ("a", 4): lambda use: use.dh.sum(axis=0),
            },
        )
    if problem.kind == "gru":
        yield Mistake(
            "U_n met r * h_{t-1}, but its gradient is made with h_{t-1}",
            {("a_n", 3): lambda use: _rows(use, use.step["h_{t-1}"])},
        )


def _rows(use: Use, met: Array) -> Array:
    """Return what the product of g and `met` adds to the rows of the weight that were used."""
    out = np.zeros_like(use.right)
    out[use.rows] = use.g.T @ met
    return out


def _met(name: str) -> Change:
    return lambda use: _rows(use, use.step[name])


def _transposed_gradient(use: Use) -> Array:
    count = len(use.right) // use.right.shape[1]
    return np.concatenate([block.T for block in np.split(use.right, count)])


def _sums_first(use: Use) -> Array:
    return _rows(use._replace(g=use.g.sum(axis=0)[None]), use.step["h_{t-1}"].sum(axis=0)[None])


def stack(kind: str, edges: dict[Edge, str]) -> Iterator[Mistake]:
    """The blocks of the gates in another order: in da_t, or only where gradients are added up."""
    gates = GATES[kind]
    for order in list(permutations(range(len(gates))))[1:]:
        said = ", ".join(gates[k] for k in order)
        words = f"the blocks of the gates are stacked as {said}: they are {', '.join(gates)}"
        moved = [_moved(k, order.index(k), len(gates)) for k in range(len(gates))]
        if kind == "lstm":
            changes = {(gate, 0): change for gate, change in zip(gates, moved, strict=True)}
            yield Mistake(words, changes)
        elif order == (1, 0, 2):  # the third is made from another product
            yield Mistake(words, {("r", 0): _moved(0, 1, 2), ("z", 0): _moved(1, 0, 2)})
        for leaves in ("WUb", "Wb", "U"):
            which = f" in {' and '.join(f'd{leaf}' for leaf in leaves)}"
            to = [edge for edge, source in edges.items() if source in leaves]
            yield Mistake(words.replace(":", f"{which}:"), dict.fromkeys(to, _rows_as(order)))


def _rows_as(order: tuple[int, ...]) -> Change:
    def change(use: Use) -> Array:
        blocks = np.split(use.right, len(order))
        return np.concatenate([blocks[k] for k in order])

    return change


def _moved(place: int, other: int, count: int) -> Change:
    def change(use: Use) -> Array:
        blocks = np.split(use.right, count, axis=1)
        blocks[place], blocks[other] = np.zeros_like(blocks[place]), blocks[place]
        return np.concatenate(blocks, axis=1)

    return change
