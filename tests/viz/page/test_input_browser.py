"""Fingers, trackpads and keys in a page: nothing that a hand does is swallowed."""

import pytest

from tests.viz.page.test_page_browser import (
    browser,
    lstm,
    lstm_page,
    place_of,
    position,
    view,
    wait,
)

pytestmark = pytest.mark.browser
__all__ = ["browser", "lstm", "lstm_page", "view"]  # fixtures

ZOOM = "gradientPage.canvas.zoom"


def fingers(tab):
    """Puts fingers down, moves them to other places, or lifts them."""
    session = tab.context.new_cdp_session(tab)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})

    def touch(kind, *points):
        places = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": places})

    return touch


def test_two_fingers_zoom_and_move(view, lstm_page):
    tab = view(lstm_page)
    box = tab.locator("#canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = tab.evaluate(ZOOM)
    touch = fingers(tab)
    touch("Start", (x - 40, y), (x + 40, y))
    for away in (50, 60, 80):
        touch("Move", (x - away, y), (x + away, y))
    touch("End")
    assert tab.evaluate(ZOOM) == pytest.approx(2 * before, rel=0.1)
    assert tab.evaluate("gradientPage.paths") is None  # it chooses nothing


def test_a_tap_tells_what_is_under_the_finger(view, lstm_page):
    tab = view(lstm_page)
    x, y, text = place_of(tab, "it.group.op === 'tanh' && it.step === 4")
    touch = fingers(tab)
    touch("Start", (x, y))
    touch("End")
    wait(tab, "!document.getElementById('tip').hidden")
    assert tab.locator("#tip").text_content() == text


def test_a_trackpad_moves_and_pinches(view, lstm_page):
    tab = view(lstm_page)
    box = tab.locator("#canvas").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    zoom, left = tab.evaluate(ZOOM), tab.evaluate("gradientPage.canvas.x")
    tab.mouse.wheel(-30, 4)
    wait(tab, f"gradientPage.canvas.x < {left}")
    assert tab.evaluate(ZOOM) == zoom
    tab.keyboard.down("Control")
    tab.mouse.wheel(0, -10)
    tab.keyboard.up("Control")
    wait(tab, f"{ZOOM} > {zoom}")


def test_the_picture_can_be_dragged_while_it_plays(view, lstm_page):
    tab = view(lstm_page)
    tab.select_option("#speed", "0.25")
    for _ in range(4):
        tab.locator("#closer").click()
    tab.locator("#play").click()
    box = tab.locator("#canvas").bounding_box()
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 400, y, steps=3)
    tab.mouse.up()
    left = tab.evaluate("gradientPage.canvas.x")
    at = position(tab)
    wait(tab, f"gradientPage.sweep.position > {at + 2}")
    assert tab.evaluate("gradientPage.sweep.playing")
    assert tab.evaluate("gradientPage.canvas.x") == left


def test_page_down_and_end_scroll_outside_of_the_graph(view, lstm_page):
    tab = view(lstm_page, width=390, height=600)
    at = position(tab)
    tab.locator("body").press("Home")
    tab.keyboard.press("End")
    wait(tab, "scrollY > 100")
    assert position(tab) == at
    tab.keyboard.press(",")
    assert position(tab) == at
    tab.keyboard.press(".")
    assert position(tab) < at


def test_keys_of_a_letter_can_be_switched_off(view, lstm_page):
    tab = view(lstm_page)
    level = tab.evaluate("gradientPage.detail")
    tab.locator("#keys").click()
    tab.locator("#letters").uncheck()
    tab.keyboard.press("Escape")
    for key in ("d", "?", "t", "."):
        tab.keyboard.press(key)
    assert tab.evaluate("gradientPage.detail") == level
    assert tab.locator("#help").is_hidden()
    tab.locator("#canvas").press(" ")
    wait(tab, "gradientPage.sweep.playing")
    tab.locator("#canvas").press(" ")
    wait(tab, "location.hash.includes('letters=off')")


def test_the_keyboard_reaches_bars_edges_and_sums(view, lstm_page):
    tab = view(lstm_page)
    bars = tab.locator("#strips canvas").first
    bars.focus()
    tab.evaluate("gradientPage.sweep.goTo(3)")
    bars.press("ArrowLeft")
    assert tab.evaluate("gradientPage.sweep.step") == 2
    assert bars.get_attribute("aria-valuenow") == "2"
    assert bars.get_attribute("aria-valuetext").startswith("t = 2: ")
    names = tab.evaluate(
        "[...document.querySelectorAll('#nodes button')].map((one) => one.ariaLabel)"
    )
    assert len(set(names)) == len(names)
    edge = next(i for i, name in enumerate(names) if name.startswith("edge "))
    assert any("sum over time" in name for name in names)
    tab.locator("#nodes button").nth(edge).focus()
    assert "gradient sent back" in tab.locator("#tip").text_content()
    tab.keyboard.press("Enter")
    assert tab.evaluate("gradientPage.chosen") is not None
    said = "document.activeElement.getAttribute('aria-label')"
    assert "t = 2" in tab.evaluate(said)
    tab.keyboard.press("ArrowRight")
    assert "t = 3" in tab.evaluate(said)


def test_an_open_table_does_not_hold_up_the_playing(view, lstm_page):
    tab = view(lstm_page)
    tab.locator("#table summary").click()
    tab.evaluate("gradientPage.table.marked = document.getElementById('tables').firstChild")
    same = "gradientPage.table.marked === document.getElementById('tables').firstChild"
    tab.locator("#play").click()
    wait(tab, "gradientPage.sweep.position > 30")
    assert tab.evaluate(same)
    tab.locator("#play").click()
    assert not tab.evaluate(same)
    row = tab.locator("#tables tbody th").first
    assert row.get_attribute("scope") == "row"
