"""Where whole steps, layers and cells stand, in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.layout.chains import (
    FOOT,
    HEADER,
    HIGH,
    LAYER_GAP,
    MARGIN,
    PAD,
    RAIL,
    SMALL,
    STATE,
    STEP_GAP,
    TALL,
    WIDE,
    at,
    chain,
    flowless,
    placed,
)
from tests.viz.models import edge, gap, model, named, node
from viz.layout.place import place
from viz.metrics import FONT, LABEL, text_width
from viz.model import OUT, Layer, Model


def test_steps_are_stamped_one_width_and_one_gap_apart() -> None:
    drawn = placed(chain())
    for t in range(3):
        left = MARGIN + t * (WIDE + STEP_GAP)
        assert at(drawn, f"m{t}") == (left + PAD + SMALL / 2, FOOT + RAIL)
        assert at(drawn, f"h{t}") == (left + WIDE - PAD - STATE / 2, FOOT + RAIL)
        frame = drawn.clusters[t]
        assert (frame.x, frame.y, frame.width, frame.height) == (left, FOOT, WIDE, HIGH + HEADER)
    assert drawn.height == HIGH + HEADER + MARGIN + FOOT


def test_a_rail_between_two_steps_is_one_straight_line_with_its_number_in_the_gap() -> None:
    drawn = placed(chain(2))
    (line,) = (e for e in drawn.edges if e.port)
    rail = FOOT + RAIL
    right, border = MARGIN + WIDE - PAD, MARGIN + WIDE + STEP_GAP
    assert (line.points[0], line.points[3]) == ((right, rail), (border, rail))
    assert line.points[-1] == (border + PAD - 6, rail)  # the foot of the arrow
    assert {y for _, y in line.points} == {rail}
    assert line.label == (border - STEP_GAP / 2, rail + 4 + 5.5)
    inner = next(e for e in drawn.edges if e.source == "m1")
    assert inner.points[0] == (border + PAD + SMALL, rail)
    assert inner.points[-1] == (border + WIDE - PAD - STATE - 6, rail)
    assert inner.label is not None
    assert all(e.label is None for e in placed(chain(2), numbers=False).edges)


def test_steps_that_run_backwards_are_mirrored() -> None:
    drawn = placed(chain(2, reverse=True))
    left = MARGIN
    assert at(drawn, "h0") == (left + PAD + STATE / 2, FOOT + RAIL)
    assert at(drawn, "m0") == (left + WIDE - PAD - SMALL / 2, FOOT + RAIL)
    (line,) = (e for e in drawn.edges if e.port)
    assert line.points[0] == (MARGIN + WIDE + STEP_GAP + PAD, FOOT + RAIL)
    assert line.points[-1] == (left + WIDE - PAD + 6, FOOT + RAIL)


def test_layers_stand_above_one_another_each_with_room_for_its_name() -> None:
    first, second = chain(2, "1"), chain(2, "2", "c")
    drawn = placed(first, second)
    assert at(drawn, "c20")[1] - at(drawn, "h10")[1] == HIGH + LAYER_GAP + HEADER
    assert at(drawn, "c20")[0] == at(drawn, "h10")[0]
    assert [c.label for c in drawn.clusters] == [
        "1, t = 0", "1, t = 1", "2, t = 0", "2, t = 1",
    ]  # fmt: skip


def test_what_recurs_outside_the_cells_has_no_frame_and_no_room_for_a_name() -> None:
    nodes = [node(f"o{t}", key="o", label="o", layer=OUT, step=t) for t in range(2)]
    drawn = placed((nodes, [], Layer(OUT, [0, 1], [])), chain(2))
    assert len(drawn.clusters) == 2
    # From the middle of one to the rail of the other.
    low = SMALL / 2 + PAD
    assert at(drawn, "h0")[1] - at(drawn, "o0")[1] == SMALL + 2 * PAD + LAYER_GAP + RAIL - low


def test_what_recurs_outside_the_cells_stands_in_their_middle() -> None:
    nodes, edges, layer = chain(2)
    nodes += [node(f"o{t}", key="o", label="o", layer=OUT, step=t) for t in range(2)]
    drawn = place(flowless(nodes, edges, layers=[layer, Layer(OUT, [0, 1], [])]))
    for frame in drawn.clusters:
        assert at(drawn, f"o{frame.step}")[0] == pytest.approx(frame.x + frame.width / 2, abs=0.5)


def test_columns_are_as_wide_as_the_widest_layer() -> None:
    nodes = [node(f"o{t}", key="o", label="o", layer="1", step=t) for t in range(2)]
    drawn = placed((nodes, [], Layer("1", [0, 1], [])), chain(2))
    assert at(drawn, "o1")[0] - at(drawn, "o0")[0] == WIDE + STEP_GAP
    narrow = next(c for c in drawn.clusters if c.layer == "1")
    assert narrow.width == WIDE  # a step stands at the same x in all layers
    assert at(drawn, "o0")[0] == pytest.approx(narrow.x + narrow.width / 2, abs=1)


def test_steps_left_out_take_a_column_of_their_own() -> None:
    nodes, edges, layer = chain(2)
    for n in nodes:
        n.step = 7 if n.step == 1 else 0
    layer.steps = list(range(8))
    edges = [e for e in edges if not e.port]
    edges += [edge("h0", "gap", port="<h"), edge("gap", "m1", port="<h")]
    box = gap("gap", 1, 6)
    drawn = place(
        flowless(nodes, edges, layers=[layer], steps=layer.steps, shown=[0, 7], omitted=[box])
    )
    width = round(text_width("0.010 .. 0.0010", FONT) + 10)  # more than 3 points for each step
    assert (box.x, box.width) == (MARGIN + WIDE + STEP_GAP, width)
    assert (box.y, box.height) == (FOOT, HIGH + HEADER)
    assert at(drawn, "m1")[0] == box.x + width + STEP_GAP + PAD + SMALL / 2


def test_a_cell_stands_around_its_states() -> None:
    nodes, edges = [], []
    for t in range(2):
        nodes.append(node(f"c{t}", key="cell", label="", role="cell", layer="", step=t))
        for name in "hs":
            nodes.append(
                node(f"{name}{t}", key=name, label=f"{name}_{t}", role="state", layer="", step=t)
            )
    for name in "hs":
        edges.append(edge(f"{name}0", "c1", port=f"<{name}"))
    drawn = place(flowless(nodes, edges, layers=[Layer("", [0, 1], ["h", "s"])], detail="cell"))
    wide, tall = STATE + 2 * 16, TALL + 2 * 7
    for t in range(2):
        cell, (x, low), (u, high) = named(drawn, f"c{t}"), at(drawn, f"h{t}"), at(drawn, f"s{t}")
        assert cell.x == x == u
        assert (cell.width, cell.height) == (wide, high - low + tall)
        assert cell.y == pytest.approx((low + high) / 2)
        assert high - low == tall + 25
    for line, name in zip(drawn.edges, "hs", strict=True):
        # From one cell's side to the other's, level with the state.
        assert line.points[0] == (named(drawn, "c0").x + wide / 2, at(drawn, f"{name}0")[1])
        assert line.points[-1] == (named(drawn, "c1").x - wide / 2 - 6, at(drawn, f"{name}1")[1])


def test_a_line_leaves_a_cell_upwards_from_its_uppermost_state() -> None:
    net = tr.LSTM(2, 3, num_layers=2, rng=0)
    run = net(np.random.default_rng(0).standard_normal((3, 1, 2)))
    loss = run.runs[-1][0].hidden[-1].sum()
    drawn = viz.draw(loss, tr.trace(loss), "cell").model
    names = {node.id: node for node in drawn.nodes}
    up = [
        line for line in drawn.edges
        if (names[line.source].layer, names[line.target].layer) == ("layer 0", "layer 1")
    ]  # fmt: skip
    assert len(up) == 3
    for line in up:
        h = names[line.source]
        (cell,) = (n for n in drawn.nodes if n.role == "cell" and n.block == h.block)
        (c,) = (n for n in drawn.nodes if n.name == "c" and n.block == h.block)
        assert h.x == c.x == cell.x
        assert line.points[0] == (cell.x, cell.y + cell.height / 2)
    for frame in drawn.clusters:
        half = text_width(frame.label, 10.0) / 2
        middle = frame.x + frame.width / 2 + frame.aside
        crossing = [line.points[0][0] for line in up if names[line.source].step == frame.step]
        assert frame.layer == "layer 1" or all(abs(x - middle) > half for x in crossing)


@pytest.mark.parametrize(("numbers", "flow", "inside"), [(1, 1, 1), (0, 1, 0), (1, 0, 0)])
def test_a_parameters_tag_has_room_for_its_number_where_it_is_shown(
    numbers: int, flow: int, inside: int
) -> None:
    nodes, edges, layer = chain(1)
    nodes.append(node("w", key="w", label="W", role="parameter", layer="", step=0))
    edges.append(edge("w", "m0"))
    drawn = place(model(nodes, edges, layers=[layer], has_flow=bool(flow)), bool(numbers))
    tag = named(drawn, "w")
    assert (tag.width, tag.height) == ((round(LABEL[0] + 7, 2), 25) if inside else (22, 15))


def test_placing_anew_forgets_the_places_of_before() -> None:
    drawn = placed(chain())
    before = [(n.x, n.y) for n in drawn.nodes], [e.points for e in drawn.edges]
    assert place(drawn) is drawn
    assert ([(n.x, n.y) for n in drawn.nodes], [e.points for e in drawn.edges]) == before
    assert len(drawn.clusters) == 3
    place(drawn, numbers=False)
    assert all(e.label is None for e in drawn.edges)


def test_a_line_to_a_layer_above_leaves_its_step_by_a_way_kept_free() -> None:
    low, high = chain(2, "1"), chain(2, "2", "c")
    for t in range(2):
        high[1].append(edge(f"h1{t}", f"m2{t}", port="_1h"))
    drawn = placed(low, high)
    line = next(e for e in drawn.edges if e.target == "m20" and e.source == "h10")
    state, target = named(drawn, "h10"), named(drawn, "m20")
    assert line.points[0] == (state.x, state.y + TALL / 2)
    border = FOOT + HIGH  # of the lower step
    assert line.points[3] == (state.x, border)
    top = border + HEADER  # straight through the label
    assert line.points[6] == (state.x, top)
    foot = top + LAYER_GAP  # of the upper one
    middle = (top + foot) / 2
    assert line.points[7:10] == [(state.x, middle), (target.x, middle), (target.x, foot)]
    assert line.points[-1] == (target.x, target.y - SMALL / 2 - 6)


def test_a_line_to_a_layer_above_leaves_a_whole_cell_at_its_top() -> None:
    run = tr.LSTM(2, 3, num_layers=2, rng=0)(np.ones((3, 1, 2)))
    loss = run.outputs.sum()
    drawn = viz.draw(loss, tr.trace(loss), detail="cell").model
    cells = {node.block: node for node in drawn.nodes if node.role == "cell"}
    up = [
        (line, named(drawn, line.source))
        for line in drawn.edges
        if named(drawn, line.source).layer < named(drawn, line.target).layer
        and line.port.startswith("_")
    ]
    assert [source.name for _, source in up] == ["h"] * 3
    for line, source in up:
        cell = cells[source.block]
        assert line.points[0] == (cell.x, cell.y + cell.height / 2)


@pytest.mark.oracle
def test_what_leaves_a_whole_cell_and_is_no_state_leaves_from_its_uppermost_state() -> None:
    torch = pytest.importorskip(
        "torch", reason="a cell of PyTorch's that gives more than its state"
    )
    from tinygrad_rnn.interop.torch import watch

    class Leaky(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w, self.u = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)

        def forward(self, x, h):
            seen = torch.tanh(self.w(x) + self.u(h))
            return 0.5 * h + seen, torch.relu(seen)

    class Two(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lower, self.upper = Leaky(), torch.nn.GRUCell(3, 3)

        def forward(self, x):
            h = up = torch.zeros(1, 3)
            for step in x:
                h, seen = self.lower(step, h)
                up = self.upper(seen, up)
            return up

    model = Two()
    with watch(model):
        loss = model(torch.ones(4, 1, 3)).sum()
    drawn = viz.draw(loss, tr.trace(loss), detail="cell").model
    assert sum(node.role == "cell" for node in drawn.nodes) == 8


@pytest.mark.parametrize("sign", list("<>_^~"))
def test_a_scope_whose_name_begins_with_the_sign_of_a_port_is_drawn_like_any_other(
    sign: str,
) -> None:
    def drawn(name: str) -> Model:
        cell = tr.GRUCell(2, 3, rng=0)
        with tr.scope(name):
            run = tr.unroll(cell, np.random.default_rng(0).normal(size=(3, 1, 2)))
        return viz.draw(run.final.sum()).model

    plain, signed = drawn("a"), drawn(f"{sign}a")
    assert [(n.x, n.y) for n in signed.nodes] == [(n.x, n.y) for n in plain.nodes]
    assert [e.points for e in signed.edges] == [e.points for e in plain.edges]


def test_a_gate_called_cut_does_not_lie_on_the_rail() -> None:
    def drawn(name: str) -> Model:
        h: Any = tr.Tensor(np.ones(2), requires_grad=True, name="h_0")
        for t in range(3):
            with tr.scope("t", t):
                with tr.scope(name):
                    side = h * 0.5
                h = np.tanh(h + side)
        return viz.draw(h.sum()).model

    plain, cut = drawn("gate"), drawn("cut")
    assert [(n.x, n.y) for n in cut.nodes] == [(n.x, n.y) for n in plain.nodes]
