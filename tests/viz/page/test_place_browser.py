"""Where the reader stands in a page: never nowhere, and kept in the address."""

import pytest

from tests.viz.page.test_page_browser import browser, lstm, lstm_page, three_pages, view, wait
from viz.notebook import bundle

pytestmark = pytest.mark.browser
__all__ = ["browser", "lstm", "lstm_page", "three_pages", "view"]  # fixtures

INSIDE = """() => {
    const { canvas, drawing: { bounds, columns } } = gradientPage;
    return [canvas.zoom > 0, canvas.y <= bounds.top,
        canvas.y + canvas.height / canvas.zoom >= bounds.bottom,
        canvas.visible(gradientPage.drawing).length > 0];
}"""
PLACE = "() => gradientPage.canvas.placeIn(gradientPage.drawing)"


def open_at(view, text, address):
    """The page as a link with this address opens it."""
    tab = view(text)
    tab.goto(tab.url.split("#")[0] + address)
    tab.reload()
    wait(tab, "Boolean(globalThis.gradientPage?.drawnBars)")
    return tab


def test_frames_that_start_hidden_are_never_blank(browser, lstm_page, tmp_path):
    frame = bundle("LSTM", lambda: lstm_page, lambda: b"", lambda: "")["text/html"]
    hidden = "".join(f'<div style="display: none">{frame}</div>' for _ in range(20))
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>notebook</title>{hidden}", encoding="utf-8")
    tab = browser.new_page()
    tab.goto(path.as_uri())
    tab.wait_for_timeout(300)
    tab.evaluate("document.querySelectorAll('div').forEach((one) => (one.style.display = ''))")
    assert len(tab.frames) == 21
    for part in tab.frames[1:]:
        part.frame_element().scroll_into_view_if_needed()
        wait(tab_of(part), "Boolean(globalThis.gradientPage?.drawnBars)")
        assert all(part.evaluate(INSIDE))
        colours = part.evaluate(
            """() => {
                const { canvas, context } = gradientPage.canvas;
                const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
                return new Set(new Uint32Array(data.buffer)).size;
            }"""
        )
        assert colours > 50
    tab.close()


def tab_of(frame):
    """A frame, waited on as a tab is."""
    frame.wait_for_timeout = frame.page.wait_for_timeout
    return frame


def test_another_size_fits_anew_until_the_reader_has_moved(view, lstm_page):
    tab = view(lstm_page)
    for width, height in ((700, 900), (390, 844), (1600, 1000)):
        tab.set_viewport_size({"width": width, "height": height})
        wait(tab, "gradientPage.canvas.width === gradientPage.canvas.canvas.clientWidth")
        assert all(tab.evaluate(INSIDE))
    tab.locator("#farther").click()
    before = tab.evaluate(PLACE)
    tab.set_viewport_size({"width": 900, "height": 700})
    wait(tab, "gradientPage.canvas.width === gradientPage.canvas.canvas.clientWidth")
    assert tab.evaluate(PLACE) == pytest.approx(before)


def test_the_drawing_cannot_be_lost(view, lstm_page):
    tab = view(lstm_page)
    for move in ([1e6, 1e6], [-1e6, -1e6]):
        tab.evaluate("([x, y]) => gradientPage.pan(x, y)", move)
        assert tab.evaluate("gradientPage.canvas.visible(gradientPage.drawing).length") > 0
    for factor in (1e-9, 1e9):
        tab.evaluate("(factor) => gradientPage.zoom(factor)", factor)
        zoom = tab.evaluate("gradientPage.canvas.zoom")
        assert 0.05 < zoom <= 6
    tab.evaluate("gradientPage.zoom(1e-9)")
    tab.locator("#whole").click()
    assert all(tab.evaluate(INSIDE))


def test_a_reload_leads_back_to_the_same_place(view, three_pages):
    tab = view(three_pages)
    tab.get_by_role("radio", name="LSTM").check()
    tab.locator("#levels input").nth(2).check()
    level = tab.evaluate("gradientPage.detail")
    tab.select_option("#speed", "2")
    tab.evaluate("gradientPage.sweep.goTo(3)")
    tab.evaluate("gradientPage.choose({ node: gradientPage.drawing.nodes[2] })")
    tab.locator("#closer").click()
    state = """() => {
        const { number, detail, sweep, chosen, canvas, drawing } = gradientPage;
        const { step, scale, down } = canvas.placeIn(drawing);
        return [number, detail, sweep.position, sweep.speed, chosen, step, Math.round(scale),
            down.toFixed(2)];
    }"""
    before = tab.evaluate(state)
    wait(tab, "location.hash.includes('view=')")
    wait(tab, "gradientPage.address.text() === location.hash.slice(1)")
    for part in ("cell=LSTM", f"level={level}", "step=3", "select=", "speed=2"):
        assert part in tab.url
    tab.reload()
    wait(tab, "Boolean(globalThis.gradientPage?.drawnBars)")
    assert tab.evaluate(state) == before
    assert tab.locator("#notice").is_hidden()


def test_what_the_reader_has_not_changed_is_not_in_the_address(view, lstm_page):
    tab = view(lstm_page)
    tab.locator("#farther").click()
    wait(tab, "location.hash.includes('view=')")
    tab.locator("#tall").click()
    wait(tab, "location.hash === ''")


def test_an_address_that_names_nothing_says_so_and_the_rest_is_shown(view, lstm_page):
    address = "#level=none&step=99&edge=1e9&select=n99999&view=1,2&speed=3&%3Cb%3E=1&cell=LSTM"
    tab = open_at(view, lstm_page, address)
    said = tab.locator("#notice").text_content()
    for name in ("level=none", "step=99", "edge=1e9", "select=n99999", "view=1,2", "speed=3"):
        assert name in said
    assert "<b>=1, cell=LSTM" in said
    assert tab.locator("b").count() == 0
    assert tab.evaluate("gradientPage.sweep.position === gradientPage.drawing.swept.length")
    tab = open_at(view, lstm_page, "#step=2&wrong=1")
    assert "wrong=1" in tab.locator("#notice").text_content()
    assert "step=2" not in tab.locator("#notice").text_content()
    assert tab.evaluate("gradientPage.sweep.step") == 2


def test_a_changed_address_is_followed(view, lstm_page):
    tab = view(lstm_page)
    tab.evaluate("() => { location.hash = '#step=1'; }")
    wait(tab, "gradientPage.sweep.step === 1")
    tab.evaluate("() => { location.hash = ''; }")
    wait(tab, "gradientPage.sweep.position === gradientPage.drawing.swept.length")


def test_embedded_the_graph_stands_alone(view, lstm_page):
    tab = open_at(view, lstm_page, "#embed&step=2")
    for id_ in ("header", "aside", "#strips", "#table"):
        assert tab.locator(id_).first.is_hidden()
    box = tab.locator("#graph").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(16 / 9, rel=0.02)
    assert tab.evaluate("document.documentElement.scrollHeight") <= 800
    assert all(tab.evaluate(INSIDE))


def test_another_level_shows_the_same_place(view, three_pages):
    tab = view(three_pages)
    tab.evaluate("gradientPage.sweep.goTo(2)")
    for _ in range(3):
        tab.locator("#closer").click()
    tab.evaluate("gradientPage.sweep.goTo(2)")
    for i in (1, 2, 0):
        tab.locator("#levels input").nth(i).check()
        assert tab.evaluate("gradientPage.sweep.step") == 2
        assert tab.evaluate(PLACE)["step"] == 2


def test_a_node_is_found_by_its_name(view, lstm_page):
    tab = view(lstm_page)
    tab.keyboard.press("/")
    tab.keyboard.type("h_1")
    tab.keyboard.press("Enter")
    assert tab.locator("#chosen").text_content().startswith("h")
    assert tab.evaluate("gradientPage.focused.label") == "h_1"
    tab.locator("#find").fill("FORGET")
    steps = []
    for _ in range(3):
        tab.locator("#find").press("Enter")
        steps.append(tab.evaluate("gradientPage.focused.step"))
        assert "forget" in tab.evaluate("gradientPage.focused.label")
    assert steps == [4, 3, 2]
    before = tab.evaluate("gradientPage.chosen")
    tab.locator("#find").fill("<b>nothing")
    tab.locator("#find").press("Enter")
    assert "No node" in tab.locator("#find").evaluate("(one) => one.validationMessage")
    assert tab.evaluate("gradientPage.chosen") == before
