"""In a notebook a picture shows itself, whatever is installed and whatever it holds."""

import base64
import html
import math
import re
from xml.etree import ElementTree as ET

import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.graphs import last_loss
from viz.model import Strip
from viz.notebook import bundle, strip_svg, strip_text
from viz.style import Scale


def fail():
    raise RuntimeError("no Graphviz")


def test_a_picture_is_given_in_three_forms():
    made = bundle("t", lambda: "<p>page</p>", lambda: b"<svg/>", lambda: "h_t")
    assert made["image/svg+xml"] == "<svg/>"
    assert made["text/plain"] == "h_t"
    assert made["text/html"].startswith("<iframe ")


def test_the_page_is_framed_without_access_to_the_notebook():
    page = '<script>a && "b"</script></iframe>'
    text = bundle('"><b>', lambda: page, fail, fail)["text/html"]
    assert re.search(r'sandbox="([^"]*)"', text)[1] == "allow-scripts"
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', text)[1]) == page
    assert html.unescape(re.search(r'title="([^"]*)"', text)[1]) == '"><b>'
    assert text.count("<") == 2


def test_a_still_picture_stands_where_frames_are_not():
    text = bundle("h & c", lambda: "page", fail, fail, lambda: "<svg/>")["text/html"]
    inside = re.search(r"<iframe [^>]*>(.*)</iframe>", text)[1]
    found = re.fullmatch(r'<img alt="h &amp; c" src="data:image/svg\+xml;base64,(.*)">', inside)
    assert base64.b64decode(found[1]) == b"<svg/>"


def test_the_still_picture_draws_every_strip():
    values = [0.0, math.nan, 1e-6, 1e-3, 1.0]
    strips = [
        Strip("", "h", list(range(5)), values, part="a </text><b>"),
        Strip("", "c", list(range(1000)), [10.0 ** ((k - 999) / 250) for k in range(1000)]),
    ]
    scale = Scale(1.0, -6.0, 0.0, "l2")
    root = ET.fromstring(strip_svg(strips, scale, "a headline"))
    bars = root.findall("{*}rect")[1:]
    assert len(bars) == 5 + 334  # of a thousand steps every third, and the last
    tall = [float(bar.get("height")) for bar in bars]
    assert tall[0] < tall[2] < tall[3] < tall[4] == tall[1] == tall[-1]
    assert len({bar.get("fill") for bar in bars[1:5]}) == 4
    texts = [line.text for line in root.findall("{*}text")]
    assert texts[0] == "a headline"
    assert texts[1].startswith("a </text><b>: ")
    assert texts[-1] == "t = 999: 1.0"
    assert all(0 <= float(bar.get("x")) < 760 for bar in bars)


@pytest.mark.parametrize("broken", [{0}, {1}, {2}, {0, 1}, {0, 1, 2}])
def test_what_cannot_be_made_is_left_out_and_text_remains(broken):
    makers = [lambda: "page", lambda: b"svg", lambda: "text"]
    makers = [fail if i in broken else make for i, make in enumerate(makers)]
    made = bundle("LSTM", *makers)
    assert ("text/html" in made) == (0 not in broken)
    assert ("image/svg+xml" in made) == (1 not in broken)
    assert made["text/plain"]
    assert (made["text/plain"] == "text") == (2 not in broken)


def test_a_strip_has_one_scale_for_all_states():
    strips = [
        Strip("", "h", [0, 1, 2], [1e-6, 1e-3, 1.0], "times 0.0010 a step"),
        Strip("", "c", [0, 1, 2], [1e-3, 1e-3, 1e-3]),
    ]
    h, c = strip_text(strips).split("\n")
    assert h == "h_t  1.0e-06 ▁▅█ 1.0  t = 0 .. 2, times 0.0010 a step"
    assert "▅▅▅" in c


def test_each_strip_says_what_it_is_of():
    strips = [
        Strip("", "h", [0, 1], [1e-6, 1.0], part="LSTM"),
        Strip("layer = 1", "c", [0, 1], [1.0, 1.0]),
    ]
    lines = strip_text(strips).split("\n")
    assert lines[0].startswith("LSTM, h_t       1.0e-06 ")
    assert lines[1].startswith("layer = 1, c_t  1.0 ")


def test_a_long_strip_is_thinned_out_and_keeps_its_last_step():
    values = [10.0 ** (k - 999) if k > 700 else 0.0 for k in range(1000)]
    text = strip_text([Strip("layer = 1", "h", list(range(1000)), values, 1.0)], width=50)
    assert text.startswith("layer = 1, h_t  0 ")
    assert "█ 1.0" in text
    bars = text.split("0 ", 1)[1].split(" 1.0")[0]
    assert len(bars) <= 50


def test_special_values_are_told_apart():
    values = [0.0, math.nan, math.inf, 1.0]
    assert " !!█ " in strip_text([Strip("", "h", [0, 1, 2, 3], values, None)])
    assert strip_text([]) == ""


def test_a_drawn_picture_shows_itself_with_and_without_graphviz(monkeypatch):
    loss = last_loss("gru", 3)
    picture = viz.draw(loss, tr.trace(loss), title="GRU")
    made = picture._repr_mimebundle_(include=None, exclude=None)
    assert set(made) == {"text/html", "image/svg+xml", "text/plain"}
    assert "<svg" in made["image/svg+xml"]
    assert '<img alt="GRU" src="data:image/svg+xml;base64,' in made["text/html"]
    headline, strip = made["text/plain"].split("\n")
    assert re.match(r"\d+ % of the gradient at t = 2 reaches t = 0", headline)
    assert strip.startswith("h_t  ")

    def missing(*_):
        raise viz.GraphvizMissingError("no Graphviz")

    monkeypatch.setattr("viz.picture.run_graphviz", missing)
    made = picture._repr_mimebundle_()
    assert set(made) == {"text/html", "text/plain"}
    headline, strip = made["text/plain"].split("\n")
    assert re.match(r"\d+ % of the gradient at t = 2 reaches t = 0", headline)
    assert strip.startswith("h_t  ")
