"""What stands in a node, and what its tooltip is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.viz.reading.recorded import drawn, find, leaf, two_steps
from viz.reading.reader import Source


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (lambda a, b: a + b, "+"),
        (lambda a, b: a - b, "\N{MINUS SIGN}"),
        (lambda a, b: a * b, "\N{MULTIPLICATION SIGN}"),
        (lambda a, b: a / b, "/"),
        (lambda a, b: -a, "neg"),
        (lambda a, b: a @ b, "@"),
        (lambda a, b: a.T, ".T"),
        (lambda a, b: a[0], "[ ]"),
        (lambda a, b: tr.f.sigmoid(a), "\N{GREEK SMALL LETTER SIGMA}"),
        (lambda a, b: np.tanh(a), "tanh"),
        (lambda a, b: 1 - a, "1 \N{MINUS SIGN}"),
        (lambda a, b: a - 1, "\N{MINUS SIGN} 1"),
        (lambda a, b: 0.25 * a, "0.25 \N{MULTIPLICATION SIGN}"),
        (lambda a, b: a * 0.25, "\N{MULTIPLICATION SIGN} 0.25"),
        (lambda a, b: a / 3, "/ 3"),
        (lambda a, b: np.concatenate([a, b]), "concat"),
        (lambda a, b: tr.f.log_softmax(a), "log\nsoftmax"),
    ],
)
def test_an_operation_is_written_as_in_a_formula(make: Any, label: str) -> None:
    a, b = leaf("a", np.full((2, 2), 0.5)), leaf("b", np.full((2, 2), 0.25))
    model = drawn(make(a, b).sum())
    (node,) = (n for n in model.nodes if n.role == "op")
    assert node.label == label


def test_the_loss_says_what_it_is_and_a_root_of_many_entries_does_not() -> None:
    a = leaf("a", np.ones(2))
    assert find(drawn(a.sum()), "loss\nsum").role == "loss"
    named = a.sum()
    named.name = "error"
    assert find(drawn(named), "error\nsum").role == "loss"
    assert find(drawn(np.tanh(a), flow=False), "tanh").role == "loss"


def test_what_a_gate_makes_last_names_the_gate() -> None:
    with tr.scope("t", 0), tr.scope("part"), tr.scope("update gate"):
        y = tr.f.sigmoid(np.tanh(leaf("a")) * 2.0)
    model = drawn(y * 1.0)
    sigma = "\N{GREEK SMALL LETTER SIGMA}"
    labels = {node.op: node.label for node in model.nodes if node.role == "op"}
    assert labels == {
        "tanh": "tanh", "multiply": "\N{MULTIPLICATION SIGN} 2", "sigmoid": f"{sigma}\nupdate",
    }  # fmt: skip
    gate = next(n for n in drawn(y * 1.0, "gate").nodes if n.role == "gate")
    assert (gate.label, gate.holds, gate.op) == ("update", 3, "gate")
    assert gate.gate == "part / update gate"


def test_a_parameters_tag_in_its_step_is_short_and_without_its_layer() -> None:
    run = tr.LSTM(1, 1, num_layers=2, rng=0)(np.ones((2, 1, 1)))
    model = drawn(run.outputs.sum())
    tags = {node.label for node in model.nodes if node.role == "parameter"}
    assert tags == {"W_ih", "W_hh", "b"}


def test_a_node_says_what_its_tensor_holds() -> None:
    x = leaf("a", np.array([[1.0, 2.0, 6.0]]))
    model = drawn(np.square(x).sum())
    (node,) = (n for n in model.nodes if n.role == "op")
    assert (node.shape, node.dtype, node.value) == ((1, 3), "float64", (1.0, 41 / 3, 36.0))
    assert node.holds == 1
    assert len(node.derivatives) == 1
    assert node.gradient is not None
    assert node.gradient.l2 == pytest.approx(np.sqrt(3))
    (a,) = (n for n in model.nodes if n.name == "a")
    assert (a.op, a.derivatives, a.formula) == ("leaf", (), "")
    assert a.gradient is not None
    assert a.gradient.max == 12.0


def test_steps_that_will_not_be_seen_are_not_looked_into() -> None:
    states, _ = two_steps()
    loss = states[1].sum()
    model = Source(loss, tr.trace(loss)).read(steps=[1])
    for node in model.nodes:
        hidden = node.step == 0
        assert (node.value is None) == hidden
        assert (node.gradient is None) == hidden


def test_a_sum_names_the_one_layer_that_its_parameter_is_used_in() -> None:
    inner, shared, dotted = leaf("v", 2.0), leaf("w", 3.0), leaf("encoder.u", 0.5)
    h: Any = leaf("h_0", 1.0)
    for t in range(2):
        with tr.scope("encoder"), tr.scope("t", t):
            h = np.tanh(h * inner * shared * dotted)
            h.name = "h"
    k: Any = h
    for t in range(2):
        with tr.scope("decoder"), tr.scope("t", t):
            k = np.tanh(k * shared)
            k.name = "h"
    model = drawn(k * 1.0)
    assert [p.name for p in model.parameters] == ["v, encoder", "w", "encoder.u"]
    assert [list(p.shares) for p in model.parameters] == [[0, 1]] * 3
    unnamed = leaf(None, 2.0)
    with tr.scope("t", 0):
        y = np.tanh(unnamed) * unnamed
    (parameter,) = drawn(y * 1.0).parameters
    assert parameter.name == "leaf"
