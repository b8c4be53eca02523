"""Charts show the numbers of the sweep, and leave pyplot alone."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure

import tinygrad_rnn as tr
from tests.viz.sight import BLINDNESS, contrast, difference
from viz.charts import chart, heat_map, openness, save, shares, spectrum
from viz.charts.axes import COLOURS, DASHES, mark, series_style
from viz.charts.series import states_through_time
from viz.errors import VizError


def swept(cell, steps=6, inputs=3):
    run = tr.unroll(cell, np.random.default_rng(1).standard_normal((steps, 2, inputs)))
    h = run.final.h if hasattr(run.final, "h") else run.final
    flow = tr.trace(np.square(h).sum())
    return flow, run


def test_lines_hold_the_norms():
    rnn, rnn_run = swept(tr.RNNCell(3, 4, rng=0))
    lstm, lstm_run = swept(tr.LSTMCell(3, 4, rng=0))
    axes = chart({"RNN": rnn, "LSTM": lstm})
    for line, flow, run in zip(axes.lines, (rnn, lstm), (rnn_run, lstm_run), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(6))
        np.testing.assert_array_equal(line.get_ydata(), flow.through_time(run)["h"])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["RNN", "LSTM"]
    assert axes.get_yscale() == "log"


@pytest.mark.parametrize("norm", ["l2", "rms", "max"])
def test_cell_state_and_norm(norm):
    flow, run = swept(tr.LSTMCell(3, 4, rng=0))
    axes = chart({"LSTM": flow}, norm=norm, state="c")
    expected = [flow.norm(state.c, norm) for state in run.states]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), expected)
    assert norm in axes.get_ylabel()
    assert "dL/dc" in axes.get_ylabel()


def test_zero_and_nan_are_marked_not_dropped():
    w = tr.Parameter(np.ones(2), name="w")
    h = w
    for t, factor in enumerate([1.0, 0.0, 1.0]):
        with tr.scope("t", t):
            h = h * factor
            h.name = "h"
    axes = chart({"cut": tr.trace(h.sum())})
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [np.nan, 2**0.5, 2**0.5])
    assert [(text.get_text(), text.get_position()[0]) for text in axes.texts] == [("0", 0)]
    axes = chart({"cut": tr.trace(h.sum(), np.array(np.nan))})
    assert [(text.get_text(), text.get_position()[0]) for text in axes.texts] == [("NaN", 1)]
    axes = chart({"cut": tr.trace(h.sum(), np.array(1e300))})
    assert [text.get_text() for text in axes.texts] == ["0", "> 1e+200"]  # which is not Inf


def test_a_single_point_is_a_point():
    """One time step, or one between zeros, has no line that could be seen."""
    flow, _ = swept(tr.RNNCell(3, 4, rng=0), steps=1)
    line, dots = chart({"one": flow}).lines
    assert dots.get_marker() == "o"
    assert list(dots.get_xdata()) == [0]
    assert dots.get_ydata() == line.get_ydata()
    many, _ = swept(tr.RNNCell(3, 4, rng=0))
    assert len(chart({"many": many}).lines) == 1


def test_the_legend_stands_beside_the_lines():
    flow, _ = swept(tr.RNNCell(3, 4, rng=0))
    axes = chart({"RNN": flow, "the same again": flow})
    axes.figure.canvas.draw()
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1


def test_every_stretch_without_gradient_is_marked_once():
    axes = Figure().add_subplot()
    mark(axes, np.arange(10, 18), np.array([1, 1, 1, 0, 1, 0, 0, 1], bool), "0", 0.02, 0)
    assert [text.get_position()[0] for text in axes.texts] == [11, 14, 17]
    stretches = [tuple(segment[:, 0]) for segment in axes.collections[0].get_segments()]
    assert stretches == [(10, 12), (14, 14), (17, 17)]


def test_theory_beyond_floating_point_is_left_out(tmp_path):
    flow, _ = swept(tr.RNNCell(2, 4, rng=0), steps=400, inputs=2)
    axes = chart({"RNN": flow}, theory={"explodes": 1e3, "dies": 1e-3})
    assert all(np.isnan(axes.lines[k].get_ydata()[0]) for k in (1, 2))
    save(axes, tmp_path / "chart.svg")  # the axis can be drawn


def test_states_are_those_of_the_run():
    flow, run = swept(tr.RNNCell(3, 4, rng=0))
    assert list(states_through_time(flow)) == list(range(6))
    assert all(node is run.states[t] for t, node in states_through_time(flow).items())


def test_of_stacked_layers_the_last_is_shown():
    with tr.scope("layer", 0):
        below = tr.unroll(tr.RNNCell(3, 4, rng=0), np.ones((5, 1, 3)))
    with tr.scope("layer", 1):
        above = tr.unroll(tr.RNNCell(4, 2, rng=1), below.outputs)
    found = states_through_time(tr.trace(above.final.sum()))
    assert all(node is above.states[t] for t, node in found.items())


def test_of_two_directions_the_forward_one_is_shown():
    run = tr.GRU(3, 4, bidirectional=True, rng=0)(np.ones((5, 1, 3)))
    flow = tr.trace(run.outputs.sum())
    assert all(node is run.states[t] for t, node in states_through_time(flow).items())


def test_a_state_is_known_by_its_mark_and_a_name_is_for_what_is_none():
    run = tr.unroll(tr.RNNCell(3, 4, rng=0), np.ones((5, 1, 3)))
    outputs = []
    for t, h in enumerate(run.states):
        with tr.scope("t", t):
            loud, out = h * 2.0, h * 3.0
            loud.name, out.name = "h", "y"
            outputs.append((loud + out).sum())
    flow = tr.trace(sum(outputs))
    assert all(node is run.states[t] for t, node in states_through_time(flow).items())
    assert [node.name for node in states_through_time(flow, "y").values()] == ["y"] * 5
    assert states_through_time(flow, "z") == {}


def test_theory_is_a_straight_line_from_the_last_gradient():
    """A linear network with W = 0.9 Q lies on the line of its spectral radius."""
    q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))
    w = tr.Parameter(0.9 * q)
    h = tr.Tensor(np.ones((1, 4)), requires_grad=True)
    for t in range(30):
        with tr.scope("t", t):
            h = h @ w
            h.name = "h"
    measured, theory = chart({"linear": tr.trace(h.sum())}, theory={"radius 0.9": 0.9}).lines
    np.testing.assert_allclose(measured.get_ydata(), theory.get_ydata(), rtol=1e-12)
    assert theory.get_ydata()[0] == pytest.approx(2 * 0.9**29)


def test_heat_map_holds_every_units_gradient():
    flow, run = swept(tr.LSTMCell(3, 4, rng=0))
    axes = heat_map(flow, "c")
    drawn = axes.images[0].get_array()
    for t, state in enumerate(run.states):
        norms = np.linalg.norm(flow.gradient(state.c), axis=0)
        np.testing.assert_allclose(drawn[:, t], np.log10(norms), rtol=1e-12)
    assert tuple(axes.images[0].get_extent()) == (-0.5, 5.5, -0.5, 3.5)


def test_heat_map_of_tiny_zero_and_infinite_gradients():
    flow, run = swept(tr.RNNCell(3, 4, rng=0))
    drawn = heat_map(flow).images[0].get_array()
    tiny = tr.trace(np.square(run.final).sum(), np.array(1e-200))
    np.testing.assert_allclose(heat_map(tiny).images[0].get_array(), drawn - 200, rtol=1e-9)
    for gradient, colour, told in (
        (0.0, "under", "exactly 0"),
        (np.nan, "over", "NaN or Inf"),
        (np.inf, "over", "NaN or Inf"),
    ):
        with np.errstate(invalid="ignore"):
            axes = heat_map(tr.trace(run.final.sum(), np.array(gradient)))
        image = axes.images[0]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == [told]
        shown = image.to_rgba(image.get_array())[0, -1, :3]
        expected = getattr(image.get_cmap(), f"get_{colour}")()[:3]
        np.testing.assert_allclose(shown, expected, atol=1e-6)


def test_spectrum_of_powers():
    jacobians = np.repeat([np.diag([2.0, 1.0, 0.5])], 10, axis=0)
    axes = spectrum(jacobians, bound=2.0)
    labelled = {line.get_label(): line.get_ydata() for line in axes.lines}
    k = np.arange(1, 11)
    np.testing.assert_allclose(labelled["largest"], k * np.log10(2))
    np.testing.assert_allclose(labelled["median"], np.zeros(10), atol=1e-12)
    np.testing.assert_allclose(labelled["bound 2$^k$"], k * np.log10(2))
    with pytest.raises(VizError, match="not a positive number"):
        spectrum(jacobians, bound=0.0)


@pytest.mark.parametrize("cell", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_shares_add_up_to_one_and_are_the_steps_own(cell):
    cell = cell(3, 4, rng=0)
    flow, _ = swept(cell)
    bars = shares(flow, cell.weight_hh).patches
    heights = [bar.get_height() for bar in bars]
    assert sum(heights) == pytest.approx(1)
    parts, whole = flow.contributions(cell.weight_hh), flow.gradient(cell.weight_hh)
    uses = len(parts) // 6  # the GRU multiplies by it twice in a step
    steps = np.sum(np.reshape(parts, (6, uses, *whole.shape)), axis=1)
    expected = [np.vdot(step, whole) / np.vdot(whole, whole) for step in steps]
    by_step = dict(zip((bar.get_x() + 0.4 for bar in bars), heights, strict=True))
    assert [by_step.get(t, 0.0) for t in range(6)] == pytest.approx(expected)


def test_shares_of_what_has_none():
    cell = tr.RNNCell(3, 4, rng=0)
    flow, run = swept(cell)
    with pytest.raises(VizError, match="no time step"):
        shares(flow, tr.Parameter(np.ones(2), name="other"))
    with pytest.raises(VizError, match="gradient of weight_hh is 0"):
        shares(tr.trace((run.final * 0.0).sum()), cell.weight_hh)


def test_openness_of_the_gates():
    _, run = swept(tr.LSTMCell(3, 4, rng=0, forget_bias=3.0))
    axes = openness(run)
    assert [line.get_label() for line in axes.lines] == ["input gate", "forget gate", "output gate"]
    gate = tr.analysis.activations(run)["forget gate"]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), gate.mean(axis=(1, 2)))
    assert len(openness(run, ["candidate"]).lines) == 1
    with pytest.raises(VizError, match="no gate 'update gate'"):
        openness(run, ["update gate"])
    with pytest.raises(VizError, match="has no gate: it has"):
        openness(swept(tr.RNNCell(3, 4, rng=0))[1])


def test_given_axes_are_used():
    flow, _ = swept(tr.RNNCell(3, 4, rng=0))
    axes = Figure().add_subplot()
    assert chart({"RNN": flow}, ax=axes) is axes


def test_pyplot_is_not_touched_and_matplotlib_is_lazy():
    code = (
        "import sys, numpy as np, tinygrad_rnn as tr, viz\n"
        "assert 'matplotlib' not in sys.modules\n"
        "run = tr.unroll(tr.RNNCell(2, 2, rng=0), np.ones((3, 1, 2)))\n"
        "viz.chart({'RNN': tr.trace(run.final.sum())})\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


TEXTS = ("title", "desc")


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_saved_bytes_are_the_same_every_time(suffix, tmp_path):
    flow, _ = swept(tr.RNNCell(3, 4, rng=0))
    files = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for file in files:
        save(chart({"<RNN>": flow}, title="fading & <gone>"), file)
    first, second = (file.read_bytes() for file in files)
    assert first == second
    if suffix == "svg":
        root = ET.fromstring(first)
        title, description = (root.find(f"{{http://www.w3.org/2000/svg}}{k}") for k in TEXTS)
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert title.text == "fading & <gone>"
        assert description.text.endswith("against time step t, one line for each of: <RNN>.")


def test_bad_input(tmp_path):
    flow, _ = swept(tr.RNNCell(3, 4, rng=0))
    for flows in ({}, flow):
        with pytest.raises(VizError, match="at least one flow with a label"):
            chart(flows)
    with pytest.raises(VizError, match="RNN: no tensor named 'c'"):
        chart({"RNN": flow}, state="c")
    with pytest.raises(VizError, match="no sweep yet"):
        chart({"RNN": tr.GradientFlow()})
    with pytest.raises(VizError, match="unknown norm"):
        chart({"RNN": flow}, norm="l1")
    with pytest.raises(VizError, match="factor 0 of 'dead'"):
        chart({"RNN": flow}, theory={"dead": 0})
    with pytest.raises(VizError, match=r"ends in \.svg"):
        save(chart({"RNN": flow}), tmp_path / "chart.jpg")
    with pytest.raises(VizError, match="cannot write"):
        save(chart({"RNN": flow}), tmp_path / "none" / "chart.svg")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    flow, _ = swept(tr.RNNCell(3, 4, rng=0))
    with pytest.raises(VizError, match=r"pip install .matplotlib>=3"):
        chart({"RNN": flow})


@pytest.mark.parametrize("sight", BLINDNESS)
def test_colours_can_be_told_apart(sight):
    for a, b in combinations(COLOURS, 2):
        assert difference(a, b, sight) > 15, (a, b)


def test_colours_stand_out_and_are_never_alone():
    for colour in COLOURS:
        assert contrast(colour, "#ffffff") >= 3, colour
    assert len(set(DASHES)) == len(DASHES) == len(COLOURS)
    assert len({tuple(map(str, series_style(k).values())) for k in range(24)}) == 24
