"""The page in a real browser: it plays, answers keys and mouse, and asks nobody for anything."""

import html
import math
import shutil
import time

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.graph import topological
from viz import page
from viz.notebook import bundle
from viz.style import Scale, number

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CELLS = {"RNN": tr.RNNCell, "LSTM": tr.LSTMCell, "GRU": tr.GRUCell}
PATIENCE = 20_000  # milliseconds


def wait(tab, condition):
    """Until it holds; Playwright's own waiting evaluates strings, which the page forbids."""
    end = time.monotonic() + PATIENCE / 1000
    while not tab.evaluate(condition):
        assert time.monotonic() < end, f"still not: {condition}"
        tab.wait_for_timeout(20)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium is installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS, headless=True)
        yield chromium
        chromium.close()


@pytest.fixture
def view(browser, tmp_path):
    """Open a page; in the end nothing was asked for, nothing complained, no dialog popped up."""
    asked, complaints = [], []
    context = browser.new_context(viewport={"width": 1200, "height": 800}, color_scheme="light")
    context.set_default_timeout(PATIENCE)

    def show(text, **size):
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        tab = context.new_page()
        if size:
            tab.set_viewport_size(size)
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        tab.goto(path.as_uri())
        wait(tab, "Boolean(globalThis.gradientPage?.drawnBars)")
        return tab

    yield show
    context.close()
    assert complaints == []
    assert all(url.startswith(("file:", "data:,", "about:")) for url in asked)


def in_words(edge):
    """What the page says of an edge's gradient."""
    return f"l2 {number(edge.l2)}, rms {number(edge.rms)}, max {number(edge.max)}"


def traced(name="LSTM", steps=5, seed=0):
    rng = np.random.default_rng(seed)
    run = tr.unroll(CELLS[name](2, 3, rng=rng), rng.normal(size=(steps, 1, 2)))
    last = getattr(run.final, "h", run.final)
    loss = (last * last).sum()
    return loss, tr.trace(loss)


@pytest.fixture(scope="module")
def lstm():
    return traced()


@pytest.fixture(scope="module")
def lstm_page(lstm):
    return page.render({"": page.levels(*lstm)}, Scale.fit([lstm[1]]), "LSTM, 5 steps", "op")


@pytest.fixture(scope="module")
def three_pages():
    pairs = {name: traced(name) for name in CELLS}
    levels = {name: page.levels(*pair) for name, pair in pairs.items()}
    return page.render(levels, Scale.fit([flow for _, flow in pairs.values()]), "three cells", "op")


def position(tab):
    return tab.evaluate("gradientPage.sweep.position")


def length(tab):
    return tab.evaluate("gradientPage.drawing.swept.length")


def place_of(tab, test):
    """Where on the screen the first node or edge is that passes a test, and its text."""
    return tab.evaluate(
        f"""() => {{
            const {{ canvas, drawing }} = gradientPage;
            const box = document.getElementById("canvas").getBoundingClientRect();
            const spot = (x, y) => [box.x + (x - canvas.x) * canvas.zoom,
                box.y + (y - canvas.y) * canvas.zoom];
            const node = drawing.nodes.find((it) => {test});
            if (node) return [...spot(node.x, node.y), drawing.nodeText(node)];
            const edge = drawing.edges.find((it) => {test});
            const [x0, y0, x1, y1, x2, y2, x3, y3] = edge.points;
            return [...spot((x0 + 3 * x1 + 3 * x2 + x3) / 8 + edge.shift,
                (y0 + 3 * y1 + 3 * y2 + y3) / 8), drawing.edgeText(edge)];
        }}"""
    )


def test_the_page_opens_and_says_what_it_shows(view, lstm_page):
    tab = view(lstm_page)
    assert tab.title() == "LSTM, 5 steps"
    label = tab.locator("#canvas").get_attribute("aria-label")
    assert "5 time steps" in label
    assert "l2 norm" in label
    assert "whole backward pass" in tab.locator("#where").text_content()
    assert tab.locator("#strips canvas").count() == 2
    assert tab.locator("#notice").is_hidden()
    painted = tab.evaluate(
        """() => {
            const canvas = document.getElementById("canvas");
            const context = canvas.getContext("2d");
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    assert painted > 50


def test_every_number_shown_is_the_one_computed(view, lstm, lstm_page):
    loss, flow = lstm
    uses = [
        (tensor.index, slot)
        for tensor in topological(loss)
        for slot, source in enumerate(tensor.inputs)
        if isinstance(source, tr.Tensor)
    ]
    tab = view(lstm_page)
    shown = tab.evaluate(
        """() => Object.fromEntries(gradientPage.drawing.edges.map((edge) =>
            [edge.group.numbers.id(edge.i), gradientPage.drawing.edgeText(edge)]))"""
    )
    sent = {(e.consumer.index, e.slot): e for e in flow.edges}
    for id_, text in shown.items():
        if not id_.startswith("e"):
            continue
        edge = sent.pop(uses[int(id_[1:])], None)
        if edge is None:
            assert "no gradient flows" in text
        else:
            expected = in_words(edge)
            assert text.endswith(f"gradient sent back: {expected}")
    assert not sent


def test_colours_and_widths_are_those_of_the_scale(view, lstm, lstm_page):
    scale = Scale.fit([lstm[1]])
    tab = view(lstm_page)
    found = tab.evaluate(
        """() => gradientPage.drawing.swept.map((edge) => [gradientPage.scale.size(edge.code),
            gradientPage.scale.level(edge.code), gradientPage.scale.width(edge.code)])"""
    )
    assert len(found) > 50
    for value, level, width in found:
        assert level == pytest.approx(scale.level(value), abs=1)  # a tie may round either way
        assert width == pytest.approx(scale.width(value), abs=0.02)


def test_space_plays_the_backward_pass_to_the_end(view, lstm_page):
    tab = view(lstm_page)
    tab.select_option("#speed", "4")
    tab.locator("body").press(" ")
    wait(tab, "gradientPage.sweep.playing && gradientPage.sweep.position > 3")
    assert tab.locator("#play").text_content() == "Pause"
    assert tab.evaluate("gradientPage.drawing.swept[0].target.group.role") == "loss"
    wait(tab, "!gradientPage.sweep.playing")
    assert position(tab) == length(tab)
    assert tab.locator("#play").text_content() == "Play"


def test_playing_can_be_paused_and_goes_on(view, lstm_page):
    tab = view(lstm_page)
    tab.locator("#play").click()
    wait(tab, "gradientPage.sweep.position > 2 && gradientPage.sweep.position < 60")
    tab.locator("#play").click()
    at = position(tab)
    assert at == int(at)
    assert tab.evaluate("gradientPage.sweep.playing") is False
    assert f"Edge {int(at)} of" in tab.locator("#where").text_content()
    tab.locator("#play").click()
    wait(tab, f"gradientPage.sweep.position > {at}")


def test_keys_step_through_the_sweep(view, lstm_page):
    tab = view(lstm_page)
    body = tab.locator("#canvas")  # elsewhere Page Down and End scroll
    body.press("Home")
    assert position(tab) == 0
    assert "at the loss" in tab.locator("#where").text_content()
    for _ in range(3):
        body.press("ArrowLeft")
    assert position(tab) == 3
    body.press("ArrowRight")
    assert position(tab) == 2
    body.press("PageDown")
    step = tab.evaluate("gradientPage.sweep.lastEdge().step")
    body.press("PageDown")
    assert tab.evaluate("gradientPage.sweep.lastEdge().step") == (4 if step is None else step - 1)
    body.press("End")
    assert position(tab) == length(tab)


def test_the_slider_scrubs(view, lstm_page):
    tab = view(lstm_page)
    slider = tab.locator("#sweep")
    slider.fill("7")
    assert position(tab) == 7
    assert tab.evaluate("gradientPage.look().swept[6].order") == 6
    assert "Edge 7 of" in slider.get_attribute("aria-valuetext")
    slider.press("ArrowLeft")  # it runs from right to left, as the gradient does
    assert position(tab) == 8
    slider.press("End")
    assert position(tab) == length(tab)


def test_edges_light_up_in_sweep_order(view, lstm_page):
    tab = view(lstm_page)
    colours = """() => gradientPage.drawing.swept.map((edge) =>
        gradientPage.canvas.edgeStyle(edge, gradientPage.look()).colour)"""
    tab.locator("#sweep").fill("10")
    dim = tab.evaluate("gradientPage.theme.muted")
    lit = [colour != dim for colour in tab.evaluate(colours)]
    assert all(lit[:10])
    assert not any(lit[10:])


def test_hovering_a_node_tells_its_name_shape_derivative_and_gradient(view, lstm_page):
    tab = view(lstm_page)
    x, y, text = place_of(tab, "it.group.op === 'tanh' && it.step === 4")
    tab.mouse.move(x, y)
    tip = tab.locator("#tip")
    assert tip.is_visible()
    assert tip.text_content() == text
    for part in ("tanh", "t = 4", "shape (1, 3)", "to input 0:", "value", "gradient (sum): l2"):
        assert part in text
    tab.mouse.move(5, 5)
    assert tip.is_hidden()


def test_hovering_an_edge_tells_what_was_sent_back(view, lstm_page):
    tab = view(lstm_page)
    x, y, text = place_of(tab, "it.source?.group.op === 'tanh' && it.step === 4")
    tab.mouse.move(x, y)
    assert tab.locator("#tip").text_content() == text
    assert "gradient sent back: l2" in text


def test_a_click_lights_up_every_path_to_the_loss(view, lstm, lstm_page):
    loss, flow = lstm
    tensors = topological(loss)
    start = next(
        t for t in tensors if t.op is not None and t.op.name == "tanh" and t.scope[0].index == 4
    )
    ahead, used = {start.index}, set()
    for edge in sorted(flow.edges, key=lambda edge: edge.consumer.index):
        if edge.source.index in ahead:
            ahead.add(edge.consumer.index)
            used.add((edge.consumer.index, edge.slot))
    ids = [
        (tensor.index, slot)
        for tensor in tensors
        for slot, source in enumerate(tensor.inputs)
        if isinstance(source, tr.Tensor)
    ]
    tab = view(lstm_page)
    place = [t.index for t in tensors].index(start.index)
    x, y, _ = place_of(tab, f"it.group.numbers?.id(it.i) === 'n{place}'")
    tab.mouse.click(x, y)
    lit = tab.evaluate("[...gradientPage.paths.edges].map((edge) => edge.group.numbers.id(edge.i))")
    assert {ids[int(id_[1:])] for id_ in lit if id_.startswith("e")} == used
    assert "edges on the paths to the loss" in tab.locator("#chosen").text_content()
    tab.locator("#clear").click()
    assert tab.evaluate("gradientPage.paths") is None


def test_from_every_node_with_a_gradient_a_path_leads_to_the_loss(view, three_pages):
    tab = view(three_pages)
    astray = tab.evaluate(
        """() => gradientPage.pictures.flatMap((picture, number) =>
            Object.keys(picture.levels).flatMap((detail) => {
                gradientPage.show(number, detail);
                const { drawing } = gradientPage;
                const root = drawing.nodes.find((node) => node.group.role === "loss");
                return drawing.nodes
                    .filter((node) => node.code && !drawing.pathsFrom([node]).nodes.has(root))
                    .map((node) => [picture.name, detail, drawing.nodeText(node)]);
            }))"""
    )
    assert astray == []


def test_the_graph_can_be_read_with_the_keyboard_alone(view, lstm_page):
    tab = view(lstm_page)
    for _ in range(12):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.parentElement.id") == "nodes":
            break
    said = "document.activeElement.getAttribute('aria-label')"
    first = tab.evaluate(said)
    assert first
    assert tab.locator("#tip").is_visible()
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate(said) != first
    while "h_0, state" not in tab.evaluate(said):
        tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowRight")
    assert "h_1, state" in tab.evaluate(said)
    assert "h: " in tab.locator("#tip").text_content()
    tab.keyboard.press("Enter")
    assert tab.evaluate("gradientPage.paths.nodes.size") > 10
    assert tab.evaluate("gradientPage.sweep.playing") is False
    tab.keyboard.press("Escape")
    assert tab.evaluate("gradientPage.paths") is None
    inside = tab.evaluate(
        """() => {
            const { x, width } = document.activeElement.getBoundingClientRect();
            const box = document.getElementById("graph").getBoundingClientRect();
            return x >= box.x && x + width <= box.x + box.width;
        }"""
    )
    assert inside


def test_cells_and_details_are_switched(view, three_pages):
    tab = view(three_pages)
    labels = "[...new Set(gradientPage.drawing.nodes.map((node) => node.label))].join(' ')"
    assert "forget" not in tab.evaluate(labels)
    tab.get_by_role("radio", name="LSTM").check()
    assert "forget" in tab.evaluate(labels)
    assert tab.locator("#strips canvas").count() == 2
    tab.locator("body").press("c")
    assert tab.get_by_role("radio", name="GRU").is_checked()
    levels = tab.locator("#levels input")
    for i in range(1, levels.count()):
        levels.nth(i).check()
        assert tab.evaluate("gradientPage.detail") == levels.nth(i).get_attribute("value")
        assert tab.evaluate("gradientPage.drawing.swept.length") > 4
        assert position(tab) == length(tab)


def test_the_filter_fades_what_is_smaller(view, lstm_page):
    tab = view(lstm_page)
    faded = """() => gradientPage.drawing.swept.map((edge) => [
        gradientPage.canvas.edgeStyle(edge, gradientPage.look()).alpha < 0.5,
        gradientPage.scale.size(edge.code)])"""
    assert not any(dim for dim, _ in tab.evaluate(faded))
    tab.locator("#low").evaluate(
        "(slider) => { slider.value = '-0.5'; slider.dispatchEvent(new Event('input')); }"
    )
    limit = 10 ** float(tab.locator("#low").input_value())
    found = tab.evaluate(faded)
    for dim, size in found:
        assert dim == (size < limit)
    assert {dim for dim, _ in found} == {True, False}


def test_the_table_says_the_same_as_the_picture(view, lstm, lstm_page):
    _, flow = lstm
    tab = view(lstm_page)
    tab.locator("#table summary").click()
    tab.locator("#step").fill("2")
    tab.locator("#step").press("Enter")
    captions = tab.locator("caption").all_text_contents()
    assert captions[0].startswith("Nodes at t = 2")
    rows = tab.locator("table").nth(1).locator("tbody tr").all_text_contents()
    into = [e for e in flow.edges if e.consumer.scope and e.consumer.scope[0].index == 2]
    for edge in into:
        assert any(row.endswith(in_words(edge)) for row in rows)
    strip = tab.locator("table").nth(2).locator("tbody tr").all_inner_texts()
    assert len(strip) == 5
    head = tab.locator("table").nth(2).locator("thead th").all_text_contents()
    assert head == ["t", "h_t", "c_t"]


def test_the_sum_of_each_parameter_fills_up_step_by_step(view, lstm, lstm_page):
    _, flow = lstm
    weight = next(edge.source for edge in flow.edges if edge.source.name == "weight_hh")
    parts = [flow.contribution(edge) for edge in flow.edges if edge.source is weight]
    sums = [np.linalg.norm(np.sum(parts[: k + 1], axis=0)) for k in range(5)]
    tab = view(lstm_page)
    assert "weight_hh" in tab.locator("#shares").text_content()
    said = """() => {
        gradientPage.drawNow();
        return gradientPage.shares.all.find(({ one }) => one.name === "weight_hh").sum.textContent;
    }"""
    assert tab.evaluate(said) == f"\u03a3 {number(sums[-1])}"
    for step in (4, 2, 1):  # the last one, a zero, adds nothing
        tab.evaluate("(step) => gradientPage.sweep.goTo(step)", step)
        so_far = f"{number(sums[4 - step])} so far, of {number(sums[-1])}"
        assert tab.evaluate(said) == so_far
    tab.evaluate("gradientPage.sweep.seek(0)")
    assert tab.evaluate(said) == "0 so far"


def test_it_plays_by_steps_and_pauses_where_most_is_lost(view, lstm_page):
    tab = view(lstm_page)
    tab.select_option("#speed", "4")
    tab.locator("#halt").check()
    tab.locator("#play").click()
    wait(tab, "!gradientPage.sweep.playing")
    worst, leaving, at = tab.evaluate(
        """() => [gradientPage.worst, gradientPage.sweep.leaving(gradientPage.worst.step),
            gradientPage.sweep.position]"""
    )
    assert at == leaving
    assert "Most is lost here" in tab.locator("#where").text_content()
    codes = tab.evaluate(
        """() => gradientPage.strips.bars.map(({ bars }) => bars.map(({ code }) =>
            gradientPage.scale.size(code)))"""
    )
    kept = max(codes, key=lambda row: row[0])
    ratios = [kept[t] / kept[t + 1] for t in range(4)]
    assert worst["step"] == int(np.argmin(ratios))
    assert worst["share"] == pytest.approx(min(ratios))


def test_what_arrives_times_the_slope_is_what_leaves(view, lstm, lstm_page):
    _, flow = lstm
    tab = view(lstm_page)
    edge = next(e for e in flow.edges if e.consumer.op.name == "tanh")
    arriving, leaving = flow.norm(edge.consumer), edge.l2
    texts = tab.evaluate(
        "gradientPage.drawing.swept.map((edge) => gradientPage.drawing.edgeText(edge))"
    )
    said = f"arriving {number(arriving)} \u00d7 slope "
    found = [text for text in texts if said in text and f"leaving {number(leaving)}" in text]
    slope = float(found[0].split("slope ")[1].split(" =")[0])
    assert slope == pytest.approx(leaving / arriving, rel=0.06)
    assert not any(word in text for text in texts for word in ("scatter", "columns", "_gate"))


def test_a_click_on_a_bar_goes_to_its_step(view, lstm_page):
    tab = view(lstm_page)
    box = tab.locator("#strips canvas").first.bounding_box()
    tab.mouse.click(box["x"] + tab.evaluate("gradientPage.strips.axis.middle(2)"), box["y"] + 20)
    assert tab.evaluate("gradientPage.sweep.step") == 2


def test_the_picture_is_moved_and_zoomed(view, lstm_page):
    tab = view(lstm_page)
    zoom = "gradientPage.canvas.zoom"
    before = tab.evaluate(zoom)
    tab.locator("#closer").click()
    assert tab.evaluate(zoom) > before
    tab.locator("body").press("-")
    assert tab.evaluate(zoom) == pytest.approx(before)
    box = tab.locator("#canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    under = f"gradientPage.canvas.x + ({middle[0] - box['x']}) / gradientPage.canvas.zoom"
    tab.mouse.move(*middle)
    at = tab.evaluate(under)
    tab.mouse.wheel(0, -200)
    wait(tab, f"{zoom} > {before * 1.2}")
    assert tab.evaluate(under) == pytest.approx(at, abs=0.5)  # what is under the mouse stays there
    left = tab.evaluate("gradientPage.canvas.x")
    tab.mouse.down()
    tab.mouse.move(middle[0] - 60, middle[1], steps=4)
    tab.mouse.up()
    assert tab.evaluate("gradientPage.canvas.x") > left
    assert tab.evaluate("gradientPage.paths") is None  # a drag chooses nothing
    tab.locator("body").press("0")
    width = tab.evaluate("(gradientPage.drawing.bounds.right - gradientPage.drawing.bounds.left)")
    assert width * tab.evaluate(zoom) <= box["width"]
    outside = tab.evaluate(
        """() => {
            const { drawing: { edges, bounds } } = gradientPage;
            return edges.filter(({ points, shift }) => points.some((v, k) => k % 2
                ? v < bounds.top || v > bounds.bottom
                : v + shift < bounds.left || v + shift > bounds.right)).length;
        }"""
    )
    assert outside == 0


def test_dark_follows_the_reader_and_the_choice(view, lstm_page):
    tab = view(lstm_page)
    corner = """() => [...document.getElementById("canvas").getContext("2d")
        .getImageData(1, 1, 1, 1).data].slice(0, 3)"""
    tab.emulate_media(color_scheme="dark")
    wait(tab, "gradientPage.theme.name === 'dark'")
    tab.evaluate("gradientPage.drawNow()")
    assert tab.evaluate(corner) == [18, 22, 28]
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    tab.select_option("#theme", "light")
    assert tab.evaluate("gradientPage.theme.name") == "light"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_help_lists_the_keys(view, lstm_page):
    tab = view(lstm_page)
    tab.locator("body").press("?")
    assert tab.locator("#help").is_visible()
    assert "play or pause" in tab.locator("#help").text_content()
    tab.keyboard.press("Escape")
    assert tab.locator("#help").is_hidden()


@pytest.mark.parametrize("width", [320, 700])
def test_a_narrow_window_does_not_scroll_sideways(view, lstm_page, width):
    tab = view(lstm_page, width=width, height=700)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<b>bold</b>",
    "a:b",
    "two\nlines",
    "\N{PARTY POPPER} \N{RIGHT-TO-LEFT OVERRIDE}evil",
]


def test_hostile_names_are_shown_as_text(view):
    levels, flows = {}, []
    for name in HOSTILE:
        rng = np.random.default_rng(0)
        cell = tr.RNNCell(2, 2, rng=rng)
        run = tr.unroll(cell, rng.normal(size=(2, 1, 2)))
        loss = run.final.sum()
        loss.name = cell.weight_ih.name = name
        flows.append(tr.trace(loss))
        levels[name] = page.levels(loss, flows[-1])
    tab = view(page.render(levels, Scale.fit(flows), HOSTILE[0]))
    assert tab.locator("h1").text_content() == HOSTILE[0]
    tab.locator("#table summary").click()
    for i, name in enumerate(HOSTILE):
        tab.locator("#cells input").nth(i).check()
        assert tab.locator("#cells span").nth(i).text_content() == name
        assert name in tab.locator("#shares").text_content()
        x, y, text = place_of(tab, "it.group.role === 'loss'")
        tab.mouse.move(x, y)
        assert tab.locator("#tip").text_content() == text
        assert text.startswith(name)
        tab.mouse.click(x, y)
        assert name in tab.locator("#chosen").text_content()
    assert tab.locator("img, b").count() == 0
    assert tab.locator("script").count() == 3  # the data, what unpacks the program, the program


def test_special_gradients_are_told_apart(view):
    x = tr.Tensor([[1.0, -1.0]], requires_grad=True, name="x")
    with np.errstate(all="ignore"):
        bad = np.sqrt(x - x)
        loss = (bad * 1e200).sum() + (x * 0.0).sum() + (x.detach() * x).sum()
        flow = tr.trace(loss)
        tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow]), "special"))
    texts = tab.evaluate("gradientPage.drawing.edges.map((e) => gradientPage.drawing.edgeText(e))")
    infinite = [e for e in flow.edges if not e.finite]
    zero = [e for e in flow.edges if e.max == 0]
    assert infinite
    assert zero
    assert sum("NaN" in t or "Inf" in t for t in texts) == len(infinite)
    assert sum(t.endswith("l2 0, rms 0, max 0") for t in texts) == len(zero)
    assert any("no gradient flows here" in t for t in texts)
    styles = tab.evaluate(
        """() => gradientPage.drawing.edges.map((edge) => [gradientPage.drawing.edgeText(edge),
            gradientPage.canvas.edgeStyle(edge, gradientPage.look())])"""
    )
    theme = tab.evaluate("gradientPage.theme")
    for text, style in styles:
        if "NaN" in text or "Inf" in text:
            assert (style["colour"], style["width"]) == (theme["alarm"], 6)
        elif text.endswith("l2 0, rms 0, max 0"):
            assert style["dash"] == "4 3"
        elif "no gradient flows" in text:
            assert style["dash"] == "1.2 2.6"
        else:
            assert style["dash"] == ""


def test_a_graph_without_time_steps_can_be_questioned_too(view):
    rng = np.random.default_rng(0)
    weight = tr.Tensor(rng.normal(size=(3, 3)), requires_grad=True, name="W")
    hidden = tr.Tensor(np.ones((1, 3)))
    for _ in range(4):
        hidden = np.tanh(hidden @ weight)
    loss = hidden.sum()
    flow = tr.trace(loss)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow]), "no steps"))
    tab.locator("#table summary").click()
    assert "whole backward pass" in tab.locator("#where").text_content()
    x, y, _ = place_of(tab, "it.group.role === 'loss'")
    tab.mouse.click(x, y)
    tab.locator("body").press("PageUp")
    tab.locator("body").press("0")
    tab.locator("body").press("d")
    assert tab.locator("#sharing").is_hidden()


def test_a_graph_without_a_flow_is_shown_without_a_sweep(view):
    loss, _ = traced("GRU", 3)
    tab = view(page.render({"": page.levels(loss, None)}, Scale(1.0, -1.0, 1.0), "values"))
    assert tab.locator("#transport").is_hidden()
    assert math.isclose(position(tab), 0)
    text = tab.evaluate("gradientPage.drawing.edgeText(gradientPage.drawing.edges[0])")
    assert "no gradient was recorded" in text


def test_many_steps_are_drawn_from_afar_and_from_near(view):
    loss, flow = traced("LSTM", 400)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow]), "long", "op"))
    assert tab.evaluate("gradientPage.canvas.visible(gradientPage.drawing).length") < 12
    tab.locator("body").press("0")
    tab.evaluate("gradientPage.drawNow()")
    assert tab.evaluate("gradientPage.canvas.visible(gradientPage.drawing).length") > 400
    assert tab.evaluate("gradientPage.strips.bars[0].bars.length") == 400
    smallest, foot, scale_end = tab.evaluate(
        """() => {
            const { scale, strips: { range, bars } } = gradientPage;
            const decades = bars[0].bars.map(({ code }) => scale.decades(code));
            return [Math.min(...decades), range[0], scale.low];
        }"""
    )
    assert foot <= smallest < scale_end  # the bars go on where the colours have ended
    box = tab.locator("#strips canvas").first.bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    assert 150 < tab.evaluate("gradientPage.sweep.step") < 250
    tab.locator("body").press("1")
    assert tab.evaluate("gradientPage.canvas.visible(gradientPage.drawing).length") < 12


def test_in_a_notebook_it_runs_inside_its_frame(view, browser, lstm_page, tmp_path):
    made = bundle("LSTM", lambda: lstm_page, lambda: b"", lambda: "")
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>notebook</title>{made['text/html']}", encoding="utf-8")
    tab = browser.new_page()
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(path.as_uri())
    frame = tab.frame_locator("iframe")
    frame.locator("#play").click()
    frame.locator("#play", has_text="Pause").wait_for()
    assert "time steps" in frame.locator("#canvas").get_attribute("aria-label")
    tab.close()
    assert complaints == []
    assert html.escape(lstm_page) in made["text/html"]


def test_the_page_opens_with_all_steps_on_the_axis_of_the_map(view):
    loss, flow = traced("LSTM", 40)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow]), "LSTM"))
    assert tab.evaluate("gradientPage.detail") == "step"
    assert tab.evaluate("gradientPage.canvas.visible(gradientPage.drawing).length") >= 40
    places = tab.evaluate(
        """() => {
            const { canvas, drawing, strips: { axis } } = gradientPage;
            return [0, 20, 39].map((step) => [axis.middle(step),
                (drawing.columns.get(step).middle - canvas.x) * canvas.zoom]);
        }"""
    )
    for on_the_map, in_the_graph in places:
        assert on_the_map == pytest.approx(in_the_graph, abs=0.5)
    assert tab.locator("#window").is_hidden()


def test_zooming_opens_a_step_where_it_stands(view):
    loss, flow = traced("LSTM", 40)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow]), "LSTM"))
    x = tab.evaluate("gradientPage.strips.axis.middle(20)")
    where = """() => {
        const { canvas, drawing } = gradientPage;
        return [gradientPage.detail, (drawing.columns.get(20).middle - canvas.x) * canvas.zoom];
    }"""
    seen = []
    for _ in range(60):
        tab.evaluate("([x]) => gradientPage.zoom(1.06, x, 200)", [x])
        level, at = tab.evaluate(where)
        assert at == pytest.approx(x, abs=1.0)
        if level not in seen:
            seen.append(level)
    assert seen == ["step", "cell", "gate", "op"]
    assert tab.locator("#window").is_visible()
    tab.locator("#whole").click()
    assert tab.evaluate("gradientPage.detail") == "step"


@pytest.mark.parametrize("detail", ["op", "gate"])
def test_numbers_do_not_run_into_boxes(view, detail):
    loss, flow = traced("LSTM", 12)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow]), "", detail))
    overlaps, numbers = tab.evaluate(
        """() => {
            const { drawing, canvas: { context } } = gradientPage;
            context.setTransform(1, 0, 0, 1, 0, 0);
            context.font = "7.5px Helvetica, Arial, 'DejaVu Sans', sans-serif";
            const labelled = drawing.edges.filter((edge) => edge.label && edge.order >= 0);
            const hit = labelled.filter(({ code, label: [x, y], shift, ...edge }) => {
                const text = gradientPage.scale.shown(code);
                const wide = context.measureText(text).width / 2;
                return drawing.nodes.some((node) => node.group.role !== "junction"
                    && Math.abs(node.x - x - shift) < node.width / 2 + wide - 0.5
                    && Math.abs(node.y - y) < node.height / 2 + 3 - 0.5);
            });
            return [hit.length, labelled.length];
        }"""
    )
    assert numbers > 80
    assert overlaps == 0


def test_a_loss_leads_to_its_row_of_the_triangle_and_back(view):
    rng = np.random.default_rng(0)
    run = tr.unroll(tr.RNNCell(2, 3, rng=rng), rng.normal(size=(6, 1, 2)))
    losses = [np.square(h).sum() for h in run.hidden]
    loss = np.stack(losses).mean()
    flow = tr.trace(loss)
    tab = view(page.render({"": page.levels(loss, flow)}, Scale.fit([flow]), "", "op"))
    itemised = tr.itemised([one / 6 for one in losses], run)["h"]
    rows = tab.evaluate(
        """() => gradientPage.strips.triangle.rows.map(({ codes }) =>
            [...codes].map((code) => gradientPage.scale.shown(code)))"""
    )
    assert rows == [[number(v) for v in itemised[k, : k + 1]] for k in range(6)]
    tab.evaluate("gradientPage.strips.triangle.choose(3)")
    assert tab.evaluate("[gradientPage.focused.group.layer, gradientPage.focused.step]") == [
        "out",
        3,
    ]
    tab.evaluate(
        """() => gradientPage.choose({ node: gradientPage.drawing.nodes.find(
            ({ group, step }) => group.layer === "out" && step === 1) })"""
    )
    assert tab.evaluate("gradientPage.strips.triangle.row") == 1
    assert "the loss at t = 1" in tab.locator("#triangle").get_attribute("aria-valuetext")


@pytest.mark.parametrize("size", [(1366, 768), (3840, 2160), (390, 844)])
def test_the_story_is_in_the_first_screen(view, size):
    loss, flow = traced("LSTM", 40)
    text = page.render({"": page.levels(loss, flow)}, Scale.fit([flow]), "LSTM")
    tab = view(text, width=size[0], height=size[1])
    for id_ in ("#headline", "#legend", "#graph", "#play", "#strips canvas"):
        box = tab.locator(id_).first.bounding_box()
        assert box["y"] + min(box["height"], 60) <= size[1]
    assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]
