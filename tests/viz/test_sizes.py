"""Sizes and labels: as much as is legible there, and what was read at every step."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from viz.metrics import SMALL
from viz.sizes import CANVASES

TEXT = "a sentence to be read"


def traced(kind=tr.LSTMCell):
    rng = np.random.default_rng(3)
    state = tr.unroll(kind(2, 3, rng=rng), rng.normal(size=(len(TEXT), 1, 2))).final
    loss = np.square(state.h if kind is tr.LSTMCell else state).sum()
    return loss, tr.trace(loss)


@pytest.mark.parametrize("size", ["readme", "slide"])
@pytest.mark.parametrize("detail", ["op", "gate", "cell", "step"])
@pytest.mark.parametrize("kind", [tr.RNNCell, tr.GRUCell, tr.LSTMCell])
def test_text_is_nine_pixels_high_at_that_size(size, detail, kind):
    picture = viz.draw(*traced(kind), detail, size=size)
    canvas, model = CANVASES[size], picture.model
    shown = canvas.pixels_to_a_point(model)
    assert shown * SMALL >= 9
    assert shown * model.width <= canvas.width + 1e-9
    assert shown * model.height <= canvas.height + 1e-9
    assert model.shown[0] == 0
    assert model.shown[-1] == len(TEXT) - 1


def test_an_svg_says_how_many_pixels_it_has():
    picture = viz.draw(*traced(), "step", size="readme")
    svg = picture.to_bytes("svg").decode()
    width, height = re.search(r'width="(\d+)px" height="(\d+)px"', svg).groups()
    assert 600 < int(width) <= 800
    assert int(height) > 100


def test_where_nothing_fits_a_warning_says_how_small_the_text_is():
    with pytest.warns(viz.VizWarning, match="text of 5"):
        viz.draw(*traced(), "step", size="column")


def test_detail_that_had_to_go_is_told_in_the_picture():
    model = viz.draw(*traced(), "op", size="readme").model
    assert model.detail != "op"
    assert any("its text would be too small" in note for note in model.notes)


def test_each_step_is_labelled_with_what_was_read():
    model = viz.draw(*traced(), "step", labels=TEXT).model
    frames = {frame.step: frame.label for frame in model.clusters}
    assert frames[0] == "t = 0: a"
    assert frames[1] == "t = 1: \N{OPEN BOX}"
    read = [tick.text for tick in model.ticks if not tick.text.isdigit()]
    assert "".join(read).replace("\N{OPEN BOX}", " ") == TEXT


def test_of_omitted_steps_all_labels_are_told_or_none():
    words = [f"word{t}" for t in range(len(TEXT))]
    model = viz.draw(*traced(), "op", labels=words).model
    assert [t.text for t in model.ticks if t.text.startswith("w")] == [
        f"word{t}" for t in model.shown
    ]


@pytest.mark.parametrize("labels", ["short", [], ["x"] * (len(TEXT) + 1)])
def test_labels_of_another_length_are_refused(labels):
    with pytest.raises(viz.VizError, match=f"{len(labels)} labels for {len(TEXT)} time steps"):
        viz.draw(*traced(), labels=labels)


@pytest.mark.parametrize("labels", [3, [1, 2], {"a": 1}])
def test_labels_that_are_no_texts_are_refused(labels):
    with pytest.raises(viz.VizError, match="labels are a text or a list of texts"):
        viz.draw(*traced(), labels=labels)


def test_an_unknown_size_and_steps_beside_a_size_are_refused():
    with pytest.raises(viz.VizError, match="unknown size 'poster'"):
        viz.draw(*traced(), size="poster")
    with pytest.raises(viz.VizError, match="leave steps= or size= out"):
        viz.draw(*traced(), steps=[0, 1], size="slide")
