"""Which steps are drawn, and what becomes of the edges of those that are not."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.graphs import last_loss
from tests.viz.models import edge, model, node
from viz import build
from viz.model import AFTER, BEFORE, Model, ModelEdge, Strip
from viz.reading.omission import choose_steps, leave_out


@pytest.mark.parametrize(
    ("detail", "whole", "kept"), [("op", 5, 3), ("gate", 6, 3), ("cell", 16, 4), ("step", 24, 8)]
)
def test_so_many_steps_are_drawn_at_each_level(detail: str, whole: int, kept: int) -> None:
    for count, left in ((whole, 0), (whole + 1, whole + 1 - 2 * kept)):
        loss = tr.unroll(tr.RNNCell(1, 1, rng=0), [[[1.0]]] * count).final.sum()
        drawn = viz.draw(loss, detail=detail).model
        assert drawn.steps == list(range(count))
        assert len(drawn.steps) - len(drawn.shown) == left
        assert drawn.shown[: kept if left else 0] == list(range(kept if left else 0))


def test_first_and_last_steps_are_kept() -> None:
    assert choose_steps("auto", list(range(9)), "op", 2) == [0, 1, 7, 8]
    assert choose_steps("all", list(range(9)), "op", 2) == list(range(9))
    assert choose_steps([7, 2, 7], list(range(9)), "op", 2) == [2, 7]


def chain(count: int, values: list[float] | None = None) -> Model:
    """States h0 to h(count - 1), each used twice in the next step through a junction."""
    nodes = [node(f"h{t}", step=t, role="state") for t in range(count)]
    edges: list[ModelEdge] = []
    for t in range(1, count):
        nodes += [node(f"j{t}", step=t, role="junction"), node(f"a{t}", step=t)]
        edges += [
            edge(f"h{t - 1}", f"a{t}", port="<h", via=f"j{t}"),
            edge(f"a{t}", f"h{t}"),
            edge(f"h{t - 1}", f"j{t}", port="<h", rail=f"h_{t - 1}"),
        ]
    found = model(nodes, edges)
    if values:
        found.strips = [Strip("", "h", found.steps, values, None)]
    return found


def ends(found: Model) -> list[str]:
    return [f"{e.source} {e.target}" for e in found.edges]


def test_nothing_is_left_out_where_all_is_shown() -> None:
    whole = chain(3)
    assert leave_out(whole, [0, 1, 2]) is whole


def test_a_box_takes_the_place_of_each_run_of_steps() -> None:
    found = leave_out(chain(8), [0, 3, 7])
    assert [(o.id, o.first, o.last) for o in found.omitted] == [
        ("omitted0", 1, 2), ("omitted1", 4, 6),
    ]  # fmt: skip
    assert found.shown == [0, 3, 7]
    assert [n.id for n in found.nodes] == ["h0", "h3", "h7", "j3", "a3", "j7", "a7"]
    # Rails run into the boxes and out of them; what a junction hands on comes from the box.
    assert ends(found) == [
        "h0 omitted0",
        "omitted0 a3", "a3 h3", "omitted0 j3", "h3 omitted1",
        "omitted1 a7", "a7 h7", "omitted1 j7",
    ]  # fmt: skip
    assert [e.id for e in found.edges if e.rail] == ["h0-j1", "h2-j3", "h3-j4", "h6-j7"]


def test_the_first_and_the_last_steps_can_be_left_out() -> None:
    found = leave_out(chain(4), [1, 2])
    assert [(o.first, o.last) for o in found.omitted] == [(0, 0), (3, 3)]
    assert ends(found) == [
        "omitted0 a1", "a1 h1", "omitted0 j1", "h1 a2", "a2 h2", "h1 j2", "h2 omitted1",
    ]  # fmt: skip


def test_the_whole_model_stays_as_it_was() -> None:
    whole = chain(6)
    leave_out(whole, [0, 5])
    assert (whole.shown, whole.omitted, len(whole.nodes)) == (list(range(6)), [], 16)
    assert whole.edges[0].source == "h0"


def test_a_box_says_the_least_and_the_most_and_what_is_not_finite() -> None:
    found = leave_out(chain(6, [1.0, 0.5, math.nan, 0.25, math.inf, 2.0]), [0, 5])
    (box,) = found.omitted
    assert (box.low, box.high) == (0.25, 0.5)
    assert box.text() == "4 steps\n0.50 .. 0.25\n2 NaN or Inf"
    (box,) = leave_out(chain(3, [1.0, math.nan, 1.0]), [0, 2]).omitted
    assert (box.low, box.high, box.text()) == (None, None, "1 step\n1 NaN or Inf")
    (box,) = leave_out(chain(4), [0, 3]).omitted
    assert box.text() == "2 steps"


def test_a_strip_that_lacks_a_step_says_nothing_of_it() -> None:
    whole = chain(5)
    whole.strips = [Strip("", "h", [0, 2, 4], [1.0, 0.1, 2.0], None)]
    (box,) = leave_out(whole, [0, 4]).omitted
    assert (box.low, box.high) == (0.1, 0.1)


def test_ends_outside_the_steps_and_ways_without_a_port_are_dropped() -> None:
    nodes = [node("start", layer=BEFORE), node("end", layer=AFTER)]
    nodes += [node(f"h{t}", step=t) for t in range(4)]
    edges = [
        edge("start", "h1", port="<h"), edge("h2", "end", port="<h"),
        edge("h0", "h2"), edge("h1", "h2", port="<h"), edge("h0", "h1", port="<h"),
        edge("h2", "h3", port="<h"), edge("start", "h0", port="<h"), edge("h3", "end", port="<h"),
    ]  # fmt: skip
    found = leave_out(model(nodes, edges), [0, 3])
    assert ends(found) == ["h0 omitted0", "omitted0 h3", "start h0", "h3 end"]


def test_ways_to_another_layers_hidden_steps_are_dropped() -> None:
    nodes = [node(f"{layer}{t}", layer=layer, step=t) for layer in "pq" for t in range(3)]
    edges = [edge(f"p{t}", f"q{t}", port="_p") for t in range(3)] + [edge("p0", "q1", port="_p")]
    assert ends(leave_out(model(nodes, edges), [0, 2])) == ["p0 q0", "p2 q2"]


def test_several_ways_into_a_box_are_drawn_as_one_and_out_of_it_as_several() -> None:
    nodes = [node("h0", step=0), *(node(f"{k}{t}", step=t) for t in (1, 2) for k in "ab")]
    edges = [edge("h0", "a1", port="<h"), edge("h0", "b1", port="<h"),
             edge("a1", "a2", port="<h"), edge("a1", "b2", port="<h"),
             edge("b1", "b2", port="<b")]  # fmt: skip
    found = leave_out(model(nodes, edges), [0, 2])
    assert ends(found) == ["h0 omitted0", "omitted0 a2", "omitted0 b2", "omitted0 b2"]


# Fitting.


def test_auto_keeps_as_many_steps_as_fit_the_width() -> None:
    loss = last_loss("lstm", 40)
    drawn = viz.draw(loss, tr.trace(loss)).model
    each = drawn.clusters[0].width + 36
    kept = len(drawn.shown) // 2
    assert kept == 2 or drawn.width <= 2000
    if kept < 3:  # with one more on either side it would have been too wide
        assert drawn.width + 2 * each > 2000


@pytest.mark.parametrize(
    ("fewer", "spare", "kept"),
    [(0, 0.01, 8), (0, -1, 7), (2, 0.01, 6), (2, -1, 5), (5, -1, 2), (7, 0.01, 2)],
)
def test_no_more_steps_are_dropped_than_must_be(
    monkeypatch: pytest.MonkeyPatch, fewer: int, spare: float, kept: int
) -> None:
    loss = last_loss("rnn", 60)
    flow = tr.trace(loss)
    monkeypatch.setattr(build, "MAX_WIDTH", 1e9)
    whole = viz.draw(loss, flow, detail="step").model
    each = whole.clusters[0].width + 36  # with the gap to the next
    monkeypatch.setattr(build, "MAX_WIDTH", whole.width - 2 * fewer * each + spare)
    drawn = viz.draw(loss, flow, detail="step").model
    assert len(drawn.shown) == 2 * kept
    assert drawn.width == pytest.approx(whole.width - 2 * (8 - kept) * each)


def test_steps_that_were_asked_for_are_drawn_however_wide() -> None:
    loss = last_loss("gru", 40)
    drawn = viz.draw(loss, tr.trace(loss), steps=range(20)).model
    assert drawn.shown == list(range(20))
    assert drawn.width > 2000


@pytest.mark.parametrize(("count", "labelled"), [(6, True), (7, False)])
def test_numbers_are_printed_for_up_to_six_steps(count: int, labelled: bool) -> None:
    loss = last_loss("rnn", count)
    flow = tr.trace(loss)
    assert any(e.label for e in viz.draw(loss, flow, steps="all").model.edges) == labelled
    for numbers in (True, False):
        drawn = viz.draw(loss, flow, steps="all", numbers=numbers).model
        assert any(e.label for e in drawn.edges) == numbers


def test_a_picture_may_be_exactly_as_large_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = last_loss("lstm", 9)
    flow = tr.trace(loss)
    whole = viz.draw(loss, flow, detail="cell", steps="all").model
    size = len(whole.nodes) + len(whole.edges)
    monkeypatch.setattr(build, "MAX_PAINTED", size)
    assert viz.draw(loss, flow, detail="cell", steps="all", strict=True).model.notes == []
    monkeypatch.setattr(build, "MAX_PAINTED", size - 1)
    with pytest.warns(viz.VizWarning, match="drawn at detail 'step': at 'cell' it would be"):
        coarser = viz.draw(loss, flow, detail="cell", steps="all").model
    assert coarser.detail == "step"
    assert len(coarser.notes) == 1
    with pytest.raises(viz.TooLargeError, match=f"about {size} nodes and edges at detail 'cell'"):
        viz.draw(loss, flow, detail="cell", steps="all", strict=True)


def test_what_is_plainly_too_large_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = last_loss("rnn", 9)
    count = 2 * len(tr.graph.topological(loss))  # about two nodes and edges for each tensor
    whole = viz.draw(loss, steps="all").model
    size = len(whole.nodes) + len(whole.edges)
    monkeypatch.setattr(build, "MAX_PAINTED", count - 1)
    with pytest.raises(viz.TooLargeError, match=f"about {count} nodes"):
        viz.draw(loss, steps="all", strict=True)
    monkeypatch.setattr(build, "MAX_PAINTED", count)
    assert size > count
    with pytest.raises(viz.TooLargeError, match=f"about {size} nodes"):  # it was read
        viz.draw(loss, steps="all", strict=True)
    monkeypatch.setattr(build, "MAX_PAINTED", count - 1)
    # Of steps that are left out nothing is known so far, nor of what a coarser level gathers.
    viz.draw(loss, detail="op", steps=[0, 8], strict=True)
    estimates = [("op", [0]), ("op", "auto"), ("gate", "all"), ("op", "all")]
    assert [build._estimate(loss, *each) for each in estimates] == [0, 0, 0, count]
    assert build._estimate(3.0, "op", "all") == 0


def test_the_scale_without_a_flow_is_a_decade_to_either_side() -> None:
    assert viz.draw(last_loss("rnn", 2), norm="rms").scale == viz.Scale(1.0, -1.0, 1.0, "rms")


def test_warnings_point_at_the_line_that_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = last_loss("lstm", 9)
    monkeypatch.setattr(build, "MAX_PAINTED", 100)
    with pytest.warns(viz.VizWarning) as drawn:
        viz.draw(loss)
    with pytest.warns(viz.VizWarning) as compared:
        viz.compare({"LSTM": (loss, tr.trace(loss))})
    assert {warning.filename for warning in [*drawn, *compared]} == {__file__}


def test_a_box_tells_of_every_state_in_it_and_of_what_is_not_finite() -> None:
    """The range is that of h and c of all layers, and neither NaN nor Inf is hidden."""
    rng = np.random.default_rng(0)
    run = tr.LSTM(2, 3, num_layers=2, rng=0)(rng.normal(size=(30, 1, 2)))
    loss = run.final[-1].h.sum()
    flow = tr.trace(loss)
    model = viz.draw(loss, flow, detail="cell").model
    (box,) = model.omitted
    norms = [
        flow.norm(part)
        for layer in run.runs
        for state in layer[0].states[box.first : box.last + 1]
        for part in state
    ]
    assert len(norms) == 4 * (box.last - box.first + 1)
    assert (box.low, box.high) == pytest.approx((min(norms), max(norms)), rel=1e-6)
    assert "NaN" not in box.text()
    values = rng.normal(size=(30, 1, 2))
    values[15] = np.nan
    run = tr.LSTM(2, 3, rng=0)(values)
    loss = run.final[-1].h.sum()
    (box,) = viz.draw(loss, tr.trace(loss), detail="cell").model.omitted
    assert box.not_finite > 0
    assert box.text().endswith(f"{box.not_finite} NaN or Inf")
