"""The live cell: script written by hand against the engine, and quick enough to drag."""

from importlib.resources import files

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.viz.page.test_page_browser import browser, view, wait
from viz import page
from viz.style import Scale, number

pytestmark = pytest.mark.browser
__all__ = ["browser", "view"]  # fixtures

KINDS = {
    "RNN": lambda *sizes, rng: tr.RNNCell(*sizes, rng=rng),
    "LSTM": lambda *sizes, rng: tr.LSTMCell(*sizes, rng=rng),
    "GRU before": lambda *sizes, rng: tr.GRUCell(*sizes, rng=rng),
    "GRU after": lambda *sizes, rng: tr.GRUCell(*sizes, rng=rng, reset="after"),
}


@pytest.fixture(scope="module")
def calculator(browser):
    """A blank page that knows the functions of cell.js."""
    tab = browser.new_page()
    source = files("viz").joinpath("page", "assets", "cell.js").read_text(encoding="utf-8")
    tab.add_script_tag(content=source)
    yield tab
    tab.close()


def plain(cell, kind):
    """A cell as the page holds it."""
    bias_hn = getattr(cell, "bias_hn", None)
    hidden = cell.hidden_size
    return {
        "kind": kind.split()[0],
        "reset": getattr(cell, "reset", ""),
        "H": hidden,
        "W": cell.weight_ih.data.ravel().tolist(),
        "U": cell.weight_hh.data.ravel().tolist(),
        "b": cell.bias.data.tolist(),
        "bHidden": (np.zeros(hidden) if bias_hn is None else bias_hn.data).tolist(),
        "h0": [0.0] * hidden,
        "c0": [0.0] * hidden,
    }


COMPUTE = """({ cell, inputs, settings, seed }) => {
    const array = (numbers) => Float64Array.from(numbers);
    for (const key of ["W", "U", "b", "bHidden", "h0", "c0"]) cell[key] = array(cell[key]);
    const [other, read] = changed(cell, inputs.map(array), settings);
    const steps = forwardThroughTime(other, read);
    return backThroughTime(other, steps, settings.loss, array(seed));
}"""


def test_scripts_numbers_are_those_of_the_engine_for_random_settings(calculator):
    rng = np.random.default_rng(0)
    for trial in range(60):
        kind = list(KINDS)[trial % 4]
        hidden, features = int(rng.integers(1, 33)), int(rng.integers(1, 9))
        recorded, steps = int(rng.integers(1, 60)), int(rng.integers(2, 101))
        cell = KINDS[kind](features, hidden, rng=rng)
        for parameter in cell.parameters():
            parameter.data = rng.normal(size=parameter.shape) / np.sqrt(hidden)
        inputs = rng.normal(size=(recorded, features))
        seed = rng.normal(size=hidden)
        bias, gain, scale = rng.normal() * 3, 2 ** rng.uniform(-3, 1), 2 ** rng.uniform(-3, 3)
        settings = {"gain": gain, "scale": scale, "T": steps, "loss": int(rng.integers(steps))}
        known = plain(cell, kind)
        gate = slice(hidden, 2 * hidden)
        changed = {"LSTM": "forgetBias", "GRU": "updateBias"}.get(kind.split()[0])
        if changed:
            settings[changed] = bias
            shifted = cell.bias.data.copy()
            shifted[gate] += bias - shifted[gate].mean()
            cell.bias.data = shifted
        cell.weight_hh.data = cell.weight_hh.data * gain
        read = inputs[np.arange(steps) % recorded][:, None] * scale
        run = tr.unroll(cell, read)
        states = run.hidden
        flow = tr.trace((states[settings["loss"]] * seed).sum())
        given = {"cell": known, "inputs": inputs.tolist(), "settings": settings}
        found = calculator.evaluate(COMPUTE, given | {"seed": seed.tolist()})
        for t in range(settings["loss"] + 1):
            assert found["h"][t] == pytest.approx(flow.norm(states[t]), rel=1e-9, abs=1e-300)
            if kind == "LSTM":
                expected = flow.norm(run.states[t].c)
                assert found["c"][t] == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert len(found["h"]) == settings["loss"] + 1


def recorded(cell, steps=20, batch=1):
    rng = np.random.default_rng(3)
    run = tr.unroll(cell, rng.normal(size=(steps, batch, cell.input_size)))
    loss = np.square(getattr(run.final, "h", run.final)).sum()
    return loss, tr.trace(loss), run


@pytest.mark.parametrize("kind", list(KINDS))
def test_as_recorded_it_shows_what_was_recorded(view, kind):
    loss, flow, run = recorded(KINDS[kind](3, 8, rng=1))
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow])))
    tab.locator("#live summary").click()
    wait(tab, "Boolean(gradientPage.live.result)")
    shown = tab.evaluate("gradientPage.live.result.back.h")
    assert shown == pytest.approx([flow.norm(h) for h in run.hidden], rel=1e-4)
    said = tab.locator("#live-said").text_content()
    assert "t = 19 reaches t = 0" in said
    assert tab.locator("#live-forget").is_visible() == (kind == "LSTM")
    assert tab.locator("#live-reset").is_visible() == kind.startswith("GRU")


def test_dragging_a_bias_changes_what_is_said_within_a_frame(view):
    loss, flow, _ = recorded(tr.LSTMCell(4, 32, rng=1), steps=100)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow])))
    tab.locator("#live summary").click()
    wait(tab, "Boolean(gradientPage.live.result)")
    before = tab.locator("#live-said").text_content()
    tab.locator("#live-forget").fill("6")
    wait(tab, f"document.getElementById('live-said').textContent !== {before!r}")
    assert tab.locator("#live-forget-text").text_content() == "6.0"
    opened = tab.evaluate("gradientPage.live.result.back.c")
    assert opened[0] > 0.5 * opened[-1]  # the gate is open: little is lost
    tab.locator("#live-loss").fill("10")
    wait(tab, "gradientPage.live.result.back.h.length === 11")
    times = tab.evaluate(
        """() => Array.from({ length: 20 }, () => {
            const { live } = gradientPage, before = performance.now();
            live.frame(live.affordable());
            return performance.now() - before;
        }).sort((a, b) => a - b)"""
    )
    assert times[2] < 16  # milliseconds; others share this machine
    wait(
        tab, "gradientPage.live.result.rows.length === 100"
    )  # all of them, once nothing is dragged
    tab.locator("#live-again").click()
    wait(tab, f"document.getElementById('live-said').textContent === {before!r}")


def test_a_cell_that_is_too_large_or_another_has_no_live_one(view):
    cells = {
        "large": tr.LSTMCell(3, 33, rng=0),
        "relu": tr.RNNCell(3, 4, rng=0, nonlinearity="relu"),
    }
    runs = {name: recorded(cell) for name, cell in cells.items()}
    levels = {name: page.levels(loss, flow) for name, (loss, flow, _) in runs.items()}
    tab = view(page.render(levels, Scale.fit([flow for _, flow, _ in runs.values()])))
    assert tab.locator("#live").is_hidden()
    assert "up" in tab.locator("#no-live").inner_text()
    tab.get_by_role("radio", name="relu").check()
    assert tab.locator("#live").is_hidden()


def test_sizes_that_the_page_computes_are_written_as_the_others(view):
    loss, flow, _ = recorded(tr.RNNCell(2, 3, rng=0), steps=4)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow])))
    values = [3.21e-05, 0.154, 1.04, 24.3, 123.4, 1234.0, 9999.4, 12345.0, 2.4e17, 9.96, 0.0996]
    texts = tab.evaluate("(values) => values.map((v) => gradientPage.scale.text(v))", values)
    assert texts == [[number(value)] * 2 for value in values]


def test_a_unit_tells_what_its_state_is_multiplied_by(view):
    loss, flow, run = recorded(tr.LSTMCell(3, 8, rng=1), batch=2)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow])))
    tab.locator("#units summary").click()
    options = tab.locator("#units-of option").all_text_contents()
    assert options[1:4] == ["input gate", "forget gate", "output gate"]
    tab.evaluate("gradientPage.sweep.goTo(12)")
    forget = tr.analysis.activations(run)["forget gate"]  # (T, B, H)
    product = np.exp(np.log(forget[6:13, :, 3]).sum(axis=0).mean())
    said = tab.evaluate("gradientPage.units.said(3, 5)")
    found = float(said.split("multiplied by ")[1].split(" from")[0])
    assert found == pytest.approx(product, rel=0.06)
    assert "from t = 5 to t = 12" in said
    first = said.split("\n")[1]
    c = run.states[5].c
    assert first.endswith(number(np.linalg.norm(flow.gradient(c)[:, 3])))


def test_many_drawings_have_a_slider_and_one_scale(view):
    runs = {}
    for epoch in range(8):
        cell = tr.RNNCell(2, 4, rng=0)
        cell.weight_hh.data = cell.weight_hh.data * (1.2 - 0.15 * epoch)
        runs[f"epoch {epoch}"] = recorded(cell, steps=12)
    levels = {name: page.levels(loss, flow) for name, (loss, flow, _) in runs.items()}
    tab = view(page.render(levels, Scale.fit([flow for _, flow, _ in runs.values()])))
    slider = tab.locator("#cells input")
    assert slider.count() == 1
    said = set()
    for epoch in range(8):
        slider.fill(str(epoch))
        assert slider.get_attribute("aria-valuetext") == f"epoch {epoch}"
        said.add(tab.locator("#headline").text_content())
    assert len(said) == 8
    tab.locator("body").press("c")
    assert slider.get_attribute("aria-valuetext") == "epoch 0"
