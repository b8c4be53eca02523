"""A picture shows one moment: what was recorded, whatever the parameters became since."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz

INPUTS = np.random.default_rng(0).normal(size=(3, 1, 2))


def recorded() -> tuple[tr.RNNCell, tr.Tensor, tr.GradientFlow]:
    cell = tr.RNNCell(2, 3, rng=0)
    loss = tr.unroll(cell, INPUTS).final.sum()
    return cell, loss, tr.trace(loss)


def values_of_weights(picture: viz.Picture) -> set[object]:
    return {node.value for node in picture.model.nodes if node.name == "weight_hh"}


@pytest.mark.parametrize("form", ["dot", "json", "html"])
def test_a_picture_is_the_same_after_the_parameters_have_moved(form: str) -> None:
    cell, loss, flow = recorded()
    before = viz.draw(loss, flow)
    early = before.to_bytes(form)
    for parameter in cell.parameters():
        parameter.data = parameter.data + 100.0
    assert before.to_bytes(form) == early
    assert viz.draw(loss, flow).to_bytes(form) == early


def test_a_picture_drawn_late_shows_the_values_that_its_gradients_belong_to() -> None:
    cell, loss, flow = recorded()
    data = cell.weight_hh.data
    expected = {(float(data.min()), float(data.mean()), float(data.max()))}
    cell.weight_hh.data = np.zeros_like(data)
    assert values_of_weights(viz.draw(loss, flow)) == expected
