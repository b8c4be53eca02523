"""The table of functions holds what is differentiated, each row with its symbols."""

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.tinygrad_rnn.breadth import CALLS
from tests.tinygrad_rnn.cases import CASES
from tinygrad_rnn.ops.table import markdown, table_rows
from tinygrad_rnn.primitive import REGISTRY


def test_every_function_that_is_tested_is_in_the_table():
    listed = {row.function.rpartition(".")[2] for row in table_rows()}
    of_numpy = {name for name in {*CASES, *CALLS} if hasattr(np, name)}
    aliases = {"concat", "permute_dims", "split", "array_split"}  # other names for the same
    assert not {n for n in of_numpy - aliases if getattr(np, n).__name__ not in listed}


def test_no_function_that_moves_in_steps_is_in_it():
    listed = {row.function for row in table_rows()}
    assert not listed & {"np.floor", "np.round", "np.argsort", "np.equal", "np.heaviside"}
    assert len(listed) > 180


def test_it_says_what_the_primitive_says():
    found = {row.function: row for row in table_rows()}
    assert found["np.tanh"].derivative == REGISTRY["tanh"].derivatives[0]
    assert found["np.linalg.inv"].formula == "inverse of x"
    assert "axis" in found["np.sum"].forms


def test_it_is_printed():
    printed = subprocess.run(
        [sys.executable, "-m", "tinygrad_rnn.ops"], capture_output=True, text=True, check=True
    )
    assert printed.stdout == markdown()
    assert all(line.startswith("|") for line in printed.stdout.splitlines())


def test_a_method_with_arguments_that_it_does_not_take_is_refused_by_name():
    with pytest.raises(tr.NotDifferentiableError, match=r"x\.astype"):
        tr.Tensor(1.0).astype(float, where=True)
