"""What a cell, a run and a flow say of themselves at a prompt."""

import numpy as np

import tinygrad_rnn as tr


def test_a_module_lists_its_parameters():
    cell = tr.LSTMCell(2, 3, rng=0)
    assert repr(cell) == "LSTMCell(weight_ih (12, 2), weight_hh (12, 3), bias (12,))"


def test_a_run_says_how_long_it_is_and_what_its_states_are():
    inputs = np.ones((5, 1, 2))
    assert (
        repr(tr.unroll(tr.LSTMCell(2, 3), inputs)) == "Run(5 steps, states of h (1, 3), c (1, 3))"
    )
    fused = tr.LSTM(2, 3)(inputs, engine="fused")
    assert "5 steps in few" in repr(fused.runs[0][0])


def test_a_flow_says_from_which_gradient_to_which():
    assert "nothing watched yet" in repr(tr.GradientFlow())
    x = tr.Tensor([3.0, 4.0], requires_grad=True)
    loss = (x * x).sum()
    loss.name = "loss"
    assert repr(tr.trace(loss)) == "GradientFlow(3 edges back from loss, l2 from 1.4 to 5)"
