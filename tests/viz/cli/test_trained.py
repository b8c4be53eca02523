"""Trained weights on the command line: what they were taken for, and the options that change it."""

import sys

import numpy as np
import pytest

import tinygrad_rnn as tr
from viz import __main__ as command
from viz.cli.command import run_command


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Call the command line in this process; return its exit status and what it said."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).normal(size=(6, 3)))

    def call(line):
        monkeypatch.setattr(
            sys, "argv", ["viz", *line.split(), "--series", "x.npy", "--steps", "4"]
        )
        with pytest.raises(SystemExit) as end:
            run_command(command.PROG, command.main)
        return end.value.code, capsys.readouterr().err

    return call


@pytest.mark.filterwarnings("always:.*does not say all")
def test_a_file_that_does_not_say_it_is_helped_by_options(call):
    tr.save("rnn.safetensors", tr.RNN(3, 2, nonlinearity="relu", rng=0).state_dict())
    code, said = call("--weights rnn.safetensors --format dot")
    assert code == 0
    assert "taken for an RNN with tanh (nonlinearity changes that)" in said
    code, said = call("--weights rnn.safetensors --nonlinearity relu --format dot")
    assert code == 0
    assert "note" not in said
    assert "rnn.safetensors: taken for RNN, 1 layer, 3 inputs, 2 units, float64" in said
    np.savez("gru.npz", **tr.GRU(3, 2, bias=False, rng=0).state_dict())
    code, said = call("--weights gru.npz --reset after --format dot")
    assert code == 0
    assert "taken for a GRU with reset after the product" in said


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--nonlinearity relu", "--nonlinearity is for --weights"),
        ("--reset after", "--reset is for --weights"),
        ("--weights said.safetensors --reset after", "the file says what its network is"),
        ("--weights said.safetensors --list --reset after", "leave --reset out"),
        ("--weights said.safetensors --nonlinearity softsign", "invalid choice: 'softsign'"),
    ],
)
def test_options_that_cannot_apply_are_errors(line, message, call):
    tr.save("said.safetensors", tr.GRU(3, 2, rng=0))
    code, said = call(line)
    assert code == 2
    assert message in said
