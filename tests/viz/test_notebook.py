"""In a notebook a picture shows itself, whatever is installed and whatever it holds."""

import html
import math
import re

import pytest

import tinygrad_rnn as tr
import viz
from tests.viz.graphs import last_loss
from viz.model import Strip
from viz.notebook import bundle, strip_text


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
    headline, strip = made["text/plain"].split("\n")
    assert re.match(r"\d+ % of the gradient at t = 2 reaches t = 0", headline)
    assert strip.startswith("h_t  ")

    def missing(*_):
        raise viz.GraphvizMissingError("no Graphviz")

    monkeypatch.setattr("viz.picture.render", missing)
    made = picture._repr_mimebundle_()
    assert set(made) == {"text/html", "text/plain"}
    headline, strip = made["text/plain"].split("\n")
    assert re.match(r"\d+ % of the gradient at t = 2 reaches t = 0", headline)
    assert strip.startswith("h_t  ")
