"""This project's engines in a process that has called `keep_memory`, which is for good."""

import tinygrad_rnn as tr
from tests.benchmarks.contenders.ours import fused, graph

__all__ = ["fused", "graph"]

if not tr.keep_memory():
    raise ImportError("keep_memory has no effect with this C library")
