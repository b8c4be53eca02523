"""Fused runs in these tests take NumPy's loops; test_compiled.py holds the compiled to them."""

import pytest

from tinygrad_rnn.nn.fused import tape


@pytest.fixture(autouse=True)
def with_compiled_loops(monkeypatch):
    """Keep the compiled loops from being used; gives the function that would return them."""
    found = tape.compiled_loops
    monkeypatch.setattr(tape, "compiled_loops", lambda: None)
    return found
