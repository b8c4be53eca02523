"""A few of the random graphs that `make graphs` checks by the thousand."""

import pytest

pytest.importorskip("torch", reason="watches PyTorch, which is not installed")
pytestmark = pytest.mark.oracle


def test_random_graphs_are_drawn_as_pytorchs_own_hooks_tell_them():
    from tests.tinygrad_rnn.interop.torch_graph.random_graphs import check

    assert sum(check(seed) for seed in range(40)) > 1000
